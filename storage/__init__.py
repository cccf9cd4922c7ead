"""What do we remember? Tables and their verbs; imports nothing of ours outside this room."""
