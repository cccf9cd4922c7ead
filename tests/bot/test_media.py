"""A received file is what its content says; a picture keeps nothing but what is to be seen on it."""

import asyncio
import contextlib
import io
import os
import random
import resource
import signal
import struct
import subprocess
import sys
import time
import wave
import zipfile
import zlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio
from PIL import Image, ImageCms

from bot import media as module
from bot.media import Kind, Looked, Media, Unfit
from tests import make

pytestmark = pytest.mark.asyncio(loop_scope="module")  # one process for most of the tests

SECRET = b"bimatlam"
OFFICE = "application/vnd.openxmlformats-officedocument."
OPEN = "application/vnd.oasis.opendocument."


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def shared() -> AsyncIterator[Media]:
    media = Media()
    yield media
    await media.close()


@pytest_asyncio.fixture(loop_scope="module")
async def media() -> AsyncIterator[Media]:
    """One whose process may be ended."""
    media = Media()
    yield media
    await media.close()


def saved(picture: Image.Image, format: str, **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, format, **options)  # type: ignore[arg-type]
    return out.getvalue()


def corner(size: tuple[int, int] = (60, 40)) -> Image.Image:
    """White, with a red corner at the upper left."""
    picture = Image.new("RGB", size, "white")
    picture.paste("red", (0, 0, size[0] // 3, size[1] // 3))
    return picture


def seen(looked: Looked) -> Image.Image:
    """What was kept, which must be a bare JPEG of the size that was told."""
    assert (looked.kind, looked.mime) == (Kind.picture, "image/jpeg")
    picture = Image.open(io.BytesIO(looked.content))
    picture.load()
    assert picture.format == "JPEG" and picture.mode == "RGB" and not picture.getexif()
    assert set(picture.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    assert picture.size == (looked.width, looked.height)
    return picture


def near(picture: Image.Image, at: tuple[int, int], colour: tuple[int, int, int]) -> bool:
    found = picture.getpixel(at)
    assert isinstance(found, tuple)
    return all(abs(a - b) < 25 for a, b in zip(found, colour, strict=True))


async def unfit(media: Media, content: bytes) -> str:
    with pytest.raises(Unfit) as caught:
        await media.look(content)
    assert str(caught.value) == caught.value.reason and caught.value.__context__ is None
    return caught.value.reason


PICTURES: dict[str, Callable[[], bytes]] = {
    "jpeg": lambda: saved(corner(), "JPEG", quality=95),
    "progressive": lambda: saved(corner(), "JPEG", progressive=True, quality=95),
    "mpo": lambda: saved(corner(), "MPO", save_all=True, append_images=[Image.new("RGB", (9, 9))]),
    "cmyk": lambda: saved(corner().convert("CMYK"), "JPEG", quality=95),
    "png": lambda: saved(corner(), "PNG"),
    "palette": lambda: saved(corner().convert("P"), "PNG"),
    "webp": lambda: saved(corner(), "WEBP", lossless=True),
    "gif": lambda: saved(corner(), "GIF"),
    "bmp": lambda: saved(corner(), "BMP"),
    "tiff": lambda: saved(corner(), "TIFF", compression="tiff_lzw"),
    "animated gif": lambda: saved(
        corner(), "GIF", save_all=True, append_images=[Image.new("RGB", (60, 40), "blue")]
    ),
    "animated png": lambda: saved(
        corner(), "PNG", save_all=True, append_images=[Image.new("RGB", (60, 40), "blue")]
    ),
    "animated webp": lambda: saved(
        corner(), "WEBP", save_all=True, append_images=[Image.new("RGB", (60, 40), "blue")]
    ),
}


@pytest.mark.parametrize("name", PICTURES)
async def test_every_picture_becomes_a_bare_jpeg(shared: Media, name: str) -> None:
    picture = seen(await shared.look(PICTURES[name]()))
    assert picture.size == (60, 40)
    assert near(picture, (3, 3), (254, 0, 0)) and near(picture, (56, 36), (255, 255, 255))


async def test_what_is_transparent_becomes_white(shared: Media) -> None:
    clear = Image.new("RGBA", (60, 40), (0, 0, 0, 0))
    clear.paste((255, 0, 0, 255), (0, 0, 20, 20))
    for content in (
        saved(clear, "PNG"),
        saved(clear, "WEBP", lossless=True),
        saved(clear.convert("P"), "PNG", transparency=clear.convert("P").getpixel((50, 30))),
        saved(clear, "GIF"),
    ):
        picture = seen(await shared.look(content))
        assert near(picture, (3, 3), (254, 0, 0)) and near(picture, (56, 36), (255, 255, 255))


@pytest.mark.parametrize(("mode", "grey"), [("1", 1), ("L", 128), ("LA", (128, 255)), ("I;16", 32768)])
async def test_grey_stays_grey(shared: Media, mode: str, grey: int) -> None:
    picture = seen(await shared.look(saved(Image.new(mode, (30, 30), grey), "PNG")))
    assert near(picture, (15, 15), (255,) * 3 if mode == "1" else (128,) * 3)


def tagged() -> bytes:
    """A photo as a phone takes it: where, by whom and with what, in every place that can hold it."""
    exif = Image.Exif()
    exif[0x010E] = SECRET.decode()
    exif.get_ifd(0x8769)[0x9286] = SECRET
    exif.get_ifd(0x8825).update({1: "N", 2: (14.0, 21.0, 3.5), 3: "E", 4: (108.0, 0.0, 33.0)})
    return saved(
        corner(),
        "JPEG",
        exif=exif,
        comment=SECRET,
        xmp=b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta>" + SECRET,
        icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
        dpi=(300, 300),
    )


async def test_nothing_tells_where_and_by_whom_a_photo_was_taken(shared: Media) -> None:
    content = tagged()
    before = Image.open(io.BytesIO(content))
    assert before.getexif().get_ifd(0x8825)[2] == (14.0, 21.0, 3.5)
    assert content.count(SECRET) == 4 and "icc_profile" in before.info
    looked = await shared.look(content)
    seen(looked)
    for trace in (SECRET, b"Exif", b"http", b"ICC", b"\xff\xe1", b"\xff\xe2", b"\xff\xfe"):
        assert trace not in looked.content[: looked.content.index(b"\xff\xda")], trace
    assert SECRET not in looked.content


@pytest.mark.parametrize("format", ["PNG", "WEBP", "TIFF"])
async def test_other_formats_lose_their_metadata_too(shared: Media, format: str) -> None:
    exif = Image.Exif()
    exif[0x010E] = SECRET.decode()
    content = saved(corner(), format, exif=exif)
    assert SECRET in content
    looked = await shared.look(content)
    seen(looked)
    assert SECRET not in looked.content


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF"])
async def test_a_photo_stands_as_the_camera_was_held(shared: Media, format: str) -> None:
    places = {"upper left": (3, 3), "upper right": (-4, 3), "lower right": (-4, -4), "lower left": (3, -4)}
    for orientation, where in enumerate(
        [*places, "upper left", "upper right", "lower right", "lower left"], 1
    ):
        exif = Image.Exif()
        exif[0x0112] = orientation
        picture = seen(await shared.look(saved(corner(), format, exif=exif)))
        assert picture.size == ((60, 40) if orientation < 5 else (40, 60))
        for place, (x, y) in places.items():
            colour = (254, 0, 0) if place == where else (255, 255, 255)
            assert near(picture, (x % picture.width, y % picture.height), colour), (orientation, place)


async def test_a_spoilt_exif_or_profile_is_no_reason_to_refuse(shared: Media) -> None:
    seen(await shared.look(saved(corner(), "JPEG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff\x01")))
    seen(await shared.look(saved(corner(), "JPEG", exif=b"Exif\0\0nothing")))
    seen(await shared.look(saved(corner(), "JPEG", icc_profile=b"no profile")))


async def test_colours_of_another_profile_are_kept_without_it(shared: Media) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = profile.replace(b"rXYZ", b"----").replace(b"gXYZ", b"rXYZ").replace(b"----", b"gXYZ")
    picture = seen(await shared.look(saved(Image.new("RGB", (20, 20), "red"), "PNG", icc_profile=swapped)))
    assert near(picture, (9, 9), (0, 255, 0))


async def test_large_pictures_become_smaller(shared: Media) -> None:
    for size, kept in (((6000, 3000), (2560, 1280)), ((3000, 40), (2560, 34)), ((2560, 2560), (2560, 2560))):
        assert seen(await shared.look(saved(corner(size), "JPEG"))).size == kept
    exif = Image.Exif()
    exif[0x0112] = 6
    assert seen(await shared.look(saved(corner((4000, 2000)), "TIFF", exif=exif))).size == (1280, 2560)


def claimed(width: int, height: int) -> bytes:
    """A PNG whose header claims this size."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n\0\0\0\x0d"
        + header
        + struct.pack(">I", zlib.crc32(header))
        + saved(corner(), "PNG")[33:]
    )


async def test_bombs_are_refused_unopened(shared: Media) -> None:
    gif, bmp = bytearray(saved(corner(), "GIF")), bytearray(saved(corner(), "BMP"))
    gif[6:10] = struct.pack("<HH", 60_000, 60_000)
    bmp[18:26] = struct.pack("<ii", 60_000, 60_000)
    for bomb in (claimed(60_000, 60_000), claimed(10_000, 5_001), bytes(gif), bytes(bmp)):
        assert await unfit(shared, bomb) == "bomb"
    small = saved(Image.new("1", (8_000, 8_000)), "PNG")
    assert len(small) < 10_000
    assert await unfit(shared, small) == "bomb"


async def test_cut_pictures_are_broken(shared: Media) -> None:
    for name in ("jpeg", "progressive", "png", "webp", "gif", "bmp"):
        content = PICTURES[name]()
        assert await unfit(shared, content[: len(content) * 2 // 3]) == "broken", name
    assert await unfit(shared, PICTURES["jpeg"]()[:30]) == "broken"
    assert await unfit(shared, claimed(0, 5)) == "broken"


async def test_pages_of_a_scan_are_not_one_picture(shared: Media) -> None:
    assert await unfit(shared, saved(corner(), "TIFF", save_all=True, append_images=[corner()])) == "type"


async def test_a_script_behind_a_photo_is_gone(shared: Media) -> None:
    script = b"<script>alert(1)</script>"
    for content in (
        saved(corner(), "JPEG") + script + zipped("a.html"),
        saved(corner(), "JPEG", comment=script),
        saved(corner(), "GIF", comment=script) + script,
        saved(corner(), "PNG") + script,
    ):
        looked = await shared.look(content)
        seen(looked)
        assert b"script" not in looked.content and b"PK" not in looked.content


def zipped(*names: str, mimetype: str = "") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        if mimetype:
            file.writestr("mimetype", mimetype, zipfile.ZIP_STORED)
        for name in names:
            file.writestr(name, "x")
    return out.getvalue()


def old_office(*names: str) -> bytes:
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + b"".join(n.encode("utf-16-le") for n in names)


def boxed(brand: bytes, *more: bytes) -> bytes:
    box = brand + bytes(4) + b"".join(more)
    return struct.pack(">I", len(box) + 8) + b"ftyp" + box + b"\0\0\0\x10mdat" + bytes(8)


def sound() -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8_000)
        file.writeframes(b"\1\2" * 400)
    return out.getvalue()


MATROSKA = b"\x1aE\xdf\xa3\x9fB\x86\x81\1B\xf7\x81\1B\xf2\x81\4B\xf3\x81\x08B\x82\x84"
KEPT: list[tuple[bytes, Kind, str]] = [
    (b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\n%%EOF\n", Kind.document, "application/pdf"),
    *(
        (zipped("[Content_Types].xml", "_rels/.rels", part), Kind.document, OFFICE + name)
        for part, name in (
            ("word/document.xml", "wordprocessingml.document"),
            ("xl/workbook.xml", "spreadsheetml.sheet"),
            ("ppt/presentation.xml", "presentationml.presentation"),
        )
    ),
    *(
        (zipped("content.xml", mimetype=OPEN + name), Kind.document, OPEN + name)
        for name in ("text", "spreadsheet", "presentation")
    ),
    (old_office("Root Entry", "WordDocument"), Kind.document, "application/msword"),
    (old_office("Root Entry", "Workbook"), Kind.document, "application/vnd.ms-excel"),
    (b"ID3\3\0\0\0\0\0\n" + bytes(10) + b"\xff\xfb\x90d" + bytes(400), Kind.sound, "audio/mpeg"),
    (b"\xff\xfb\x90d" + bytes(400), Kind.sound, "audio/mpeg"),
    (b"\xff\xf3@\xc4" + bytes(400), Kind.sound, "audio/mpeg"),
    (b"OggS\0\2" + bytes(22) + b"\1\x13OpusHead" + bytes(30), Kind.sound, "audio/ogg"),
    (sound(), Kind.sound, "audio/wav"),
    (boxed(b"M4A ", b"M4A ", b"mp42", b"isom"), Kind.sound, "audio/mp4"),
    (b"#!AMR\n" + bytes(range(64)), Kind.sound, "audio/amr"),
    (b"\xff\xf1P\x80" + bytes(99), Kind.sound, "audio/aac"),
    *(
        (boxed(brand, b"isom"), Kind.film, "video/mp4")
        for brand in (b"isom", b"mp41", b"mp42", b"iso5", b"avc1")
    ),
    (boxed(b"3gp4", b"isom"), Kind.film, "video/3gpp"),
    (boxed(b"qt  "), Kind.film, "video/quicktime"),
    (MATROSKA + b"webmB\x87\x81\2" + bytes(50), Kind.film, "video/webm"),
]
DOWNLOADS: list[bytes] = [
    "xin chào, đây là lời kể".encode(),
    b"BMW and MZ, ID3 and RIFF are words like others",
    "\ufeffcó dấu".encode("utf-16-le"),
    b"<!DOCTYPE html><html><script>alert(1)</script></html>",
    b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script/></svg>',
    b'<svg xmlns="http://www.w3.org/2000/svg"/>',
    b"#!/bin/sh\nrm -rf /\n",
    b"\x7fELF\2\1\1" + bytes(60),
    b"MZ\x90\0\3" + bytes(60),
    zipped("a.txt"),
    zipped("META-INF/MANIFEST.MF", "a.class"),
    zipped("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"),
    old_office("Root Entry", "an installer"),
    old_office("WordDocument", "_VBA_PROJECT"),
    boxed(b"zzzz"),
    b"\x1f\x8b\x08" + bytes(20),
    random.Random(7).randbytes(5_000),
    b"\0",
    b"x",
    bytes(1_000),
]


@pytest.mark.parametrize("at", range(len(KEPT)), ids=lambda at: KEPT[at][2])
async def test_what_we_know_is_kept_as_it_is(shared: Media, at: int) -> None:
    content, kind, mime = KEPT[at]
    assert await shared.look(content) == Looked(kind, mime, content, None, None)


async def test_all_else_is_only_a_download(shared: Media) -> None:
    for content in DOWNLOADS:
        looked = await shared.look(content)
        assert looked == Looked(Kind.other, "application/octet-stream", content), content[:20]


async def test_a_phones_heic_becomes_a_bare_jpeg_as_it_was_held(shared: Media) -> None:
    assert SECRET in make.HEIC
    picture = seen(await shared.look(make.HEIC))
    assert picture.size == (64, 96)
    assert [picture.getpixel(at) for at in ((60, 3), (3, 3))] == [(254, 0, 0), (255, 255, 255)]


async def test_a_heic_that_lies_or_is_spoilt_is_refused(shared: Media) -> None:
    at = make.HEIC.index(b"ispe") + 8
    bomb = make.HEIC[:at] + struct.pack(">II", 30_000, 30_000) + make.HEIC[at + 8 :]
    assert await unfit(shared, bomb) == "bomb"
    for cut in (100, 400, len(make.HEIC) - 40):
        assert await unfit(shared, make.HEIC[:cut]) in ("type", "broken")


async def test_pictures_that_cannot_be_cleaned_are_refused(shared: Media) -> None:
    for content in (
        boxed(b"heic", b"mif1", b"heic"),
        boxed(b"mif1", b"heic"),
        boxed(b"isom", b"heix"),
        saved(corner(), "AVIF"),
        b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(20),
        b"8BPS\0\1" + bytes(30),
        saved(corner(), "JPEG2000"),
        PICTURES["tiff"]()[:-200],  # what the head of a camera's raw photo is, too
    ):
        assert await unfit(shared, content) == "type"


async def test_an_office_file_is_not_unpacked(shared: Media) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("[Content_Types].xml", "x")
        with file.open("word/document.xml", "w") as part:
            for _ in range(50):
                part.write(bytes(1_000_000))
    looked = await shared.look(out.getvalue())
    assert looked.kind is Kind.document and looked.content == out.getvalue()


async def test_an_empty_file_needs_no_process(media: Media) -> None:
    assert await unfit(media, b"") == "empty"
    assert media._child is None


# the process


def process_of(media: Media) -> int:
    assert media._child is not None
    return media._child.process.pid


def proc(pid: int, what: str) -> str:
    return Path(f"/proc/{pid}/{what}").read_text()


def lives(pid: int) -> bool:
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return proc(pid, "stat").rpartition(")")[2].split()[0] != "Z"
    return False


async def until(found: Callable[[], bool]) -> None:
    until = time.monotonic() + 10
    while not found():
        assert time.monotonic() < until
        await asyncio.sleep(0.01)


async def test_several_files_at_once_wait_for_one_process(media: Media) -> None:
    contents = [saved(Image.new("RGB", (20, 20 + n)), "PNG") for n in range(4)]
    looked = await asyncio.gather(*map(media.look, contents))
    assert [one.height for one in looked] == [20, 21, 22, 23]


async def test_a_process_killed_at_work_costs_one_file(media: Media) -> None:
    content = PICTURES["jpeg"]()
    await media.look(content)
    first = process_of(media)
    os.kill(first, signal.SIGSTOP)  # so that it is at work for as long as we like
    work = asyncio.create_task(unfit(media, content))
    await asyncio.sleep(0.05)
    os.kill(first, signal.SIGKILL)
    assert await work == "bomb"
    seen(await media.look(content))
    assert process_of(media) != first and not lives(first)


async def test_a_process_killed_at_rest_costs_none(media: Media) -> None:
    await media.look(b"x")
    first = process_of(media)
    os.kill(first, signal.SIGKILL)
    await until(lambda: not lives(first))
    seen(await media.look(PICTURES["png"]()))


async def test_patience_ends(media: Media, monkeypatch: pytest.MonkeyPatch) -> None:
    await media.look(b"x")
    first = process_of(media)
    os.kill(first, signal.SIGSTOP)
    with monkeypatch.context() as short:
        short.setattr(module, "PATIENCE_S", 0.1)
        assert await unfit(media, os.urandom(1_000_000)) == "slow"  # more than a pipe holds
    assert not lives(first)
    seen(await media.look(PICTURES["png"]()))


async def test_who_waits_no_longer_leaves_no_process_at_work(media: Media) -> None:
    await media.look(b"x")
    first = process_of(media)
    os.kill(first, signal.SIGSTOP)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await media.look(b"y")
    assert not lives(first)
    assert (await media.look(b"z")).content == b"z"  # and not the answer to another


async def test_memory_is_bounded(media: Media) -> None:
    await media.look(PICTURES["png"]())
    pid = process_of(media)
    assert resource.prlimit(pid, resource.RLIMIT_AS) == (module.MEMORY, module.MEMORY)
    assert resource.prlimit(pid, resource.RLIMIT_CORE) == (0, 0)
    used = int(proc(pid, "statm").split()[0]) * resource.getpagesize()
    resource.prlimit(pid, resource.RLIMIT_AS, (used + 20_000_000, used + 20_000_000))
    assert await unfit(media, saved(Image.new("1", (7_000, 7_000)), "PNG")) == "bomb"
    seen(await media.look(PICTURES["png"]()))


async def test_signals_to_the_group_do_not_reach_it(media: Media) -> None:
    await media.look(b"x")
    pid = process_of(media)
    assert os.getpgid(pid) != os.getpgid(0)
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        os.kill(pid, name)
    seen(await media.look(PICTURES["png"]()))
    assert process_of(media) == pid


async def test_it_knows_none_of_our_secrets(media: Media, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEPSONG_KEYS_RING", "1:secret")
    monkeypatch.setenv("PGPASSWORD", "secret")
    await media.look(b"x")
    assert "secret" not in proc(process_of(media), "environ")


async def test_it_rests_and_comes_back(media: Media, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "IDLE_S", 0.05)
    await media.look(b"x")
    first = process_of(media)
    await until(lambda: media._child is None and not lives(first))
    assert (await media.look(b"y")).content == b"y"


async def test_closing_leaves_no_process(media: Media) -> None:
    await media.close()
    await media.look(b"x")
    pid = process_of(media)
    await media.close()
    with pytest.raises(FileNotFoundError):  # nor a dead one that nobody asked for
        proc(pid, "stat")
    await media.close()


async def test_a_killed_service_leaves_no_process_behind() -> None:
    service = (
        "import asyncio, time\nfrom bot.media import Media\n"
        "async def main():\n media = Media()\n await media.look(b'x')\n"
        " print(media._child.process.pid, flush=True)\n time.sleep(60)\n"
        "asyncio.run(main())"
    )
    pipe = asyncio.subprocess.PIPE
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", service, stdout=pipe)
    assert parent.stdout is not None
    pid = int(await parent.stdout.readline())
    assert lives(pid)
    parent.kill()
    await parent.communicate()
    await until(lambda: not lives(pid))


async def test_it_loads_none_of_our_modules() -> None:
    told = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-P", "-X", "importtime", str(module.__file__)],
        input=b"",
        env={},  # a measured process loads what it measures
        capture_output=True,
        check=True,
    )
    loaded = {
        line.rpartition(b"|")[2].strip().decode().partition(".")[0] for line in told.stderr.splitlines()
    }
    assert "msgspec" in loaded
    assert not loaded & {
        "bot",
        "handlers",
        "content",
        "storage",
        "sqlalchemy",
        "aiohttp",
        "cryptography",
        "PIL",
    }


async def test_nothing_is_said_of_a_file(
    media: Media, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    for content in (SECRET, b"II*\0\x08\0\0\0\xff\xff" + SECRET * 9, PICTURES["tiff"]()[:-900] + SECRET):
        with contextlib.suppress(Unfit):
            await media.look(content)
    assert not any(capfd.readouterr()) and SECRET.decode() not in caplog.text
