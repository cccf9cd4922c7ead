"""What staff do with submissions."""
