"""Summaries: `summary.md` of each new transcript, where there is somebody to make it.

The document itself says which transcript it is of. So it is the proof that one was made: who dies between the
document and its row makes none again, and pays nobody twice.
"""

import hashlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final

from pydantic import ValidationError

from consumers.base import Consumer, Services
from consumers.forgotten import Forgotten, refuse_forgotten
from consumers.summary_document import Made, read_object, standing, store
from infra.database.holdings import Key
from infra.database.transcripts import TranscriptVersion, versions_of
from infra.errors import Poison, Retryable
from infra.summaries.base import Summarised, Summariser
from schemas.envelope import Record
from schemas.facts import TRANSCRIPT_STORED, Fact, TranscriptStored
from schemas.providers import PROVIDERS
from schemas.summary import SummaryHead
from schemas.summary_page import as_markdown
from schemas.topics import EVENTS
from schemas.transcript import Transcript

_TRANSCRIPT: Final = "transcript.json"
_MEDIA_TYPE: Final = "text/markdown; charset=utf-8"


def _now() -> datetime:
    return datetime.now(UTC)


async def handle(record: Record, services: Services, *, now: Callable[[], datetime] = _now) -> Sequence[Fact]:
    """Summarise the transcript that a fact tells of, once.

    Nothing is made of a version that has a newer one, of a meeting that was forgotten, nor where the sender
    makes its own (see `given_summaries.py`). Told again of a transcript that is summarised, it causes the
    same fact again.
    """
    if record.type != TRANSCRIPT_STORED or services.summariser is None:
        return ()
    try:
        told = TranscriptStored.model_validate_json(record.value)
    except ValidationError as error:
        raise Poison(f"a fact of type {record.type} that cannot be read") from error
    key = (told.provider, told.meeting_id)
    sender = PROVIDERS.get(told.provider)
    if sender is not None and sender.summarises:
        return ()
    with suppress(Forgotten):
        version = await _newest(key, services)
        if version is not None and version.sha256 == told.sha256:
            made = await standing(key, services)
            if made is not None and not made.is_ours:
                return ()
            if made is None or made.head.transcript_sha256 != version.sha256:
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
            return await _store(key, made, cause, services, is_wished=True)
    return None


async def _newest(key: Key, services: Services) -> TranscriptVersion | None:
    async with services.database.reading() as tx:
        await refuse_forgotten(tx, *key)
        versions = await versions_of(tx, *key)
    return versions[-1] if versions else None


async def _make(
    key: Key, version: TranscriptVersion, summariser: Summariser, services: Services, made_at: datetime
) -> Made:
    try:
        body = await read_object(key, _TRANSCRIPT, services)
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
    return Made(head, as_markdown(head, made.summary).encode())


async def _store(key: Key, made: Made, cause: str, services: Services, *, is_wished: bool = False) -> Fact:
    async def unless() -> str | None:
        version = await _newest(key, services)
        is_newest = version is not None and version.sha256 == made.head.transcript_sha256
        return None if is_newest else "A newer transcript came while this one was summarised."

    at = made.head.made_at
    return await store(key, made, cause, services, stored_at=at, unless=unless, is_wished=is_wished)
