"""What `/metrics` tells, in a registry of the service's own."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

__all__ = ["Measures"]

_TOKENS = (128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536, 131072)
_COUNTS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
_SECONDS = (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300)


class Measures:
    """Counters, gauges and histograms; `text` is what Prometheus reads.

    What is shared is ``1 - tokens_computed / tokens_asked``, and padding ``tokens_padding / tokens_computed``, over any
    span of time.
    """

    def __init__(self) -> None:
        registry = self.registry = CollectorRegistry()
        name = "editloupe_"
        self.waiting = Gauge(f"{name}questions_waiting", "Questions accepted and not begun.", registry=registry)
        self.running = Gauge(f"{name}questions_running", "Questions of the batch that runs.", registry=registry)
        self.questions = Counter(
            f"{name}questions",
            "Questions by where the reply came from: the model, the ledger, or an equal question in the queue.",
            ["origin"],
            registry=registry,
        )
        self.items = Counter(f"{name}items", "Items answered.", ["outcome"], registry=registry)
        self.failures = Counter(
            f"{name}failures", "Items and requests that failed, by kind.", ["kind"], registry=registry
        )
        self.requests = Counter(
            f"{name}requests", "Requests, by path and status.", ["path", "status"], registry=registry
        )
        self.seconds = Histogram(
            f"{name}request_seconds",
            "Seconds from a request's first byte to its answer.",
            ["path"],
            buckets=_SECONDS,
            registry=registry,
        )
        self.waited = Histogram(
            f"{name}question_wait_seconds",
            "Seconds that a question waited for its batch.",
            buckets=_SECONDS,
            registry=registry,
        )
        self.batch_questions = Histogram(
            f"{name}batch_questions", "Questions of a batch.", buckets=_COUNTS, registry=registry
        )
        self.batch_tokens = Histogram(
            f"{name}batch_tokens",
            "Planned weight of a batch, in tokens where the judge counts them.",
            buckets=_TOKENS,
            registry=registry,
        )
        self.batch_seconds = Histogram(
            f"{name}batch_seconds", "Seconds that a batch took.", buckets=_SECONDS, registry=registry
        )
        self.tokens_asked = Counter(
            f"{name}tokens_asked", "Prompt tokens of the questions answered.", registry=registry
        )
        self.tokens_computed = Counter(
            f"{name}tokens_computed",
            "Prompt tokens computed, padding included, where the judge counts them.",
            registry=registry,
        )
        self.tokens_padding = Counter(f"{name}tokens_padding", "Padding among them.", registry=registry)
        self.unrecorded = Counter(f"{name}ledger_refused", "Replies that the ledger could not keep.", registry=registry)

    def text(self) -> bytes:
        """The exposition."""
        return generate_latest(self.registry)
