"""What `/metrics` tells of the receiver. Labels come from our own tables, never from outside.

Counted in plain numbers and put into words when asked: the locks and checks of `prometheus_client`'s own
counters would be a tenth of what a small event costs us.
"""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Final, Literal, get_args

from prometheus_client import REGISTRY
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric

Outcome = Literal[
    "accepted",
    "no_event",
    "quarantined",
    "unreadable",
    "unauthentic",
    "unknown_provider",
    "wrong_method",
    "too_large",
    "too_slow",
    "client_gone",
    "unavailable",
]

_APPEND_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
_BUCKETS: Final = (*map(str, _APPEND_SECONDS), "+Inf")


def _nothing_ended() -> dict[Outcome, int]:
    return dict.fromkeys(get_args(Outcome), 0)


@dataclass(slots=True)
class Tally:
    """What one provider's requests came to. `appends` counts durable ones by the bucket of their duration."""

    ended: dict[Outcome, int] = field(default_factory=_nothing_ended)
    body_bytes: int = 0
    appends: list[int] = field(default_factory=lambda: [0] * len(_BUCKETS))
    append_seconds: float = 0

    def appended(self, seconds: float) -> None:
        self.appends[bisect_left(_APPEND_SECONDS, seconds)] += 1
        self.append_seconds += seconds


class _Tallies:
    """A collector, as `prometheus_client` calls it."""

    def __init__(self) -> None:
        self._by_provider: dict[str, Tally] = {}

    def of(self, provider: str) -> Tally:
        return self._by_provider.setdefault(provider, Tally())

    def collect(self) -> Iterator[Metric]:
        webhooks = CounterMetricFamily(
            "adjourn_receiver_webhooks",
            "Requests to webhook URLs, by how they ended.",
            labels=["provider", "outcome"],
        )
        body_bytes = CounterMetricFamily(
            "adjourn_receiver_body_bytes", "Bytes of authentic bodies.", labels=["provider"]
        )
        appends = HistogramMetricFamily(
            "adjourn_receiver_append_seconds",
            "How long it took until an accepted event was durable.",
            labels=["provider"],
        )
        for provider, tally in self._by_provider.items():
            for outcome, count in tally.ended.items():
                webhooks.add_metric([provider, outcome], count)
            body_bytes.add_metric([provider], tally.body_bytes)
            cumulative = [float(count) for count in accumulate(tally.appends)]
            appends.add_metric([provider], list(zip(_BUCKETS, cumulative, strict=True)), tally.append_seconds)
        yield from (webhooks, body_bytes, appends)


TALLIES: Final = _Tallies()
REGISTRY.register(TALLIES)
