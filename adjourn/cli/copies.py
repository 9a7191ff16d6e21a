"""Files on their way into the object store, as the journal of downloads tells of them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Literal

from adjourn.cli.output import from_ms, rfc3339, size
from infra.database.downloads import UnfinishedDownload
from infra.database.holdings import Key

_SILENT_MS: Final = 90_000
"""A copy that runs writes down how far it is each second; a source may be silent for a minute."""


def by_meeting(downloads: Iterable[UnfinishedDownload]) -> Mapping[Key, Sequence[UnfinishedDownload]]:
    found: defaultdict[Key, list[UnfinishedDownload]] = defaultdict(list)
    for download in downloads:
        found[download.provider, download.meeting_id].append(download)
    return found


def as_objects(downloads: Iterable[UnfinishedDownload], now_ms: int) -> list[dict[str, Any]]:
    """For `--json`. `state` is `running`, or `waiting` where nobody goes on with it now; sizes in bytes,
    `bytes_per_second` since it began; null where the source does not say or nothing can be told yet."""
    return [
        {
            "name": _file(download),
            "kind": download.kind,
            "state": _state(download, now_ms),
            "saved": download.saved,
            "size": download.size,
            "bytes_per_second": _rate(download, now_ms),
            "started_at": rfc3339(from_ms(download.started_ms)),
            "updated_at": rfc3339(from_ms(download.updated_ms)),
        }
        for download in downloads
    ]


def in_words(download: UnfinishedDownload, now_ms: int) -> str:
    """`video.mp4 120.0 of 300.0 MB, 14.0 MB/s`, or `video.mp4 waits at 120.0 of 300.0 MB`."""
    name, rate = _file(download), _rate(download, now_ms)
    if _state(download, now_ms) == "waiting":
        return f"{name} waits at {_progress(download)}"
    return f"{name} {_progress(download)}" + (f", {size(rate)}/s" if rate else "")


def _file(download: UnfinishedDownload) -> str:
    return download.name.rpartition("/")[2]


def _state(download: UnfinishedDownload, now_ms: int) -> Literal["running", "waiting"]:
    return "waiting" if now_ms - download.updated_ms > _SILENT_MS else "running"


def _rate(download: UnfinishedDownload, now_ms: int) -> int | None:
    took_ms = download.updated_ms - download.started_ms
    if took_ms <= 0 or _state(download, now_ms) == "waiting":
        return None
    return download.saved * 1000 // took_ms


def _progress(download: UnfinishedDownload) -> str:
    saved = size(download.saved)
    if download.size is None:
        return saved
    whole = size(download.size)
    return f"{saved.removesuffix(whole.partition(' ')[2]).rstrip()} of {whole}"
