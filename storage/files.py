"""Sealed files in a folder: bytes that people sent, readable only with the key ring.

On disk a file is a row of chunks, each behind its length (4 bytes, big-endian) and each bound to the
file's name, its place and whether it is the last: none can be swapped, cut off or moved elsewhere.
"""

import contextlib
import os
import re
import secrets
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

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
    """One folder of sealed files, spread over 256 subfolders. Several processes may share it."""

    def __init__(self, folder: Path, ring: Ring) -> None:
        self._folder = folder
        self._ring = ring

    def keep(self, content: bytes) -> str:
        """Writes a new file and returns its name (32 hex digits), once it is safely on disk.

        Raises OSError; then nothing is left of it.
        """
        with self.new() as new:
            new.write(content)
            return new.keep()

    def new(self) -> "New":
        """A file that comes in pieces; to be used as a context manager. Raises OSError."""
        return New(self._folder, self._ring)

    def read(self, name: str) -> bytes:
        """The whole content. Raises FileNotFoundError (also for a name that cannot be ours) or Spoilt."""
        return b"".join(self.stream(name))

    def stream(self, name: str) -> Iterator[bytes]:
        """The content in pieces of at most 64 KB, each as it was kept. Raises as `read` does, but a cut
        shows only where the file ends: who must not act on half a file reads it whole."""
        if not _NAME.fullmatch(name):
            raise FileNotFoundError("no name of a kept file")
        with (self._folder / name[:2] / name).open("rb") as file:
            number, following = 0, _sealed(file)
            if following is None:
                raise Spoilt(name)
            while following is not None:
                sealed, following = following, _sealed(file)
                try:
                    piece = self._ring.open(sealed, _where(name, number, following is None))
                except (InvalidTag, KeyError) as error:
                    raise Spoilt(name) from error
                yield piece
                number += 1

    def remove(self, name: str) -> None:
        """Removes a file, or what is left of one that was being written; no error if it is gone.

        Raises ValueError for a name that cannot be ours.
        """
        if not _ANY.fullmatch(name):
            raise ValueError("no name of a kept file")
        (self._folder / name[:2] / name).unlink(missing_ok=True)

    def names(self, older_than: float) -> Iterator[str]:
        """Names of files, also of half-written ones (`….new`), last changed before `older_than` (unix
        time, seconds), one by one in no order. What it yields may be removed meanwhile."""
        for number in range(256):
            try:
                entries = os.scandir(self._folder / f"{number:02x}")
            except FileNotFoundError:  # nothing was kept there yet
                continue
            with entries:
                for entry in entries:
                    if _ANY.fullmatch(entry.name) and _changed(entry, older_than) < older_than:
                        yield entry.name


class New:
    """A file that is being written. At the end of the block nothing is left of it, unless it was kept."""

    def __init__(self, folder: Path, ring: Ring) -> None:
        self._ring = ring
        self._name = secrets.token_hex(16)
        self._path = folder / self._name[:2] / self._name
        self._half = self._path.with_suffix(".new")
        self._kept = False
        self._pending = b""
        self._number = 0
        self.size = 0
        "Bytes of content so far."
        _made(folder)
        _made(self._path.parent)
        self._out = os.fdopen(os.open(self._half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")

    def write(self, piece: bytes) -> None:
        """Adds a piece of any size. Raises OSError."""
        self.size += len(piece)
        content = memoryview(self._pending + piece if self._pending else piece)
        whole = max(0, len(content) - 1) // CHUNK * CHUNK  # what comes last is sealed as the end
        for start in range(0, whole, CHUNK):
            self._seal(content[start : start + CHUNK], last=False)
        self._pending = bytes(content[whole:])

    def keep(self) -> str:
        """The file's name, once all of it is safely on disk. Raises OSError."""
        self._seal(self._pending, last=True)
        self._out.flush()
        os.fsync(self._out.fileno())
        self._out.close()
        self._half.rename(self._path)
        _fsync(self._path.parent)
        self._kept = True
        return self._name

    def _seal(self, piece: bytes | memoryview, *, last: bool) -> None:
        sealed = self._ring.seal(piece, _where(self._name, self._number, last))
        self._out.write(_LENGTH.pack(len(sealed)) + sealed)
        self._number += 1

    def __enter__(self) -> "New":
        return self

    def __exit__(self, *_: object) -> None:
        if not self._kept:
            self._half.unlink(missing_ok=True)
            self._path.unlink(missing_ok=True)  # nobody will hear its name
            with contextlib.suppress(OSError):  # a full disk: what could not be written is gone anyway
                self._out.close()


def _where(name: str, number: int, last: bool) -> bytes:
    """What a chunk is bound to: it opens at no other place, in no other file, and not as an end."""
    return f"files/{name}/{number}/{'end' if last else 'more'}".encode()


def _sealed(file: BinaryIO) -> bytes | None:
    """The next chunk, None at the end. Raises Spoilt."""
    head = file.read(_LENGTH.size)
    if not head:
        return None
    length = _LENGTH.unpack(head)[0] if len(head) == _LENGTH.size else 0
    if not _OVERHEAD <= length <= CHUNK + _OVERHEAD:  # a forged length must not fill the memory
        raise Spoilt("no chunk of ours")
    sealed = file.read(length)
    if len(sealed) != length:
        raise Spoilt("cut short")
    return sealed


def _changed(entry: os.DirEntry[str], gone: float) -> float:
    try:
        return entry.stat(follow_symlinks=False).st_mtime
    except FileNotFoundError:  # removed at this moment
        return gone


def _made(folder: Path) -> None:
    # each by itself: `parents=True` would make the upper ones readable for everybody
    if not folder.is_dir():
        folder.mkdir(mode=0o700, exist_ok=True)
        _fsync(folder.parent)


def _fsync(folder: Path) -> None:
    entry = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(entry)
    finally:
        os.close(entry)
