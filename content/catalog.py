"""All content, loaded and checked once: entries, themes, wording, and the index over them."""

import datetime
import re
import tomllib
from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Struct
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from content import compiled, places, states, wording
from content.calendar import Calendar, Session
from content.linear import Model, Packed, unpack
from content.normalise import heard, words
from content.places import Places
from content.search import Document, Index, Synonyms, Weights
from content.understand import Heard, Matter, Mind, understand
from content.wording import Say, Wording

HERE = Path(__file__).parent
ELSEWHERE = "elsewhere"
MENU = 4  # themes on the first screen, under what people can tell us; a phone shows no more
_FENCE = re.compile(r"^\+\+\+( en)?[ \t]*$", re.MULTILINE)
_Question = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=600)]
_Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
_Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]
_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1_500)]


class ContentWrong(Exception):
    """Content files have mistakes; `mistakes` holds every one as `file:key: what`."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


class Local(Struct, frozen=True):
    """What the deployment says of its province; empty where it says nothing."""

    reception_office: str = ""
    reception_address: str = ""
    reception_hours: str = ""
    emergency_name: str = ""
    emergency_phone: str = ""
    public_url: str = ""
    "How people reach the service; empty: not told."
    code: int = 51
    "The province's official number."
    office: str = ""
    keep_days: int = 180
    sessions: tuple[Session, Session] = (
        (datetime.time(7, 30), datetime.time(11, 30)),
        (datetime.time(13, 30), datetime.time(17)),
    )
    off: tuple[datetime.date, ...] = ()
    worked: tuple[datetime.date, ...] = ()


NOWHERE = Local()


class State(StrEnum):
    """Who sees an entry's answer."""

    published = "published"
    draft = "draft"
    "Nobody yet: who asks is told that it is being checked, and whom to ask."
    elsewhere = "elsewhere"
    "Everybody; it is another office's business, and says where to go. Stands in no menu."


class Entry(BaseModel):
    """One answer, with what it rests on. An empty `article` means that the whole document is meant."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: _Title
    title_en: _Title
    theme: str
    aspect: Literal["what", "fine", "whom", "when", "where", "how", "amount", "condition"] | None = None
    "Which side of its matter it tells; content/aspects.py."
    state: State = State.published
    questions: tuple[_Question, ...] = Field(min_length=6)
    questions_en: tuple[_Question, ...] = Field(min_length=1)
    source: _Line
    article: Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)]
    valid_from: datetime.date | None = None
    valid_to: datetime.date | None = None
    checked: datetime.date
    follow: tuple[str, ...] = Field(default=(), max_length=4)
    "What is asked next: the same matter in another aspect first."
    ask: _Line | None = None
    "Whom to ask while it is being checked, as it follows “anh/chị hỏi …”."
    ask_en: _Line | None = None
    answer: _Text
    answer_en: _Text

    @model_validator(mode="after")
    def _dates(self) -> "Entry":
        if self.valid_from and self.valid_to and self.valid_to < self.valid_from:
            raise ValueError("valid_to lies before valid_from")
        if self.state is State.draft and not (self.ask and self.ask_en):
            raise ValueError("a draft must say whom to ask: ask and ask_en")
        if (self.aspect is None) != (self.state is State.elsewhere):
            raise ValueError("every entry has an aspect, but what is elsewhere's business has none")
        if (self.theme == ELSEWHERE) != (self.state is State.elsewhere):
            raise ValueError(f"theme and state must both be '{ELSEWHERE}', or neither")
        return self

    def titled(self, language: str) -> str:
        """The title in one language."""
        return self.title_en if language == "en" else self.title

    def answered(self, language: str) -> str:
        """The answer in one language."""
        return self.answer_en if language == "en" else self.answer

    def asked_of(self, language: str) -> str | None:
        """Whom to ask instead."""
        return self.ask_en if language == "en" else self.ask

    def lapsed(self, day: datetime.date) -> bool:
        """Whether what it rests on is no longer, or not yet, in force."""
        return bool((self.valid_to and day > self.valid_to) or (self.valid_from and day < self.valid_from))


class Asked(BaseModel):
    """A question of a theme's own, in each language."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    vi: _Line
    en: _Line


_Clock = tuple[Annotated[int, Field(gt=0, le=400)], Annotated[int, Field(gt=0, le=400)]]


