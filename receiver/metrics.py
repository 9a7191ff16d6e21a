"""What `/metrics` tells of the receiver. Labels come from our own tables, never from outside."""

from typing import Final, Literal, get_args

from prometheus_client import Counter, Histogram

Outcome = Literal[
    "accepted",
    "quarantined",
    "unreadable",
    "unauthentic",
    "wrong_method",
    "too_large",
    "too_slow",
    "client_gone",
    "unavailable",
]
OUTCOMES: Final[tuple[Outcome, ...]] = get_args(Outcome)

WEBHOOKS: Final = Counter(
    "adjourn_receiver_webhooks",
    "Requests to webhook URLs, by how they ended.",
    ["provider", "outcome"],
)
STRANGERS: Final = Counter("adjourn_receiver_strangers", "Requests to webhook URLs that are nobody's.")
BODY_BYTES: Final = Counter("adjourn_receiver_body_bytes", "Bytes of authentic bodies.", ["provider"])
APPEND_SECONDS: Final = Histogram(
    "adjourn_receiver_append_seconds",
    "How long the log took to make an accepted event durable.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
