"""What no entry and no sentence may say, and what every one must."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.channels.telegram import reading
from bot.channels.telegram.channel import COMMANDS, ENGLISH_COMMANDS
from content import wording
from content.catalog import Entry
from content.emergencies import KINDS
from content.understand import LONGEST
from handlers.cases import JUDGED
from handlers.citizens import FLOWS, JOURNEYS
from handlers.citizens.asking import ANSWER, DONE, OFFER, WISHES
from handlers.citizens.legal import TRACKS
from handlers.citizens.stories import FORMS, WAYS
from handlers.citizens.summaries import asked
from handlers.files import REASONS
from storage.submissions import Act, By
from tests import make

ROOT = Path(__file__).parents[2]
ENTRIES = make.the_catalog().entries
SENTENCES = make.the_catalog().wording.sentences
REPLACED = {  # domain.md, rule 3
    "144/2021": "order, noise, domestic violence: 282/2025 since 15/12/2025",
    "100/2019": "traffic: 168/2024 since 1/1/2025",
    "122/2018": "titles: 86/2023 since 30/1/2024",
    "13/2023": "personal data, since 1/1/2026",
    "15/2020": "networks, since 1/7/2026",
    "38/2021": "culture, advertising, since 15/5/2026",
    "26:2010": "noise: QCVN 26:2025",
}
OLD_UNITS = re.compile(r"\b(huyện|thị trấn|quận|tỉnh Kon Tum|Kon Tum province|district)\b", re.IGNORECASE)

each_entry = pytest.mark.parametrize(("key", "entry"), ENTRIES.items(), ids=ENTRIES)


def answers() -> Iterator[str]:
    """Everything that a person may read."""
    for entry in ENTRIES.values():
        yield from (entry.title, entry.title_en, entry.answer, entry.answer_en, entry.source, entry.article)
    for ours in SENTENCES.values():
        yield from ours.values()


@each_entry
def test_no_entry_rests_on_what_was_replaced(key: str, entry: Entry) -> None:
    numbers = re.findall(r"\d+[/:]\d{4}", f"{entry.source} {entry.article}")
    assert not set(numbers) & REPLACED.keys()


@pytest.mark.parametrize("phrase", ["sẽ bị phạt", "phải nộp phạt", "will be fined", "must pay a fine"])
def test_nobody_is_told_that_they_will_be_fined(phrase: str) -> None:
    assert not [text for text in answers() if phrase in text.lower()]


def test_a_fine_is_told_as_what_may_be() -> None:
    told = [e.answer for e in ENTRIES.values() if re.search(r"phạt từ|đến \d+ triệu|nghìn đồng", e.answer)]
    assert told and all("có thể bị" in answer or "có thể đến" in answer for answer in told)


def test_units_that_are_history_stand_in_no_answer() -> None:
    assert not [text for text in answers() if OLD_UNITS.search(text)]


@pytest.mark.parametrize("short", ["UBND", "MTTQ", "CSGT", "TDP", "NĐ ", "PC"])
def test_names_of_offices_are_written_out(short: str) -> None:
    assert not [text for text in answers() if re.search(rf"\b{short.strip()}\b(?!-)", text)]


@each_entry
@pytest.mark.parametrize("language", wording.LANGUAGES)
def test_an_answer_fits_a_phone(key: str, entry: Entry, language: str) -> None:
    assert len(entry.answered(language)) <= 1_000 and len(entry.titled(language)) <= 40


@each_entry
def test_an_entrys_own_questions_are_answered_by_it(key: str, entry: Entry) -> None:
    catalog = make.the_catalog()
    for question in (entry.title, entry.title_en, *entry.questions, *entry.questions_en):
        heard = catalog.understand(question)
        assert heard.hits and heard.hits[0].key == key, question
        assert heard.sure >= (ANSWER if question in (entry.title, entry.title_en) else OFFER), question


@each_entry
def test_an_entry_was_looked_at_after_its_law_came_into_force(key: str, entry: Entry) -> None:
    assert not entry.lapsed(entry.checked)


@each_entry
def test_both_languages_name_the_same_numbers_to_call(key: str, entry: Entry) -> None:
    calls = re.compile(r"\b11[1-5]\b(?! đồng)|1900 \d{3} \d{3}")
    assert set(calls.findall(entry.answer)) == set(calls.findall(entry.answer_en))


@pytest.mark.parametrize("language", wording.LANGUAGES)
@pytest.mark.parametrize("key", ["emergency.now", "emergency.line", *(f"emergency.{kind}" for kind in KINDS)])
def test_the_four_numbers_stand_wherever_they_must(key: str, language: str) -> None:
    assert {"111", "113", "114", "115"} <= set(re.findall(r"\d{3}", SENTENCES[language][key]))


def test_every_wish_and_every_track_leads_to_an_entry() -> None:
    named = {*WISHES.values(), *(key for keys in TRACKS.values() for key in keys), "gap-can-bo"}
    assert named <= ENTRIES.keys()


def test_every_theme_has_entries() -> None:
    """But those that are only reported under; nobody is led to an empty shelf."""
    catalog = make.the_catalog()
    assert {t for t in catalog.themes if not catalog.of_theme(t)} == {"facilities", "other"}
    assert not {"facilities", "other"} & set(catalog.shelves)


# wording: every key used exists, every key that exists is used

_FILES = [
    file
    for room in ("handlers", "bot")
    for file in sorted((ROOT / room).rglob("*"))
    if file.suffix in (".py", ".html", ".js")
]
_SOURCE = "\n".join(file.read_text("utf-8") for file in _FILES)
_ASKS = {"words": ("ask",), "choose": ("ask", "again")}


def used_keys() -> set[str]:
    """The keys that the code says: literals, and the few that are put together."""
    rooms = {key.split(".")[0] for key in SENTENCES["vi"]}
    literal = {
        key
        for key in re.findall(r"""["']([a-z]+(?:\.[a-z_]+)+)["']""", _SOURCE)
        if key.split(".")[0] in rooms and not key.endswith((".html", ".js", ".css"))
    }
    said = set(re.findall(r'\bsay\(\s*"([\w.]+[a-z])"', _SOURCE))
    steps = re.findall(r'\b(words|choose)\((?:[^()]|\n)*?say="([\w.]+)"', _SOURCE)
    prefixes = {prefix for _, prefix in steps}
    made = {f"{prefix}.{end}" for step, prefix in steps for end in _ASKS[step]}
    made |= {f"{flow.name}.resume" for flow in FLOWS}  # f"{standing.flow}.resume"
    made |= {f"files.lost.{reason}" for reason in (*REASONS, "else")}  # f"files.lost.{reason}"
    made |= {f"command.{name}" for name in (*COMMANDS, *ENGLISH_COMMANDS)}  # f"command.{name}"
    made |= {f"feedback.contact.{way}" for way in ("here", "none")}  # f"feedback.contact.{draft.contact}"
    made |= {f"courtesy.{kind}" for kind in ("thanks", "bye", "okay", "opening", "who", "angry", "grief")}
    made |= {f"page.call.{purpose}" for purpose in re.findall(r'\("[\d ]+", "(\w+)"\)', _SOURCE)}
    made |= {f"emergency.{kind}" for kind in (*KINDS, "now")}  # f"emergency.{kind(said)}"
    made |= {f"legal.{name}" for name in TRACKS}  # f"legal.{name}"
    made |= {f"report.{kind}.what.ask" for kind in FORMS}  # f"report.{kind}.what"
    fields = {name for form in FORMS.values() for name in asked(form())} | {"theme"}
    made |= {f"report.{name}.{end}" for name in fields for end in ("label", "edit")}
    made |= {f"report.{name}.edit" for name in ("enough", "contact")}
    made |= {f"report.{name}.ask" for name in ("who", "cost", "changed", "ask")}  # say=f"report.{name}"
    made |= {f"report.contact.{way}" for way in WAYS}
    made |= {f"report.moment.{key}" for key in ("now", "last", "often")}
    made |= {f"menu.{name}" for name in (*DONE.values(), *FORMS)}
    made |= {f"case.by.{by.value}" for by in By} | {f"case.act.{act.value}" for act in Act}
    made |= {f"judge.{thought}" for thought in JUDGED} | {f"judge.{thought}.button" for thought in JUDGED}
    return (literal | said | made) - prefixes


