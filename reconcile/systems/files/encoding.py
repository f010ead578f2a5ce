"""Character encodings: found from the bytes, and rewritten to UTF-8 in a stream."""

from __future__ import annotations

import codecs
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from reconcile.errors import InputError, UnreadableFileError
from reconcile.systems.files.findings import ReadWarning
from reconcile.systems.files.limits import LIMITS, MIB, Limits

SAMPLE_BYTES = 256 * 1024
MIXED = "mixed"
_FALLBACK = "reconcile-latin1"
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Encodings that exports really come in; the detector would otherwise offer historic ones for a handful of bytes.
_PLAUSIBLE = ["cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "koi8_r", "shift_jis", "gb18030", "big5", "euc_kr"]
_ENOUGH_BYTES = 48


def _as_latin1(error: UnicodeError) -> tuple[str, int]:
    """Windows-1252 leaves five bytes without a character; they are kept as the control characters of Latin-1."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("latin-1"), error.end


codecs.register_error(_FALLBACK, _as_latin1)


@dataclass(frozen=True, slots=True)
class Encoding:
    """An encoding with the length of its byte order mark (0 where there is none)."""

    name: str
    bom_bytes: int = 0


def sniff_encoding(sample: bytes) -> Encoding | None:
    """The encoding that the first bytes tell; None when they are not UTF-8 and the whole file must be looked at."""
    for bom, name in _BOMS:
        if sample.startswith(bom):
            return Encoding(name, len(bom))
    wide = _wide_encoding(sample)
    if wide:
        return Encoding(wide)
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample, final=False)
    except UnicodeDecodeError:
        return None
    return Encoding("utf-8")


def _wide_encoding(sample: bytes) -> str | None:
    """UTF-16 without a mark: nearly every other byte of Western text is NUL."""
    even, odd = sample[0::2], sample[1::2]
    if len(odd) < 8:
        return None
    if odd.count(0) > 0.7 * len(odd) and even.count(0) < 0.1 * len(even):
        return "utf-16-le"
    if even.count(0) > 0.7 * len(even) and odd.count(0) < 0.1 * len(odd):
        return "utf-16-be"
    return None


def scan_encoding(path: Path, limits: Limits = LIMITS) -> tuple[Encoding, list[ReadWarning]]:
    """The encoding of a file without a byte order mark, from all its lines.

    Returns:
        UTF-8; or "mixed" with a warning where some lines are UTF-8 beyond ASCII and others are not; or a single-byte
        or Asian encoding where no line beyond ASCII is UTF-8.
    """
    valid, broken, material = 0, 0, bytearray()
    examples: list[str] = []
    with path.open("rb") as file:
        for line in byte_lines(file, path, limits):
            if line.isascii():
                continue
            try:
                line.decode("utf-8")
            except UnicodeDecodeError:
                broken += 1
                if len(material) < 64 * 1024:
                    material += line
                if len(examples) < 5:
                    examples.append(line.decode("cp1252", errors=_FALLBACK).strip()[:80])
            else:
                valid += 1
    if not broken:
        return Encoding("utf-8"), []
    if valid:
        return Encoding(MIXED), [ReadWarning("mixed_encodings", min(broken, valid), examples=tuple(examples))]
    return Encoding(_legacy_encoding(bytes(material))), []


def _legacy_encoding(material: bytes) -> str:
    """Windows-1252 unless there is enough text to tell another encoding by."""
    if sum(1 for byte in material if byte > 127) < _ENOUGH_BYTES:
        return "cp1252"
    from charset_normalizer import from_bytes  # noqa: PLC0415 - slow to import, and seldom needed

    best = from_bytes(material, cp_isolation=_PLAUSIBLE).best()
    western = material.decode("cp1252", errors=_FALLBACK)
    # Where the two read alike there is no reason for the rarer one.
    if best is None or str(best) == western:
        return "cp1252"
    return best.encoding


def byte_lines(file: BinaryIO, path: Path, limits: Limits) -> Iterator[bytes]:
    """The lines of a binary file, each at most `limits.line_bytes` long.

    Raises:
        UnreadableFileError: a longer line.
    """
    number = 0
    while line := file.readline(limits.line_bytes + 1):
        number += 1
        if len(line) > limits.line_bytes:
            raise overlong(path, number, limits)
        yield line


def overlong(path: Path, line: int, limits: Limits) -> UnreadableFileError:
    """The error for a line beyond the limit."""
    return UnreadableFileError(
        path.name,
        f"the line is longer than {limits.line_bytes // MIB} MiB",
        line=line,
        remedy="Check that it is a table of text with one row per line.",
    )


def known_encoding(name: str) -> str:
    """Python's own name for an encoding that a person typed.

    Raises:
        InputError: Python does not know it.
    """
    if name.casefold() == MIXED:
        return MIXED
    try:
        return codecs.lookup(name).name
    except LookupError as error:
        raise InputError(f"There is no encoding named {name!r}.", remedy="Try utf-8, cp1252 or utf-16.") from error


def require_utf8(path: Path, *, shown: str) -> None:
    """Check that every byte is UTF-8.

    Raises:
        UnreadableFileError: the first line that is not.
    """
    with path.open("rb") as file, Path(os.devnull).open("wb") as nowhere:
        _transcode_stream(file, "utf-8", nowhere, shown)


def transcode(source: Path, encoding: Encoding, target: Path, *, shown: str, limits: Limits = LIMITS) -> None:
    """Write `source` as UTF-8 without a mark to `target`, in a stream.

    `shown` is the file's name for the error.

    Raises:
        UnreadableFileError: bytes that the encoding does not have, with their line.
    """
    with source.open("rb") as file, target.open("wb") as out:
        file.seek(encoding.bom_bytes)
        if encoding.name == MIXED:
            for line in byte_lines(file, Path(shown), limits):
                out.write(_utf8_line(line))
            return
        _transcode_stream(file, encoding.name, out, shown)


def _utf8_line(line: bytes) -> bytes:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("cp1252", errors=_FALLBACK).encode()
    return line


def _transcode_stream(file: BinaryIO, name: str, out: BinaryIO, shown: str) -> None:
    errors = _FALLBACK if name == "cp1252" else "strict"
    decoder = codecs.getincrementaldecoder(name)(errors)
    line = 1
    while True:
        chunk = file.read(MIB)
        try:
            text = decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            bad = line + chunk[: error.start].decode("latin-1").count("\n")
            raise UnreadableFileError(
                shown, f"a character is not {name} text", line=bad, remedy="Choose another encoding."
            ) from error
        out.write(text.encode("utf-8", errors="replace"))
        line += text.count("\n")
        if not chunk:
            return
