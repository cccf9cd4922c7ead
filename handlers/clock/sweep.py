"""Keeping no longer than promised: keys 30 days, sent words a day, sleeping drafts 30 days, questions
without an answer half a year after they were last asked, uploads that no message named a day,
originals of what people reported as long as the deployment says."""

from sqlalchemy import Connection

from content.catalog import Catalog
from storage import (
    attachments,
    conversations,
    inbox,
    lockouts,
    outbox,
    staged,
    submissions,
    timers,
    unanswered,
)

KEY = "sweep"
DAY_MS = 86_400_000
EVERY_MS = 10 * 60_000
CHUNK = 500  # rows of each kind in one transaction
KEYS_MS = 30 * 86_400_000
ASLEEP_MS = 30 * 86_400_000
UNSENT_MS = ASLEEP_MS + 86_400_000  # files of a draft that nobody can send any more
STAGED_MS = 86_400_000
UNTAKEN_MS = 10 * 60_000  # uploads of a message that no flow took them from
UNANSWERED_MS = 180 * 86_400_000


def sweep(db: Connection, arguments: dict[str, int | str], now: int, catalog: Catalog) -> None:
    """One chunk; rings again at once while there is more, else in ten minutes."""
    ended = submissions.sweep(db, now - catalog.local.keep_days * DAY_MS, CHUNK)
    attachments.release(db, ended)
    removed = max(
        len(ended),
        lockouts.sweep(db, now - lockouts.FORGET_MS, CHUNK),
        inbox.sweep(db, now - KEYS_MS, CHUNK),
        outbox.sweep(db, now, CHUNK),
        attachments.sweep(db, now - UNSENT_MS, CHUNK),
        staged.sweep(db, now - STAGED_MS, now - UNTAKEN_MS, CHUNK),
        unanswered.sweep(db, now - UNANSWERED_MS, CHUNK),
    )
    further = conversations.sweep(db, now - ASLEEP_MS, int(arguments.get("after", 0)), CHUNK)
    more = removed >= CHUNK or further is not None
    timers.set(db, KEY, "sweep", now + (0 if more else EVERY_MS), after=further or 0)


def begin(db: Connection, now: int) -> None:
    """Makes sure that the sweep is set."""
    if not timers.waits(db, KEY):
        timers.set(db, KEY, "sweep", now)
