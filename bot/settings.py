"""The deployment's settings: `config.toml`, overridden by the environment. All mistakes at once."""

import os
import re
import tomllib
from collections.abc import Mapping
from datetime import date, time
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

PREFIX = "NEPSONG_"
TESTS = "NEPSONG_TEST_"  # names for the test suite only; no setting begins like this


_SESSION = r"^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d$"
_DAYS = r"^\s*(\d{4}-\d{2}-\d{2}(\s+|$))*$"


class SettingsWrong(Exception):
    """The settings have mistakes; `mistakes` holds every one as `file:key: what`."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Service(_Section):
    """Where it listens and keeps its files."""

    host: str = "127.0.0.1"
    "The address to listen on."
    port: Annotated[int, Field(ge=0, le=65535)] = 8080
    "The port to listen on; 0 takes a free one."
    public_url: Annotated[str, Field(pattern=r"^(https?://[^/\s]+)?$")] = ""
    "How people reach it, without a path; with https the cookie is marked secure."
    data_dir: Path = Path("data")
    "Database, key file and locks; relative to config.toml."


class DatabaseSettings(_Section):
    """Which database."""

    url: SecretStr = SecretStr("")
    "Empty: SQLite in data_dir. Else postgresql://user:password@host/name."

    @field_validator("url")
    @classmethod
    def _fits(cls, url: SecretStr) -> SecretStr:
        given = url.get_secret_value()
        try:
            url_ = make_url(given) if given else None
            fits = url_ is None or (
                url_.get_backend_name() in ("sqlite", "postgresql") and bool(url_.database)
            )
        except ArgumentError:
            fits = False
        if not fits:
            raise ValueError("must be empty, sqlite:///file or postgresql://user:password@host/name")
        return url


class Keys(_Section):
    """The key ring that seals what people say."""

    ring: SecretStr = SecretStr("")
    "Lines or commas of `number:base64`; empty: the file `keys` in data_dir."


class Log(_Section):
    """What is logged."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    "The least important level that is written."


class Province(_Section):
    """What people are told of this province; empty: nothing is said of it."""

    reception_office: str = ""
    "Where citizens are received: denunciations, complaints."
    reception_address: str = ""
    "Its address."
    reception_hours: str = ""
    "Its hours, as people read them."
    emergency_name: str = ""
    "What the province's own emergency number is for."
    emergency_phone: Annotated[str, Field(pattern=r"^[\d .+()-]{0,30}$")] = ""
    "That number; shown with 113, 114, 115 and 111."
    code: Annotated[int, Field(ge=1, le=99)] = 51
    "The province's official number: reports are taken from its communes."
    office: str = ""
    "The movement's standing agency of the province, as people read it; empty: named in general words."
    keep_days: Annotated[int, Field(ge=1, le=3650)] = 180
    "How long original words, files and the link to their author are kept after a report has ended."


class Hours(_Section):
    """When offices work: deadlines count these."""

    morning: Annotated[str, Field(pattern=_SESSION)] = "07:30-11:30"
    "The first session of a working day."
    afternoon: Annotated[str, Field(pattern=_SESSION)] = "13:30-17:00"
    "The second."
    off: Annotated[str, Field(pattern=_DAYS)] = ""
    "More days off, as 2027-02-05 2027-02-12; weekends and public holidays are known."
    worked: Annotated[str, Field(pattern=_DAYS)] = ""
    "Weekends or holidays that are worked."

    @model_validator(mode="after")
    def _makes_a_day(self) -> "Hours":
        days(self.off), days(self.worked)
        (begin, noon), (again, close) = session(self.morning), session(self.afternoon)
        if not begin < noon <= again < close:
            raise ValueError("morning and afternoon must be two sessions of a day, in order and apart")
        if both := days(self.off) & days(self.worked):
            raise ValueError(f"both off and worked: {', '.join(map(str, sorted(both)))}")
        return self


def session(text: str) -> tuple[time, time]:
    """ "07:30-11:30" as two times."""
    begin, end = text.split("-")
    return time.fromisoformat(begin), time.fromisoformat(end)


def days(text: str) -> frozenset[date]:
    """ "2027-02-05 2027-02-12" as days; raises ValueError for one that there is not."""
    return frozenset(date.fromisoformat(day) for day in text.split())


class WebChat(_Section):
    """The chat page."""

    enabled: bool = True
    "Off: `/` answers 404 and nothing is taken in."


