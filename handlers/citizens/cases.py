"""What became of what was sent: by code or from one's own list; saying more, taking it back, judging the result."""

from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from content import codes
from content.understand import asks
from handlers import cases, offices, tracking
from handlers.deadlines import told as dated
from handlers.flow import Draft, Flow, Step
from handlers.steps import words
from handlers.turn import Answer, Decision, Standing, Turn
from storage import attachments, submissions
from storage.shapes import Choice
from storage.submissions import By, Submission

LISTED = 8  # of one's own, on one screen
PROVED = 3  # codes that are remembered in a talk
LONGEST = 4_000


def by_code(turn: Turn, standing: Standing) -> Decision | None:
    """A code in what was typed: where its submission stands."""
    if turn.choice is not None or turn.said.files:
        return None
    code = codes.read(turn.text)
    if code is None:
        return _say(turn, standing, "code.slip") if codes.meant(turn.text) else None
    found = tracking.by_code(turn.db, f"chat/{turn.person.id}", code, turn.at)
    if isinstance(found, str):
        return _say(turn, standing, found)
    kept = replace(standing, proved=(*(id for id in standing.proved if id != found.id), found.id)[-PROVED:])
    return Decision((status(turn, found),), kept, turn.person.language)


def ask_code(turn: Turn, standing: Standing, argument: str) -> Decision:
    """How to look something up."""
    return _say(turn, standing, "code.ask")


def mine(turn: Turn, standing: Standing, argument: str) -> Decision:
    """What this conversation has sent, the newest first."""
    own = submissions.of_conversation(turn.db, turn.person.id, LISTED)
    if not own:
        return _say(turn, standing, "mine.none")
    ways = (
        *(
            Choice(
                f"do/case.{s.id}", f"{s.number}: {turn.catalog.titled(s.theme, turn.person.language)}"[:60]
            )
            for s in own
        ),
        Choice("do/menu", turn.say("menu.open")),
    )
    lines = [
        f"• {s.number}, {turn.catalog.titled(s.theme, turn.person.language)}: {turn.catalog.state(s.state).told(turn.person.language)}"
        for s in own
    ]
    text = "\n".join((turn.say("mine.text"), *lines))
    return Decision((Answer((text,), ways),), standing, turn.person.language)


def case(turn: Turn, standing: Standing, argument: str) -> Decision:
    """One of one's own, or one whose code was told here."""
    found = theirs(turn, argument)
    if found is None:
        return _say(turn, standing, "code.ask")
    return Decision((status(turn, found),), standing, turn.person.language)


def theirs(turn: Turn, argument: str, *, lock: bool = False) -> Submission | None:
    """The submission that a button names, if this person may see it; whoever acts on it holds it."""
    id = int(argument) if argument.isascii() and argument.isdigit() and len(argument) < 19 else 0
    found = submissions.get(turn.db, id, lock=lock) if id else None
    if found is None or found.conversation is None:  # its author wished to be forgotten
        return None
    return found if found.conversation == turn.person.id or found.id in turn.proved else None


def status(turn: Turn, found: Submission) -> Answer:
    """Where it stands, and what the person may do now."""
    told = tracking.status(turn.db, turn.catalog, found, turn.person.language, turn.at)
    events = (f"• {line}" for line in told.timeline)
    lines = (told.head, told.office, *told.dates, "", turn.say("case.timeline"), *events)
    return Answer(("\n".join(lines),), ways(turn, found))


def ways(turn: Turn, found: Submission) -> tuple[Choice, ...]:
    """What the person may do now."""
    type = turn.catalog.state(found.state).type
    own: list[Choice] = []
    if type == "done":
        own += cases.judging(turn.say, found.id)
    if type != "ended":
        own.append(Choice(f"do/say.{found.id}", turn.say("case.say")))
    if "withdrawn" in turn.catalog.state(found.state).next:
        own.append(Choice(f"do/withdraw.{found.id}", turn.say("case.withdraw")))
    return (*own, Choice("do/menu", turn.say("menu.open")))


def withdraw(turn: Turn, standing: Standing, argument: str) -> Decision:
    """Asks once more, then takes it back."""
    id, _, sure = argument.partition(".")
    found = theirs(turn, id, lock=True)
    if found is None or "withdrawn" not in turn.catalog.state(found.state).next:
        return case(turn, standing, id)
    if sure != "yes":
        asked = (
            Choice(f"do/withdraw.{id}.yes", turn.say("withdraw.yes")),
            Choice(f"do/case.{id}", turn.say("withdraw.no")),
        )
        said = Answer((turn.say("withdraw.ask", number=found.number),), asked)
        return Decision((said,), standing, turn.person.language)
    cases.move(
        turn.db, turn.catalog, found, "withdrawn", By.citizen, None, turn.at, conversation=turn.person.id
    )
    return _say(turn, standing, "withdraw.done")


