"""`make evaluate`: learns from all sentences but the test sets, then says how well those are understood.

`python -m tests.evaluate` learns, writes content/learned.json, prints the table and writes evaluate.json.
`python -m tests.evaluate FILE` only measures, on a JSON-lines file of {"text", "style"?, "key"? or "intent"?, "near"?}.
"""

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from content import catalog
from content.catalog import Catalog
from handlers.citizens.asking import ANSWER, OFFER
from tests.evaluate import learning
from tests.evaluate.replies import Replies
from tests.evaluate.sentences import Sentence, named, read

LEARNED = catalog.HERE / "learned.json"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", nargs="?", type=Path, help="sentences of your own; nothing is learned then")
    options = parser.parse_args()
    if options.file is not None:
        try:
            sentences = read(options.file)
        except (OSError, ValueError) as error:
            print(f"evaluate: {error}", file=sys.stderr)
            return 1
        figures = measured(catalog.load(), sentences)
    else:
        print("learning (two minutes) …", flush=True)
        known = catalog.load(learned=False)
        learned = learning.learn(known, named("intents_tuning"), named("none_tuning"))
        LEARNED.write_bytes(learning.write(learned))
        figures = measured(catalog.load(), [*named("questions_test"), *named("intents_test")])
    show(figures)
    Path("evaluate.json").write_bytes(msgspec.json.format(msgspec.json.encode(figures)) + b"\n")
    return 0


Figures = dict[str, dict[str, float]]


def measured(known: Catalog, sentences: Sequence[Sentence]) -> Figures:
    """All figures, by table row."""
    return {**questions(known, sentences), **intents(known, sentences)}


def questions(known: Catalog, sentences: Iterable[Sentence]) -> Figures:
    """Of sentences with a key: by style, all together, and those that are nobody's matter."""
    rows: dict[str, list[dict[str, bool]]] = defaultdict(list)
    for sentence in sentences:
        if sentence.key is None:
            continue
        heard = known.understand(sentence.text)
        keys, sure = [hit.key for hit in heard.hits], heard.sure
        if sentence.key == "none":
            rows["nobody's matter"].append({"not answered": sure < ANSWER, "declined": sure < OFFER})
            continue
        right = keys[:1] == [sentence.key]
        seen = {
            "top-1": right,
            "top-3": sentence.key in keys[:3],
            "answered right": right and sure >= ANSWER,
            "answered wrong": not right and sure >= ANSWER,
            "offered": not sure >= ANSWER and sentence.key in keys[:3] and sure >= OFFER,
        }
        rows[f"questions, {sentence.style}"].append(seen)
        rows["questions, all"].append(seen)
    return {name: _shares(found) for name, found in sorted(rows.items())}


def intents(known: Catalog, sentences: Iterable[Sentence]) -> Figures:
    """Of sentences with an intent: by style and intent; emergencies and what only sounds like one."""
    rows: dict[str, list[dict[str, bool]]] = defaultdict(list)
    recall: dict[str, list[bool]] = defaultdict(list)
    replies = Replies(known)
    for sentence in sentences:
        if sentence.intent is None:
            continue
        heard = known.understand(sentence.text)
        right = heard.intent == sentence.intent
        recall[sentence.intent].append(right)
        rows[f"intents, {sentence.style}"].append({"right": right})
        rows["intents, all"].append({"right": right})
        if sentence.intent == "emergency":
            rows["emergencies"].append(
                {"alarm": heard.intent == "emergency", "number": replies.numbered(sentence.text)}
            )
        elif sentence.near:
            rows["near misses"].append({"left alone": heard.intent != "emergency"})
    figures = {name: _shares(found) for name, found in sorted(rows.items())}
    if recall:
        each = {intent: sum(found) / len(found) for intent, found in sorted(recall.items())}
        figures["recall by intent"] = {"macro": sum(each.values()) / len(each), **each}
    return figures


def _shares(found: Sequence[dict[str, bool]]) -> dict[str, float]:
    return {"n": len(found)} | {name: sum(one[name] for one in found) / len(found) for name in found[0]}


def show(figures: Figures) -> None:
    """As a table."""
    for row, values in figures.items():
        told = (
            f"{name} {value:.0f}" if name == "n" else f"{name} {value:.3f}" for name, value in values.items()
        )
        print(f"{row:28}" + "  ".join(told))


if __name__ == "__main__":
    sys.exit(main())
