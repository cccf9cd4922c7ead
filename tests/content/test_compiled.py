"""Content is built once and kept; a change of any file, or a spoilt file, builds it anew."""

from collections.abc import Callable
from pathlib import Path

import pytest

from content.compiled import kept


class Builder:
    """Counts how often it was asked."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.built = folder, 0

    def __call__(self) -> str:
        self.built += 1
        return (self.folder / "words.txt").read_text()


@pytest.fixture
def builder(tmp_path: Path) -> Builder:
    (tmp_path / "words.txt").write_text("one")
    return Builder(tmp_path)


def test_it_is_built_once(builder: Builder) -> None:
    assert [kept(builder.folder, builder, "it") for _ in range(3)] == ["one"] * 3
    assert builder.built == 1


def _change(folder: Path) -> None:
    (folder / "words.txt").write_text("two")


def _more(folder: Path) -> None:
    (folder / "more.txt").write_text("")


def _rename(folder: Path) -> None:
    (folder / "more.txt").write_text("")
    (folder / "more.txt").rename(folder / "most.txt")


def _cut(folder: Path) -> None:
    (file,) = (folder / "__pycache__").iterdir()
    file.write_bytes(file.read_bytes()[:-1])


def _spoil(folder: Path) -> None:
    (file,) = (folder / "__pycache__").iterdir()
    raw = bytearray(file.read_bytes())
    raw[-3] ^= 1
    file.write_bytes(raw)


def _empty(folder: Path) -> None:
    (file,) = (folder / "__pycache__").iterdir()
    file.write_bytes(b"")


@pytest.mark.parametrize("harm", [_change, _more, _rename, _cut, _spoil, _empty])
def test_a_change_builds_it_anew(builder: Builder, harm: Callable[[Path], None]) -> None:
    kept(builder.folder, builder, "it")
    harm(builder.folder)
    assert kept(builder.folder, builder, "it") == (builder.folder / "words.txt").read_text()
    assert builder.built == 2
    kept(builder.folder, builder, "it")
    assert builder.built == 2


def test_a_mistake_is_not_kept(builder: Builder) -> None:
    (builder.folder / "words.txt").unlink()
    for _ in range(2):
        with pytest.raises(FileNotFoundError):
            kept(builder.folder, builder, "it")
    assert not list(builder.folder.rglob("*.bin"))


def test_where_nothing_can_be_written_it_is_built_every_time(builder: Builder) -> None:
    (builder.folder / "__pycache__").write_text("in the way")  # root may write everywhere
    assert [kept(builder.folder, builder, "it") for _ in range(2)] == ["one", "one"]
    assert builder.built == 2


def test_nothing_half_is_left(builder: Builder, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(Path, "replace", full)
    assert kept(builder.folder, builder, "it") == "one"
    assert not list((builder.folder / "__pycache__").iterdir())
