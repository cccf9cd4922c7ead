"""From a finished form to a submission: its code, the office that has it, what happens next and by when."""

from collections.abc import Sequence

from content import codes
from handlers import offices
from handlers.deadlines import told as dated
from handlers.turn import Answer, Decision, Standing, Turn
from storage import attachments, consents, outbox, submissions
from storage.consents import Purpose
from storage.shapes import Choice
from storage.submissions import Filed

FIRST = "received"
PROGRESS = NEWS = "1"  # raised when the texts of `report.contact`, `news` promise something else


def file(turn: Turn, filed: Filed, files: Sequence[int]) -> Answer:
    """Opens the submission and hands its code over, once."""
    id, secret = submissions.open(turn.db, turn.person.id, filed, FIRST, turn.at)
    attachments.enclose(turn.db, files, turn.person.id, id)
    person = turn.person
    consents.tell(turn.db, person.id, person.channel, Purpose.progress, PROGRESS, filed.progress, turn.at)
    language = person.language
    said = turn.say(
        "filed.urgent" if filed.urgent else "filed.text",
        code=codes.spelled(codes.make(secret)),
        office=offices.named(turn.catalog, filed.office, language),
        accept=dated(turn.local(filed.accept_by), language),
        resolve=dated(turn.local(filed.resolve_by), language),
    )
    told = turn.say("filed.progress" if filed.progress else "filed.code")
    if turn.catalog.local.public_url:
        told += "\n" + turn.say("filed.page", page=f"{turn.catalog.local.public_url}/tra-cuu")
    # one bubble: the slot takes the place of the one that holds the code
    return Answer(
        (f"{said}\n\n{told}",), (Choice(f"do/saved.{id}", turn.say("filed.saved")),), slot=f"code{id}"
    )


def let_go(turn: Turn, files: Sequence[int]) -> None:
    """Nothing of a draft stays."""
    attachments.drop(turn.db, files, turn.person.id)


def saved(turn: Turn, standing: Standing, argument: str) -> Decision:
    """The code was written down: it is starred, and the menu is back; news are offered once, apart."""
    ways = (Choice("do/mine", turn.say("menu.mine")), Choice("do/menu", turn.say("menu.open")))
    number = argument if argument.isascii() and argument.isdigit() else ""
    outbox.empty(turn.db, turn.person.id, f"code{number[:18]}")
    said = Answer((turn.say("filed.starred"),), ways, slot=f"code{number[:18]}")
    if consents.decided(turn.db, turn.person.id, Purpose.news):
        return Decision((said,), standing, turn.person.language)
    asked = Answer(
        (turn.say("news.ask"),),
        (
            Choice("do/news.yes", turn.say("news.yes")),
            Choice("do/news.no", turn.say("news.no")),
            *ways,
        ),
    )
    bare = Answer(said.texts, slot=said.slot)
    return Decision((bare, asked), standing, turn.person.language)


def news(turn: Turn, standing: Standing, argument: str) -> Decision:
    """Whether news may be sent: kept either way, so that nobody is asked twice."""
    yes, person = argument == "yes", turn.person
    consents.tell(turn.db, person.id, person.channel, Purpose.news, NEWS, yes, turn.at)
    ways = (Choice("do/mine", turn.say("menu.mine")), Choice("do/menu", turn.say("menu.open")))
    said = Answer((turn.say("news.kept" if yes else "news.refused"),), ways)
    return Decision((said,), standing, person.language)
