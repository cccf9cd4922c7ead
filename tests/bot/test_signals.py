import asyncio

from bot.signals import Signals


async def test_a_ring_between_two_waits_is_not_missed() -> None:
    signals = Signals()
    with signals.listen("inbox") as bell:
        signals.tell(["inbox"])
        assert await bell.wait(0)
        assert not await bell.wait(0)


async def test_only_the_topics_listeners_wake_and_a_star_wakes_all() -> None:
    signals = Signals()
    with signals.listen("inbox") as one, signals.listen("outbox/x", "stop") as other:
        signals.tell(["inbox"])
        assert await one.wait(0) and not await other.wait(0)
        signals.tell(["*"])
        assert await one.wait(0) and await other.wait(0)


async def test_a_thread_may_tell() -> None:
    signals = Signals()
    with signals.listen("chat/1") as bell:
        await asyncio.to_thread(signals.tell_from_thread, frozenset({"chat/1"}))
        assert await bell.wait(1)


async def test_nothing_is_left_after_listening() -> None:
    signals = Signals()
    with signals.listen("a", "b"):
        pass
    assert signals._bells == {}
