import datetime
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from content import catalog
from content.catalog import HERE, ContentWrong, load
from tests import make

ENTRY = "knowledge/phan-loai-rac.md"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("knowledge", "locales"):
        shutil.copytree(HERE / name, tmp_path / name)
    for name in ("themes.toml", "synonyms.toml", "learned.json", "states.toml", "units.csv"):
        shutil.copy(HERE / name, tmp_path)
    return tmp_path


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), "utf-8")


def mistakes(folder: Path) -> list[str]:
    with pytest.raises(ContentWrong) as wrong:
        load(folder)
    assert str(wrong.value) == "\n".join(wrong.value.mistakes)
    return wrong.value.mistakes


def test_a_good_folder_loads(folder: Path) -> None:
    read = load(folder)
    assert list(read.entries) == sorted(file.stem for file in (folder / "knowledge").glob("*.md"))
    assert read.entries["phan-loai-rac"].titled("en") == "Sorting rubbish at home"
    assert read.entries["phan-loai-rac"].answered("vi").startswith("Có")
    assert read.speaker("en")("menu.open") == "All topics"


def test_a_theme_has_its_published_entries_those_most_asked_for_first() -> None:
    catalog = make.the_catalog()
    keys = [key for key, _ in catalog.of_theme("environment")]
    assert keys[:3] == list(catalog.themes["environment"].first)
    assert keys[3:] == sorted(keys[3:]) and "dot-rom-ra" not in keys  # a draft


ONE_FILE = {
    "unknown theme": ('theme = "environment"', 'theme = "moon"', "theme: 'moon' is not in themes.toml"),
    "dead button": ('follow = ["', 'follow = ["nosuch", "', "follow: there is no nosuch.md"),
    "a draft that leads nowhere": ('state = "published"', 'state = "draft"', "-: Value error, a draft must say whom to ask"),
    "no aspect": ('aspect = "condition"\n', "", "-: Value error, every entry has an aspect"),
    "an aspect that there is not": ('aspect = "condition"', 'aspect = "why"', "aspect: Input should be"),
    "elsewhere in a menu": ('state = "published"', 'state = "elsewhere"', "-: Value error, every entry has an aspect"),
    "no source": ('source = "', 'sourse = "', "source: Field required"),
    "dates": ("valid_from = 2024-12-31", "valid_from = 2024-12-31\nvalid_to = 2024-12-30",
              "-: Value error, valid_to lies before valid_from"),
    "no date": ("checked = 2026-11-25", 'checked = "soon"', "checked: Input should be a valid date"),
    "empty title": ('title = "Phân loại rác ở nhà"', 'title = " "', "title: String should have at least 1 character"),
    "no toml": ("questions = [", "questions = [[", "-: cannot be read"),
    "no english": ("+++ en", "+++", "-: must hold '+++', TOML, '+++', the answer, '+++ en', the English answer"),
    "no fence": ("+++\n", "---\n", "-: must hold '+++'"),
    "words before": ("+++\n", "hello\n+++\n", "-: must hold '+++'"),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "what"), ONE_FILE.values(), ids=ONE_FILE)
def test_a_mistake_in_one_file(folder: Path, old: str, new: str, what: str) -> None:
    change(folder / ENTRY, old, new)
    found = [line for line in mistakes(folder) if "sourse" not in line]
    assert len(found) == 1 and found[0].startswith(f"{ENTRY}:{what}")


@pytest.mark.parametrize(
    "name", ["Phan-loai.md", "phân-loại.md", "-rac.md", "a" * 41 + ".md", "a b.md", "a.b.md"]
)
def test_a_name_that_no_button_can_carry(folder: Path, name: str) -> None:
    (folder / ENTRY).rename(folder / "knowledge" / name)
    assert mistakes(folder) == [
        f"knowledge/{name}:-: the name must be at most 40 of a-z, 0-9 and '-': buttons carry it"
    ]


@pytest.mark.parametrize("again", ["nẹt pô", "NET PO", "Nẹt  pô!"])
def test_a_question_that_two_entries_claim(folder: Path, again: str) -> None:
    change(folder / ENTRY, "questions = [\n", f'questions = [\n  "{again}",\n')
    assert mistakes(folder) == [f"{ENTRY}:questions: 'net po' also stands in coi-xe-net-po-dem.md"]


