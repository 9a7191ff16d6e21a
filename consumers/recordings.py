"""Recordings and the files beside them: fetched while their links live, stored whole, named by what they are.

`manifest.json` is not written here. The rows of the database are the truth, and the consumer `meetings`
renders the manifest from them on every fact that something was stored: so a manifest has one writer.
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from consumers.base import Consumer, Services
from consumers.copying.copy import copy
from consumers.copying.known import Known, held, look
from consumers.copying.names import is_there
from consumers.copying.wanted import Wanted
from consumers.forgotten import Forgotten
from consumers.observed import observed
from consumers.urgency import soonest_expiry
from infra.errors import Poison, Retryable
from infra.objects.base import ObjectStore
from schemas.envelope import Record
from schemas.facts import RECORDING_STORED, ArtifactStored, Fact
from schemas.manifest import Artifact, ArtifactKind
from schemas.names import object_name
from schemas.topics import WEBHOOKS

_KINDS: Final[frozenset[ArtifactKind]] = frozenset(
    {"video", "audio", "streams", "diarization", "raw_transcription", "chat"}
)
_SILENCE_SECONDS: Final = 20


async def handle(
    record: Record, services: Services, *, silence_seconds: float = _SILENCE_SECONDS
) -> Sequence[Fact]:
    """Store every file that the webhook links to: a fact for each that is stored, now or before.

    What this event has brought already is not fetched again. Where a link fails the others are stored all the
    same, then the failures are raised as one that carries the facts: `Retryable` while any may yet work.
    A worker that has not moved on for `silence_seconds` with a file has lost it to us.
    """
    files = _linked_files(record)
    if not files:
        return ()
    failures: list[tuple[ArtifactKind, Retryable | Poison]] = []
    with suppress(Forgotten):
        known = await look(files[0].meeting, services)
        missing, stored = await _missing(files, known, services.objects)
        for number, file in enumerate(missing):
            if number:
                known = await look(file.meeting, services)
            try:
                there = await held(file, known, services.objects)
                stored.append(there or await copy(file, known, services, silence_seconds=silence_seconds))
            except (Retryable, Poison) as exc:
                failures.append((file.link.kind, exc))
        facts = [_fact(artifact, files[0].meeting, services.objects) for artifact in stored]
        if failures:
            raise _together(failures, facts)
        return facts
    return ()


CONSUMER: Final = Consumer("recordings", (WEBHOOKS,), handle, urgency=soonest_expiry)


def _linked_files(record: Record) -> list[Wanted]:
    seen = observed(record)
    links = [link for link in seen.links if link.kind in _KINDS] if seen is not None else []
    return [Wanted(link, seen, record.id, record.type) for link in links if seen is not None]


async def _missing(
    files: Sequence[Wanted], known: Known, objects: ObjectStore
) -> tuple[list[Wanted], list[Artifact]]:
    """The files that their event has not brought yet, and the artifacts that it has."""
    there = [
        artifact
        for artifact in known.artifacts.values()
        if artifact.source_event == files[0].event
        and artifact.kind in _KINDS
        and await is_there(artifact, files[0].folder, objects)
    ]
    kinds = [artifact.kind for artifact in there]
    wanted = [file.link.kind for file in files]
    missing = [file for file in files if kinds.count(file.link.kind) < wanted.count(file.link.kind)]
    return missing, there


def _fact(artifact: Artifact, meeting: tuple[str, str], objects: ObjectStore) -> Fact:
    provider, meeting_id = meeting
    body = ArtifactStored(
        **artifact.model_dump(),
        provider=provider,
        meeting_id=meeting_id,
        url=objects.url(object_name(provider, meeting_id, artifact.name)),
    )
    return Fact(RECORDING_STORED, provider, meeting_id, body, distinct=f"{artifact.sha256} {artifact.name}")


def _together(
    failures: Sequence[tuple[ArtifactKind, Retryable | Poison]], facts: Sequence[Fact]
) -> Retryable | Poison:
    reason = " ".join(f"{kind}: {error}" for kind, error in failures)
    later = [error for _, error in failures if isinstance(error, Retryable)]
    if not later:
        return Poison(reason, facts=facts)
    asked = [error.after_seconds for error in later if error.after_seconds is not None]
    return Retryable(reason, max(asked, default=None), facts=facts)
