"""One front for all that a text tells: a pure function of text, catalog and what was spoken of before."""

from collections.abc import Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from content import emergencies, intents, linear
from content.aspects import aspects
from content.linear import Model
from content.normalise import Words, clean, fold, heard
from content.places import Found, Places
from content.search import RANKED, Hit, Index

_ALONE = {
    "👍": "yes",
    "👌": "okay",
    "👎": "no",
    "🙏": "thanks",
    "❤": "thanks",
    "😊": "thanks",
}  # without a word
LONGEST = 2_000  # characters that are read; what a person types beyond is kept, not understood
# How likely danger is before the numbers come first, and before they stand above what is answered: measured on
# sentences that the model was not learned from (ARCHITECTURE.md).
ALARM, LINE = 0.5, 0.08
CERTAINLY = 0.9  # where words stand that only look like danger ("chạy đua danh hiệu")
RULED = 0.25  # the same where the rules hear danger too
LEGAL = ("legal_denunciation", "legal_complaint", "crime_report")
CERTAIN = 0.5  # before a matter takes the lawful way
ELLIPTIC = 9  # words; who asks on about the same matter is short
NAMED = 0.7  # surer than this of something else, a short question changes the subject


class Matter(Struct, frozen=True):
    """An entry, as asking on about it needs it."""

    near: tuple[str, ...]
    "What is asked next, itself last."
    aspect: str | None
    title: Words
    theme: str


class Mind(Struct, frozen=True):
    """What understanding rests on."""

    index: Index
    model: Model
    matters: Mapping[str, Matter]
    "By entry."
    themes: tuple[tuple[str, tuple[str, ...]], ...]
    "What can be reported, with the folded phrases that name it, a blank on both sides."
    places: Places


class Heard(Struct, frozen=True):
    """What was understood."""

    intent: str
    hits: tuple[Hit, ...] = ()
    "Candidate entries, best first."
    command: str | None = None
    "The word of command or manners that the message is."
    chance: float = 1.0
    "How likely the intent is."
    legal: str | None = None
    "Denunciation, complaint or crime, when it is surely one of them, whatever word of command stands before it."
    danger: float = 0.0
    "How likely somebody is in danger now."
    question: bool = False
    "Whether it has the form of a question."
    english: bool = False
    "Whether it is English beyond doubt."
    words: tuple[str, ...] = ()
    "The folded words, short forms written out."
    angry: bool = False
    "Whether insults were among its words."
    further: bool = False
    "Whether it asks on about what was spoken of before."
    theme: str | None = None
    "What it tells of, of what can be reported."

    @property
    def sure(self) -> float:
        """How far to trust the first candidate."""
        return self.hits[0].sure if self.hits else 0.0

    @property
    def line(self) -> bool:
        """Whether the numbers belong above whatever is answered."""
        return self.danger >= LINE


def understand(text: str, mind: Mind, about: str | None = None, why: bool = False) -> Heard:
    """Understands one message. Never raises: any text means something or nothing."""
    text = text[:LONGEST]
    words = heard(text, mind.index.known)
    if not words.folded:
        alone = _ALONE.get(text.strip()[:1])
        return Heard(intents.MEANT[alone] if alone else "other", command=alone)
    said = " ".join(words.folded)
    chances = mind.model.chances(linear.signs(words, intents.flags(text, words)))
    danger = chances.get("emergency", 0.0)
    command = intents.command(words.folded)
    intent = max(chances, key=lambda label: chances[label])
    # a place alone sounds like danger to the model now and then; it is looked for only where that matters
    mistaken = danger >= ALARM and (
        emergencies.mistaken(said) or _only_place(mind.places.find(text), words, said)
    )
    if (
        emergencies.outright(said)
        or danger >= (CERTAINLY if mistaken else ALARM)
        or (danger >= RULED and emergencies.alarm(said))
    ):
        intent, command = "emergency", None
    elif command:
        intent = intents.MEANT[command]
    elif intent == "emergency":
        intent = max((label for label in chances if label != intent), key=lambda label: chances[label])
    begins = command in ("violation", "model_practice", "suggestion", "withdraw")  # a wish without a story
    legal = None if begins else next((label for label in LEGAL if chances.get(label, 0.0) >= CERTAIN), None)
    theme = _theme(said, mind)
    told = chances.get(intent, 0.0) >= TOLD and intent in REPORTS and not command
    story = told and theme is not None and len(words.folded) >= STORY
    # what is plainly told, and not asked, is looked up nowhere: that is half of the work
    hits = [] if story and not why and not asks(text, words.folded) else mind.index.search(words, why=why)
    further = _further(words, mind, about, hits, why)
    return Heard(
        intent=intent,
        hits=tuple(further or hits),
        command=command,
        chance=round(chances.get(intent, 1.0), 3),
        legal=None if intent == "emergency" else legal,
        danger=round(danger, 3),
        question=intents.question(fold(clean(text))) or intents.question(said),
        english=text.isascii() and intents.english(words.folded),
        words=words.folded,
        angry=words.angry,
        further=bool(further),
        theme=theme or _likely(mind, hits),
    )


