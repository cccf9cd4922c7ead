"""Sealed files in a folder: bytes that people sent, readable only with the key ring."""

import os
import re
import secrets
import struct
from collections.abc import Iterator
from pathlib import Path

from cryptography.exceptions import InvalidTag

from storage.keys import Ring

CHUNK = 65_536  # bytes of content sealed at once
_LENGTH = struct.Struct(">I")
_OVERHEAD = 1 + 12 + 16  # key number, nonce, tag
_NAME = re.compile(r"[0-9a-f]{32}")
_ANY = re.compile(r"[0-9a-f]{32}(\.new)?")


class Spoilt(Exception):
    """A file is cut short, changed, or sealed with a key that is not in the ring."""


class Files:
    """One folder of sealed files, spread over 256 subfolders."""

    def __init__(self, folder: Path, ring: Ring) -> None:
        self._folder = folder
        self._ring = ring

    def keep(self, content: bytes) -> str:
        """Writes a new file and returns its name, once it is safely on disk. Raises OSError."""
        name = secrets.token_hex(16)
        path = self._path(name)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = path.with_suffix(".new")
        try:
            with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
                for number, start in enumerate(range(0, max(1, len(content)), CHUNK)):
                    last = start + CHUNK >= len(content)
                    sealed = self._ring.seal(content[start : start + CHUNK], _where(name, number, last))
                    out.write(_LENGTH.pack(len(sealed)) + sealed)
                out.flush()
                os.fsync(out.fileno())
            new.rename(path)
        except BaseException:
            new.unlink(missing_ok=True)
            raise
        for folder in (path.parent, self._folder):
            entry = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(entry)
            finally:
                os.close(entry)
        return name

    def read(self, name: str) -> bytes:
        """The whole content. Raises FileNotFoundError or Spoilt."""
        return b"".join(self.stream(name))

    def stream(self, name: str) -> Iterator[bytes]:
        """The content in pieces of at most 64 KB. Raises FileNotFoundError or Spoilt, at the latest
        where it ends: a reader that must not see half of a file reads it whole."""
        with self._path(name).open("rb") as file:
            following = _piece(file.read(_LENGTH.size), file)
            number = 0
            while following is not None:
                sealed, following = following, _piece(file.read(_LENGTH.size), file)
                try:
                    yield self._ring.open(sealed, _where(name, number, following is None))
                except (InvalidTag, KeyError) as error:
                    raise Spoilt(name) from error
                number += 1
            if number == 0:
                raise Spoilt(name)

    def remove(self, name: str) -> None:
        """Removes a file, or what is left of one that was being written; no error if it is gone."""
        whole = _ANY.fullmatch(name)
        if whole is None:
            raise ValueError("no name of ours")
        (self._folder / name[:2] / name).unlink(missing_ok=True)

    def names(self, older_than: float) -> Iterator[str]:
        """Names of files (also of half-written ones) last changed before this instant, seconds."""
        for number in range(256):
            folder = self._folder / f"{number:02x}"
            if not folder.is_dir():
                continue
            with os.scandir(folder) as entries:
                for entry in entries:
                    try:
                        if _ANY.fullmatch(entry.name) and entry.stat().st_mtime < older_than:
                            yield entry.name
                    except FileNotFoundError:  # removed at this moment
                        continue

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise FileNotFoundError(name)
        return self._folder / name[:2] / name


def _where(name: str, number: int, last: bool) -> bytes:
    """What a chunk is bound to: it opens at no other place, in no other file, and not as an end."""
    return f"files/{name}/{number}/{'end' if last else 'more'}".encode()


def _piece(head: bytes, file: object) -> bytes | None:
    if not head:
        return None
    if len(head) != _LENGTH.size:
        raise Spoilt("cut short")
    (length,) = _LENGTH.unpack(head)
    if not _OVERHEAD <= length <= CHUNK + _OVERHEAD:
        raise Spoilt("no chunk of ours")
    sealed = file.read(length)  # type: ignore[attr-defined]
    if len(sealed) != length:
        raise Spoilt("cut short")
    return bytes(sealed)
