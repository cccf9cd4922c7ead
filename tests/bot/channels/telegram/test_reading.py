"""Whatever Telegram, or somebody who knows the secret, posts: messages or NotOurs, nothing else."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from telegram import Update

from bot.channels.telegram import reading
from bot.channels.telegram.reading import NotOurs, read, read_polled
from storage.shapes import Control, Incoming, Kind, Pin, Said, Source
from tests import make

CHAT = {"id": 77, "type": "private", "first_name": "An"}
SENDER = {"id": 77, "is_bot": False, "first_name": "An 😀" * 50, "language_code": "en"}


# what every file says of itself; a model ignores what its kind does not have
FILE = {"file_id": "f", "file_unique_id": "u", "width": 9, "height": 9, "length": 9, "duration": 3}


def update(number: int = 5, **message: Any) -> dict[str, Any]:
    kind = message.pop("kind", "message")
    body = {"message_id": 9, "date": 1_795_568_400, "chat": CHAT, "from": SENDER, **message}
    return {"update_id": number, kind: body}


def said(**message: Any) -> Incoming:
    (incoming,) = read(json.dumps(make.of_telegram(update(**message))).encode())
    return incoming


def test_words() -> None:
    assert said(text="xin chào") == Incoming("telegram", "77", "5", 5, Said("xin chào", ref="9"))


def test_the_library_reads_the_same() -> None:
    raw = update(text="xin chào")
    told = Update.de_json(raw, None)
    assert told.message is not None and told.message.text == said(text="xin chào").said.text
    assert str(told.message.chat_id) == said(text="a").address and str(told.update_id) == said(text="a").key


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("/start", Said(choice="do/hello", ref="9")),
        ("/menu@nepsong_bot", Said(choice="do/menu", ref="9")),
        ("/GOPY", Said(choice="do/feedback", ref="9")),
        ("/start theme_hotlines", Said(start="theme_hotlines", ref="9")),
        ("/nosuch thing", Said("/nosuch thing", ref="9")),
    ],
)
def test_commands(command: str, expected: Said) -> None:
    assert said(text=command).said == expected


def test_the_largest_photo_with_its_caption_and_album() -> None:
    sizes = [
        {"file_id": name, "file_unique_id": name, "width": 1, "height": 1, "file_size": n}
        for n, name in enumerate(("small", "large"))
    ]
    found = said(photo=sizes, caption="rác", media_group_id="g1")
    assert found.said == Said("rác", ref="9", files=(Source("large", "photo", 1),)) and found.album == "g1"


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [("document", "document"), ("voice", "spoken"), ("audio", "spoken"), ("video", "film"),
     ("video_note", "spoken"), ("animation", "film")],
)  # fmt: skip
def test_files(theirs: str, ours: str) -> None:
    assert said(**{theirs: FILE | {"file_size": 30_000_000}}).said.files == (Source("f", ours, 30_000_000),)


def test_the_largest_photo_wherever_it_stands() -> None:
    sizes = [
        {"file_id": f"{side}", "file_unique_id": f"{side}", "width": side, "height": side}
        for side in (90, 800, 320)
    ]
    assert said(photo=sizes).said.files == (Source("800", "photo"),)


def test_an_animation_is_one_file() -> None:
    assert len(said(animation=FILE, document=FILE).said.files) == 1


def test_a_place_a_venue_a_contact_a_sticker() -> None:
    place = {"latitude": 15.1, "longitude": 108.8}
    assert said(location=place).said.pin == Pin(15.1, 108.8)
    venue = said(venue={"location": place, "title": "Chợ", "address": "xã Sơn Tây"}).said
    assert venue.pin == Pin(15.1, 108.8) and venue.text == "Chợ, xã Sơn Tây"
    assert said(contact={"phone_number": "0905123456", "first_name": "An"}).said.text == "0905123456"
    assert said(sticker=FILE | {"type": "regular", "is_animated": False, "is_video": False}).said == Said(
        ref="9"
    )
    assert said(location={"latitude": 900, "longitude": 1}).said.pin is None


def test_an_edit_and_what_is_none() -> None:
    assert said(kind="edited_message", text="sửa").kind is Kind.edit
    assert (
        read(json.dumps(update(kind="edited_message", location={"latitude": 1, "longitude": 1})).encode())
        == ()
    )
    assert read(json.dumps(update(kind="edited_message")).encode()) == ()


def press(**fields: Any) -> tuple[Incoming, ...]:
    query = {
        "id": "4",
        "from": SENDER,
        "chat_instance": "1",
        "message": {"message_id": 1, "date": 0, "chat": CHAT},
    }
    made = make.of_telegram({"update_id": 6, "callback_query": {**query, **fields}})
    return read(json.dumps(made).encode())


def test_a_press() -> None:
    (incoming,) = press(data="do/menu")
    assert incoming.kind is Kind.press and incoming.said == Said(choice="do/menu", ack="4")


@pytest.mark.parametrize("data", ["", "x" * 65, "chào", "a\nb"])
def test_foreign_data_of_a_press_is_no_button_of_ours(data: str) -> None:
    assert press(data=data)[0].said.choice == "do/?"


def test_a_press_elsewhere_says_nothing() -> None:
    assert press(message=None) == ()


@pytest.mark.parametrize(("status", "control"), [("kicked", Control.blocked), ("member", Control.back)])
def test_blocked_and_back(status: str, control: Control) -> None:
    bot = {"id": 42, "is_bot": True, "first_name": "Nếp Sống"}
    old = {"user": bot, "status": "member" if status == "kicked" else "kicked", "until_date": 0}
    new = {"user": bot, "status": status, "until_date": 0}
    change = {"chat": CHAT, "from": SENDER, "date": 1, "old_chat_member": old, "new_chat_member": new}
    made = make.of_telegram({"update_id": 7, "my_chat_member": change})
    (incoming,) = read(json.dumps(made).encode())
    assert incoming.kind is Kind.control and incoming.said.control is control


def test_a_chat_that_moved() -> None:
    found = said(chat={"id": -5, "type": "group"}, migrate_to_chat_id=-1005)
    assert found.address == "-5" and found.said == Said(control=Control.moved, moved_to="-1005")


def test_groups_and_other_updates_say_nothing() -> None:
    assert read(json.dumps(update(chat={"id": -5, "type": "group"}, text="chào")).encode()) == ()
    assert read(b'{"update_id": 3, "poll": {"id": "1"}}') == ()


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"null", b'{"update_id": "5"}', b'{"message": {}}', b"\xff\xfe",
        b'{"update_id": 9223372036854775808}', b'{"update_id": -1}', b"[" * 100_000,
        json.dumps(update(chat={"id": 2**63, "type": "private"}, text="a")).encode(),
        json.dumps(update(text=5)).encode(),
    ],
)  # fmt: skip
def test_garbage_is_not_ours(body: bytes) -> None:
    with pytest.raises(NotOurs):
        read(body)


def test_times_in_the_far_future_do_not_matter() -> None:
    (incoming,) = read(
        json.dumps(update(text="a", date=10**15)).encode()
    )  # no client's model takes that date
    assert incoming.sent_at == 5


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
WHOLE = update(
    text="a", caption="b", media_group_id="c", photo=[{"file_id": "f", "file_size": 1}],
    document={"file_id": "f"}, location={"latitude": 1, "longitude": 2},
    venue={"location": {"latitude": 1, "longitude": 2}, "title": "t", "address": "a"},
    contact={"phone_number": "1"},
)  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for key, child in inner for found in places(child, (*path, key)))]


def put(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = put(value[path[0]], path[1:], new)
    return copy


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(places(WHOLE)), junk, st.sampled_from(["message", "edited_message"]))
def test_a_wrong_value_anywhere_gives_messages_or_not_ours(
    path: tuple[Any, ...], value: Any, kind: str
) -> None:
    whole = put(WHOLE, path, value)
    if isinstance(whole, dict) and "message" in whole:
        whole[kind] = whole.pop("message")
    for reader, given_ in ((read, json.dumps(whole).encode()), (read_polled, whole)):
        try:
            found = reader(given_)
        except NotOurs:
            continue
        assert all(isinstance(incoming, Incoming) for incoming in found)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes(body: bytes) -> None:
    with contextlib.suppress(NotOurs):
        assert isinstance(read(body), tuple)


def test_what_is_asked_for_is_what_is_read() -> None:
    assert reading.allowed() == ["message", "edited_message", "callback_query", "my_chat_member"]