class Theme(BaseModel):
    """What people ask about and report."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    vi: Annotated[str, StringConstraints(min_length=1, max_length=28)]
    "The title; short, because it is a button."
    en: Annotated[str, StringConstraints(min_length=1, max_length=28)]
    first: tuple[str, ...] = ()
    "Its entries most asked for."
    kinds: tuple[Literal["violation", "model_practice", "suggestion"], ...] = ()
    "What can be reported under it."
    words: tuple[Annotated[str, StringConstraints(pattern=r"^[a-z]+( [a-z]+)*$")], ...] = ()
    "Folded phrases that name it in a story."
    urgent: bool = False
    "Its reports go by the urgent clock."
    accept: _Clock = (8, 4)
    "Working hours until an officer has accepted: normal, urgent."
    resolve: _Clock = (5, 2)
    "Working days until there is a result: normal, urgent."
    questions: dict[Annotated[str, StringConstraints(pattern=r"^[a-z]{1,12}$")], Asked] = {}
    "What else is asked of a violation."


class Catalog:
    """Everything we say and know; immutable, shared by all threads."""

    def __init__(
        self,
        entries: Mapping[str, Entry],
        themes: Mapping[str, Theme],
        sentences: Wording,
        states: Mapping[str, states.State],
        mind: Mind,
        local: Local = NOWHERE,
    ) -> None:
        self.entries = entries
        self.themes = themes
        self.wording = sentences
        self.states = states
        self.mind = mind
        self.places = mind.places
        self.local = local
        self.calendar = Calendar(local.sessions, local.off, local.worked)
        told = {entry.theme for entry in entries.values()}
        self.shelves = tuple(name for name in themes if name in told)
        "Themes that something is known of."
        self.menu = self.shelves[:MENU]

    def placed(self, local: Local) -> "Catalog":
        """The same content in a province."""
        return Catalog(self.entries, self.themes, self.wording, self.states, self.mind, local)

    def ours(self, unit: int) -> bool:
        """Whether a unit is the province itself or one of its communes."""
        known = self.places.get(unit)
        return known is not None and self.local.code in (known.code, known.parent)

    def state(self, name: str) -> states.State:
        """A state; one that a deployment dropped while submissions stand in it is told as being worked on."""
        return self.states.get(name) or self.states["accepted"]

    def titled(self, theme: str, language: str) -> str:
        """A theme's title; one that was dropped is "something else"."""
        return str(getattr(self.themes.get(theme) or self.themes["other"], language))

    def named(self, unit: int, province: bool = True) -> str:
        """A unit's name of today; of one that is no more its number."""
        return self.places.named(unit, province) if self.places.get(unit) else str(unit)

    def understand(self, text: str, about: str | None = None, why: bool = False) -> Heard:
        """All that a text tells, said after the entry `about` was."""
        return understand(text, self.mind, about, why)

    def speaker(self, language: str) -> Say:
        """`say(key, **values)` in one language."""
        return self.wording.speaker(language)

    def of_theme(self, theme: str) -> list[tuple[str, Entry]]:
        """A theme's published entries: those most asked for, then by their files' names."""
        first = self.themes[theme].first if theme in self.themes else ()
        found = [(k, e) for k, e in self.entries.items() if e.theme == theme and e.state is State.published]
        return sorted(found, key=lambda item: first.index(item[0]) if item[0] in first else len(first))


def load(folder: Path = HERE, local: Local = NOWHERE, *, learned: bool = True) -> Catalog:
    """Reads `folder`; raises ContentWrong with every mistake in it. `learned`: with what was learned before."""
    if not learned:
        return _built(folder, local.code, learned=False)
    built = compiled.kept(folder, lambda: _built(folder, local.code), f"catalog-{local.code}")
    return built.placed(local)


def _built(folder: Path, province: int, *, learned: bool = True) -> Catalog:
    sentences, mistakes = wording.read(folder / "locales")
    themes, titles, more = _themes(folder / "themes.toml")
    mistakes += more
    entries: dict[str, Entry] = {}
    for file in sorted((folder / "knowledge").glob("*.md")):
        entry, more = _entry(file)
        mistakes += more
        if entry:
            entries[file.stem] = entry
            if titles and entry.theme not in titles | {ELSEWHERE}:
                mistakes.append(f"knowledge/{file.name}:theme: '{entry.theme}' is not in themes.toml")
    if not entries and not mistakes:
        mistakes.append("knowledge:-: no entry found")
    documents = {key: document(entry) for key, entry in entries.items()}
    mistakes += _doubled(documents)
    known, model, more = _learned(folder / "learned.json") if learned else (Learned(), _NOTHING, [])
    mistakes += more
    synonyms, more = _synonyms(folder / "synonyms.toml")
    mistakes += more
    ways, more = states.read(folder / "states.toml")
    mistakes += more
    units, formers, more = places.read(folder / "units.csv")
    mistakes += more
    if not mistakes:  # a file with a mistake of its own is missing everywhere else
        mistakes += _dangling(entries, themes)
    if mistakes:
        raise ContentWrong(mistakes)
    index = Index(documents, synonyms, known.search)
    named = tuple((n, tuple(f" {w} " for w in theme.words)) for n, theme in themes.items() if theme.kinds)
    matters = {
        key: Matter(_near(key, entries), entry.aspect, documents[key].questions[0], entry.theme)
        for key, entry in entries.items()
    }
    mind = Mind(index, model, matters, named, Places(units, formers, province))
    return Catalog(entries, themes, sentences, ways, mind)


