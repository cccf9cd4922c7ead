"""Tells a provider where to post and what our commands are, at every start, until it has heard."""

import time

import structlog

from bot.channels.contract import Hearing
from bot.channels.errors import ProviderError
from bot.metrics import Metrics
from content.catalog import Catalog

REST_S = 10.0

log = structlog.get_logger()


class Arranging:
    """Once a start."""

    topics: tuple[str, ...] = ()

    def __init__(self, channel: Hearing, catalog: Catalog, metrics: Metrics) -> None:
        self.name = f"arranging/{channel.facts.name}"
        self._channel = channel
        self._catalog = catalog
        self._metrics = metrics
        self._next: float | None = 0.0

    async def step(self) -> bool:
        """Tries, unless it was heard already or is resting."""
        if self._next is None or time.monotonic() < self._next:
            return False
        try:
            await self._channel.arrange(self._catalog)
            self._next = None
        except ProviderError as error:
            self._metrics.refused.labels(self._channel.facts.name, error.reason).inc()
            log.warning("arranging failed", channel=self._channel.facts.name, reason=error.reason)
            self._next = time.monotonic() + REST_S
        return False

    async def failed(self, error: Exception) -> None:
        """Tried again by the loop."""

    async def finish(self) -> None:
        """Nothing is in the air."""
