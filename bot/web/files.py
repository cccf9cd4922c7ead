"""Where browsers upload files: sealed piece by piece while they come in, named by the message that follows."""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from typing import ParamSpec, TypeVar

from aiohttp import StreamReader, web
from msgspec import Struct
from sqlalchemy import Connection

from bot.channels.webchat.channel import FACTS
from bot.web.chat import known_by, same_origin, secret_of
from bot.web.parts import Parts, language, parts, refusal
from storage import conversations, staged
from storage.database import StorageDown
from storage.files import CHUNK, Files
from storage.staged import Held

P = ParamSpec("P")
R = TypeVar("R")

PATIENCE_S = 60  # for the next 64 KB: a slow line is borne, one that stands still is not
AT_ONCE = 32  # files that are coming in, in one process
EACH = 3  # of one visitor: the page sends one after the other, in every tab
UNSENT = 20  # of one visitor, two messages' worth: an older one makes room
MOST = Held(files=20_000, bytes=4_000_000_000)  # of all visitors, until they were looked at


class _No(Exception):
    """An upload that is not taken: a status and the wording that tells what to do."""

    def __init__(self, status: int, key: str) -> None:
        super().__init__(key)
        self.status = status
        self.key = key


class _Door(Struct, frozen=True):
    """Who is there, and what waits already."""

    person: int | None
    held: Held


async def post(request: web.Request) -> web.Response:
    """Takes one file in: 200 means that it is on disk, under the name that is told."""
    p = parts(request)
    if request.content_type != "application/octet-stream":
        return refusal(request, 415, "error.request")
    if not same_origin(request):
        return refusal(request, 403, "error.request")
    known, fresh = secret_of(request), secrets.token_urlsafe(32)
    try:
        if (request.content_length or 0) > FACTS.largest_file:
            raise _No(413, "chat.file.large")
        door = await p.database.read(_look, known)
        with _place(p, door):
            file, size = await _receive(p.files, request.content)
    except TimeoutError:
        return refusal(request, 408, "chat.file.slow")
    except _No as no:
        return refusal(request, no.status, no.key)
    try:
        secret = await p.database.write(_keep, known, fresh, language(request), file, size, p.now())
    except BaseException:
        await asyncio.to_thread(p.files.remove, file)
        raise
    return known_by(request, secret, {"token": file})


def _look(db: Connection, known: str | None) -> _Door:
    person = conversations.find(db, FACTS.name, known) if known is not None else None
    return _Door(person, staged.held(db))


@contextlib.contextmanager
def _place(p: Parts, door: _Door) -> Iterator[None]:
    """A place among those that are coming in. Raises _No."""
    visitor = door.person or 0
    full = door.held.files >= MOST.files or door.held.bytes >= MOST.bytes
    if full or p.uploading.total() >= AT_ONCE or (visitor and p.uploading[visitor] >= EACH):
        raise _No(429, "chat.file.busy")
    p.uploading[visitor] += 1
    try:
        yield
    finally:
        p.uploading[visitor] -= 1
        if not p.uploading[visitor]:
            del p.uploading[visitor]


async def _receive(files: Files, body: StreamReader) -> tuple[str, int]:
    """The sealed file's name and its size, once it is on disk. Raises _No, TimeoutError, StorageDown."""
    with await _on_disk(files.new) as new:
        async for piece in _pieces(body):
            if new.size + len(piece) > FACTS.largest_file:
                raise _No(413, "chat.file.large")
            await _on_disk(new.write, piece)
        if not new.size:
            raise _No(400, "files.lost.empty")
        return await _on_disk(new.keep), new.size


async def _pieces(body: StreamReader) -> AsyncIterator[bytes]:
    """The body in pieces of some 64 KB, each in time or TimeoutError."""
    while True:
        piece = bytearray()
        async with asyncio.timeout(PATIENCE_S):
            while len(piece) < CHUNK and (more := await body.readany()):
                piece += more
        if not piece:
            return
        yield bytes(piece)


async def _on_disk(do: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Off the loop: a disk may make one wait. Raises StorageDown."""
    try:
        return await asyncio.to_thread(do, *args, **kwargs)
    except OSError as error:
        raise StorageDown(error.strerror or "disk") from error


def _keep(
    db: Connection, known: str | None, fresh: str, language: str, file: str, size: int, now: int
) -> str:
    """The secret under which the file's conversation is found; a first visitor's is made."""
    person = conversations.find(db, FACTS.name, known) if known is not None else None
    secret = known if known is not None and person is not None else fresh
    if person is None:
        person = conversations.meet(db, FACTS.name, fresh, language, now, keep_address=False)
    staged.add(db, person, file, size, now, most=UNSENT)
    return secret
