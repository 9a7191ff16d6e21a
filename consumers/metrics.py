"""What consumers count. Labels are bounded: a consumer's name, and one of a few outcomes."""

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
