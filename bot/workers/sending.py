"""Sends what waits in the outbox of one pushed channel.

Claim, commit, then talk to the provider with no transaction open, then record what came of it. Many
sends are in the air at once; none waits for another's answer.
"""

import asyncio
from collections.abc import Callable
from functools import partial

import structlog
from msgspec import Struct
from sqlalchemy import Connection

from bot.channels.contract import Channel
from bot.channels.errors import Held, Moved, ProviderError, Refused, TryLater
from bot.metrics import Metrics
from bot.signals import Bell
from bot.workers.backoff import again_after
from storage import conversations, limiter, outbox, uploads
from storage.database import Database
from storage.outbox import Due, Outcome, Status
from storage.shapes import Reach

IN_THE_AIR = 64
GATHER_S = 0.012  # left for more to land: a transaction for one costs nearly as much as one for ten
LOOK_MS = 1_000  # so often leases and expiries are looked for

log = structlog.get_logger()


class _Claimed(Struct, frozen=True):
    due: list[Due]
    first_at: int
    rest_s: float
    "How long to wait before claiming again; 0 unless the pace let nothing pass."


class Sending:
    """One channel's sender."""

    def __init__(
        self, channel: Channel, database: Database, now: Callable[[], int], metrics: Metrics
    ) -> None:
        self.name = f"sending/{channel.facts.name}"
        self.topics: tuple[str, ...] = (f"outbox/{channel.facts.name}",)
        self._channel = channel
        self._database = database
        self._now = now
        self._metrics = metrics
        self._air: set[asyncio.Task[None]] = set()
        self._outcomes: list[Outcome] = []
        self._also: list[Callable[[Connection, int], None]] = []
        "What sends told beside their outcomes; written with them."
        self._done: dict[int, int] = {}
        "How many pieces of a message the provider has already; forgotten in a crash, then sent again."
        self._shut_until = 0
        # reserved instants alone are not enough: what a stall of this process held up would go out at
        # once. From a thousand a second on a clock of milliseconds cannot tell them apart
        gap = 1000 / channel.facts.per_second
        self._gap_ms = gap if gap > 1 else 0.0
        self._clear_at = 0.0
        self._looked = 0
        self._landed = Bell()

    async def step(self) -> bool:
        """Records what landed, claims what may go, both in one transaction; sets it off."""
        room = IN_THE_AIR - len(self._air)
        if room <= 0 and not self._outcomes:
            await self._landed.wait(1.0)
            return True
        claimed = await self._exchange(max(0, room))
        gap = 1000 / self._channel.facts.per_second
        for n, due in enumerate(claimed.due):
            task = asyncio.create_task(self._send(due, claimed.first_at + n * gap))
            self._air.add(task)
            task.add_done_callback(partial(self._land, due))
        if claimed.rest_s:
            await self._landed.wait(claimed.rest_s)
            return True
        if self._air or self._outcomes:
            if await self._landed.wait(0.05):
                await asyncio.sleep(GATHER_S)
            return True
        return False

    async def _exchange(self, room: int) -> _Claimed:
        """Writes what landed and claims up to `room` messages."""
        landed, also, shut = list(self._outcomes), list(self._also), self._shut_until

        def exchange(db: Connection) -> _Claimed:
            now = self._now()
            self._write(db, landed, also, shut, now)
            return self._claim(db, room, now)

        claimed = await self._database.write(exchange)
        del self._outcomes[: len(landed)], self._also[: len(also)]
        return claimed

    def _claim(self, db: Connection, room: int, now: int) -> _Claimed:
        facts = self._channel.facts
        lease = int(2 * facts.timeout_s * 1000) + limiter.AHEAD_MS
        if now - self._looked >= LOOK_MS:
            self._looked = now
            outbox.overdue(db, facts.name, now)
        room = min(room, 1 + int(facts.per_second * limiter.AHEAD_MS / 1000))  # more would not be granted
        due = outbox.claim(db, facts.name, now, room, lease) if room else []
        granted, first_at = (
            limiter.reserve(db, facts.name, len(due), facts.per_second, now) if due else (0, now)
        )
        if rest := due[granted:]:
            outbox.give_back(db, [d.id for d in rest], now)
        # with nothing granted: until one may be reserved again. The messages stay due, or what one
        # process could not send would be hidden from all of them (three made half of the pace)
        rest_ms = first_at + 1000 / facts.per_second - limiter.AHEAD_MS - now if due and not granted else 0.0
        return _Claimed(due[:granted], first_at, max(0.0, rest_ms / 1000))

    async def _send(self, due: Due, at: float) -> None:
        while (wait := max(at, self._clear_at) - self._now()) > 0:  # noqa: ASYNC110  # for a time, not for an event
            await asyncio.sleep(wait / 1000)
        self._clear_at = self._now() + self._gap_ms
        if self._now() < self._shut_until:  # the provider asked for silence while this one was on its way
            outcome = Outcome(due.id, Status.waiting, reason="pace", due_at=self._shut_until)
        else:
            try:
                outcome = await self._sent(due)
            except ProviderError as error:
                outcome = self._failed(due, error)
        name = self._channel.facts.name
        self._metrics.sent.labels(name, outcome.status.value).inc()
        if outcome.reason:
            self._metrics.refused.labels(name, outcome.reason).inc()
        self._outcomes.append(outcome)
        self._landed.ring()

    async def _sent(self, due: Due) -> Outcome:
        facts = self._channel.facts
        try:
            async with asyncio.timeout(facts.timeout_s):
                sent = await self._channel.send(due.address, due, self._done.pop(due.id, 0))
        except TimeoutError:
            raise TryLater("timeout") from None
        if sent.handle and due.message.media and sent.handle != due.handle:
            self._also.append(partial(_uploaded, facts.name, due.message.media.key, sent.handle))
        return Outcome(due.id, Status.sent, provider_id=sent.id)

    def _failed(self, due: Due, error: ProviderError) -> Outcome:
        match error:
            case TryLater():
                return self._later(due, error)
            case Moved():
                self._also.append(partial(_moved, due.conversation, error.address))
                return Outcome(due.id, Status.waiting, reason=error.reason, due_at=self._now())
            case Held():
                return Outcome(due.id, Status.held, reason=error.reason)
            case Refused() if error.reach is not None:
                self._also.append(partial(_unreachable, due.conversation, error.reach, error.reason))
        return Outcome(due.id, Status.refused, reason=error.reason)

    def _land(self, due: Due, task: "asyncio.Task[None]") -> None:
        self._air.discard(task)
        if not task.cancelled() and (error := task.exception()):  # a fault of ours, not the provider's
            self._outcomes.append(self._later(due, TryLater(type(error).__name__)))
            self._metrics.errors.labels(self.name, type(error).__name__).inc()
            log.error("send failed", channel=self._channel.facts.name, error=type(error).__name__)
            self._landed.ring()

    def _later(self, due: Due, error: TryLater) -> Outcome:
        if error.done:
            self._done[due.id] = error.done
        wait = error.after_ms if error.after_ms is not None else again_after(due.tries)
        if wait is None:
            return Outcome(due.id, Status.refused, reason=f"gave up: {error.reason}")
        until = self._now() + wait
        if error.everybody:
            self._shut_until = max(self._shut_until, until)
        return Outcome(due.id, Status.waiting, reason=error.reason, due_at=until)

    def _write(
        self,
        db: Connection,
        landed: list[Outcome],
        also: list[Callable[[Connection, int], None]],
        shut: int,
        now: int,
    ) -> None:
        if landed:
            outbox.record(db, landed, now, self._channel.facts.keep_ms)
            for more in also:
                more(db, now)
            if shut > now:
                limiter.push(db, self._channel.facts.name, shut)

    async def failed(self, error: Exception) -> None:
        """Claims whose send was never begun come back by their lease."""

    async def finish(self) -> None:
        """Waits for the sends in the air and records them."""
        if self._air:
            await asyncio.wait(self._air, timeout=self._channel.facts.timeout_s)
        await self._exchange(0)


def _uploaded(channel: str, key: str, handle: str, db: Connection, now: int) -> None:
    uploads.forget(db, channel, key)
    uploads.remember(db, channel, key, handle)


def _unreachable(conversation: int, reach: Reach, reason: str, db: Connection, now: int) -> None:
    conversations.reached(db, conversation, reach)
    outbox.give_up(db, conversation, reason, now)


def _moved(conversation: int, address: str, db: Connection, now: int) -> None:
    outbox.follow(db, conversation, address)
