"""What somebody who types one message reads."""

import re

from content.catalog import Catalog
from handlers.router import router
from storage.conversations import Conversation
from storage.inbox import Waiting
from storage.nowhere import open_nowhere
from storage.shapes import Kind, Said

NOW = 1_795_568_400_000  # Wed 25 Nov 2026, 08:00 in Viet Nam
_NUMBERS = re.compile(r"\b11[1-5]\b")


class Replies:
    """First messages to the whole router; what they write is forgotten."""

    def __init__(self, known: Catalog) -> None:
        self._decide = router(known)
        self._nowhere = open_nowhere()

    def said(self, text: str) -> str:
        """The whole reply."""
        person = Conversation(0, "talk", "vi", None, NOW)
        message = Waiting(1, 0, Kind.message, Said(text), NOW)
        decided = self._decide(self._nowhere, person, message, NOW)
        self._nowhere.rollback()
        return "\n".join(part for answer in decided.answers for part in answer.texts)

    def numbered(self, text: str) -> bool:
        """Whether the reply names a number to call."""
        return _NUMBERS.search(self.said(text)) is not None
