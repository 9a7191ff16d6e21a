"""Transcripts: which versions a meeting has, and the segments of the newest, for search."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Final

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from infra.database.tables import segments, transcripts
from infra.database.words import indexed
from schemas.transcript import Segment

_SEGMENTS_AT_ONCE: Final = 1_000
"""In one statement, which has its time limit whatever somebody sends."""


@dataclass(frozen=True, slots=True)
class TranscriptVersion:
    """A version as it was stored; `version` starts at 1.

    `content_sha256` is that of what was said, `sha256` that of the stored file, which names its version and
    source besides. `words` counts them.
    """

    version: int
    language: str | None
    duration_seconds: float | None
    speakers: tuple[str, ...]
    words: int
    source_event: str
    shape: str
    content_sha256: str
    sha256: str


async def versions_of(tx: AsyncConnection, provider: str, meeting_id: str) -> list[TranscriptVersion]:
    """The versions of a meeting's transcript, oldest first."""
    query = (
        select(*(transcripts.c[column.name] for column in fields(TranscriptVersion)))
        .where(transcripts.c.provider == provider, transcripts.c.meeting_id == meeting_id)
        .order_by(transcripts.c.version)
    )
    return [TranscriptVersion(*row) for row in await tx.execute(query)]


async def add_version(
    tx: AsyncConnection,
    provider: str,
    meeting_id: str,
    version: TranscriptVersion,
    spoken: Sequence[Segment],
) -> None:
    """Record a new version; search finds its segments from now on, and no longer those of the one before.

    A version that is there already is an `IntegrityError`.
    """
    key = {"provider": provider, "meeting_id": meeting_id}
    await tx.execute(insert(transcripts), {**key, **asdict(version)})
    await tx.execute(
        delete(segments).where(segments.c.provider == provider, segments.c.meeting_id == meeting_id)
    )
    for first in range(0, len(spoken), _SEGMENTS_AT_ONCE):
        some = spoken[first : first + _SEGMENTS_AT_ONCE]
        rows = await asyncio.to_thread(_rows, key, first, some)
        await tx.execute(insert(segments), rows)


def _rows(key: Mapping[str, str], first: int, spoken: Sequence[Segment]) -> list[dict[str, object]]:
    return [
        {
            **key,
            "position": position,
            **segment.model_dump(exclude={"words"}),
            "words": indexed(segment.speaker, segment.text),
        }
        for position, segment in enumerate(spoken, first)
    ]
