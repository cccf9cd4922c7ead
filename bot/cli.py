"""`nepsong …`: each command a function; what goes wrong is one sentence and an exit code, no traceback."""

import argparse
import asyncio
import contextlib
import gc
import getpass
import os
import signal
import sys
import threading
import uuid
from collections.abc import AsyncIterator, Iterable, Iterator
from pathlib import Path
from typing import TextIO, TypeVar

import msgspec
import uvloop
from sqlalchemy import Connection

from bot import app, logs, settings
from bot.app import Refused
from bot.channels import PULLED
from bot.channels.terminal import writing
from bot.channels.terminal.channel import FACTS as TERMINAL
from bot.metrics import Metrics
from bot.settings import Settings, SettingsWrong
from bot.signals import Signals
from bot.web.routes import ALWAYS, CHAT, HOOKS
from content import catalog, codes, moments
from content.catalog import Catalog, ContentWrong
from content.likeness import grouped
from content.masking import masked
from content.places import Found
from content.wording import LANGUAGES
from handlers import batch, offices
from handlers.cases import NotAllowed
from handlers.citizens.asking import ANSWER
from handlers.citizens.forget import forget
from handlers.citizens.stories import INTENTS
from handlers.router import router
from handlers.staff import submissions as staff
from handlers.turn import Standing, Turn
from storage import (
    attachments,
    conversations,
    feedback,
    inbox,
    outbox,
    submissions,
    timers,
    unanswered,
)
from storage.conversations import Conversation
from storage.database import Database, StorageDown
from storage.files import Spoilt
from storage.inbox import Waiting
from storage.nowhere import open_nowhere
from storage.shapes import Incoming, Kind, Said
from storage.submissions import Submission

PATIENCE_S = 15  # how long `talk` waits for an answer


