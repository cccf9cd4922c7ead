"""What was built from files, kept beside them for the next start, as Python keeps its `.pyc`.

Reading and indexing all content takes most of a second; the sum over its files a hundredth. Whoever can write
here can write the code as well, so a pickle is no new door.
"""

import hashlib
import os
import pickle
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import msgspec
import pydantic

T = TypeVar("T")
CODE = Path(__file__).parent


def kept(folder: Path, build: Callable[[], T], name: str) -> T:
    """What `build` makes of `folder`, from the last time if no file there and none of our code has changed since.

    Where nothing can be written it is built every time; what cannot be read is built anew.
    """
    sources = _sum(folder)
    file = folder / "__pycache__" / f"{name}.{sys.implementation.cache_tag}.bin"
    with suppress(Exception):  # half a file, of another version, or none
        raw = memoryview(file.read_bytes())
        head, body = raw[:64], raw[64:]
        if head == sources + hashlib.sha256(body).digest():
            built: T = pickle.loads(body)  # noqa: S301 - see above
            return built
    built = build()
    with suppress(OSError):
        _write(file, sources, pickle.dumps(built, pickle.HIGHEST_PROTOCOL))
    return built


def _sum(folder: Path) -> bytes:
    """Over the names and bytes of all files of the folder and of our code."""
    total = hashlib.sha256(f"{sys.version} {msgspec.__version__} {pydantic.VERSION}".encode())
    ours = {*folder.rglob("*"), *CODE.glob("*.py")}
    for file in sorted(ours):
        if "__pycache__" not in file.parts and file.is_file():
            content = file.read_bytes()
            total.update(f"{file}\0{len(content)}\0".encode())
            total.update(content)
    return total.digest()


def _write(file: Path, sources: bytes, body: bytes) -> None:
    """Whole or not at all: several processes may start at once."""
    file.parent.mkdir(exist_ok=True)
    half = file.with_suffix(f".{os.getpid()}")
    try:
        half.write_bytes(sources + hashlib.sha256(body).digest() + body)
        half.replace(file)
    except OSError:
        half.unlink(missing_ok=True)
        raise
