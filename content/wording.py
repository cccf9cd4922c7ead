"""Every sentence a person reads, from `locales/<language>/messages.po`.

A language is complete or absent: a missing key, a key too many or another set of placeholders is a
mistake that stops the start.
"""

import string
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from babel.messages.pofile import PoFileError, read_po

LANGUAGES = ("vi", "en")
Say = Callable[..., str]


class Wording:
    """The sentences of all languages."""

    def __init__(self, sentences: Mapping[str, Mapping[str, str]]) -> None:
        self.sentences = sentences

    def speaker(self, language: str) -> Say:
        """`say(key, **values)` in one language; Vietnamese for a language we do not have."""
        ours = self.sentences.get(language) or self.sentences[LANGUAGES[0]]

        def say(key: str, **values: object) -> str:
            return ours[key].format_map(values) if values else ours[key]

        return say


def read(folder: Path) -> tuple[Wording, list[str]]:
    """The wording in `folder`, and every mistake as `file:key: what`."""
    mistakes: list[str] = []
    sentences: dict[str, dict[str, str]] = {}
    for language in LANGUAGES:
        file = folder / language / "messages.po"
        name = f"locales/{language}/messages.po"
        try:
            with file.open("rb") as opened:
                catalog = read_po(opened, abort_invalid=True)
        except (OSError, PoFileError, UnicodeDecodeError) as error:
            mistakes.append(f"{name}:-: cannot be read ({type(error).__name__})")
            continue
        sentences[language] = {str(m.id): str(m.string) for m in catalog if m.id}
        for key, text in sentences[language].items():
            if not text:
                mistakes.append(f"{name}:{key}: is empty")
            elif _placeholders(text) is None:
                mistakes.append(f"{name}:{key}: has braces that do not pair")
    if len(sentences) == len(LANGUAGES):
        mistakes += _compare(sentences)
    return Wording(sentences), mistakes


def _compare(sentences: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    keys = {key for ours in sentences.values() for key in ours}
    for language, ours in sentences.items():
        name = f"locales/{language}/messages.po"
        for key in sorted(keys - ours.keys()):
            yield f"{name}:{key}: is missing, another language has it"
    for key in sorted(keys):
        wanted = _placeholders(sentences[LANGUAGES[0]].get(key, ""))
        for language in LANGUAGES[1:]:
            text = sentences[language].get(key)
            found = _placeholders(text or "")
            if text and found is not None and wanted is not None and found != wanted:
                yield f"locales/{language}/messages.po:{key}: has other placeholders than {LANGUAGES[0]}"


def _placeholders(text: str) -> set[str] | None:
    """The names in braces; None if the braces do not pair."""
    try:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
    except ValueError:
        return None