def main(arguments: list[str] | None = None) -> int:
    """Runs one command; its exit code: 0 well, 1 refused or wrong, 2 called wrongly."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.command(options) or 0)
    except (SettingsWrong, ContentWrong) as error:
        return _complain(error.mistakes)
    except Refused as error:
        return _complain([f"nepsong: {error}"])
    except StorageDown as error:
        return _complain([f"nepsong: the database cannot be used ({error}); nothing was lost, try again"])
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # whoever read our output has left
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except OSError as error:
        return _complain([f"nepsong: {error.strerror or type(error).__name__}"])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="nepsong", description="Nếp Sống, the movement's chat service.")
    parser.add_argument(
        "--config", type=Path, default=_config(), help="the settings file (default: %(default)s)"
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, function: object, help: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=help, description=help)
        made.set_defaults(command=function)
        return made

    command("serve", serve, "start the service and print its addresses")
    command("migrate", migrate, "bring the database to this program's revision")
    command("check", check, "report every mistake in settings and content, as file:key: what")
    talk_ = command("talk", talk, "be a citizen in the terminal; with a text, print the answer and exit")
    talk_.add_argument("text", nargs="?", help="what to say")
    talk_.add_argument("--lang", choices=LANGUAGES, default=LANGUAGES[0], help="the language to begin in")
    command(
        "understand",
        understand,
        'read JSON lines {"text": …, "lang"?: …, "about"?: …}, print what is understood and answered',
    ).add_argument("--why", action="store_true", help="with what spoke for each candidate")
    command(
        "places",
        find_places,
        'read JSON lines {"text": …} or {"latitude": …, "longitude": …}, print the unit',
    )
    for name, function, help in (
        ("queues", queues, "how full inbox, outbox and timers are, and what was set aside"),
        ("routes", routes, "every address of the service and who may use it"),
        ("feedback", read_feedback, "what people think of the service, the newest first"),
        ("unanswered", read_unanswered, "questions without an answer, masked, those alike together"),
    ):
        command(name, function, help).add_argument("--json", action="store_true", help="as JSON")
    command(
        "submissions", read_submissions, "what people reported, the newest first; never who"
    ).add_argument("--json", action="store_true", help="as JSON")
    act_ = command("act", act, "do what staff do with a submission")
    act_.add_argument("id", type=_row, metavar="ID", help="a number from `submissions`")
    act_.add_argument("what", metavar="ACT", help="a state of content/states.toml, or say, or extend")
    act_.add_argument("--text", default="", help="words for its author")
    act_.add_argument("--office", type=_row, help="the code of the unit that it goes to")
    act_.add_argument(
        "--days",
        type=int,
        choices=range(1, 61),
        metavar="1..60",
        default=5,
        help="working days, for extend (default: %(default)s)",
    )
    file_ = command("file", read_file, "write one file that somebody sent to standard output")
    file_.add_argument("id", type=_row, metavar="ID", help="a number from `feedback`")
    replay_ = command("replay", replay, "let parked messages be answered after all")
    replay_.add_argument("ids", nargs="+", type=_row, metavar="ID", help="numbers from `queues`")
    return parser


def _row(text: str) -> int:
    number = int(text)
    if not 0 < number < 2**63:
        raise ValueError(text)
    return number


def _config() -> Path:
    here = Path("config.toml")
    return here if here.exists() else Path(__file__).parent.parent / "config.toml"


def serve(options: argparse.Namespace) -> int:
    """Runs until SIGINT or SIGTERM."""
    ours, known = _set_up(options)
    gc.freeze()  # what was loaded stays: the collector need not look through it again and again
    return uvloop.run(_serve(ours, known))


async def _serve(ours: Settings, known: Catalog) -> int:
    signals, metrics = Signals(), Metrics()
    asked = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, asked.set)
    with app.opened(ours, app.Watch(signals, metrics)) as database, app.alone(database) as owned:
        if owned is None:
            raise Refused(
                "another `nepsong serve` or `nepsong talk` uses this database: stop it first; several processes need PostgreSQL"
            )
        async with (
            app.running(ours, known, database, signals, metrics) as parts,
            app.listening(parts) as address,
        ):
            _print(
                f"Nếp Sống {address}/  (chat)\n         {address}/readyz  /metrics\nCtrl-C stops it; nothing is lost."
            )
            await asked.wait()
    return 0


def migrate(options: argparse.Namespace) -> None:
    """Brings the database up to date."""
    ours = settings.read(options.config)
    with app.opened(ours, migrate=True):
        _print("nepsong: the database is at this program's revision")


def check(options: argparse.Namespace) -> int:
    """Every mistake of settings and content at once."""
    try:
        _, known = _loaded(options)
    except SettingsWrong as error:
        _print(str(error))
        return 1
    _print(
        f"nepsong: well: {len(known.entries)} entries, {len(known.themes)} themes, {len(LANGUAGES)} languages"
    )
    return 0


def queues(options: argparse.Namespace) -> None:
    """What waits."""
    with _reading(options) as database:
        counts = database.ask(inbox.counts).result()
        parked = database.ask(inbox.parked).result()
        clock = database.ask(timers.counts).result()
        on_their_way = database.ask(outbox.counts).result()
        refused = database.ask(outbox.refused).result()
        loading = database.ask(attachments.counts).result()
    pulled = {
        name: n for name, n in on_their_way.items() if name.split("/")[0] in {facts.name for facts in PULLED}
    }
    pushed = {name: n for name, n in on_their_way.items() if name not in pulled}
    report = {
        "inbox": {"waiting": counts.waiting, "parked": counts.parked},
        "outbox": {
            s.value: _of(pushed, s)
            for s in (outbox.Status.waiting, outbox.Status.sending, outbox.Status.held)
        },
        "unfetched": {name.split("/")[0]: n for name, n in pulled.items()},
        "timers": {"set": clock.get("waiting", 0), "parked": clock.get("parked", 0)},
        "files": {"waiting": sum(loading.values())},
        "parked": [msgspec.to_builtins(p) for p in parked],
        "refused": [msgspec.to_builtins(r) for r in refused],
    }
    _show(options, report)


def _of(counts: dict[str, int], status: outbox.Status) -> int:
    return sum(n for name, n in counts.items() if name.endswith(f"/{status.value}"))


def routes(options: argparse.Namespace) -> None:
    """Every address."""
    rows = [{"path": r.path, "method": r.method, "who": r.who} for r in (*CHAT, *HOOKS, *ALWAYS)]
    if options.json:
        return _show(options, rows)
    for row in rows:
        _print(f"{row['method']:5} {row['path']:20} {row['who']}")
    return None


def read_feedback(options: argparse.Namespace) -> None:
    """What people wrote; unsealed here, for whoever has the key ring."""
    with _reading(options) as database:
        newest = database.ask(lambda db: feedback.newest(db, 200)).result()
        files = database.ask(
            lambda db: {id: attachments.of_feedback(db, id) for id, _, told in newest if told.files}
        ).result()
    rows = [
        {
            "id": id,
            "told_at": at,
            "what": told.what,
            "contact": told.contact,
            "files": [{"id": f.id, "mime": f.mime, "bytes": f.bytes} for f in files.get(id, ())],
        }
        for id, at, told in newest
    ]
    _show(options, rows)


def read_unanswered(options: argparse.Namespace) -> None:
    """Questions that somebody should write an entry for: those asked most first."""
    with _reading(options) as database:
        found = database.ask(lambda db: unanswered.newest(db, 5_000)).result()
    groups = [[found[place] for place in group] for group in grouped([q.text for q in found])]
    groups.sort(key=lambda group: -sum(q.times for q in group))
    rows = [
        {
            "times": sum(q.times for q in group),
            "first_at": min(q.first_at for q in group),
            "last_at": max(q.last_at for q in group),
            "questions": [
                {"text": q.text, "language": q.language, "times": q.times}
                for q in sorted(group, key=lambda q: -q.times)
            ],
        }
        for group in groups
    ]
    _show(options, rows)


def read_submissions(options: argparse.Namespace) -> None:
    """What lists show: masked, without their authors."""
    _, known = _loaded(options)
    with _reading(options) as database:
        found = database.ask(lambda db: submissions.newest(db, 1_000)).result()
        files = database.ask(lambda db: {s.id: attachments.of_submission(db, s.id) for s in found}).result()
    rows = [
        {
            "id": s.id,
            "number": s.number,
            "kind": s.kind.value,
            "theme": s.theme,
            "unit": s.unit,
            "unit_name": known.named(s.unit) if s.unit else None,
            "office": offices.named(known, s.office, LANGUAGES[0]),
            "state": s.state,
            "urgent": s.urgent,
            "anonymous": s.anonymous,
            "masked": s.masked,
            "files": [{"id": f.id, "kind": f.kind, "mime": f.mime, "bytes": f.bytes} for f in files[s.id]],
            "filed_at": s.filed_at,
            "accept_by": s.accept_by,
            "resolve_by": s.resolve_by,
            "version": s.version,
        }
        for s in found
    ]
    _show(options, rows)


def act(options: argparse.Namespace) -> int:
    """One act of staff; its author hears of it as from the console."""
    ours, known = _loaded(options)
    now, text = app.clock(), options.text.encode(errors="replace").decode()

    def done(db: Connection) -> Submission:
        if options.what == "say":
            return staff.say(db, known, options.id, text, now)
        if options.what == "extend":
            return staff.extend(db, known, options.id, options.days, text, now)
        return staff.move(db, known, options.id, options.what, now, text=text or None, office=options.office)

    with app.opened(ours, make=False) as database:
        try:
            changed = database.submit(done, "act").result()
        except NotAllowed as error:
            return _complain([f"nepsong: {known.speaker(LANGUAGES[0])(str(error))}"])
    _print(f"nepsong: {changed.number}: {known.state(changed.state).staff}")
    return 0


def read_file(options: argparse.Namespace) -> int:
    """One file that somebody sent, unsealed to standard output."""
    ours = settings.read(options.config)
    with app.opened(ours, make=False) as database:
        found = database.ask(lambda db: attachments.kept(db, options.id)).result()
        try:
            content = app.files_of(ours, database).read(found.file) if found else None
        except (FileNotFoundError, Spoilt):
            return _complain(
                [
                    f"nepsong: file {options.id} is missing or spoilt in {ours.service.data_dir / 'files'}: restore it from a backup"
                ]
            )
    if content is None:
        return _complain([f"nepsong: there is no kept file {options.id}: see `nepsong feedback`"])
    sys.stdout.buffer.write(content)
    return 0


def replay(options: argparse.Namespace) -> int:
    """Puts parked messages back."""
    with _reading(options) as database:

        def refused(number: int) -> bool:
            return not database.submit(lambda db: batch.replay(db, number, app.clock()), "replay").result()

        missed = [number for number in options.ids if refused(number)]
    return _complain([f"nepsong: {number} is not a parked message that can be read" for number in missed])


def understand(options: argparse.Namespace) -> int:
    """An outsider's view of understanding and answering."""
    _, known = _loaded(options)
    decide = router(known)
    wrong = False
    with open_nowhere() as nobodys:
        for asked in _lines(Asked):
            if isinstance(asked, str):
                _print(msgspec.json.encode({"error": asked}).decode())
                wrong = True
                continue
            heard = known.understand(asked.text, asked.about, options.why)
            language = asked.lang if asked.lang in LANGUAGES else LANGUAGES[0]
            person = Conversation(0, TERMINAL.name, language, None, app.clock())
            if asked.about in known.entries:
                person = msgspec.structs.replace(
                    person, mark=msgspec.json.encode(Standing(about=asked.about))
                )
            message = Waiting(1, 0, Kind.message, Said(asked.text), app.clock())
            decided = decide(nobodys, person, message, app.clock())
            nobodys.rollback()  # nobody spoke before, each time
            best = known.entries[heard.hits[0].key] if heard.hits and heard.sure >= ANSWER else None
            out = {
                "text": asked.text,
                "intent": heard.intent,
                "entry": {"key": heard.hits[0].key, "title": best.titled(language)} if best else None,
                "score": heard.sure,
                "danger": heard.danger,
                "runners_up": [
                    {"key": h.key, "title": known.entries[h.key].titled(language), "score": h.sure}
                    for h in heard.hits[1 if best else 0 :]
                ],
                "kind": next((kind for kind, intent in INTENTS.items() if intent == heard.intent), None),
                "theme": heard.theme or (best.theme if best else None),
                "unit": _unit(known, known.places.find(asked.text)),
                "moment": moments.read(asked.text, Turn.local(app.clock())),
                "code": codes.read(asked.text),
                "masked": masked(asked.text),
                "answer": "\n\n".join(text for answer in decided.answers for text in answer.texts),
            }
            if options.why:
                out["why"] = [
                    {"key": hit.key, **msgspec.to_builtins(hit.why)} for hit in heard.hits if hit.why
                ]
            _print(msgspec.json.encode(out).decode())
    return 1 if wrong else 0


