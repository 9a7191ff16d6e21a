"""How files on their way are told of."""

from dataclasses import replace

import pytest

from adjourn.cli.copies import as_objects, in_words
from infra.database.downloads import UnfinishedDownload

NOW_MS = 1_800_000_000_000
COPY = UnfinishedDownload(
    provider="meeting-baas",
    meeting_id="bot-1",
    kind="video",
    source="0" * 64,
    name="meeting-baas/bot-1/video.mp4",
    media_type="video/mp4",
    upload_id="upload",
    etag='"1"',
    modified=None,
    size=300_000_000,
    saved=120_000_000,
    whole=False,
    event_id="event-1",
    started_ms=NOW_MS - 10_000,
    updated_ms=NOW_MS - 400,
)


@pytest.mark.parametrize(
    ("copy", "words"),
    [
        (COPY, "video.mp4 120.0 of 300.0 MB, 12.5 MB/s"),
        (replace(COPY, saved=900_000), "video.mp4 900.0 kB of 300.0 MB, 93.8 kB/s"),
        (replace(COPY, size=None), "video.mp4 120.0 MB, 12.5 MB/s"),
        (replace(COPY, saved=0, updated_ms=COPY.started_ms), "video.mp4 0 B of 300.0 MB"),
        (replace(COPY, updated_ms=NOW_MS - 91_000), "video.mp4 waits at 120.0 of 300.0 MB"),
    ],
)
def test_people_read_how_far_it_is(copy: UnfinishedDownload, words: str) -> None:
    assert in_words(copy, NOW_MS) == words


def test_programs_read_it_in_bytes_and_utc() -> None:
    assert as_objects([COPY, replace(COPY, updated_ms=NOW_MS - 91_000)], NOW_MS) == [
        {
            "name": "video.mp4",
            "kind": "video",
            "state": "running",
            "saved": 120_000_000,
            "size": 300_000_000,
            "bytes_per_second": 12_500_000,
            "started_at": "2027-01-15T07:59:50Z",
            "updated_at": "2027-01-15T07:59:59.600000Z",
        },
        {
            "name": "video.mp4",
            "kind": "video",
            "state": "waiting",
            "saved": 120_000_000,
            "size": 300_000_000,
            "bytes_per_second": None,
            "started_at": "2027-01-15T07:59:50Z",
            "updated_at": "2027-01-15T07:58:29Z",
        },
    ]
