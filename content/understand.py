"""One front for all that a text tells: a pure function of text and catalog."""

from msgspec import Struct

from content import intents
from content.normalise import clean, fold, words
from content.search import Hit, Index

_ALONE = {
    "👍": "yes",
    "👌": "okay",
    "👎": "no",
    "🙏": "thanks",
    "❤": "thanks",
    "😊": "thanks",
}  # without a word
LONGEST = 2_000  # characters that are read; what a person types beyond is kept, not understood


class Heard(Struct, frozen=True):
    """What was understood."""

    intent: str
    hits: tuple[Hit, ...] = ()
    "Candidate entries, best first."
    question: bool = False
    "Whether it has the form of a question."
    english: bool = False
    "Whether it is English beyond doubt."
    words: tuple[str, ...] = ()
    "The folded words, short forms written out."

    @property
    def sure(self) -> float:
        """How far to trust the first candidate."""
        return self.hits[0].sure if self.hits else 0.0


def understand(text: str, index: Index) -> Heard:
    """Understands one message. Never raises: any text means something or nothing."""
    text = text[:LONGEST]
    heard = tuple(words(text))
    if not heard:
        return Heard(_ALONE.get(text.strip()[:1], "other"))
    return Heard(
        intent=intents.intent(heard),
        hits=tuple(index.search(heard)),
        question=intents.question(fold(clean(text))) or intents.question(" ".join(heard)),
        english=text.isascii() and intents.english(heard),
        words=heard,
    )