_Line = TypeVar("_Line")


def _lines(shape: type[_Line]) -> Iterator[_Line | str]:
    """Standard input's JSON lines, each as this shape or as what is wrong with it."""
    for number, line in enumerate(sys.stdin.buffer, 1):
        if not line.strip():
            continue
        try:
            yield msgspec.json.decode(line, type=shape)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            what = error if isinstance(error, msgspec.DecodeError) else "nested too deeply, or no UTF-8"
            yield f"line {number}: {what}"


def find_places(options: argparse.Namespace) -> int:
    """Where a name, or a place on the map, is today."""
    _, known = _loaded(options)
    wrong = False
    for asked in _lines(Placed):
        if isinstance(asked, str):
            out: dict[str, object] | None = {"error": asked}
            wrong = True
        elif asked.latitude is not None and asked.longitude is not None:
            code = known.places.nearest(asked.latitude, asked.longitude)
            out = {"unit": code, "name": known.places.named(code) if code is not None else None}
        else:
            out = {"text": asked.text, **(_unit(known, known.places.find(asked.text, alone=True)) or {})}
        _print(msgspec.json.encode(out).decode())
    return 1 if wrong else 0


def _unit(known: Catalog, found: Found | None) -> dict[str, object] | None:
    """What a text names, with the names of today."""
    if found is None:
        return None
    names = known.places.named
    return {
        "unit": found.unit,
        "name": names(found.unit) if found.unit is not None else None,
        "choices": [{"unit": code, "name": names(code)} for code in found.choices],
        "community": found.community,
        "said": found.said,
        "former": found.former,
    }