def _only_place(place: Found | None, words: Words, said: str) -> bool:
    """Whether a text is little more than the name of a place, without any sign of danger."""
    named = len(place.said.split()) if place else 0
    return bool(named) and len(words.folded) - named <= BESIDE and not emergencies.signs(said)


LIKELY = 0.25  # an entry that is so near tells the theme, where no word does
BESIDE = 2  # words beside a name: its province


def asks(text: str, folded: Sequence[str]) -> bool:
    """Whether a text ends in a question: who tells and then asks, asks at the end."""
    return "?" in text or bool(aspects(folded[-ENDS:]))


def _theme(said: str, mind: Mind) -> str | None:
    """The theme with most of its phrases in the text; of equals the one whose phrases are longer."""
    padded = f" {said} "
    best, theme = 0, None
    for name, phrases in mind.themes:
        found = sum([len(phrase) for phrase in phrases if phrase in padded])
        if found > best:
            best, theme = found, name
    return theme


def _likely(mind: Mind, hits: list[Hit]) -> str | None:
    """The theme of an entry that is near enough."""
    near = mind.matters[hits[0].key].theme if hits and hits[0].sure >= LIKELY else None
    return near if any(name == near for name, _ in mind.themes) else None


REPORTS = ("report_violation", "report_model", "suggest")
TOLD = 0.95  # the model's, before a story is taken for one without a look at what we know
ENDS, STORY = 6, 16  # words


def _further(words: Words, mind: Mind, about: str | None, hits: list[Hit], why: bool) -> list[Hit]:
    """ "Còn mức phạt thì sao?": the same matter in another aspect; empty when it is no such question."""
    matter = mind.matters.get(about or "")
    if matter is None or len(words.folded) > ELLIPTIC:
        return []
    if hits and hits[0].sure >= NAMED and hits[0].key not in matter.near:
        return []
    asked, goes_on = aspects(words.folded), words.folded[0] in _ON
    if not goes_on and not (asked and len(words.folded) <= SHORT):
        return []
    fitting = [key for key in matter.near if mind.matters[key].aspect in asked]
    if fitting:
        found = {hit.key: hit for hit in mind.index.search(words, RANKED, among=fitting, why=why)}
        best = sorted(fitting, key=lambda key: -found[key].score if key in found else 0.0)
        return [_trusted(found.get(key), key, place) for place, key in enumerate(best)]
    # nothing near tells this side of it: looked for everywhere, with what it is about beside it
    whole = Words(
        (*matter.title.folded, *words.folded), (*matter.title.shaped, *words.shaped), words.accented
    )
    return [replace(hit, sure=min(hit.sure, DOUBTED)) for hit in mind.index.search(whole, why=why)]


def _trusted(hit: Hit | None, key: str, place: int) -> Hit:
    """The first is what was asked for: subject and aspect agree."""
    sure = FURTHER if place == 0 else NAMED / 2
    return replace(hit, sure=max(hit.sure, sure)) if hit else Hit(key, 0.0, sure)


_ON = frozenset(
    ["con", "the", "vay", "va", "roi", "neu", "ma", "nhung", "o"]
)  # "còn …", "thế …", "vậy …", "nếu …"
SHORT = 6  # words; so short a question hardly names its subject
FURTHER, DOUBTED = 0.8, 0.5
