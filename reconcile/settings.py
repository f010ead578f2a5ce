"""Where the workbench keeps its things and how it is reached: read once from the environment.

Variables, all optional:
    RECONCILE_HOME        folder of snapshots, runs, uploads and the embedded databases; default `data` here
    RECONCILE_DATABASE    SQLAlchemy address of the operational database; default SQLite inside the home folder
    RECONCILE_SECRET_KEY  key that encrypts stored credentials; default a key file in the home folder, made on first use
    RECONCILE_HOST        address the app listens on; default 127.0.0.1
    RECONCILE_PORT        port the app listens on; default 8501
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from reconcile.errors import InputError


@dataclass(frozen=True, slots=True)
class Settings:
    """The answers to "where" and "how". All paths are absolute."""

    home: Path
    database_url: str
    jobs_url: str
    secret_key: str | None
    host: str
    port: int

    @property
    def snapshots(self) -> Path:
        """Folder of snapshot files, one sub-folder per connection."""
        return self.home / "snapshots"

    @property
    def runs(self) -> Path:
        """Folder of run files."""
        return self.home / "runs"

    @property
    def uploads(self) -> Path:
        """Folder of uploaded files."""
        return self.home / "uploads"

    @property
    def secret_key_path(self) -> Path:
        """File of the key that encrypts credentials when the environment gives none."""
        return self.home / "secret.key"


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from `environ` (default: the process environment).

    Raises:
        InputError: a port that is not a number.
    """
    env = os.environ if environ is None else environ
    home = Path(env.get("RECONCILE_HOME") or "data").resolve()
    database_url = env.get("RECONCILE_DATABASE") or f"sqlite:///{home / 'reconcile.db'}"
    jobs_url = database_url if database_url.startswith("postgresql") else f"sqlite:///{home / 'jobs.db'}"
    port = env.get("RECONCILE_PORT") or "8501"
    if not port.isdigit():
        raise InputError(f"RECONCILE_PORT is {port!r}, which is not a port number.", remedy="Use for example 8501.")
    return Settings(
        home=home,
        database_url=database_url,
        jobs_url=jobs_url,
        secret_key=env.get("RECONCILE_SECRET_KEY") or None,
        host=env.get("RECONCILE_HOST") or "127.0.0.1",
        port=int(port),
    )
