"""A browser's JSON to what was said. Pure."""

import re

import msgspec
from msgspec import Struct

from content.wording import LANGUAGES
from storage.shapes import Kind, Said, Source

LONGEST = 20_000  # characters that are taken in; the bot itself says kindly when it is too much

_KEY = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
MOST_FILES = 10  # with one message

_FILE = re.compile(r"[0-9a-f]{32}")
_KINDS = {"image": "photo", "audio": "spoken", "video": "film"}  # what a browser says it is; else a document
_TOKEN = re.compile(r"[\x21-\x7e]{1,64}")


class NotOurs(Exception):
    """A body that our page never sends; `key` is the wording that tells what to do."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


class File(Struct, frozen=True):
    """A file that was uploaded before."""

    token: str
    type: str = ""
    "As the browser names it: image/jpeg."


class Posted(Struct, frozen=True):
    """What our page posts."""

    key: str
    text: str = ""
    choice: str | None = None
    lang: str | None = None
    files: tuple[File, ...] = ()


_decode = msgspec.json.Decoder(Posted).decode


def read(body: bytes) -> tuple[str, Kind, Said]:
    """The message's key, kind and content; raises NotOurs."""
    try:
        posted = _decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise NotOurs("chat.unreadable") from error
    if not _KEY.fullmatch(posted.key):
        raise NotOurs("chat.unreadable")
    language = posted.lang if posted.lang in LANGUAGES else None
    if posted.choice is not None:
        if not _TOKEN.fullmatch(posted.choice):
            raise NotOurs("chat.unreadable")
        return posted.key, Kind.press, Said(choice=posted.choice, language=language)
    text = posted.text.replace("\0", "").strip()
    if not text and not posted.files:
        raise NotOurs("chat.empty")
    if len(text) > LONGEST:
        raise NotOurs("chat.long")
    return posted.key, Kind.message, Said(text=text, language=language, files=_sources(posted.files))


def _sources(files: tuple[File, ...]) -> tuple[Source, ...]:
    named = {file.token: _KINDS.get(file.type.partition("/")[0], "document") for file in files}
    if len(named) > MOST_FILES or not all(_FILE.fullmatch(token) for token in named):
        raise NotOurs("chat.unreadable")
    return tuple(Source(token, kind) for token, kind in named.items())