class Placed(msgspec.Struct):
    """A line that `places` reads."""

    text: str = ""
    latitude: float | None = None
    longitude: float | None = None


class Asked(msgspec.Struct):
    """A line that `understand` reads."""

    text: str
    lang: str | None = None
    about: str | None = None
    "The entry that was told before it."


def talk(options: argparse.Namespace) -> int:
    """The terminal is a channel like any other: through inbox and outbox."""
    ours, known = _set_up(options, level="critical")  # a citizen's terminal is no place for logs
    text = options.text and options.text.encode(errors="replace").decode()
    return asyncio.run(_talk(ours, known, text, options.lang))


async def _talk(ours: Settings, known: Catalog, text: str | None, language: str) -> int:
    signals, metrics = Signals(), Metrics()
    once = text is not None
    address = f"once:{uuid.uuid4()}" if once else f"local:{getpass.getuser()}"
    with app.opened(ours, app.Watch(signals, metrics)) as database, app.alone(database) as owned:
        # where a service runs on the same SQLite file, that one answers
        async with app.running(ours, known, database, signals, metrics) if owned else _nobody():
            if text is not None:
                heard = await _exchange(database, signals, address, text, language)
                conversation = await database.read(conversations.find, TERMINAL.name, address)
                if conversation is not None:
                    await database.write(forget, conversation, app.clock())
                return 0 if heard else 1
            _print(
                known.speaker(language)("welcome.who") + "\n" + known.speaker(language)("welcome.how") + "\n"
            )
            lines: asyncio.Queue[str | None] = asyncio.Queue()
            # a daemon: Ctrl-C must not wait for the Enter that input() waits for
            threading.Thread(
                target=_read_lines, args=(lines, asyncio.get_running_loop()), daemon=True
            ).start()
            while (line := await lines.get()) is not None:
                if line.strip():
                    await _exchange(database, signals, address, line, language)
    return 0


