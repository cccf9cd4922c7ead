"""The HTTP side: the chat page and its API, health, metrics."""
