"""Staff's acts on a submission, named by its number: bring it on, write to its author, ask for more time.

`seen`: the version that the officer looked at; a submission that has changed since is left as it is. All raise
NotAllowed with the wording that says why.
"""

from sqlalchemy import Connection

from content.catalog import Catalog
from handlers import cases
from handlers.cases import NotAllowed
from storage import submissions
from storage.submissions import By, Submission


def move(
    db: Connection,
    catalog: Catalog,
    id: int,
    state: str,
    now: int,
    *,
    text: str | None = None,
    office: int | None = None,
    seen: int | None = None,
) -> Submission:
    """Brings it to another state, with what that state demands."""
    if state not in catalog.states or state in CITIZENS:
        raise NotAllowed("staff.wrong.state")
    found = _found(db, id, seen)
    return cases.move(db, catalog, found, state, By.staff, text, now, office=office)


CITIZENS = ("withdrawn", "reopened", "closed")  # states that only the author, or time, brings about


def say(
    db: Connection, catalog: Catalog, id: int, text: str, now: int, *, seen: int | None = None
) -> Submission:
    """Writes to its author, who may be anonymous."""
    if not text.strip():
        raise NotAllowed("staff.wrong.text")
    found = _found(db, id, seen)
    if catalog.state(found.state).type == "ended":
        raise NotAllowed("staff.wrong.state")
    return cases.said(db, catalog, found, By.staff, text, now)


def extend(
    db: Connection, catalog: Catalog, id: int, days: int, text: str, now: int, *, seen: int | None = None
) -> Submission:
    """More working days from now, with the reason."""
    return cases.extend(db, catalog, _found(db, id, seen), days, text, now)


def _found(db: Connection, id: int, seen: int | None) -> Submission:
    found = submissions.get(db, id, lock=True)
    if found is None:
        raise NotAllowed("staff.wrong.none")
    if seen is not None and seen != found.version:
        raise NotAllowed("staff.wrong.changed")
    return found
