"""`make bench`: all figures in one run, beside the bounds that they must keep."""

import json
import os
import platform
import socket
import sys
from pathlib import Path

from tests.bench import engine, web

# figure: (bound, whether more is better)
BOUNDS = {
    "engine, SQLite: decided messages a second": (15_000, True),
    "engine, PostgreSQL: decided messages a second": (10_000, True),
    "web chat: POST to 200 at half load, p50 ms": (5, False),
    "web chat: POST to 200 at half load, p99 ms": (20, False),
    "web chat: question to answer fetched, p50 ms": (100, False),
    "start to ready, seconds": (2, False),
    "idle memory, MB": (120, False),
}


def main() -> int:
    """Prints a table, writes bench.json; 1 if a bound is missed."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    figures = {**engine.run(), **web.run(port)}
    missed = 0
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    for name, value in figures.items():
        bound, more = BOUNDS.get(name, (None, True))
        kept = bound is None or (value >= bound if more else value <= bound)
        missed += not kept
        wanted = "" if bound is None else f"{'>=' if more else '<='} {bound:,}"
        print(f"  {name:50} {value:12,.1f}  {wanted:12} {'' if kept else 'MISSED'}")
    machine = {"machine": platform.machine(), "cores": os.cpu_count(), "python": platform.python_version()}
    Path("bench.json").write_text(json.dumps({**machine, "figures": figures}, indent=1, ensure_ascii=False))
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
