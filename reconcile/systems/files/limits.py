"""How much of a file is believed before it is refused: what keeps a hostile file bounded in memory and time."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of reading. The defaults pass every honest export we know of and stop a decompression bomb.

    Attributes:
        line_bytes: longest single line or quoted record, in bytes.
        columns: most columns of one table.
        unpacked_bytes: most bytes that a compressed file may unpack to.
        free_unpacked_bytes: up to here the ratio below is not looked at.
        ratio: most unpacked bytes per packed byte; real exports reach about 30, a bomb about 1,000.
        workbook_bytes: most bytes that a workbook may unpack to.
        workbook_memory_bytes: address space of the process that opens a workbook.
        workbook_seconds: its time.
    """

    line_bytes: int = 16 * MIB
    columns: int = 4096
    unpacked_bytes: int = 32 * 1024 * MIB
    free_unpacked_bytes: int = 256 * MIB
    ratio: int = 200
    workbook_bytes: int = 2 * 1024 * MIB
    workbook_memory_bytes: int = 6 * 1024 * MIB
    workbook_seconds: int = 300

    def is_bomb(self, packed: int, unpacked: int) -> bool:
        """Whether `unpacked` bytes from `packed` bytes is more than an honest file gives."""
        if unpacked > self.unpacked_bytes:
            return True
        return unpacked > self.free_unpacked_bytes and unpacked > packed * self.ratio


LIMITS = Limits()
