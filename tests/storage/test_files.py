"""Sealed files: read whole or not at all, by nobody without the key ring."""

import os
import stat
import struct
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage import keys
from storage.files import CHUNK, Files, Spoilt
from tests import make


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path / "files", make.ring())


def path(files: Files, name: str) -> Path:
    return files._folder / name[:2] / name


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 5_000_000])
def test_what_is_kept_is_read(files: Files, size: int) -> None:
    content = os.urandom(size)
    name = files.keep(content)
    assert files.read(name) == content
    assert path(files, name).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("piece", [1_000, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK])
@pytest.mark.parametrize("size", [0, 1, CHUNK, 2 * CHUNK, 300_001])
def test_pieces_make_the_same_file(files: Files, size: int, piece: int) -> None:
    content = os.urandom(size)
    with files.new() as new:
        for start in range(0, size, piece):
            new.write(content[start : start + piece])
        name = new.keep()
    assert new.size == size and files.read(name) == content
    assert path(files, name).stat().st_size == size + 33 * max(1, -(-size // CHUNK))


def test_pieces_that_were_not_kept_leave_nothing(files: Files) -> None:
    with pytest.raises(ConnectionError), files.new() as new:
        new.write(b"x" * 200_000)
        raise ConnectionError
    assert on_disk(files) == []


def test_no_byte_is_readable_on_disk(files: Files) -> None:
    name = files.keep(b"anh cua toi " * 10_000)
    assert b"anh cua" not in path(files, name).read_bytes()


def spoil(files: Files, name: str, content: bytes) -> None:
    path(files, name).write_bytes(content)
    with pytest.raises(Spoilt):
        files.read(name)


def test_whatever_is_changed_is_not_read(files: Files) -> None:
    name, other = files.keep(os.urandom(3 * CHUNK)), files.keep(os.urandom(3 * CHUNK))
    whole, chunk = path(files, name).read_bytes(), 4 + CHUNK + 29
    spoil(files, name, whole[:-1])  # cut
    spoil(files, name, whole[: 2 * chunk])  # cut between two chunks
    spoil(files, name, whole[chunk : 2 * chunk] + whole[:chunk] + whole[2 * chunk :])  # swapped
    spoil(files, name, path(files, other).read_bytes())  # another's content
    spoil(files, name, whole + whole[-chunk:])  # longer
    spoil(files, name, b"")
    spoil(files, name, b"\xff" * 100)
    path(files, name).write_bytes(whole)
    assert len(files.read(name)) == 3 * CHUNK


def test_another_ring_reads_nothing(files: Files) -> None:
    name = files.keep(b"a")
    with pytest.raises(Spoilt):
        Files(files._folder, make.ring(letter=b"z")).read(name)


@pytest.mark.parametrize("name", ["../keys", "", "ab", "a" * 33, "/etc/passwd", "A" * 32])
def test_no_name_leaves_the_folder(files: Files, name: str) -> None:
    with pytest.raises(FileNotFoundError):
        files.read(name)
    with pytest.raises(ValueError):
        files.remove(name)


def test_a_write_that_fails_leaves_nothing(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError):
        files.keep(b"a")
    assert list(files.names(time.time() + 10)) == []


def test_removing_and_listing(files: Files) -> None:
    name = files.keep(b"a")
    half = path(files, name).with_suffix(".new")
    half.write_bytes(b"half")
    assert set(files.names(time.time() + 10)) == {name, half.name}
    assert list(files.names(time.time() - 10)) == []
    for one in (name, half.name, name):
        files.remove(one)
    assert list(files.names(time.time() + 10)) == []


HOUR = 3600.0


def on_disk(files: Files) -> list[Path]:
    return sorted(path for path in files._folder.rglob("*") if path.is_file())


def chunks(raw: bytes) -> Iterator[bytes]:
    """The pieces on disk, each with its length before it."""
    while raw:
        length = 4 + struct.unpack(">I", raw[:4])[0]
        yield raw[:length]
        raw = raw[length:]


def test_the_largest_is_read_in_pieces(files: Files) -> None:
    content = os.urandom(20_000_000)
    pieces = list(files.stream(files.keep(content)))
    assert b"".join(pieces) == content and max(map(len, pieces)) == CHUNK


def test_equal_files_look_different_under_fresh_names(files: Files) -> None:
    names = {files.keep(b"x" * 1000) for _ in range(50)}
    assert len(names) == 50 and len({path(files, name).read_bytes()[5:] for name in names}) == 50


def test_only_the_owner_may_enter(files: Files) -> None:
    name = files.keep(b"x")
    modes = [stat.S_IMODE(p.stat().st_mode) for p in (files._folder, path(files, name).parent)]
    assert modes == [0o700, 0o700]


def test_every_cut_is_noticed(files: Files) -> None:
    name = files.keep(os.urandom(2 * CHUNK + 10))
    raw, one = path(files, name).read_bytes(), 4 + CHUNK + 29
    for length in (0, 1, 3, 4, 5, 40, one - 1, one, one + 2, one + 4, 2 * one, len(raw) - 1):
        spoil(files, name, raw[:length])


def test_every_change_is_noticed(files: Files) -> None:
    name = files.keep(os.urandom(CHUNK + 10))
    raw = path(files, name).read_bytes()
    for at in (0, 1, 3, 4, 5, 20, 5000, CHUNK + 32, CHUNK + 33, CHUNK + 37, len(raw) - 1):
        spoil(files, name, raw[:at] + bytes([raw[at] ^ 0x41]) + raw[at + 1 :])
    for tail in (b"\0", b"\0\0\0\0", b"\xff\xff\xff\xff", raw, next(chunks(raw))):
        spoil(files, name, raw + tail)


def test_chunks_stay_where_they_were_written(files: Files) -> None:
    one, other = files.keep(os.urandom(3 * CHUNK)), files.keep(os.urandom(3 * CHUNK))
    a, b, c = chunks(path(files, one).read_bytes())
    x, y, z = chunks(path(files, other).read_bytes())
    for forged in ((b, a, c), (a, c), (b, c), (c,), (a, b), (a, a, b, c), (a, y, c), (a, b, z), (x, y, z)):
        spoil(files, one, b"".join(forged))


def test_a_cut_file_streams_no_further_than_it_is_whole(files: Files) -> None:
    content, seen = os.urandom(3 * CHUNK), b""
    name = files.keep(content)
    path(files, name).write_bytes(b"".join(list(chunks(path(files, name).read_bytes()))[:2]))
    with pytest.raises(Spoilt):
        for piece in files.stream(name):
            seen += piece
    assert seen == content[:CHUNK]


def test_a_grown_ring_reads_what_the_old_one_kept(files: Files) -> None:
    grown = Files(files._folder, keys.read(make.RING + "\n" + make.RING.replace("1:", "2:"), "test"))
    assert grown.read(files.keep(b"x")) == b"x"
    with pytest.raises(Spoilt):
        files.read(grown.keep(b"y"))


@pytest.mark.parametrize("when", [1, 2, 3, 4])
def test_a_disk_that_fails_at_any_moment_leaves_nothing(
    files: Files, monkeypatch: pytest.MonkeyPatch, when: int
) -> None:
    """At the folder's, the subfolder's, the file's and its entry's turn."""
    calls: list[int] = []
    real = os.fsync

    def full(number: int) -> None:
        calls.append(number)
        if len(calls) == when:
            raise OSError(28, "No space left on device")
        real(number)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        files.keep(b"x" * 200_000)
    assert on_disk(files) == [] and len(calls) == when
    assert files.read(files.keep(b"again")) == b"again"


@pytest.mark.parametrize(
    "name",
    ["..", "g" * 32, "a" * 32 + "\n", "a" * 30 + "/b", "../" + "a" * 29, "a" * 31 + "\0", "a" * 31 + "٣"],
)
def test_names_that_nearly_are_ours_are_not(files: Files, name: str) -> None:
    with pytest.raises(FileNotFoundError):
        files.read(name)
    with pytest.raises(ValueError, match="no name"):
        files.remove(name)


def test_a_half_written_file_is_not_read(files: Files) -> None:
    name = files.keep(b"x")
    half = path(files, name).rename(path(files, name).with_suffix(".new"))
    for gone in (name, half.name):
        with pytest.raises(FileNotFoundError):
            files.read(gone)


def test_names_are_those_of_old_files_and_of_ours(files: Files) -> None:
    now = time.time()
    assert list(files.names(now)) == []  # not even the folder is there
    old, young = {files.keep(b"x") for _ in range(20)}, {files.keep(b"y") for _ in range(20)}
    for name in old:
        os.utime(path(files, name), (now - 2 * HOUR, now - 2 * HOUR))
    for foreign in ("lost+found", "ab" + "g" * 30, "readme.txt"):
        (path(files, next(iter(old))).parent / foreign).write_bytes(b"")
    assert set(files.names(now - HOUR)) == old
    assert set(files.names(now + HOUR)) == old | young


def test_a_sweep_removes_while_it_looks(files: Files) -> None:
    for _ in range(30):
        files.keep(b"x")
    lent = files.names(time.time() + HOUR)
    files.remove(next(lent))  # nothing needs the whole list
    for name in lent:
        files.remove(name)
    assert on_disk(files) == []
