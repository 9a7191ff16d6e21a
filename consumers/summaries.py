"""Summaries: `summary.md` of each new transcript, where there is somebody to make it.

The document itself says which transcript it is of. So it is the proof that one was made: who dies between the
document and its row makes none again, and pays nobody twice.
"""

import hashlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from pydantic import ValidationError

from consumers.base import Consumer, Services
from consumers.forgotten import Forgotten, refuse_forgotten, writing_of
from consumers.replacing import put_over
from infra.database.artifacts import add_artifact, artifacts_of
from infra.database.holdings import Key
from infra.database.transcripts import TranscriptVersion, versions_of
from infra.errors import Poison, Retryable
from infra.summaries.base import Summarised, Summariser
from schemas.envelope import Record
from schemas.facts import SUMMARY_STORED, TRANSCRIPT_STORED, Fact, SummaryStored, TranscriptStored
from schemas.manifest import Artifact
from schemas.names import object_name
from schemas.summary import SUMMARY_FILE, SummaryHead
from schemas.summary_page import as_markdown, head_of
from schemas.topics import EVENTS
from schemas.transcript import Transcript

_TRANSCRIPT: Final = "transcript.json"
_MEDIA_TYPE: Final = "text/markdown; charset=utf-8"


@dataclass(frozen=True, slots=True)
class _Made:
    head: SummaryHead
    body: bytes


def _now() -> datetime:
    return datetime.now(UTC)


async def handle(record: Record, services: Services, *, now: Callable[[], datetime] = _now) -> Sequence[Fact]:
    """Summarise the transcript that a fact tells of, once.

    Nothing is made of a version that has a newer one, nor of a meeting that was forgotten. Told again of a
    transcript that is summarised, it causes the same fact again.
    """
    if record.type != TRANSCRIPT_STORED or services.summariser is None:
        return ()
    try:
        told = TranscriptStored.model_validate_json(record.value)
    except ValidationError as error:
        raise Poison(f"a fact of type {record.type} that cannot be read") from error
    key = (told.provider, told.meeting_id)
    with suppress(Forgotten):
        version = await _newest(key, services)
        if version is not None and version.sha256 == told.sha256:
            made = await _stored_of(key, version, services)
            if made is None:
                made = await _make(key, version, services.summariser, services, now())
            return (await _store(key, made, record.id, services),)
    return ()


CONSUMER: Final = Consumer("summaries", (EVENTS,), handle)


async def summarise_again(
    key: Key, services: Services, *, cause: str, now: Callable[[], datetime] = _now
) -> Fact | None:
    """Make the summary of a meeting's newest transcript, whether there is one or not, for an event of the id
    `cause`. Null where there is nothing to summarise, or nobody to do it. Raises as the handler does."""
    with suppress(Forgotten):
        version = await _newest(key, services)
        if version is not None and services.summariser is not None:
            made = await _make(key, version, services.summariser, services, now())
            return await _store(key, made, cause, services)
    return None


async def _newest(key: Key, services: Services) -> TranscriptVersion | None:
    async with services.database.reading() as tx:
        await refuse_forgotten(tx, *key)
        versions = await versions_of(tx, *key)
    return versions[-1] if versions else None


async def _stored_of(key: Key, version: TranscriptVersion, services: Services) -> _Made | None:
    """The document that is there, if it is of this version."""
    try:
        body = await _read(key, SUMMARY_FILE, services)
    except FileNotFoundError:
        return None
    head = head_of(body)
    return _Made(head, body) if head is not None and head.transcript_sha256 == version.sha256 else None


async def _make(
    key: Key, version: TranscriptVersion, summariser: Summariser, services: Services, made_at: datetime
) -> _Made:
    try:
        body = await _read(key, _TRANSCRIPT, services)
    except FileNotFoundError:
        body = b""
    if hashlib.sha256(body).hexdigest() != version.sha256:
        raise Retryable("The transcript is not in the object store as it was stored.")
    made: Summarised = await summariser.summarise(Transcript.model_validate_json(body))
    head = SummaryHead(
        **made.effort.model_dump(),
        provider=key[0],
        meeting_id=key[1],
        transcript_version=version.version,
        transcript_sha256=version.sha256,
        language=made.language,
        made_at=made_at,
    )
    return _Made(head, as_markdown(head, made.summary).encode())


async def _store(key: Key, made: _Made, cause: str, services: Services) -> Fact:
    name, head = object_name(*key, SUMMARY_FILE), made.head
    artifact = Artifact(
        name=SUMMARY_FILE,
        kind="summary",
        media_type=_MEDIA_TYPE,
        size=len(made.body),
        sha256=hashlib.sha256(made.body).hexdigest(),
        verified="structure",
        source_event=cause,
        stored_at=head.made_at,
    )
    async with services.database.alone_with(*key):
        there = await services.objects.stat(name)
        version = await _newest(key, services)
        if version is None or version.sha256 != head.transcript_sha256:
            raise Retryable("A newer transcript came while this one was summarised.")
        await put_over(services.objects, there, name, made.body, media_type=_MEDIA_TYPE)
        try:
            async with writing_of(services.database, *key) as tx:
                before = {one.name: one for one in await artifacts_of(tx, *key)}.get(SUMMARY_FILE)
                if before is not None and before.sha256 == artifact.sha256:
                    artifact = before
                await add_artifact(tx, *key, artifact)
        except Forgotten:
            await services.objects.delete(name)
            raise
    body = SummaryStored(
        **artifact.model_dump(),
        provider=key[0],
        meeting_id=key[1],
        url=services.objects.url(name),
        version=head.transcript_version,
        language=head.language,
        by=head.by,
        model=head.model,
        requests=head.requests,
        prompt_tokens=head.prompt_tokens,
        completion_tokens=head.completion_tokens,
        cost=head.cost,
    )
    return Fact(SUMMARY_STORED, *key, body, distinct=artifact.sha256)


async def _read(key: Key, file: str, services: Services) -> bytes:
    return b"".join([chunk async for chunk in services.objects.read(object_name(*key, file))])