def test_every_sentence_that_is_said_exists() -> None:
    assert used_keys() - SENTENCES["vi"].keys() == set()


def test_every_sentence_that_exists_is_said() -> None:
    assert SENTENCES["vi"].keys() - used_keys() == set()


def test_sentences_put_together_are_the_ones_listed_here() -> None:
    """A new f-string or concatenation of a key must be added to `used_keys`."""
    made = set(re.findall(r'\bsay\(\s*f"([^"]+)"|\bsay\("([^"]+)" ~', _SOURCE))
    assert {one or two for one, two in made} == {
        "{standing.flow}.resume",
        "{decision.standing.flow}.resume",
        "{say}.ask",
        "{say}.again",
        "feedback.contact.{draft.contact}",
        "courtesy.{turn.heard.command}",
        "emergency.{kind(said)}",
        "legal.{name}",
        "page.call.",
        "files.lost.{reason}",
        "command.{name}",
        "report.moment.{key}",
        "report.moment.{turn.choice}",
        "report.contact.{way}",
        "report.contact.{draft.contact}",
        "report.{name}.label",
        "report.{name}.edit",
        "menu.{name}",
        "menu.{kind}",
        "judge.{event.told}.button",
        "case.by.{event.by.value}",
        "case.act.{event.act.value}",
        "judge.{thought}.button",
    }


# buttons


def tokens() -> Iterator[str]:
    """Every button that the router can make, with the longest draft's name there will be."""
    catalog = make.the_catalog()
    yield from (f"do/ask.{key}" for key in catalog.entries)
    yield from (f"do/theme.{name}" for name in catalog.themes)
    yield from (f"do/theme.{name}.999" for name in catalog.themes)
    yield from (f"do/language.{language}" for language in wording.LANGUAGES)
    yield from (f"do/{name}" for name in (*JOURNEYS, "feedback", "resume", "back", "stop", "discard"))
    longest_id = "1y2p0ij32e8e7"  # 2**63 - 1
    for flow in FLOWS:
        names = [f"edit.{step.name}" for step in flow.steps] + ["skip", "here", "none", "send"]
        yield from (f"{flow.name}.{longest_id}/{step.name}/{name}" for step in flow.steps for name in names)


def test_every_button_token_is_ascii_and_at_most_64_bytes() -> None:
    assert all(token.isascii() and len(token) <= 64 for token in tokens())
    assert len(f"do/ask.{'a' * 40}") <= 64  # the longest name that the catalog lets an entry have


def test_no_two_buttons_of_one_menu_read_alike() -> None:
    for language in wording.LANGUAGES:
        titles = [entry.titled(language) for entry in ENTRIES.values()]
        assert len(titles) == len(set(titles))


def test_every_question_is_read_to_its_end() -> None:
    assert all(len(q) <= LONGEST for entry in ENTRIES.values() for q in entry.questions)


def test_every_command_leads_somewhere() -> None:
    """A renamed entry must not leave a dead command behind."""
    assert set(reading.COMMANDS.values()) <= set(tokens())
    assert {*COMMANDS, *ENGLISH_COMMANDS} <= reading.COMMANDS.keys()
