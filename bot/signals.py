"""Wakes whoever waits for a topic. Signals carry no data and may be lost: every waiter looks again."""

import asyncio
import contextlib
from collections.abc import Iterable, Iterator


class Bell:
    """One waiter's bell. Rung between two waits it is remembered, so nothing is missed."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def ring(self) -> None:
        """Wakes the waiter, now or at its next wait."""
        self._event.set()

    async def wait(self, at_most: float) -> bool:
        """Waits for a ring, at most so many seconds; whether it rang."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._event.wait(), at_most)
        rang = self._event.is_set()
        self._event.clear()
        return rang


class Signals:
    """All bells of this process, by topic."""

    def __init__(self) -> None:
        self._bells: dict[str, set[Bell]] = {}
        self._loop = asyncio.get_running_loop()

    @contextlib.contextmanager
    def listen(self, *topics: str) -> Iterator[Bell]:
        """A bell for these topics until the block ends."""
        bell = Bell()
        for topic in topics:
            self._bells.setdefault(topic, set()).add(bell)
        try:
            yield bell
        finally:
            for topic in topics:
                bells = self._bells[topic]
                bells.discard(bell)
                if not bells:
                    del self._bells[topic]

    def listeners(self, topic: str) -> int:
        """How many bells hang on a topic."""
        return len(self._bells.get(topic, ()))

    def tell(self, topics: Iterable[str]) -> None:
        """Rings the bells of these topics; `*` rings all."""
        for topic in topics:
            chosen = self._bells.values() if topic == "*" else [self._bells.get(topic, set())]
            for bells in chosen:
                for bell in bells:
                    bell.ring()

    def tell_from_thread(self, topics: frozenset[str]) -> None:
        """`tell`, from a database thread; silent once the loop is gone."""
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self.tell, topics)
