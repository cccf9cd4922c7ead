"""What a received file is, decided by its content in a process of its own, and made safe to show.

The process is this file run as a script: a multiprocessing child would import the caller's main module,
so the whole service, and would outlive a killed parent. Frames on its standard input and output are a
length (4 bytes, big-endian) with the content, answered by a line of JSON with the re-encoded picture.
"""

import asyncio
import contextlib
import io
import os
import re
import resource
import signal
import struct
import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from importlib import import_module
from typing import Any, BinaryIO

import msgspec
from msgspec import Struct

LONGEST_SIDE = 2_560  # pixels of a kept picture
MOST_PIXELS = 50_000_000
QUALITY = 85
PATIENCE_S = 20.0  # for one file
IDLE_S = 60.0  # without work, after which the process ends
ENDING_S = 2.0  # to end by itself
MEMORY = 1_500_000_000  # bytes of the process
LARGEST_REPLY = 32_000_000  # bytes; a picture of 2560 × 2560 of noise is a third of it
FORMATS = ("Jpeg", "Png", "WebP", "Gif", "Bmp", "Tiff")  # Pillow's names
ANYTHING = "application/octet-stream"

_LENGTH = struct.Struct(">I")


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
    """A file that was looked at; pictures are re-encoded as JPEG. Sides in pixels, of pictures only."""

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


class _Told(Struct, frozen=True, omit_defaults=True):
    """The line that the process answers with; `size` bytes of a picture follow."""

    unfit: str | None = None
    kind: Kind = Kind.other
    mime: str = ANYTHING
    width: int | None = None
    height: int | None = None
    size: int = 0


