"""What is stored cannot be read without the ring, and a wrong ring says so."""

import base64
import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag

from storage import conversations, feedback, inbox, keys, outbox
from storage.conversations import Change
from storage.database import Database
from storage.feedback import Feedback
from storage.keys import KeysWrong
from storage.opening import open_database
from storage.schema import metadata
from tests import make
from tests.make import NOW

SECRET = "bimatlam"
ONE = make.RING
TWO = ONE + "\n2:" + base64.b64encode(b"n" * 32).decode()


@pytest.fixture
def do(database: Database) -> Callable[..., Any]:
    return lambda call, *args, **kwargs: database.submit(lambda db: call(db, *args, **kwargs)).result()


@pytest.fixture
def told(do: Callable[..., Any]) -> int:
    """A conversation in which every sealed column holds the secret."""
    do(inbox.keep, make.incoming(SECRET, who=SECRET), NOW, language="vi", keep_address=True)
    do(inbox.keep_unreadable, "webchat", "raw", SECRET.encode(), NOW)
    who: int = do(conversations.find, "webchat", SECRET)
    do(conversations.advance, [Change(who, "vi", SECRET.encode(), NOW)])
    do(outbox.put, [make.reply(who, SECRET)])
    do(feedback.tell, who, Feedback(SECRET, contact=SECRET), NOW)
    return who


def test_no_column_holds_words_that_can_be_read(do: Callable[..., Any], told: int) -> None:
    for table in metadata.sorted_tables:
        for row in do(lambda db, table=table: db.exec_driver_sql(f"SELECT * FROM {table.name}").all()):
            assert not [value for value in row if SECRET.encode() in _bytes(value)], table.name


def _bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_no_byte_of_the_file_can_be_read(told: int, tmp_path: Path) -> None:
    found = b"".join(file.read_bytes() for file in tmp_path.glob("nepsong.db*"))
    assert b"webchat" in found
    assert SECRET.encode() not in found


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_no_byte_of_an_answered_message_stays_in_the_file(
    do: Callable[..., Any], told: int, database: Database, tmp_path: Path
) -> None:
    do(inbox.keep, make.incoming("dài" * 5000, key="long"), NOW, language="vi", keep_address=False)
    blob = do(lambda db: db.exec_driver_sql("SELECT body FROM inbox WHERE key = 'long'").scalar_one())
    do(lambda db: db.exec_driver_sql("UPDATE inbox SET body = NULL"))
    database.close()
    assert blob[-1000:] not in (tmp_path / "nepsong.db").read_bytes()


def test_a_blob_moved_to_another_column_does_not_open(do: Callable[..., Any], told: int) -> None:
    do(lambda db: db.exec_driver_sql("UPDATE conversations SET mark = (SELECT body FROM outbox)"))
    with pytest.raises(InvalidTag):
        do(make.person, told)


def test_a_newer_key_opens_what_the_old_one_sealed(url: str, do: Callable[..., Any], told: int) -> None:
    newer = open_database(url, keys.read(TWO, "test"))
    newer.open()
    mark = newer.submit(lambda db: make.person(db, told).mark).result()
    again = newer.submit(lambda db: conversations.meet(db, "webchat", SECRET, "vi", NOW, keep_address=True))
    assert (mark, again.result()) == (SECRET.encode(), told)
    newer.close()


def test_the_newest_key_seals_and_the_lowest_hashes() -> None:
    old, new = keys.read(ONE, "test"), keys.read(TWO, "test")
    blob = new.seal(b"x", b"a.b")
    assert (old.seal(b"x", b"a.b")[0], blob[0]) == (1, 2)
    assert new.open(blob, b"a.b") == new.open(old.seal(b"x", b"a.b"), b"a.b") == b"x"
    assert old.hash("address", "an") == new.hash("address", "an")
    with pytest.raises(KeyError):
        old.open(blob, b"a.b")


