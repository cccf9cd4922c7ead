"""Sentences by several hands: what people type, and what they want. Tuning sets teach; no rule, synonym or weight
was written from a test set."""

from pathlib import Path

import msgspec

HERE = Path(__file__).parent / "sets"


class Sentence(msgspec.Struct):
    """One line: `key` of the entry that answers it ("none": no entry does), or its intent."""

    text: str
    style: str = "clean"
    key: str | None = None
    intent: str | None = None
    near: bool = False
    "Sounds like danger and is none."


def read(file: Path) -> list[Sentence]:
    """The sentences of a JSON-lines file. Raises OSError, or ValueError naming the line."""
    found = []
    for number, line in enumerate(file.read_bytes().splitlines(), 1):
        if line.strip():
            try:
                found.append(msgspec.json.decode(line, type=Sentence))
            except msgspec.DecodeError as error:
                raise ValueError(f"{file.name}, line {number}: {error}") from None
    return found


def named(name: str) -> list[Sentence]:
    """One of our own sets."""
    return read(HERE / f"{name}.jsonl")
