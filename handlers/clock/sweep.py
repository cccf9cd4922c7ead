"""Keeping no longer than promised: keys 30 days, sent words a day, sleeping drafts 30 days, questions
without an answer half a year after they were last asked."""

from sqlalchemy import Connection

from storage import attachments, conversations, inbox, outbox, timers, unanswered

KEY = "sweep"
EVERY_MS = 10 * 60_000
CHUNK = 500  # rows of each kind in one transaction
KEYS_MS = 30 * 86_400_000
ASLEEP_MS = 30 * 86_400_000
UNSENT_MS = ASLEEP_MS + 86_400_000  # files of a draft that nobody can send any more

UNANSWERED_MS = 180 * 86_400_000


def sweep(db: Connection, arguments: dict[str, int | str], now: int) -> None:
    """One chunk; rings again at once while there is more, else in ten minutes."""
    removed = max(
        inbox.sweep(db, now - KEYS_MS, CHUNK),
        outbox.sweep(db, now, CHUNK),
        attachments.sweep(db, now - UNSENT_MS, CHUNK),
        unanswered.sweep(db, now - UNANSWERED_MS, CHUNK),
    )
    further = conversations.sweep(db, now - ASLEEP_MS, int(arguments.get("after", 0)), CHUNK)
    more = removed >= CHUNK or further is not None
    timers.set(db, KEY, "sweep", now + (0 if more else EVERY_MS), after=further or 0)


def begin(db: Connection, now: int) -> None:
    """Makes sure that the sweep is set."""
    if not timers.waits(db, KEY):
        timers.set(db, KEY, "sweep", now)
