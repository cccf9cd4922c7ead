"""The facts of the terminal: pulled, like the web chat."""

from bot.channels.contract import Facts

FACTS = Facts(name="terminal", longest_text=10_000, pulled=True, keep_ms=3_600_000)
