"""The facts of the web chat. It is pulled: a worker in another process cannot reach this browser."""

from bot.channels.contract import Facts

SESSION_MS = 30 * 86_400_000  # the cookie's life, and so the history's

FACTS = Facts("webchat", keep_ms=SESSION_MS)
