"""What do we say and know? Pure: no clock, no network, no database; imports nothing of ours outside this room."""