class Media:
    """Owns one process, started at the first file and ended after a minute without work."""

    def __init__(self) -> None:
        self._child: _Child | None = None
        self._busy = asyncio.Lock()
        self._idle: asyncio.TimerHandle | None = None

    async def look(self, content: bytes) -> Looked:
        """What the file is, safe to keep. Files wait for one another. Raises Unfit."""
        if not content:
            raise Unfit("empty")
        async with self._busy:
            told, picture = await self._asked(content)
        if told.unfit is not None:
            raise Unfit(told.unfit)
        kept = picture if told.kind is Kind.picture else content
        return Looked(told.kind, told.mime, kept, told.width, told.height)

    async def _asked(self, content: bytes) -> "tuple[_Told, bytes]":
        if self._idle is not None:
            self._idle.cancel()
        if self._child is not None and not self._child.alive():  # somebody ended it between two files
            await self._end()
        child = self._child = self._child or _Child()
        work = asyncio.get_running_loop().run_in_executor(child.hand, child.ask, content)
        told, why = None, "slow"
        try:
            if (await asyncio.wait((work,), timeout=PATIENCE_S))[0]:
                told, why = work.result(), "bomb"
        finally:
            if told is None:  # slow, dead, or nobody waits any more: a new process for the next file
                child.process.kill()
                await self._end()
            else:
                self._idle = asyncio.get_running_loop().call_later(IDLE_S, self._rest)
        return told or (_Told(unfit=why), b"")

    def _rest(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.hand.submit(child.end)

    async def _end(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            await asyncio.get_running_loop().run_in_executor(child.hand, child.end)

    async def close(self) -> None:
        """Ends the process, after the file that it is looking at."""
        async with self._busy:
            if self._idle is not None:
                self._idle.cancel()
            await self._end()


class _Child:
    """The process, and the thread that speaks with it."""

    def __init__(self) -> None:
        # no secret of ours goes into a process that reads strangers' files
        environment = {k: v for k, v in os.environ.items() if k.startswith(("PYTHON", "LD_", "COVERAGE_"))}
        self.process = subprocess.Popen(
            [sys.executable, "-P", __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # decoders print what they read
            env=environment,
            process_group=0,  # Ctrl-C goes to the whole group; the parent decides
        )
        self.hand = ThreadPoolExecutor(1, "media")

    def alive(self) -> bool:
        return self.process.poll() is None

    def ask(self, content: bytes) -> tuple[_Told, bytes] | None:
        """The answer and the picture; None if the process died or speaks nonsense."""
        into, out = self.process.stdin, self.process.stdout
        assert into is not None and out is not None  # pipes
        try:
            into.write(_LENGTH.pack(len(content)))
            into.write(content)
            into.flush()
            told = msgspec.json.decode(out.readline(1_000), type=_Told)
            picture = out.read(told.size) if 0 <= told.size <= LARGEST_REPLY else b""
        except (OSError, msgspec.DecodeError):
            return None
        return (told, picture) if len(picture) == told.size else None

    def end(self) -> None:
        """Lets it end by itself, or kills it, and reaps it."""
        assert self.process.stdin is not None and self.process.stdout is not None  # pipes
        with contextlib.suppress(OSError):  # what could not be written any more
            self.process.stdin.close()
        try:
            self.process.wait(ENDING_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.hand.shutdown(wait=False)


# in the process


class _No(Exception):
    """Why a file is unfit."""


def serve(into: BinaryIO, out: BinaryIO) -> None:
    """Looks at one file after another, until nobody is at the other end."""
    while len(head := into.read(_LENGTH.size)) == _LENGTH.size:
        # the parent's patience ends first; if it was killed meanwhile, the kernel ends this process
        signal.alarm(int(PATIENCE_S) + 5)
        content = into.read(_LENGTH.unpack(head)[0])
        told, picture = _look(content)
        del content
        out.write(msgspec.json.encode(told) + b"\n" + picture)
        out.flush()
        signal.alarm(0)


def _begin() -> tuple[BinaryIO, BinaryIO]:
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # sent to all of a group; the parent decides
        signal.signal(name, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # no picture of a person in a core dump
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a library that prints must not speak for us
    return sys.stdin.buffer, out


def _look(content: bytes) -> tuple[_Told, bytes]:
    """What the file is, or why it is unfit. Never raises: an exception's text may quote content."""
    try:
        if _is_text(content):  # first: Pillow takes words that begin with BM for a broken picture
            return _Told(None, *(_by_head(content) or ())), b""
        return _picture(content) or (_file(content), b"")
    except _No as no:
        return _Told(unfit=str(no)), b""
    except MemoryError:
        return _Told(unfit="bomb"), b""
    except Exception:  # decoders raise anything
        return _Told(unfit="broken"), b""


def _picture(content: bytes) -> tuple[_Told, bytes] | None:
    pillow: Any = import_module("PIL.Image")
    for name in FORMATS:  # named by us, or Pillow loads all forty
        import_module(f"PIL.{name}ImagePlugin")
    formats = [name.upper() for name in FORMATS]
    if content[4:8] == b"ftyp":  # what iPhones take; the decoder is loaded only for it
        heif: Any = import_module("pi_heif")
        heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False, decode_threads=1)
        formats.append("HEIF")
    pillow.MAX_IMAGE_PIXELS = MOST_PIXELS
    warnings.simplefilter("ignore")
    warnings.simplefilter("error", pillow.DecompressionBombWarning)
    try:
        with pillow.open(io.BytesIO(content), formats=formats) as opened:
            if opened.width * opened.height > MOST_PIXELS:
                raise _No("bomb")
            if opened.format == "TIFF" and opened.n_frames > 1:
                raise _No("type")  # pages of a scan: one of them is not the document
            return _encoded(opened)
    except (pillow.DecompressionBombError, pillow.DecompressionBombWarning):
        raise _No("bomb") from None
    except import_module("PIL").UnidentifiedImageError:
        return None


def _encoded(opened: Any) -> tuple[_Told, bytes]:
    pillow: Any = import_module("PIL.Image")
    opened.draft(None, (LONGEST_SIDE, LONGEST_SIDE))  # a JPEG decodes to a smaller one for less
    opened.load()
    picture = _plain(opened)
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    picture = _in_srgb(_on_white(_turned(picture, opened)), opened.info.get("icc_profile"))
    # a new picture: what hangs on the old one (comment, EXIF, XMP) would be saved with it
    bare = pillow.new("RGB", picture.size)
    bare.paste(picture.convert("RGB"))
    out = io.BytesIO()
    bare.save(out, "JPEG", quality=QUALITY, optimize=True)
    told = _Told(None, Kind.picture, "image/jpeg", bare.width, bare.height, len(out.getvalue()))
    return told, out.getvalue()


def _plain(picture: Any) -> Any:
    """In a mode that can be made smaller smoothly."""
    if picture.mode in ("L", "RGB", "CMYK", "RGBA") and "transparency" not in picture.info:
        return picture
    if picture.has_transparency_data:
        return picture.convert("RGBA")
    if picture.mode.startswith("I"):  # 16 bits of grey, which converting alone would clip at 255
        return picture.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    return picture.convert("RGB")


def _turned(picture: Any, opened: Any) -> Any:
    """As the camera was held. A spoilt EXIF is no reason to refuse a photo."""
    turns: Any = import_module("PIL.Image").Transpose
    ways = (
        None, turns.FLIP_LEFT_RIGHT, turns.ROTATE_180, turns.FLIP_TOP_BOTTOM,
        turns.TRANSPOSE, turns.ROTATE_270, turns.TRANSVERSE, turns.ROTATE_90,
    )  # fmt: skip
    with contextlib.suppress(Exception):
        way = dict(enumerate(ways, 1)).get(opened.getexif().get(0x0112))
        return picture if way is None else picture.transpose(way)
    return picture


def _on_white(picture: Any) -> Any:
    if picture.mode != "RGBA":
        return picture
    white = import_module("PIL.Image").new("RGB", picture.size, "white")
    white.paste(picture, mask=picture.getchannel("A"))
    return white


def _in_srgb(picture: Any, profile: bytes | None) -> Any:
    """The same colours without their profile; one that does not fit is none."""
    if not profile:
        return picture
    with contextlib.suppress(Exception):
        colours: Any = import_module("PIL.ImageCms")
        its = colours.ImageCmsProfile(io.BytesIO(profile))
        return colours.profileToProfile(picture, its, colours.createProfile("sRGB"), outputMode="RGB")
    return picture


def _file(content: bytes) -> _Told:
    """What is no picture that can be re-encoded here. Raises _No."""
    found = _by_head(content) or _by_brand(content) or _by_parts(content)
    if found is None:
        _refuse_pictures(content)
    return _Told(None, *(found or ()))


# puremagic takes every ZIP for a Word file, an installer for an old one, and does not know half of all
# MP3, MP4, M4A and AMR files: what we show as its kind is decided here
_HEADS = (
    (rb"%PDF-", Kind.document, "application/pdf"),
    (rb"#!AMR-WB\n", Kind.sound, "audio/amr-wb"),
    (rb"#!AMR\n", Kind.sound, "audio/amr"),
    (rb"OggS\0", Kind.sound, "audio/ogg"),
    (rb"RIFF....WAVE", Kind.sound, "audio/wav"),
    (rb"RIFF....AVI ", Kind.film, "video/x-msvideo"),
    (rb"ID3[\2-\4]|\xff[\xfb\xfa\xf3\xf2\xe3\xe2]", Kind.sound, "audio/mpeg"),
    (rb"\xff[\xf1\xf9]", Kind.sound, "audio/aac"),
    (rb"\x1aE\xdf\xa3.{0,60}?\x42\x82.{1,8}?webm", Kind.film, "video/webm"),
)


def _by_head(content: bytes) -> tuple[Kind, str] | None:
    for head, kind, mime in _HEADS:
        if re.match(head, content[:100], re.DOTALL):
            return kind, mime
    return None


def _by_brand(content: bytes) -> tuple[Kind, str] | None:
    """What is built of boxes: MP4 and its kin, but also AVIF, and HEIC that is broken. Raises _No."""
    if content[4:8] != b"ftyp":
        return None
    size = int.from_bytes(content[:4], "big")
    box = content[8 : min(size, 512) if size >= 16 else 512]
    brands = {box[at : at + 4] for at in range(0, len(box), 4) if at != 4}  # there the version stands
    if brands & _PICTURES:
        raise _No("type")  # it would keep the place where it was taken
    for brand, kind, mime in _BRANDS:
        if re.match(brand, box):
            return kind, mime
    return None


_PICTURES = {
    b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs",
    b"mif1", b"mif2", b"msf1", b"miaf", b"avif", b"avis", b"crx ",
}  # fmt: skip
_BRANDS = (
    (rb"M4A |M4B |F4A ", Kind.sound, "audio/mp4"),
    (rb"3g[pr2]", Kind.film, "video/3gpp"),
    (rb"qt  ", Kind.film, "video/quicktime"),
    (rb"iso.|mp4[12]|avc1|M4V|MSNV|dash|f4v|XAVC|NDS|mmp4", Kind.film, "video/mp4"),
)


def _by_parts(content: bytes) -> tuple[Kind, str] | None:
    """Office files, by the names of their parts; nothing is unpacked. One with macros is a program."""
    if content.startswith(b"PK\3\4"):
        if found := re.match(_OPEN, content[30:110]):
            return Kind.document, found[1].decode()
        parts = _PARTS if b"[Content_Types].xml" in content else ()
    else:
        parts = _OLD_PARTS if content.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") else ()
    if any(macro in content for macro in (b"vbaProject.bin", _old("_VBA_PROJECT"))):
        return None
    return next(((Kind.document, mime) for part, mime in parts if part in content), None)


def _old(name: str) -> bytes:
    return name.encode("utf-16-le")


_OPEN = rb"mimetype(application/vnd\.oasis\.opendocument\.(?:text|spreadsheet|presentation))PK"
_OFFICE = "application/vnd.openxmlformats-officedocument."
_PARTS = (
    (b"word/document.xml", _OFFICE + "wordprocessingml.document"),
    (b"xl/workbook.xml", _OFFICE + "spreadsheetml.sheet"),
    (b"ppt/presentation.xml", _OFFICE + "presentationml.presentation"),
)
_OLD_PARTS = (
    (_old("WordDocument"), "application/msword"),
    (_old("Workbook"), "application/vnd.ms-excel"),
    (_old("PowerPoint Document"), "application/vnd.ms-powerpoint"),
)


def _is_text(content: bytes) -> bool:
    if content.translate(None, bytes(range(32, 256)) + b"\t\n\f\r\x1b"):
        return False
    with contextlib.suppress(UnicodeDecodeError):
        return bool(content.decode())
    return False


def _refuse_pictures(content: bytes) -> None:
    """Raises _No for a picture: one that we cannot re-encode would keep the place where it was taken."""
    if content.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n", b"GIF8")) or re.match(
        rb"RIFF....WEBP", content, re.S
    ):
        raise _No("broken")
    magic: Any = import_module("puremagic")
    found: list[Any] = []
    with contextlib.suppress(magic.PureError):  # what it does not know
        found = magic.magic_string(content)
    if any(
        f.mime_type.startswith("image/") and f.confidence >= 0.4 and "svg" not in f.mime_type for f in found
    ):
        raise _No("type")  # 0.4: four bytes agree; fewer do by chance


if __name__ == "__main__":
    serve(*_begin())
