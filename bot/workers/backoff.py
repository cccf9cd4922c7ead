"""Trying again is a value."""

MOST = 8
"Tries after which a message is given up."


def again_after(tries: int) -> int | None:
    """Milliseconds to wait after so many tries: 1 s, 2 s, 4 s … 128 s; None: give up."""
    return None if tries >= MOST else 1000 * 2 ** (tries - 1)


def pause(failures: int) -> float:
    """Seconds a worker rests after so many failures in a row: 0.1 to 5."""
    return float(min(5.0, 0.1 * 2 ** min(failures, 10)))