def _themes(file: Path) -> tuple[dict[str, Theme], set[str], list[str]]:
    """The themes without a mistake, the names of all, the mistakes."""
    try:
        raw = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        return {}, set(), [f"{file.name}:-: cannot be read ({error})"]
    themes: dict[str, Theme] = {}
    mistakes: list[str] = []
    for name, given in raw.items():
        try:
            themes[name] = Theme.model_validate(given)
        except ValidationError as error:
            mistakes += [f"{file.name}:{_path((name, *e['loc']))}: {e['msg']}" for e in error.errors()]
    return themes, set(raw), mistakes


class Learned(Struct):
    """What `make evaluate` learned from all sentences."""

    search: Weights = Weights()
    intents: Packed | None = None


_NOTHING = Model(("ask",), (0.0,), {})


def _learned(file: Path) -> tuple[Learned, Model, list[str]]:
    try:
        learned = msgspec.json.decode(file.read_bytes(), type=Learned)
        return learned, unpack(learned.intents) if learned.intents else _NOTHING, []
    except (OSError, ValueError, msgspec.DecodeError) as error:
        return Learned(), _NOTHING, [f"{file.name}:-: cannot be read ({error})"]


def _synonyms(file: Path) -> tuple[Synonyms, list[str]]:
    """Lines of phrases that mean the same."""
    try:
        raw = tomllib.loads(file.read_text(encoding="utf-8"))["same"]
        groups = [[words(phrase) for phrase in group] for group in raw]
    except (
        OSError,
        UnicodeDecodeError,
        tomllib.TOMLDecodeError,
        KeyError,
        AttributeError,
        TypeError,
    ) as error:
        return Synonyms(()), [f"{file.name}:-: cannot be read ({error})"]
    short = [" / ".join(raw[n]) for n, group in enumerate(groups) if any(len(phrase) < 2 for phrase in group)]
    return Synonyms(groups), [f"{file.name}:{line}: a single syllable misleads" for line in short]


def _entry(file: Path) -> tuple[Entry | None, list[str]]:
    name = f"knowledge/{file.name}"
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,39}", file.stem):
        return None, [f"{name}:-: the name must be at most 40 of a-z, 0-9 and '-': buttons carry it"]
    try:
        parts = _FENCE.split(file.read_text(encoding="utf-8"))
        if len(parts) != 7 or parts[0].strip() or parts[5] != " en":
            return None, [f"{name}:-: must hold '+++', TOML, '+++', the answer, '+++ en', the English answer"]
        raw = tomllib.loads(parts[2])
        return Entry.model_validate({**raw, "answer": parts[4], "answer_en": parts[6]}), []
    except ValidationError as error:
        return None, [f"{name}:{_path(e['loc'])}: {e['msg']}" for e in error.errors()]
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        return None, [f"{name}:-: cannot be read ({error})"]


def _path(loc: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in loc) or "-"


def _doubled(documents: Mapping[str, Document]) -> Iterator[str]:
    """A question that two entries claim can only be answered wrongly."""
    seen: dict[tuple[str, ...], str] = {}
    for key, document in documents.items():
        for question in {question.folded for question in document.questions}:
            if seen.setdefault(question, key) != key:
                yield f"knowledge/{key}.md:questions: '{' '.join(question)}' also stands in {seen[question]}.md"


def _dangling(entries: Mapping[str, Entry], themes: Mapping[str, Theme]) -> Iterator[str]:
    """A name that nothing bears would be a dead button."""
    for key, entry in entries.items():
        for next in entry.follow:
            if next not in entries:
                yield f"knowledge/{key}.md:follow: there is no {next}.md"
    for name, theme in themes.items():
        for key in theme.first:
            if key not in entries or entries[key].theme != name:
                yield f"themes.toml:{name}.first: '{key}' is no entry of this theme"


def _near(key: str, entries: Mapping[str, Entry]) -> tuple[str, ...]:
    """What is asked next, and next but one within the theme; itself last."""
    next = entries[key].follow
    further = (
        far for near in next for far in entries[near].follow if entries[far].theme == entries[key].theme
    )
    return (*dict.fromkeys(one for one in (*next, *further) if one != key), key)


def document(entry: Entry) -> Document:
    """What it is found by."""
    asked = (entry.title, *entry.questions, entry.title_en, *entry.questions_en)
    return Document(tuple(heard(q) for q in asked), tuple(words(entry.answer)), entry.aspect)
