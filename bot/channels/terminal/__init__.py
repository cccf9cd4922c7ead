"""The terminal's channel: `nepsong talk`."""
