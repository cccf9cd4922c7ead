"""Our service with the shared search for its decision: durable, sealed, routed, sent as always."""

import sys

from sqlalchemy import Connection

from bot import app, cli
from content.catalog import Catalog
from handlers.turn import Answer, Decide, Decided
from storage.conversations import Conversation
from storage.inbox import Waiting
from tests.bench.shared_search import lookup


def shared(_: Catalog) -> Decide:
    def decide(db: Connection, person: Conversation, message: Waiting, now: int) -> Decided:
        return Decided((Answer((lookup(message.said.text),)),), b'{"flow":null}', person.language)

    return decide


app.router = shared
sys.exit(cli.main(["serve"]))