async def _exchange(database: Database, signals: Signals, address: str, text: str, language: str) -> bool:
    """Says one thing and prints what comes back; whether anything did."""
    key = str(uuid.uuid4())
    incoming = Incoming(TERMINAL.name, address, key, app.clock(), Said(text=text))
    await database.write(inbox.keep, incoming, app.clock(), language=language, keep_address=False)
    conversation = await database.read(conversations.find, TERMINAL.name, address)
    assert conversation is not None  # kept just now
    with signals.listen(f"chat/{conversation}") as bell:
        for _ in range(PATIENCE_S * 4):
            shown = [s for s in await database.read(outbox.show, conversation, 0) if s.answers == key]
            if shown:
                await database.write(
                    outbox.fetched, conversation, shown[-1].id, app.clock(), TERMINAL.keep_ms
                )
                _print(writing.write(shown) + "\n")
                return True
            await bell.wait(0.25)
    _print(
        f"nepsong: no answer within {PATIENCE_S} seconds; the message is kept and will be answered",
        sys.stderr,
    )
    return False


def _read_lines(lines: "asyncio.Queue[str | None]", loop: asyncio.AbstractEventLoop) -> None:
    for raw in sys.stdin.buffer:
        loop.call_soon_threadsafe(lines.put_nowait, raw.decode(errors="replace").rstrip("\n"))
    loop.call_soon_threadsafe(lines.put_nowait, None)


@contextlib.asynccontextmanager
async def _nobody() -> AsyncIterator[None]:
    yield


def _set_up(options: argparse.Namespace, level: str | None = None) -> tuple[Settings, Catalog]:
    """Settings and content, and the logs that the settings wish."""
    ours, known = _loaded(options)
    logs.set_up(level or ours.log.level, settings.secrets(ours))
    return ours, known


def _loaded(options: argparse.Namespace) -> tuple[Settings, Catalog]:
    """Settings and content; raises SettingsWrong with every mistake of both."""
    mistakes: list[str] = []
    ours = None
    try:
        ours = settings.read(options.config)
    except SettingsWrong as error:
        mistakes += error.mistakes
    try:
        known = catalog.load(local=app.local_of(ours) if ours else catalog.NOWHERE)
    except ContentWrong as error:
        mistakes += error.mistakes
    if ours is None or mistakes:
        raise SettingsWrong(mistakes)
    return ours, known


@contextlib.contextmanager
def _reading(options: argparse.Namespace) -> Iterator[Database]:
    with app.opened(settings.read(options.config), make=False) as database:
        yield database


def _show(options: argparse.Namespace, report: object) -> None:
    text = msgspec.json.format(msgspec.json.encode(report), indent=0 if options.json else 2).decode()
    _print(text)


def _complain(mistakes: Iterable[str]) -> int:
    """Prints mistakes to standard error; the exit code."""
    code = 0
    for mistake in mistakes:
        _print(mistake, sys.stderr)
        code = 1
    return code


def _print(text: str, stream: TextIO | None = None) -> None:
    out = stream or sys.stdout
    out.write(text + "\n")
    out.flush()
