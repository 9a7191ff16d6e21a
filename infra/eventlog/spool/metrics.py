"""What `/metrics` tells of the spool. Processes at one spool see the same file: take the largest, no sum."""

from typing import Final

from prometheus_client import Counter, Gauge

RECORDS: Final = Gauge("adjourn_spool_records", "Records that wait in the spool for the log to be back.")
OLDEST_SECONDS: Final = Gauge(
    "adjourn_spool_oldest_seconds", "How long the oldest record has been waiting in the spool."
)
ASIDE: Final = Gauge(
    "adjourn_spool_aside", "Records that the log refused for what they are, set aside in the spool's file."
)
SPOOLED: Final = Counter("adjourn_spool_spooled", "Records that this process put into the spool.")
DRAINED: Final = Counter("adjourn_spool_drained", "Records that this process handed over to the log.")
REFUSED: Final = Counter(
    "adjourn_spool_refused", "Records that the log refused for what they are: dead letters, or set aside."
)
