"""One person before the router, without a browser."""

import itertools

import msgspec
from sqlalchemy import Connection

from handlers.router import router
from handlers.turn import Decided, Standing
from storage import conversations, feedback
from storage.conversations import Conversation
from storage.database import Database
from storage.feedback import Feedback
from storage.inbox import Waiting
from storage.shapes import Kind, Said
from tests import make


class Talk:
    """One person before the router, without a browser."""

    def __init__(self, database: Database, who: str = "an") -> None:
        self.database = database
        self.decide = router(make.the_catalog())
        self.numbers = itertools.count(1)
        self.now = make.NOW
        self.mark: bytes | None = None
        self.language = "vi"
        self.seen_at = self.now
        self.id = database.submit(
            lambda db: conversations.meet(db, "webchat", who, "vi", self.now, keep_address=False)
        ).result()
        self.buttons: dict[str, str] = {}
        self.decided: Decided | None = None

    def says(self, text: str, hint: str | None = "vi", after: int = 1000) -> str:
        return self.hears(Said(text, None, hint), Kind.message, after)

    def sends(self, token: str, hint: str | None = "vi", after: int = 1000) -> str:
        return self.hears(Said("", token, hint), Kind.press, after)

    def presses(self, label: str) -> str:
        return self.sends(self.buttons[label])

    def hears(self, said: Said, kind: Kind, after: int = 1000) -> str:
        self.now += after
        message = Waiting(next(self.numbers), self.id, kind, said, self.now)
        person = Conversation(self.id, "webchat", self.language, self.mark, self.seen_at)

        def call(db: Connection) -> Decided:
            return self.decide(db, person, message, self.now)

        decided = self.decided = self.database.submit(call).result()
        self.mark, self.language, self.seen_at = decided.mark, decided.language, self.now
        self.buttons = {choice.label: choice.name for choice in decided.answers[-1].choices}
        self.answers = decided.answers
        return "\n".join(text for answer in decided.answers for text in answer.texts)

    @property
    def labels(self) -> list[str]:
        return list(self.buttons)

    @property
    def standing(self) -> Standing:
        return msgspec.json.decode(self.mark or b"{}", type=Standing)

    def kept(self) -> list[Feedback]:
        return [told for _, _, told in self.database.ask(lambda db: feedback.newest(db, 9)).result()]
