"""The facts of the terminal: pulled, like the web chat."""

from bot.channels.contract import Facts

FACTS = Facts("terminal", keep_ms=3_600_000)
