"""Stored models in files, for the commands that need no workbench."""

from __future__ import annotations

from pathlib import Path

from reconcile.errors import InputError, UnreadableFileError
from reconcile.matching.models import read_document


def read_model(path: Path | None) -> str:
    """The model in a file; empty for no file.

    Raises:
        UnreadableFileError: there is no such file, or it holds no model.
    """
    if path is None:
        return ""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) else "it is no text"
        raise UnreadableFileError(str(path), str(reason), remedy="Check the path.") from problem
    try:
        read_document(text)
    except InputError as problem:
        raise UnreadableFileError(str(path), problem.sentence.rstrip("."), remedy=problem.remedy) from problem
    return text


def write_model(path: Path | None, text: str) -> None:
    """Write a model; nothing where no file is named.

    Raises:
        InputError: it cannot be written there.
    """
    if path is None:
        return
    if not path.parent.is_dir():
        raise InputError(f"Cannot write {path}: there is no folder {path.parent}.", remedy="Make it first.")
    try:
        path.write_text(text + "\n", encoding="utf-8")
    except OSError as problem:
        raise InputError(f"Cannot write {path}: {problem.strerror}.", remedy="Name another file.") from problem
