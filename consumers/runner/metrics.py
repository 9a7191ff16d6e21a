"""What consumers count. Labels are bounded: a consumer's name, and one of a few outcomes."""

from dataclasses import dataclass
from typing import Final

from prometheus_client import Counter, Gauge, Histogram

HANDLED: Final = Counter(
    "adjourn_consumer_handled", "Records that are through, by how they ended.", ["consumer", "outcome"]
)
RETRIES: Final = Counter("adjourn_consumer_retries", "Attempts that failed and come again.", ["consumer"])
IN_FLIGHT: Final = Gauge("adjourn_consumer_in_flight", "Records fetched and not done.", ["consumer"])
SECONDS: Final = Histogram(
    "adjourn_consumer_handle_seconds",
    "How long one call of a handler took.",
    ["consumer"],
    buckets=(0.001, 0.01, 0.1, 1, 10, 60, 600, 3600),
)


@dataclass(frozen=True, slots=True)
class Meters:
    """Those of one consumer that every record moves: looking them up by their labels costs as much again."""

    done: Counter
    retries: Counter
    in_flight: Gauge
    seconds: Histogram


def meters_of(consumer: str) -> Meters:
    return Meters(
        done=HANDLED.labels(consumer, "done"),
        retries=RETRIES.labels(consumer),
        in_flight=IN_FLIGHT.labels(consumer),
        seconds=SECONDS.labels(consumer),
    )
