"""One JSON line an event, through one redaction. No secret and no citizen's word reaches a log:
what is logged are names, ids, counts and the classes of errors."""

import logging
import re
import sys
from collections.abc import Sequence

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

# Provider tokens stand in URLs (`/bot<digits>:<secret>/…`); a password stands in a database's URL.
_TOKENS = re.compile(r"(?<!\d)\d{6,}:[\w-]{20,}|(?<=://)[^/\s@]+:[^/\s@]+(?=@)")


def set_up(level: str, secrets: Sequence[str] = ()) -> None:
    """Sends our own and every library's log through the redaction to standard error."""
    redact = _redaction(secrets)
    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.EventRenamer("event"),
        redact,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[_bare, *shared],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for talkative in ("httpx", "httpcore", "telegram", "aiohttp.access", "alembic", "asyncio"):
        logging.getLogger(talkative).setLevel(logging.WARNING)  # httpx logs whole URLs at INFO


def _redaction(secrets: Sequence[str]) -> Processor:
    known = sorted({secret for secret in secrets if len(secret) >= 8}, key=len, reverse=True)

    def redact(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        for key, value in event.items():
            if isinstance(value, str) and not key.startswith("_"):
                for secret in known:
                    value = value.replace(secret, "***")
                event[key] = _TOKENS.sub("***", value)
        return event

    return redact


def _bare(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """A library's record without its words: aiohttp puts raw headers into its message, SQLAlchemy
    parameters, and an exception's text may quote what somebody typed."""
    record = event.get("_record")
    error = record.exc_info[0] if record is not None and record.exc_info else None
    if record is not None:
        record.exc_info, record.exc_text = None, None
        event["event"] = f"{record.name}: {error.__name__ if error else _first_words(str(record.msg))}"
        event.pop("exc_info", None)
    return event


def _first_words(message: str) -> str:
    """A record's template, not its arguments."""
    return message.partition("\n")[0][:80]
