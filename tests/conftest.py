"""What every test may use: the practice orgs. Makes `tests` importable however pytest was started."""

from __future__ import annotations

import sys
from pathlib import Path

from hypothesis import settings

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
pytest_plugins = ("tests.practice",)
# Hypothesis calls an example that takes 200 ms a failure: on a busy machine that says nothing of the code.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")