def judge(turn: Turn, standing: Standing, argument: str) -> Decision:
    """What the person thinks of the result; "no" opens it again, one level up."""
    id, _, thought = argument.partition(".")
    found = theirs(turn, id, lock=True)
    if found is None or turn.catalog.state(found.state).type != "done" or thought not in cases.JUDGED:
        return case(turn, standing, id)
    again = cases.judged(turn.db, turn.catalog, found, thought, turn.person.id, turn.at)
    if again is None:
        return _say(turn, standing, f"judge.{thought}")
    language = turn.person.language
    text = turn.say(
        "judge.no",
        office=offices.named(turn.catalog, again.office, language),
        when=dated(turn.local(again.resolve_by), language),
    )
    ways = (Choice(f"do/say.{id}", turn.say("judge.say")), Choice("do/menu", turn.say("menu.open")))
    return Decision((Answer((text,), ways),), standing, language)


def judged_in_words(turn: Turn, standing: Standing, thought: str) -> Decision | None:
    """ "Chưa xong": about the result that waits to be judged; None where there is none."""
    answered = submissions.awaited(turn.db, turn.person.id, "answered")
    return judge(turn, standing, f"{answered}.{thought}") if answered else None


def withdraw_in_words(turn: Turn, standing: Standing, argument: str) -> Decision:
    """The newest, if there is but one to choose; else the list."""
    own = submissions.of_conversation(turn.db, turn.person.id, LISTED)
    left = [s for s in own if "withdrawn" in turn.catalog.state(s.state).next]
    return withdraw(turn, standing, str(left[0].id)) if len(left) == 1 else mine(turn, standing, "")


def _say(turn: Turn, standing: Standing, key: str) -> Decision:
    ways = (Choice("do/mine", turn.say("menu.mine")), Choice("do/menu", turn.say("menu.open")))
    return Decision((Answer((turn.say(key),), ways),), standing, turn.person.language)


# a word to the officer


class Word(Draft, frozen=True, kw_only=True, omit_defaults=True):
    """Something more to say about a submission."""

    case: int = 0
    what: str | UnsetType = UNSET
    sure: str | UnsetType = UNSET
    "yes | no: that it is for the officer who asked; not asked of who pressed the button."


def _begins(turn: Turn) -> Word | None:
    """The button; or words from somebody whom an officer waits for, that ask us nothing."""
    name, _, argument = (turn.choice or "").partition(".")
    if name == "do/say":
        found = theirs(turn, argument)
        ended = found is None or turn.catalog.state(found.state).type == "ended"
        return None if ended or found is None else Word(case=found.id, sure="yes")
    heard = turn.heard
    if turn.choice or heard.command or not heard.words or asks(turn.text, heard.words):
        return None
    awaited = submissions.awaited(turn.db, turn.person.id, "asked")
    return Word(case=awaited, what=turn.text.strip()[:LONGEST]) if awaited else None


def _ask_sure(turn: Turn, draft: Word) -> Answer:
    found = theirs(turn, str(draft.case))
    number = found.number if found else ""
    ways = (Choice("yes", turn.say("say.sure.yes")), Choice("no", turn.say("say.sure.no")))
    return Answer((turn.say("say.sure.ask", number=number),), ways)


def _sure(turn: Turn, draft: Word) -> Word | Answer:
    wish = turn.choice or turn.heard.command
    if wish in ("yes", "okay", "no"):
        return replace(draft, sure="no" if wish == "no" else "yes")
    return _ask_sure(turn, draft)


def _finish(turn: Turn, draft: Word) -> Answer:
    if draft.sure == "no":
        attachments.drop(turn.db, draft.files, turn.person.id)
        again = tuple(Choice(f"do/{kind}", turn.say(f"menu.{kind}")) for kind in ("violation", "suggestion"))
        return Answer((turn.say("say.other"),), (*again, Choice("do/menu", turn.say("menu.open"))))
    found = theirs(turn, str(draft.case), lock=True)
    ways = (Choice(f"do/case.{draft.case}", turn.say("case.open")), Choice("do/menu", turn.say("menu.open")))
    if found is None or turn.catalog.state(found.state).type == "ended":
        attachments.drop(turn.db, draft.files, turn.person.id)
        return Answer((turn.say("say.ended"),), ways)
    cases.said(turn.db, turn.catalog, found, By.citizen, str(draft.what), turn.at, turn.person.id)
    attachments.enclose(turn.db, draft.files, turn.person.id, found.id)
    return Answer((turn.say("say.done", number=found.number),), ways)


FLOW = Flow(
    "say",
    1,
    Word,
    steps=(words("what", longest=LONGEST, say="say.what"), Step("sure", _ask_sure, _sure)),
    begins=_begins,
    finish=_finish,
    files=True,
    same=lambda old, new: old.case == new.case,
)
