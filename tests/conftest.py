"""What every test may use: the practice orgs. Makes `tests` importable however pytest was started."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
pytest_plugins = ("tests.practice",)