def test_broken_bytes_are_one_mistake(folder: Path) -> None:
    (folder / ENTRY).write_bytes(b"+++\n\xff\n+++")
    assert [line.split("(")[0] for line in mistakes(folder)] == [f"{ENTRY}:-: cannot be read "]


@pytest.mark.parametrize(
    ("break_it", "what"),
    [
        (lambda text: text.replace('vi = "Rác', 'vn = "Rác'), "themes.toml:environment.vi: Field required"),
        (
            lambda text: text.replace("Rác và môi trường", "R" * 29),
            "themes.toml:environment.vi: String should",
        ),
        (lambda text: text + "[oops", "themes.toml:-: cannot be read"),
    ],
)
def test_a_mistake_in_the_themes(folder: Path, break_it: Callable[[str], str], what: str) -> None:
    file = folder / "themes.toml"
    file.write_text(break_it(file.read_text("utf-8")), "utf-8")
    assert mistakes(folder)[0].startswith(what)


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        (
            "synonyms.toml",
            'same = [["rác", "đồ bỏ"]]',
            "synonyms.toml:rác / đồ bỏ: a single syllable misleads",
        ),
        ("synonyms.toml", "same = 3", "synonyms.toml:-: cannot be read"),
        ("synonyms.toml", "[oops", "synonyms.toml:-: cannot be read"),
        ("learned.json", "{", "learned.json:-: cannot be read"),
        ("learned.json", '{"search": 1}', "learned.json:-: cannot be read"),
    ],
)
def test_a_mistake_in_what_was_learned(folder: Path, name: str, content: str, what: str) -> None:
    (folder / name).write_text(content, "utf-8")
    (found,) = mistakes(folder)
    assert found.startswith(what)


def test_a_theme_that_begins_with_a_foreign_entry(folder: Path) -> None:
    change(folder / "themes.toml", '"vut-rac-muc-phat"', '"mu-bao-hiem", "nosuch"')
    assert mistakes(folder) == [
        "themes.toml:environment.first: 'mu-bao-hiem' is no entry of this theme",
        "themes.toml:environment.first: 'nosuch' is no entry of this theme",
    ]


def test_all_mistakes_are_told_at_once(folder: Path) -> None:
    change(folder / ENTRY, 'theme = "environment"', 'theme = "moon"')
    change(folder / "knowledge" / "dot-phao.md", "checked = 2026-11-25", "")
    (folder / "knowledge" / "Big.md").write_text("")
    change(folder / "locales" / "en" / "messages.po", 'msgid "menu.open"', 'msgid "menu.opened"')
    assert [line.split(": ")[0] for line in mistakes(folder)] == [
        "locales/vi/messages.po:menu.opened",
        "locales/en/messages.po:menu.open",
        "knowledge/Big.md:-",
        "knowledge/dot-phao.md:checked",
        f"{ENTRY}:theme",
    ]


def test_a_folder_without_entries_is_a_mistake(folder: Path) -> None:
    shutil.rmtree(folder / "knowledge")
    assert mistakes(folder) == ["knowledge:-: no entry found"]


@pytest.mark.parametrize(
    ("day", "lapsed"),
    [("2026-01-31", True), ("2026-02-01", False), ("2026-03-01", False), ("2026-03-02", True)],
)
def test_an_entry_lapses_with_what_it_rests_on(day: str, lapsed: bool) -> None:
    entry = make.the_catalog().entries["phan-loai-rac"]
    dated = entry.model_copy(
        update={"valid_from": datetime.date(2026, 2, 1), "valid_to": datetime.date(2026, 3, 1)}
    )
    assert dated.lapsed(datetime.date.fromisoformat(day)) is lapsed


def test_an_entry_without_dates_never_lapses() -> None:
    entry = make.the_catalog().entries["phan-loai-rac"].model_copy(update={"valid_from": None})
    assert not entry.lapsed(datetime.date.min) and not entry.lapsed(datetime.date.max)


def test_the_delivered_content_is_read_from_beside_the_code() -> None:
    assert Path(catalog.__file__).parent == HERE
