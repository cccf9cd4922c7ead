"""`make bench`: all figures in one run, beside the bounds that they must keep; or the parts that are named."""

import json
import os
import platform
import sys
from pathlib import Path

from tests.bench import engine, reports, sending, telegram, understanding, web

# figure: (bound, whether more is better)
BOUNDS = {
    "understanding: search among 200 entries, µs": (300, False),
    "understanding: search among 5,000, µs": (2_000, False),
    "understanding: a question understood, µs": (1_000, False),
    "understanding: all content in memory, MB": (15, False),
    "understanding: all content read as built before, seconds of CPU": (0.3, False),
    "engine, SQLite: decided messages a second": (15_000, True),
    "engine, PostgreSQL: decided messages a second": (10_000, True),
    "web chat: POST to 200 at half load, p50 ms": (5, False),
    "web chat: POST to 200 at half load, p99 ms": (20, False),
    "web chat: question to answer fetched, p50 ms": (100, False),
    "reports: CPU of one without photos, ms": (10, False),
    "reports: answer among 100 people, p99 ms": (500, False),
    "understanding: a report understood, with place and moment, µs": (1_000, False),
    "start to ready, seconds": (2, False),
    "idle memory, MB": (120, False),
    "Telegram: our cpu / aiogram's": (0.5, False),
    "Telegram: our cpu / python-telegram-bot's": (0.17, False),
    "Telegram: our memory / aiogram's": (1, False),
    "Telegram, ours: POST to 200 at half load, p50 ms": (5, False),
    "sending: our CPU / python-telegram-bot's": (0.35, False),
    "sending, ours: messages a second without a limit": (400, True),
}
PARTS = {
    "understanding": understanding.run,
    "engine": engine.run,
    "web": web.run,
    "reports": reports.run,
    "telegram": telegram.run,
    "sending": sending.run,
}


def main() -> int:
    """Prints a table, writes bench.json; 1 if a bound is missed."""
    figures: dict[str, float] = {}
    for name in sys.argv[1:] or PARTS:
        print(f"measuring {name} …", file=sys.stderr)
        figures |= PARTS[name]()
    missed = 0
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    for name, value in figures.items():
        bound, more = BOUNDS.get(name, (None, True))
        kept = bound is None or (value >= bound if more else value <= bound)
        missed += not kept
        wanted = "" if bound is None else f"{'>=' if more else '<='} {bound:,}"
        print(f"  {name:66} {value:12,.2f}  {wanted:12} {'' if kept else 'MISSED'}")
    machine = {"machine": platform.machine(), "cores": os.cpu_count(), "python": platform.python_version()}
    Path("bench.json").write_text(json.dumps({**machine, "figures": figures}, indent=1, ensure_ascii=False))
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
