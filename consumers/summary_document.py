"""`summary.md`, and what was `summary.md` before another maker's took its place.

A sender's own summary stands before ours. What is replaced by a summary of another maker, or by another one
of the same sender, is kept beside it as `summary.1.md`, `summary.2.md`, …: but not ours of an older one.
"""

import hashlib
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Final

from consumers.base import Services
from consumers.forgotten import Forgotten, writing_of
from consumers.replacing import put_over
from infra.database.artifacts import add_artifact, artifacts_of
from infra.database.holdings import Key
from infra.errors import Retryable
from infra.objects.base import ObjectExists
from schemas.facts import SUMMARY_STORED, Fact, SummaryStored
from schemas.manifest import Artifact
from schemas.names import object_name
from schemas.summary import SUMMARY_FILE, SummaryHead
from schemas.summary_page import body_of, head_of

_MEDIA_TYPE: Final = "text/markdown; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Made:
    """A document and what its first lines say."""

    head: SummaryHead
    body: bytes

    @property
    def is_ours(self) -> bool:
        return self.head.transcript_sha256 is not None


async def standing(key: Key, services: Services) -> Made | None:
    """The document that is there; null where there is none, or none of ours to read."""
    try:
        body = await read_object(key, SUMMARY_FILE, services)
    except FileNotFoundError:
        return None
    head = head_of(body)
    return None if head is None else Made(head, body)


async def store(
    key: Key,
    made: Made,
    cause: str,
    services: Services,
    *,
    stored_at: datetime,
    unless: Callable[[], Awaitable[str | None]],
    is_wished: bool = False,
) -> Fact:
    """Put a summary where it belongs, for an event of the id `cause`; the fact is the same for the same one.

    What came meanwhile may be a reason not to: `unless` is asked in the meeting's turn, and what it gives is
    why, a `Retryable`. Ours takes the place of a sender's only if it `is_wished`; else it is kept beside it.
    Raises `Forgotten`.
    """
    async with services.database.alone_with(*key):
        there = await services.objects.stat(object_name(*key, SUMMARY_FILE))
        before = await standing(key, services)
        if (reason := await unless()) is not None:
            raise Retryable(reason)
        if before is not None and _says_the_same(before, made):
            made = before
        if before is not None and made.is_ours and not before.is_ours and not is_wished:
            name = await _put_beside(key, made.body, services)
        else:
            name = SUMMARY_FILE
            kept = await _kept(key, before, made, services)
            await put_over(
                services.objects, there, object_name(*key, name), made.body, media_type=_MEDIA_TYPE
            )
            if kept is not None:
                await _record_kept(key, kept, services)
        artifact = await _record(key, _artifact(name, made, cause, stored_at), services)
    return _fact(key, made.head, artifact, services)


async def read_object(key: Key, file: str, services: Services) -> bytes:
    return b"".join([chunk async for chunk in services.objects.read(object_name(*key, file))])


def _says_the_same(one: Made, other: Made) -> bool:
    """A sender tells of one summary in several events, with times of their own."""
    return not one.is_ours and one.head.by == other.head.by and body_of(one.body) == body_of(other.body)


async def _kept(key: Key, before: Made | None, made: Made, services: Services) -> str | None:
    """The name under which what is to be replaced is kept now; null where it need not be."""
    if before is None or before.body == made.body or (before.is_ours and made.is_ours):
        return None
    return await _put_beside(key, before.body, services)


async def _put_beside(key: Key, body: bytes, services: Services) -> str:
    """Under the first number that is free, or has just these bytes."""
    stem, _, extension = SUMMARY_FILE.rpartition(".")
    for number in count(1):
        name = f"{stem}.{number}.{extension}"
        with suppress(ObjectExists):
            await services.objects.put(object_name(*key, name), body, media_type=_MEDIA_TYPE)
            return name
        if await read_object(key, name, services) == body:
            return name
    raise AssertionError("unreachable")


async def _record_kept(key: Key, name: str, services: Services) -> None:
    """The row of what was `summary.md` goes with it."""
    async with writing_of(services.database, *key) as tx:
        rows = {one.name: one for one in await artifacts_of(tx, *key)}
        if SUMMARY_FILE in rows and name not in rows:
            await add_artifact(tx, *key, rows[SUMMARY_FILE].model_copy(update={"name": name}))


async def _record(key: Key, artifact: Artifact, services: Services) -> Artifact:
    try:
        async with writing_of(services.database, *key) as tx:
            before = {one.name: one for one in await artifacts_of(tx, *key)}.get(artifact.name)
            if before is not None and before.sha256 == artifact.sha256:
                artifact = before
            await add_artifact(tx, *key, artifact)
    except Forgotten:
        await services.objects.delete(object_name(*key, artifact.name))
        raise
    return artifact


def _artifact(name: str, made: Made, cause: str, stored_at: datetime) -> Artifact:
    return Artifact(
        name=name,
        kind="summary",
        media_type=_MEDIA_TYPE,
        size=len(made.body),
        sha256=hashlib.sha256(made.body).hexdigest(),
        verified="structure",
        source_event=cause,
        stored_at=stored_at,
    )


def _fact(key: Key, head: SummaryHead, artifact: Artifact, services: Services) -> Fact:
    body = SummaryStored(
        **artifact.model_dump(),
        provider=key[0],
        meeting_id=key[1],
        url=services.objects.url(object_name(*key, artifact.name)),
        version=head.transcript_version or 0,
        language=head.language,
        by=head.by,
        model=head.model,
        requests=head.requests,
        prompt_tokens=head.prompt_tokens,
        completion_tokens=head.completion_tokens,
        cost=head.cost,
    )
    return Fact(SUMMARY_STORED, *key, body, distinct=artifact.sha256)
