"""Understanding alone: search among the delivered entries and among 5,000, the whole of a message, memory, start."""

import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta, timezone

from content import catalog, moments
from content.normalise import Words, heard
from content.search import Document, Index
from tests.evaluate.sentences import named

PLACES, KINDS = 96, 50
REPORTS = (
    "hang xom nha toi hat karaoke toi qua toi 1h sang o thon 3 xa dak ui, khong ai ngu duoc",
    "tối qua 10 giờ xe tải đổ rác xuống suối ở xã Đăk Mar, biển số 82C-123.45, mùi hôi lắm",
    "thôn tôi ở xã Ba Tơ lập tổ đổi công, nhà nào có người ốm thì cả tổ tới gặt giúp, muốn kể",
    "nhà văn hóa thôn 5 khóa cửa quanh năm, trẻ con không có chỗ chơi, đề nghị xã mở cửa",
)
NOW = datetime(2026, 11, 25, 8, tzinfo=timezone(timedelta(hours=7)))
FEW = 200  # entries that the bound of a search speaks of
_MEMORY = """
import gc, time
from pathlib import Path
from content import catalog  # the code itself is not what is measured
def resident(): return int(Path("/proc/self/statm").read_text().split()[1]) * 4096
before, began = resident(), time.process_time()
known = catalog.load()
took = time.process_time() - began
gc.collect()
print((resident() - before) / 1e6, took)
"""


def each(
    call: Callable[[str], object] | Callable[[Words], object], on: Sequence[str] | Sequence[Words]
) -> float:
    """µs of CPU a call; the best of three rounds."""
    best = float("inf")
    for _ in range(3):
        began = time.process_time()
        for one in on:
            call(one)  # type: ignore[arg-type]
        best = min(best, time.process_time() - began)
    return best / len(on) * 1e6


def many(known: catalog.Catalog) -> Index:
    """The delivered entries and 4,800 of one place each."""
    documents = {
        key: Document(tuple(heard(q) for q in entry.questions[:6]), heard(entry.answer).folded, entry.aspect)
        for key, entry in known.entries.items()
    }
    kinds = list(documents.items())[:KINDS]
    for place in range(PLACES):
        for key, document in kinds:
            named_so = Words((f"xa{place}", f"so{place}"), (f"xa{place}", f"so{place}"))
            local = tuple(
                Words((*q.folded, *named_so.folded), (*q.shaped, *named_so.shaped))
                for q in document.questions[:3]
            )
            documents[f"{key}-{place}"] = Document(local, document.answer, document.aspect)
    return Index(documents, known.mind.index.synonyms, known.mind.index.weights)


def some(known: catalog.Catalog) -> Index:
    """The first 200 delivered entries, whole."""
    documents = {key: catalog.document(entry) for key, entry in [*known.entries.items()][:FEW]}
    return Index(documents, known.mind.index.synonyms, known.mind.index.weights)


def report(known: catalog.Catalog, text: str) -> None:
    """All that a form takes from a story."""
    known.understand(text)
    known.places.find(text)
    moments.read(text, NOW)


def run() -> dict[str, float]:
    """All figures."""
    known = catalog.load()
    asked = [s.text for s in named("questions_test")]
    short = [text for text in asked if len(text.split()) <= 25]
    said = [heard(text, known.mind.index.known) for text in short]
    told = subprocess.run(
        [sys.executable, "-c", _MEMORY], capture_output=True, text=True, check=True
    ).stdout.split()
    figures = {
        "search among 200 entries, µs": each(some(known).search, said),
        "search among the delivered entries, µs": each(known.mind.index.search, said),
        "search among 5,000, µs": each(many(known).search, said[:200]),
        "a question understood, µs": each(known.understand, short),
        "a story understood, µs": each(known.understand, [t for t in asked if len(t.split()) > 25]),
        "a report understood, with place and moment, µs": each(lambda text: report(known, text), REPORTS),
        "all content in memory, MB": float(told[0]),
        "all content read as built before, seconds of CPU": float(told[1]),
    }
    return {f"understanding: {name}": value for name, value in figures.items()}
