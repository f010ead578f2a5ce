"""Encryption of stored credentials (Fernet: AES-128-CBC with HMAC-SHA256), and the key it takes.

The key comes from the environment (`RECONCILE_SECRET_KEY`) or from a key file beside the database, which only its owner
may read. Whoever has the database without the key has no credentials.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

from reconcile.errors import InputError, StorageError
from reconcile.settings import Settings

SHORTEST_PASSPHRASE = 16
# scrypt's cost is bounded to about 0.1 s and 32 MB; the salt is fixed because the same words must give the same key.
SCRYPT_SALT = b"reconcile stored credentials"


def cipher(settings: Settings) -> Fernet:
    """The cipher of this workbench; makes the key file on first use when the environment gives no key.

    Raises:
        InputError: a passphrase too short to protect anything.
        StorageError: the key file cannot be read or made, or is damaged.
    """
    if settings.secret_key is not None:
        return _from_words(settings.secret_key)
    path = settings.secret_key_path
    try:
        if not path.exists():
            _make_key_file(path)
        path.chmod(0o600)
        return Fernet(path.read_bytes().strip())
    except OSError as error:
        raise StorageError(str(path), f"the key file cannot be used ({error.strerror})") from error
    except ValueError as error:
        raise StorageError(
            str(path), "this is no key", remedy="Restore the key file from a backup, or enter all credentials again."
        ) from error


def encrypt(settings: Settings, owner: str, secrets: Mapping[str, str]) -> str:
    """The token of `secrets`, good for `owner` only: copied to another row it is refused."""
    document = json.dumps({"owner": owner, "secrets": dict(secrets)})
    return cipher(settings).encrypt(document.encode()).decode("ascii")


def decrypt(settings: Settings, owner: str, token: str) -> dict[str, str]:
    """The secrets that `encrypt` was given.

    Raises:
        StorageError: encrypted with another key, damaged, or another owner's.
    """
    remedy = "Use the key they were stored with, or enter the credentials again."
    try:
        document = json.loads(cipher(settings).decrypt(token.encode()))
    except (InvalidToken, UnicodeError) as error:
        raise StorageError(
            f"credentials of {owner}", "they cannot be decrypted with this key", remedy=remedy
        ) from error
    if document["owner"] != owner:
        raise StorageError(f"credentials of {owner}", f"they belong to {document['owner']}", remedy=remedy)
    return {str(name): str(value) for name, value in document["secrets"].items()}


def _from_words(words: str) -> Fernet:
    try:
        return Fernet(words)
    except ValueError:
        pass
    if len(words) < SHORTEST_PASSPHRASE:
        raise InputError(
            f"RECONCILE_SECRET_KEY has {len(words)} characters, which is too short to protect credentials.",
            remedy=f"Use at least {SHORTEST_PASSPHRASE}, or a Fernet key.",
        )
    key = hashlib.scrypt(words.encode(), salt=SCRYPT_SALT, n=2**14, r=8, p=1, dklen=32)
    return Fernet(base64.urlsafe_b64encode(key))


def _make_key_file(path: Path) -> None:
    # Written whole under another name and then linked: of two processes that start at once, the first one's key stays.
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".key-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(Fernet.generate_key())
            file.flush()
            os.fsync(file.fileno())
        os.link(temporary, path)
    except FileExistsError:
        pass
    finally:
        Path(temporary).unlink()