class TelegramSettings(_Section):
    """The bot on Telegram."""

    enabled: bool = False
    "Off: no trace of it anywhere else."
    token: SecretStr = SecretStr("")
    "From @BotFather."
    api_url: Annotated[str, Field(pattern=r"^https?://[^\s]+$")] = "https://api.telegram.org"
    "Telegram's Bot API, or a server of one's own."
    mode: Literal["polling", "webhook"] = "polling"
    "polling: we ask Telegram, no public address is needed. webhook: Telegram posts to /hooks/telegram."
    webhook_secret: SecretStr = SecretStr("")
    "What Telegram shows with every post; empty: made from the token, and told to Telegram by us."
    per_second: Annotated[float, Field(gt=0, le=1_000_000)] = 28.0
    "Messages a second to all people together; Telegram allows about 30."

    @field_validator("token", "webhook_secret")
    @classmethod
    def _fits(cls, given: SecretStr, info: ValidationInfo) -> SecretStr:
        shapes = {
            "token": (r"(\d+:[\w-]+)?", "must be like 123456:ABC-…, as @BotFather gives it"),
            "webhook_secret": (r"[\w-]{0,256}", "may hold 256 of A-Z a-z 0-9 _ -"),
        }
        pattern, told = shapes[info.field_name or ""]
        if not re.fullmatch(pattern, given.get_secret_value(), re.ASCII):
            raise ValueError(told)
        return given

    @model_validator(mode="after")
    def _whole(self) -> "TelegramSettings":
        if self.enabled and not self.token.get_secret_value():
            raise ValueError("token is needed when it is enabled")
        return self


class Channels(_Section):
    """One section a channel."""

    webchat: WebChat = WebChat()
    telegram: TelegramSettings = TelegramSettings()


class Settings(_Section):
    """Everything that differs between deployments."""

    service: Service = Service()
    database: DatabaseSettings = DatabaseSettings()
    keys: Keys = Keys()
    log: Log = Log()
    channels: Channels = Channels()
    province: Province = Province()
    hours: Hours = Hours()

    @model_validator(mode="after")
    def _hook_can_be_known(self) -> "Settings":
        telegram = self.channels.telegram
        known = self.service.public_url or telegram.webhook_secret.get_secret_value()
        if telegram.enabled and telegram.mode == "webhook" and not known:
            raise ValueError(
                "channels.telegram: mode webhook needs [service] public_url (we tell Telegram where to post), or webhook_secret (you do)"
            )
        return self

    @property
    def database_url(self) -> str:
        """The database to open."""
        given = self.database.url.get_secret_value()
        return given or f"sqlite:///{self.service.data_dir / 'nepsong.db'}"


def secrets(settings: Settings) -> tuple[str, ...]:
    """What must never be seen in a log."""
    telegram = settings.channels.telegram
    held = (settings.database.url, settings.keys.ring, telegram.token, telegram.webhook_secret)
    return tuple(secret.get_secret_value() for secret in held)


def read(file: Path, environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings; raises SettingsWrong with every mistake of file and environment."""
    mistakes: list[str] = []
    raw: dict[str, Any] = {}
    try:
        raw = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        mistakes.append(f"{file.name}:-: not found; run from the project's folder or give --config FILE")
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        mistakes.append(f"{file.name}:-: cannot be read ({error})")
    known = {_environment_name(path): path for path in paths(Settings)}
    given = {n: v for n, v in environment.items() if n.startswith(PREFIX) and not n.startswith(TESTS)}
    for name, value in sorted(given.items()):
        if name in known:
            _put(raw, known[name], value)
        else:
            mistakes.append(f"environment:{name}: no such setting")
    try:
        settings = Settings.model_validate(raw)
    except ValidationError as error:
        mistakes += [_told(e["loc"], e["msg"], given, file.name) for e in error.errors(include_input=False)]
    if mistakes:
        raise SettingsWrong(mistakes)
    data_dir = (file.parent / settings.service.data_dir).resolve()
    service = settings.service.model_copy(update={"data_dir": data_dir})
    return settings.model_copy(update={"service": service})


def paths(model: type[BaseModel], above: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Every setting's path."""
    found: list[tuple[str, ...]] = []
    for name, field in model.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            found += paths(inner, (*above, name))
        else:
            found.append((*above, name))
    return found


def _environment_name(path: tuple[str, ...]) -> str:
    return PREFIX + "_".join(path).upper()


def _put(raw: dict[str, Any], path: tuple[str, ...], value: str) -> None:
    for name in path[:-1]:
        inner = raw.setdefault(name, {})
        raw = inner if isinstance(inner, dict) else {}
    raw[path[-1]] = value


def _told(loc: tuple[int | str, ...], what: str, given: Mapping[str, str], file: str) -> str:
    name = _environment_name(tuple(str(part) for part in loc))
    return f"environment:{name}: {what}" if name in given else f"{file}:{'.'.join(map(str, loc))}: {what}"
