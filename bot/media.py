"""What a received file is, decided by its content in a process of its own, and made safe to show."""

import asyncio
import concurrent.futures
import contextlib
import io
import multiprocessing
import resource
import signal
import warnings
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from enum import StrEnum
from importlib import import_module
from typing import Any

from msgspec import Struct

LONGEST_SIDE = 2_560  # pixels of a kept picture
MOST_PIXELS = 50_000_000
QUALITY = 85
PATIENCE_S = 20.0  # for one file
IDLE_S = 60.0  # without work, after which the process ends
MEMORY = 1_500_000_000  # bytes of the process
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")


class Kind(StrEnum):
    """What a file is, by its content."""

    picture = "picture"
    "A photo or drawing, re-encoded without its metadata."
    document = "document"
    "A PDF or an office file, kept as it is."
    sound = "sound"
    "A recording, kept as it is."
    film = "film"
    "A film, kept as it is."
    other = "other"
    "Anything else: only ever a download."


class Looked(Struct, frozen=True):
    """A file that was looked at; pictures are re-encoded. Sides in pixels."""

    kind: Kind
    mime: str
    content: bytes
    width: int | None = None
    height: int | None = None


class Unfit(Exception):
    """A file that is not kept; `reason` is one of our short words: empty, type, broken, bomb, slow."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Media:
    """A pool of one process, started at the first file and ended after a minute without work."""

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None
        self._busy = asyncio.Lock()
        self._idle: asyncio.TimerHandle | None = None

    async def look(self, content: bytes) -> Looked:
        """What the file is, safe to keep. Raises Unfit."""
        if not content:
            raise Unfit("empty")
        async with self._busy:
            if self._idle is not None:
                self._idle.cancel()
            pool = self._pool = self._pool or _pool()
            try:
                told = await asyncio.wait_for(
                    asyncio.get_running_loop().run_in_executor(pool, _look, content), PATIENCE_S
                )
            except TimeoutError:
                self._end(kill=True)
                raise Unfit("slow") from None
            except (BrokenProcessPool, concurrent.futures.CancelledError):
                self._end(kill=True)
                raise Unfit("bomb") from None
            self._idle = asyncio.get_running_loop().call_later(IDLE_S, self._end)
        if isinstance(told, str):
            raise Unfit(told)
        return told

    def _end(self, *, kill: bool = False) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            children = list((pool._processes or {}).values()) if kill else []
            pool.shutdown(wait=False, cancel_futures=True)
            for child in children:
                child.kill()

    async def close(self) -> None:
        """Ends the process."""
        if self._idle is not None:
            self._idle.cancel()
        async with self._busy:
            pool, self._pool = self._pool, None
            if pool is not None:
                await asyncio.to_thread(pool.shutdown, cancel_futures=True)


def _pool() -> ProcessPoolExecutor:
    # spawn: a fork would copy threads' locks and the key ring into a process that reads strangers' files
    spawn = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(1, mp_context=spawn, initializer=_begin)


# in the child


def _begin() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the whole group; the parent decides
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # no picture of a person in a core dump


def _look(content: bytes) -> Looked | str:
    """What the file is, or why it is unfit. Never raises: an exception's text may quote content."""
    try:
        picture = _picture(content)
        return picture if picture is not None else _other(content)
    except MemoryError:
        return "bomb"


def _picture(content: bytes) -> Looked | str | None:
    pillow: Any = import_module("PIL.Image")
    pillow.MAX_IMAGE_PIXELS = MOST_PIXELS
    warnings.simplefilter("error", pillow.DecompressionBombWarning)
    try:
        with pillow.open(io.BytesIO(content), formats=FORMATS) as opened:
            if opened.width * opened.height > MOST_PIXELS:
                return "bomb"
            opened.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
            return _encoded(opened)
    except (pillow.DecompressionBombError, pillow.DecompressionBombWarning, MemoryError):
        return "bomb"
    except import_module("PIL").UnidentifiedImageError:
        return None
    except Exception:  # Pillow raises whatever its decoders do
        return "broken"


def _encoded(opened: Any) -> Looked:
    operations: Any = import_module("PIL.ImageOps")
    pillow: Any = import_module("PIL.Image")
    picture = operations.exif_transpose(opened)
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    if "A" in picture.getbands() or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        white = pillow.new("RGB", picture.size, "white")
        white.paste(picture, mask=picture.getchannel("A"))
        picture = white
    bare = pillow.new("RGB", picture.size)  # a new picture has no metadata that could be saved with it
    bare.paste(picture.convert("RGB"))
    out = io.BytesIO()
    bare.save(out, "JPEG", quality=QUALITY, optimize=True)
    return Looked(Kind.picture, "image/jpeg", out.getvalue(), *bare.size)


_KINDS = (
    (Kind.sound, ("audio/",)),
    (Kind.film, ("video/",)),
    (
        Kind.document,
        (
            "application/pdf", "application/msword", "application/vnd.openxmlformats-officedocument",
            "application/vnd.oasis.opendocument", "application/vnd.ms-excel", "application/vnd.ms-powerpoint",
        ),
    ),
)  # fmt: skip


def _other(content: bytes) -> Looked | str:
    if content[4:8] == b"ftyp" and content[8:12] in (b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"avif"):
        return "type"  # a picture that cannot be re-encoded here would keep the place where it was taken
    mime = _mime(content)
    kind = next((kind for kind, begins in _KINDS if mime.startswith(begins)), Kind.other)
    return Looked(kind, mime if kind is not Kind.other else "application/octet-stream", content)


def _mime(content: bytes) -> str:
    if content[:5] == b"#!AMR":
        return "audio/amr"
    if content[4:11] == b"ftypM4A":
        return "audio/mp4"
    magic: Any = import_module("puremagic")
    with contextlib.suppress(Exception):  # it raises on text, and on much else that it does not know
        return str(magic.from_string(content, mime=True))
    return ""
