"""The service with a step that kills the process at one message and raises at another: `python -m tests.stories.deadly serve`."""

import os
import sys

from sqlalchemy import Connection

from bot import app, cli
from content.catalog import Catalog
from handlers.router import router
from handlers.turn import Decide, Decided
from storage.conversations import Conversation
from storage.inbox import Waiting


def deadly(catalog: Catalog) -> Decide:
    well = router(catalog)

    def decide(db: Connection, person: Conversation, message: Waiting, now: int) -> Decided:
        if message.said.text == "giết":
            os._exit(9)
        if message.said.text == "ném":
            raise ZeroDivisionError
        return well(db, person, message, now)

    return decide


if __name__ == "__main__":
    app.router = deadly
    sys.exit(cli.main(sys.argv[1:]))
