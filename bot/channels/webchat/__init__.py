"""The chat page's channel."""
