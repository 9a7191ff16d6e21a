"""What copies count. The only label is one of a few outcomes."""

from typing import Final

from prometheus_client import Counter, Gauge

RUNNING: Final = Gauge("adjourn_copies_running", "Files on their way from a link to the object store.")
BYTES: Final = Counter(
    "adjourn_copied_bytes", "Bytes that came from links and were given to the object store."
)
_OUTCOMES: Final = Counter(
    "adjourn_copies",
    "How they went. stored: as a new object; adopted: the same bytes were there; resumed: gone on with where"
    " another attempt ended; started over: the file at the link had changed; renewed: its link was dead.",
    ["outcome"],
)

STORED: Final = _OUTCOMES.labels("stored")
ADOPTED: Final = _OUTCOMES.labels("adopted")
RESUMED: Final = _OUTCOMES.labels("resumed")
STARTED_OVER: Final = _OUTCOMES.labels("started over")
RENEWED: Final = _OUTCOMES.labels("renewed")
