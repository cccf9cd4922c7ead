import pytest

from bot.workers.backoff import again_after, pause


@pytest.mark.parametrize(
    ("tries", "wait"), [(1, 1_000), (2, 2_000), (5, 16_000), (7, 64_000), (8, None), (99, None)]
)
def test_messages_wait_twice_as_long_each_time_and_are_given_up(tries: int, wait: int | None) -> None:
    assert again_after(tries) == wait


def test_a_failing_worker_rests_longer_but_never_long() -> None:
    rests = [pause(n) for n in range(1, 40)]
    assert rests == sorted(rests) and rests[0] == 0.2 and rests[-1] == 5.0
