"""A meeting as a page for people, and as an object for programs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import click

from adjourn.cli import copies, remade
from adjourn.cli.output import from_ms, length, local_time, rfc3339, size, visible
from infra.database.descriptions import Description
from infra.database.downloads import UnfinishedDownload
from infra.database.events import MeetingEvent
from infra.database.failures import Failure
from infra.database.meetings import MeetingOverview
from infra.database.retranscriptions import Retranscription
from schemas.meeting import State

_COLOURS = {
    State.COMPLETED: "green",
    State.FAILED: "red",
    State.LIVE: "cyan",
    State.JOINING: "cyan",
    State.PROCESSING: "yellow",
}


Downloads = Sequence[UnfinishedDownload]
"""Of one meeting: the files on their way."""


def as_object(overview: MeetingOverview, downloads: Downloads, now_ms: int) -> dict[str, Any]:
    """A line of `meetings --json`. Times are RFC 3339; `failures` counts the open dead letters."""
    known = asdict(overview.meeting)
    first, last = known.pop("first_event_ms"), known.pop("last_event_ms")
    return known | {
        "first_event_at": rfc3339(from_ms(first)),
        "last_event_at": rfc3339(from_ms(last)),
        "joined_at": rfc3339(overview.meeting.joined_at),
        "ended_at": rfc3339(overview.meeting.ended_at),
        "artifacts": [artifact.model_dump(mode="json") for artifact in overview.artifacts],
        "failures": overview.open_failures,
        "described": asdict(overview.described) if overview.described else None,
        "downloads": copies.as_objects(downloads, now_ms),
    }


def as_full_object(
    overview: MeetingOverview,
    events: Sequence[MeetingEvent],
    failures: Sequence[Failure],
    urls: Mapping[str, str],
    downloads: Downloads,
    retranscriptions: Sequence[Retranscription],
    now_ms: int,
) -> dict[str, Any]:
    """The line of `meeting ID --json`: the same with the timeline, the URL of each file, each dead letter."""
    meeting = as_object(overview, downloads, now_ms)
    for artifact in meeting["artifacts"]:
        artifact["url"] = urls[artifact["name"]]
    timeline = [
        {
            "id": event.id,
            "type": event.said.type,
            "at": rfc3339(event.said.at),
            "received_at": rfc3339(from_ms(event.received_ms)),
            "detail": event.said.detail,
        }
        for event in events
    ]
    letters = [
        {
            "consumer": failure.consumer,
            "kind": failure.kind,
            "error": failure.error,
            "event_id": failure.event_id,
            "event_type": failure.event_type,
            "attempts": failure.attempts,
            "failed_at": rfc3339(from_ms(failure.failed_ms)),
        }
        for failure in failures
    ]
    remade_ones = remade.as_objects(retranscriptions)
    return meeting | {"timeline": timeline, "retranscriptions": remade_ones, "dead_letters": letters}


def row(overview: MeetingOverview, downloads: Downloads, now_ms: int) -> tuple[str, ...]:
    """For the table of `adjourn meetings`."""
    meeting = overview.meeting
    return (
        local_time(from_ms(meeting.last_event_ms)),
        visible(f"{meeting.provider}/{meeting.meeting_id}"),
        meeting.state.value,
        length(meeting.duration_seconds),
        str(len(overview.artifacts)),
        str(overview.open_failures or ""),
        visible(described_in_words(overview.described)),
        visible("; ".join(copies.in_words(download, now_ms) for download in downloads)),
    )


def described_in_words(described: Description | None) -> str:
    """What another system calls it: title, id there, people."""
    if described is None:
        return ""
    people = f": {', '.join(described.participants)}" if described.participants else ""
    return f"{described.title or 'untitled'} ({described.system} {described.id}){people}"


def unverified_row(overview: MeetingOverview) -> tuple[str, ...]:
    """For the table of `adjourn meetings --unverified`."""
    meeting = overview.meeting
    files = [artifact for artifact in overview.artifacts if artifact.verified == "none"]
    return (
        local_time(from_ms(meeting.last_event_ms)),
        visible(f"{meeting.provider}/{meeting.meeting_id}"),
        meeting.state.value,
        visible(", ".join(f"{file.name} ({size(file.size)})" for file in files)),
    )


def page(
    overview: MeetingOverview,
    events: Sequence[MeetingEvent],
    failures: Sequence[Failure],
    urls: Mapping[str, str],
    downloads: Downloads,
    retranscriptions: Sequence[Retranscription],
    now_ms: int,
) -> Iterator[str]:
    """The lines of `adjourn meeting ID`."""
    meeting = overview.meeting
    name = click.style(visible(f"{meeting.provider}/{meeting.meeting_id}"), bold=True)
    yield f"{name}  {click.style(meeting.state.value, fg=_COLOURS.get(meeting.state))}"
    yield from _facts(overview)
    yield from _section("Timeline")
    width = max((len(event.said.type) for event in events), default=0)
    for event in events:
        words = f"{event.said.type:<{width}}  {event.said.detail or event.said.message or ''}"
        yield f"  {local_time(event.moment)}  {visible(words)}".rstrip()
    if overview.artifacts:
        yield from _section("Files")
        width = max(len(artifact.name) for artifact in overview.artifacts)
        for artifact in overview.artifacts:
            place = visible(urls[artifact.name])
            unproved = "" if artifact.verified != "none" else "  (nothing proves it complete)"
            yield f"  {artifact.name:<{width}}  {size(artifact.size):>8}  {place}{unproved}"
    if downloads:
        yield from _section("On their way")
        for download in downloads:
            yield f"  {visible(copies.in_words(download, now_ms))}"
    if retranscriptions:
        yield from _section("Transcripts made once more")
        for line in remade.in_words(retranscriptions):
            yield f"  {line}"
    if failures:
        yield from _section("Failures")
        for failure in failures:
            words = f"{failure.consumer}  {failure.event_type}  {failure.kind}: {failure.error}"
            yield f"  {local_time(from_ms(failure.failed_ms))}  {visible(words)}"
        yield "  When the cause is gone, `adjourn replay` tries again."


def _facts(overview: MeetingOverview) -> Iterator[str]:
    meeting = overview.meeting
    if meeting.error or meeting.message:
        yield f"  error         {visible(' '.join(filter(None, (meeting.error, meeting.message))))}"
    if meeting.joined_at:
        yield f"  joined        {local_time(meeting.joined_at)}"
    if meeting.ended_at:
        yield f"  ended         {local_time(meeting.ended_at)}"
    if meeting.duration_seconds is not None:
        yield f"  length        {length(meeting.duration_seconds)}"
    if overview.described:
        yield f"  known as      {visible(described_in_words(overview.described))}"
    if meeting.participants:
        yield f"  participants  {visible(', '.join(meeting.participants))}"


def _section(title: str) -> Iterator[str]:
    yield ""
    yield click.style(title, bold=True)
