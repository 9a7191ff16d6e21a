"""What reconciling counts. The label is a provider's name."""

from typing import Final

from prometheus_client import Counter, Gauge

GAP: Final = Gauge(
    "adjourn_reconcile_gap",
    "Meetings that ended and of which something is missing here, by the last run of this process.",
    ["provider"],
)
IMPOSSIBLE: Final = Gauge(
    "adjourn_reconcile_impossible",
    "Meetings of which something will never be had, by the last run of this process.",
    ["provider"],
)
LAST_RUN: Final = Gauge(
    "adjourn_reconcile_last_run_seconds",
    "When this process last compared all, in seconds since 1970 UTC.",
    ["provider"],
)
FETCHED: Final = Counter(
    "adjourn_reconcile_fetched", "Gaps for which the consumers got what closes them.", ["provider"]
)
FAILED: Final = Counter("adjourn_reconcile_failed", "Runs that could not be ended.", ["provider"])
