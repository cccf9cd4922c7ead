"""Telegram's channel: by webhook or by polling."""
