"""Files on their way, kept, lost, let go; albums; chats that moved; uploads. On both databases."""

from collections.abc import Callable
from typing import Any

import pytest

from storage import attachments, conversations, feedback, inbox, outbox, uploads
from storage.attachments import Due, Kept
from storage.database import Database
from storage.feedback import Feedback
from storage.outbox import Reply
from storage.shapes import Fetched, Kind, Message, Reach, Said, Source
from tests import make
from tests.make import NOW

Do = Callable[..., Any]
PHOTO = Source("file-1", "photo", 10)


@pytest.fixture
def do(database: Database) -> Do:
    return lambda function, *args, **kwargs: database.submit(
        lambda db: function(db, *args, **kwargs)
    ).result()


@pytest.fixture
def an(do: Do) -> int:
    return int(do(conversations.meet, "telegram", "7", "vi", NOW, keep_address=True))


def test_a_file_is_claimed_once_until_its_lease_ends(do: Do, an: int) -> None:
    assert do(attachments.add, an, "telegram", PHOTO, NOW) == 1
    assert do(attachments.claim, "webchat", NOW, 5, 100) == []
    assert do(attachments.claim, "telegram", NOW, 5, 100) == [Due(1, an, PHOTO, 1)]
    assert do(attachments.claim, "telegram", NOW + 99, 5, 100) == []
    assert [due.tries for due in do(attachments.claim, "telegram", NOW + 100, 5, 100)] == [2]
    assert do(attachments.loading, an) == 1


def test_what_is_kept_belongs_to_what_was_sent(do: Do, an: int) -> None:
    id = do(attachments.add, an, "telegram", PHOTO, NOW)
    assert do(attachments.keep, id, "name", "picture", "image/jpeg", 9)
    assert not do(attachments.keep, id, "again", "picture", "image/jpeg", 9)  # an orphan, to be swept
    number = do(feedback.tell, an, Feedback("hay", None, (id,)), NOW)
    do(attachments.belong, [id], an + 1, number)  # nobody else's files
    assert do(attachments.of_feedback, number) == []
    do(attachments.belong, [id], an, number)
    assert do(attachments.of_feedback, number) == [Kept(id, "name", "picture", "image/jpeg", 9)]
    assert do(attachments.known, ["name", "again"]) == {"name"}
    assert do(attachments.sweep, NOW + 10**12, 10) == 0


def test_what_is_let_go_leaves_file_first_then_row(do: Do, an: int) -> None:
    ids = [do(attachments.add, an, "telegram", PHOTO, NOW) for _ in range(3)]
    do(attachments.keep, ids[0], "name", "picture", "image/jpeg", 9)
    assert do(attachments.lose, ids[1], "broken")
    do(attachments.drop, ids[:1], an + 1)
    assert do(attachments.leaving, 10) == []
    do(attachments.erase, an)
    assert do(attachments.leaving, 10) == [(ids[0], "name"), (ids[1], None), (ids[2], None)]
    assert not do(attachments.keep, ids[2], "late", "picture", "image/jpeg", 9)
    do(attachments.left, ids)
    assert do(attachments.leaving, 10) == []


def test_unsent_files_are_swept(do: Do, an: int) -> None:
    do(attachments.add, an, "telegram", PHOTO, NOW)
    assert do(attachments.sweep, NOW, 10) == 0
    assert do(attachments.sweep, NOW + 1, 10) == 1


def keep(do: Do, key: str, at: int, album: str | None = None) -> None:
    message = make.incoming(key, "7", channel="telegram", key=key, sent_at=int(key), album=album)
    do(inbox.keep, message, at, language="vi", keep_address=True)


def taken(do: Do, at: int, limit: int = 50) -> list[str]:
    return [m.said.text for lane in do(inbox.take, at, limit) for m in lane.messages]


def test_an_album_waits_for_its_newest_part_and_holds_back_what_follows(do: Do) -> None:
    keep(do, "1", NOW, "g")
    keep(do, "2", NOW + 1_000, "g")
    keep(do, "3", NOW + 1_000)
    assert taken(do, NOW + 1_199) == []  # the third is due, but was said after
    assert taken(do, NOW + 1_200) == []
    assert taken(do, NOW + 2_200) == ["1", "2", "3"]


def test_a_limit_cuts_no_album(do: Do) -> None:
    keep(do, "1", NOW)
    for key in ("2", "3", "4"):
        keep(do, key, NOW, "g")
    assert taken(do, NOW + 2_000, 3) == ["1"]
    assert taken(do, NOW + 2_000, 4) == ["1"]  # whether it is whole is not known yet
    assert taken(do, NOW + 2_000, 5) == ["1", "2", "3", "4"]


def test_the_outcome_of_a_file_is_heard_once(do: Do, an: int) -> None:
    for _ in range(2):
        do(inbox.keep_fetched, an, "telegram", Fetched(4, "broken"), NOW)
    ((lane,)) = do(inbox.take, NOW, 5)
    assert [(m.kind, m.said) for m in lane.messages] == [(Kind.file, Said(fetched=Fetched(4, "broken")))]


def test_who_waits_for_an_answer(do: Do) -> None:
    keep(do, "1", NOW)
    assert len(do(inbox.overdue, "telegram", NOW - 9, NOW)) == 1
    assert do(inbox.overdue, "telegram", NOW - 9, NOW - 1) == do(inbox.overdue, "webchat", NOW - 9, NOW) == []


@pytest.mark.parametrize("met", [False, True])
def test_a_chat_that_moved_takes_what_waits_along(do: Do, an: int, met: bool) -> None:
    there = do(conversations.meet, "telegram", "-100", "vi", NOW, keep_address=True) if met else an
    do(outbox.put, [Reply(an, "telegram", Message("chào"), NOW)])
    do(outbox.follow, an, "-100")
    assert do(conversations.find, "telegram", "-100") == there
    assert [(due.conversation, due.address) for due in do(outbox.claim, "telegram", NOW, 5, 9)] == [
        (there, "-100")
    ]


def test_who_cannot_be_reached_gets_nothing_more(do: Do, an: int) -> None:
    do(outbox.put, [Reply(an, "telegram", Message("chào"), NOW)])
    do(conversations.reached, an, Reach.blocked)
    do(outbox.give_up, an, "blocked", NOW)
    assert do(outbox.claim, "telegram", NOW, 5, 9) == []
    assert [(r.conversation, r.reason) for r in do(outbox.refused)] == [(an, "blocked")]


def test_an_upload_is_remembered_until_it_is_forgotten(do: Do) -> None:
    do(uploads.remember, "telegram", "a", "file-1")
    assert do(uploads.handle, "telegram", "a") == "file-1"
    assert do(uploads.handle, "zalo", "a") is None
    do(uploads.forget, "telegram", "a")
    assert do(uploads.handle, "telegram", "a") is None
