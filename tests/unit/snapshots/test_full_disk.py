"""A disk that takes nothing more, as a limit on the size of files makes it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.practice import ROOT

WRITER = """
import resource, sys
from pathlib import Path
from reconcile.errors import StorageError
from reconcile.snapshots.files import written_whole
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
try:
    with written_whole(Path(sys.argv[1]), "100MB") as con:
        con.execute("CREATE TABLE t AS SELECT md5(range::VARCHAR) AS x FROM range(200_000)")
except StorageError as error:
    print(error)
"""


def test_a_file_that_finds_no_room_is_one_sentence_and_leaves_nothing(tmp_path: Path) -> None:
    final = tmp_path / "a file.duckdb"
    done = subprocess.run(
        [sys.executable, "-c", WRITER, str(final)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.stderr, done.returncode) == ("", 0)
    assert done.stdout.startswith(f"{final}: it cannot be written (File too large)")
    assert not list(tmp_path.iterdir())
