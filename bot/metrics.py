"""What an operator watches: one registry a service, so that two can live in one process."""

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

SLOW_S = 0.05  # a write that holds the database longer is worth a log line

log = structlog.get_logger()


class Metrics:
    """All metrics by name."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        r = self.registry
        self.answered = Counter("nepsong_answered", "Messages answered", registry=r)
        self.parked = Counter("nepsong_parked", "Messages set aside after a failure", registry=r)
        self.kept = Counter("nepsong_kept", "Messages taken in", ["channel", "outcome"], registry=r)
        self.sent = Counter(
            "nepsong_sent", "Messages handed to providers", ["channel", "outcome"], registry=r
        )
        self.refused = Counter(
            "nepsong_refused", "Sends that did not succeed, by reason", ["channel", "reason"], registry=r
        )
        self.fetched = Counter("nepsong_fetched", "Files of people, by outcome", ["outcome"], registry=r)
        self.errors = Counter("nepsong_errors", "Errors by place and class", ["place", "error"], registry=r)
        self.slow = Counter("nepsong_slow_writes", "Writes that took over 50 ms", registry=r)
        self.writes = Histogram(
            "nepsong_write_seconds",
            "Time of one database transaction",
            buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5),
            registry=r,
        )
        self.waiting = Gauge("nepsong_inbox_waiting", "Messages not answered yet", registry=r)
        self.aside = Gauge("nepsong_inbox_parked", "Messages set aside now", registry=r)
        self.age = Gauge("nepsong_inbox_oldest_seconds", "Age of the oldest waiting message", registry=r)
        self.outbox = Gauge("nepsong_outbox", "Messages on their way", ["queue"], registry=r)

    def took(self, name: str, seconds: float) -> None:
        """A write's duration."""
        self.writes.observe(seconds)
        if seconds > SLOW_S and name != "prepare":  # a migration may take its time
            self.slow.inc()
            log.warning("slow write", calls=name, ms=round(seconds * 1000))