def test_the_same_words_are_sealed_differently_each_time() -> None:
    assert make.ring().seal(b"x", b"a.b") != make.ring().seal(b"x", b"a.b")


def test_hashes_differ_by_purpose_and_by_ring() -> None:
    hashes = {
        make.ring().hash("a", "bc"),
        make.ring().hash("ab", "c"),
        make.ring(letter=b"z").hash("a", "bc"),
        make.ring().hash("a", "bd"),
    }
    assert len(hashes) == 4


def test_a_ring_shows_its_numbers_only() -> None:
    assert repr(keys.read(TWO, "test")) == "Ring([1, 2])"


LINE = ONE.partition(":")[2]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n \n",
        "1",
        "1:",
        LINE,
        f"0:{LINE}",
        f"256:{LINE}",
        f"-1:{LINE}",
        f"x:{LINE}",
        f"²:{LINE}",
        f"1:{LINE[:-1]}",
        f"1:{LINE[:20]}",
        f"1:!{LINE[1:]}",
        f"1:ế{LINE[1:]}",
        f"1:{LINE}{LINE}",
        f"1:{LINE}\n1:{base64.b64encode(b'z' * 32).decode()}",
        f"1:{LINE}\nhello",
    ],
)
def test_a_mistake_in_a_ring_is_named_with_its_source(text: str, tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text(text, encoding="utf-8")
    for wrong in (lambda: keys.load(file), lambda: keys.read(text, str(file))):
        with pytest.raises(KeysWrong, match=str(file)):
            wrong()


def test_lines_may_be_parted_by_commas_for_an_environment_variable() -> None:
    assert repr(keys.read(TWO.replace("\n", ","), "NEPSONG_KEYS_RING")) == "Ring([1, 2])"


def test_another_ring_does_not_fit(do: Callable[..., Any]) -> None:
    with pytest.raises(KeysWrong, match=r"key 1 .* restore the ring"):
        do(make.ring(letter=b"z").fit)
    do(make.ring().fit)


def test_a_ring_without_a_key_that_was_used_does_not_fit(do: Callable[..., Any]) -> None:
    do(keys.read(TWO, "test").fit)
    with pytest.raises(KeysWrong, match="key 2, which is not in the key ring: put it back"):
        do(make.ring().fit)


def test_a_key_below_the_lowest_does_not_fit(do: Callable[..., Any]) -> None:
    """It would hash from then on, and nobody would be recognised."""
    do(lambda db: db.exec_driver_sql("DELETE FROM sentinels"))
    do(make.ring(5).fit)
    with pytest.raises(KeysWrong):
        do(keys.read(f"5:{LINE}\n4:{base64.b64encode(b'z' * 32).decode()}", "test").fit)


def test_a_ring_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    ring, made = keys.load(tmp_path / "keys")
    again, remade = keys.load(tmp_path / "keys")
    assert (made, remade) == (True, False)
    assert again.open(ring.seal(b"x", b"a.b"), b"a.b") == b"x"
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o600


def test_two_made_rings_differ(tmp_path: Path) -> None:
    one, two = keys.load(tmp_path / "one")[0], keys.load(tmp_path / "two")[0]
    assert one.hash("a", "b") != two.hash("a", "b")


def test_racing_first_starts_agree(tmp_path: Path) -> None:
    together = threading.Barrier(4)

    def start(round: int) -> tuple[bytes, bool]:
        together.wait(10)
        ring, made = keys.load(tmp_path / f"{round}")
        return ring.hash("a", "b"), made

    with ThreadPoolExecutor(4) as pool:
        for round in range(60):
            found = list(pool.map(start, [round] * 4))
            assert len({hashed for hashed, _ in found}) == 1
            assert [made for _, made in found].count(True) == 1


def test_a_sealed_shape_is_the_one_that_was_put(do: Callable[..., Any], told: int) -> None:
    raw = do(lambda db: db.execute(outbox.outbox.select()).one()).body
    assert json.loads(raw) == {"text": SECRET}
