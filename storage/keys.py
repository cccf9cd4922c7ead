"""The key ring: what seals the columns and hashes addresses. It lives outside the database.

A ring is lines of `number:base64 of 32 bytes`. The highest number seals, every number opens, the
lowest also derives the keyed hashes (a hash must stay the same after a key is added, or nobody
would be recognised). Keys for different purposes are derived by HKDF and never used twice.
"""

import base64
import contextlib
import hashlib
import os
import tempfile
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import Column, Connection, LargeBinary, SmallInteger, Table, insert, select

from storage.schema import metadata

sentinels = Table(
    "sentinels",
    metadata,
    Column("number", SmallInteger, primary_key=True, autoincrement=False),
    Column("sealed", LargeBinary, nullable=False),
    comment="A known text sealed with each key that this database was ever used with.",
)
_KNOWN = b"nepsong"


class KeysWrong(Exception):
    """The key ring is missing, unreadable, or does not fit the database; the message says what to do."""


class Ring:
    """Seals, opens and hashes with the keys of one ring."""

    def __init__(self, roots: dict[int, bytes]) -> None:
        self.newest = max(roots)
        self._sealers = {number: AESGCM(_derive(root, b"seal")) for number, root in roots.items()}
        self._hash_key = _derive(roots[min(roots)], b"hash")
        self._prefix = bytes([self.newest])

    def __repr__(self) -> str:
        return f"Ring({sorted(self._sealers)})"

    def seal(self, plain: bytes | memoryview, where: bytes) -> bytes:
        """Key number (1 byte), nonce (12), ciphertext with tag; bound to `where` (table.column)."""
        nonce = os.urandom(12)
        return self._prefix + nonce + self._sealers[self.newest].encrypt(nonce, plain, where)

    def open(self, blob: bytes, where: bytes) -> bytes:
        """Raises KeyError for a key that is not in the ring, InvalidTag for a blob that is not ours."""
        return self._sealers[blob[0]].decrypt(blob[1:13], blob[13:], where)

    def hash(self, purpose: str, value: str) -> bytes:
        """A keyed hash of 16 bytes, to look up what is only stored sealed."""
        # BLAKE2b is keyed by design, and takes 0.6 µs where an HMAC takes 1.7
        return hashlib.blake2b(f"{purpose}\0{value}".encode(), key=self._hash_key, digest_size=16).digest()

    def fit(self, db: Connection) -> None:
        """Makes sure that this ring opens what the database holds; remembers new keys."""
        known = {number: blob for number, blob in db.execute(select(sentinels))}
        for number, blob in known.items():
            if number not in self._sealers:
                raise KeysWrong(
                    f"the database was sealed with key {number}, which is not in the key ring: put it back"
                )
            try:
                self._sealers[number].decrypt(blob[:12], blob[12:], _KNOWN)
            except InvalidTag as error:
                raise KeysWrong(
                    f"key {number} of the key ring is not the one this database was sealed with: restore the ring that belongs to it"
                ) from error
        if known and min(self._sealers) < min(known):
            raise KeysWrong(
                f"key {min(self._sealers)} is lower than key {min(known)}, which this database hashes with: number a new key higher"
            )
        for number in self._sealers.keys() - known.keys():
            nonce = os.urandom(12)
            sealed = nonce + self._sealers[number].encrypt(nonce, _KNOWN, _KNOWN)
            db.execute(insert(sentinels).values(number=number, sealed=sealed))


def _derive(root: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"nepsong/" + purpose).derive(root)


def read(text: str, where: str) -> Ring:
    """Reads a ring from text; `where` names the source in the error."""
    roots: dict[int, bytes] = {}
    for line in text.replace(",", "\n").split():
        number, _, encoded = line.partition(":")
        try:
            root = base64.b64decode(encoded, validate=True)
        except ValueError:  # also what is not ASCII
            root = b""
        if not (number.isascii() and number.isdigit()) or not 1 <= int(number) <= 255 or len(root) != 32:
            raise KeysWrong(f"{where}: each line must read 'number:base64 of 32 bytes', number 1 to 255")
        if int(number) in roots:
            raise KeysWrong(f"{where}: key {int(number)} stands in it twice")
        roots[int(number)] = root
    if not roots:
        raise KeysWrong(f"{where}: no key in it")
    return Ring(roots)


def load(file: Path) -> tuple[Ring, bool]:
    """The ring in `file`, and whether it had to be made (one new key, mode 0600)."""
    made = False
    if not file.exists():
        with tempfile.NamedTemporaryFile("w", dir=file.parent, prefix=f"{file.name}.") as out:  # mode 0600
            out.write(f"1:{base64.b64encode(os.urandom(32)).decode()}\n")
            out.flush()
            os.fsync(out.fileno())
            with contextlib.suppress(FileExistsError):  # another process was first
                os.link(out.name, file)  # whole or not at all
                made = True
        folder = os.open(file.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)
    return read(file.read_text(encoding="ascii", errors="replace"), str(file)), made
