"""All content, loaded and checked once: entries, themes, wording, and the index over them."""

import datetime
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from content import wording
from content.normalise import words
from content.search import Document, Index
from content.understand import Heard, understand
from content.wording import Say, Wording

HERE = Path(__file__).parent
_FENCE = re.compile(r"^\+\+\+( en)?[ \t]*$", re.MULTILINE)
_Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
_Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]
_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1_500)]


class ContentWrong(Exception):
    """Content files have mistakes; `mistakes` holds every one as `file:key: what`."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


class Entry(BaseModel):
    """One answer, with what it rests on. An empty `article` means that the whole document is meant."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: _Title
    title_en: _Title
    theme: str
    questions: tuple[_Line, ...] = Field(min_length=3)
    questions_en: tuple[_Line, ...] = Field(min_length=1)
    source: _Line
    article: Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)]
    valid_from: datetime.date | None = None
    valid_to: datetime.date | None = None
    checked: datetime.date
    answer: _Text
    answer_en: _Text

    @model_validator(mode="after")
    def _dates(self) -> "Entry":
        if self.valid_from and self.valid_to and self.valid_to < self.valid_from:
            raise ValueError("valid_to lies before valid_from")
        return self

    def titled(self, language: str) -> str:
        """The title in one language."""
        return self.title_en if language == "en" else self.title

    def answered(self, language: str) -> str:
        """The answer in one language."""
        return self.answer_en if language == "en" else self.answer

    def lapsed(self, day: datetime.date) -> bool:
        """Whether what it rests on is no longer, or not yet, in force."""
        return bool((self.valid_to and day > self.valid_to) or (self.valid_from and day < self.valid_from))


class Theme(BaseModel):
    """A theme's title in each language; short, because it is a button."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    vi: Annotated[str, StringConstraints(min_length=1, max_length=28)]
    en: Annotated[str, StringConstraints(min_length=1, max_length=28)]


class Catalog:
    """Everything we say and know; immutable, shared by all threads."""

    def __init__(self, entries: Mapping[str, Entry], themes: Mapping[str, Theme], sentences: Wording) -> None:
        self.entries = entries
        self.themes = themes
        self.wording = sentences
        self._index = Index({key: _document(entry) for key, entry in entries.items()})

    def understand(self, text: str) -> Heard:
        """All that a text tells."""
        return understand(text, self._index)

    def speaker(self, language: str) -> Say:
        """`say(key, **values)` in one language."""
        return self.wording.speaker(language)

    def of_theme(self, theme: str) -> list[tuple[str, Entry]]:
        """A theme's entries in the order of their files' names."""
        return [(key, entry) for key, entry in self.entries.items() if entry.theme == theme]


def load(folder: Path = HERE) -> Catalog:
    """Reads `folder`; raises ContentWrong with every mistake in it."""
    sentences, mistakes = wording.read(folder / "locales")
    themes, named, more = _themes(folder / "themes.toml")
    mistakes += more
    entries: dict[str, Entry] = {}
    for file in sorted((folder / "knowledge").glob("*.md")):
        entry, more = _entry(file)
        mistakes += more
        if entry:
            entries[file.stem] = entry
            if named and entry.theme not in named:
                mistakes.append(f"knowledge/{file.name}:theme: '{entry.theme}' is not in themes.toml")
    if not entries and not mistakes:
        mistakes.append("knowledge:-: no entry found")
    mistakes += _doubled(entries)
    if mistakes:
        raise ContentWrong(mistakes)
    return Catalog(entries, themes, sentences)


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


def _doubled(entries: Mapping[str, Entry]) -> Iterator[str]:
    """A question that two entries claim can only be answered wrongly."""
    seen: dict[tuple[str, ...], str] = {}
    for key, entry in entries.items():
        for question in {tuple(words(q)) for q in (*entry.questions, *entry.questions_en)}:
            if seen.setdefault(question, key) != key:
                yield f"knowledge/{key}.md:questions: '{' '.join(question)}' also stands in {seen[question]}.md"


def _document(entry: Entry) -> Document:
    asked = (entry.title, *entry.questions, entry.title_en, *entry.questions_en)
    return Document(tuple(tuple(words(q)) for q in asked), tuple(words(entry.answer)))
