"""Logging belongs to a process, so each test has one."""

import json
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

BEGIN = """
import logging
import structlog
from bot import logs

logs.set_up("info", ["very-secret-word"])
log = structlog.get_logger()
"""


def lines(code: str) -> list[dict[str, object]]:
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", BEGIN + dedent(code)],
        capture_output=True, check=True, cwd=Path(__file__).parents[2], text=True,
    )  # fmt: skip
    return [json.loads(line) for line in run.stderr.splitlines()]


def test_an_event_is_one_json_line() -> None:
    (line,) = lines('log.info("slow write", ms=70)')
    assert line["event"] == "slow write" and line["ms"] == 70 and line["level"] == "info"


def test_known_secrets_and_tokens_are_starred() -> None:
    url = "https://h/bot123456789:AAbbccddeeffgghhiijjkkllmm/send"
    (line,) = lines(f'log.info("x", url="{url}", a="very-secret-word!", b="postgresql://u:pw123456@h")')
    assert (
        line["url"] == "https://h/bot***/send" and line["a"] == "***!" and line["b"] == "postgresql://***@h"
    )


def test_a_librarys_record_keeps_its_class_and_loses_its_words() -> None:
    (line,) = lines("""
        try:
            raise ValueError("what a citizen typed")
        except ValueError:
            logging.getLogger("aiohttp.server").exception("Error handling request from %s", "raw header words")
    """)
    assert line["event"] == "aiohttp.server: ValueError"
    assert "citizen" not in str(line) and "header words" not in str(line)


def test_talkative_libraries_are_quiet() -> None:
    assert lines('logging.getLogger("httpx").info("HTTP Request: POST https://h/bot1:token")') == []
