"""The work that every contender does: the product's own search over 200 entries.

The delivered entries, and as many generated ones as are missing, with no more questions than the bench
began with; what stands in them does not matter, only that a search has 200 to look through.
"""

import itertools
import random

from content import catalog
from content.normalise import heard, words
from content.search import Document, Index

ENTRIES = 200
QUESTIONS = (
    "tieu chi gia dinh van hoa la j",
    "vứt rác bị phạt bao nhiêu tiền",
    "hang xom hat karaoke bao ai",
    "112 là số gì vậy",
    "lam sao dang ky hoc boi cho tre em",
)
_TOPICS = [
    "thủ tục",
    "lịch họp",
    "quy ước",
    "lễ hội",
    "nhà văn hóa",
    "thư viện",
    "sân thể thao",
    "hội diễn",
    "đám cưới",
    "đám tang",
]
_PLACES = ["ở thôn", "ở xã", "cho thanh niên", "cho người già", "dịp Tết", "trên mạng"]
_ASKED = ["như thế nào", "ở đâu", "khi nào", "cần gì", "ai phụ trách", "có mất tiền không"]


def _generated(count: int) -> dict[str, Document]:
    dice = random.Random(1)
    made = list(itertools.product(_TOPICS, _PLACES, _ASKED))
    dice.shuffle(made)
    found = {}
    for number, (topic, place, asked) in enumerate(made[:count]):
        questions = tuple(heard(f"{a} {topic} {place} {asked}") for a in ("", "cho hỏi", "xin biết"))
        answer = tuple(words(f"{topic} {place} {asked} " * 12))
        found[f"made-{number}"] = Document(questions, answer)
    return found


_known = catalog.load()
_documents = {
    key: Document(tuple(heard(q) for q in (entry.title, *entry.questions[:8])), tuple(words(entry.answer)))
    for key, entry in list(_known.entries.items())[:ENTRIES]
}
_answers = {key: entry.answer for key, entry in _known.entries.items()}
_index = Index(_documents | _generated(ENTRIES - len(_documents)))


def lookup(text: str) -> str:
    """The answer to a question in free words."""
    hits = _index.search(heard(text))
    return _answers.get(hits[0].key, f"Trả lời {hits[0].key}.") if hits else "Tôi chưa rõ câu hỏi."
