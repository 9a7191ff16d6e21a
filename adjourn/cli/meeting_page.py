"""A meeting as a page for people, and as an object for programs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import click

from adjourn.cli.output import length, local_time, size, visible
from infra.database.events import MeetingEvent
from infra.database.failures import Failure
from infra.database.meetings import MeetingOverview
from schemas.meeting import State

_COLOURS = {
    State.COMPLETED: "green",
    State.FAILED: "red",
    State.LIVE: "cyan",
    State.JOINING: "cyan",
    State.PROCESSING: "yellow",
}


def as_object(overview: MeetingOverview) -> dict[str, Any]:
    """A line of `meetings --json`. Times are RFC 3339; `failures` counts the open dead letters."""
    known = asdict(overview.meeting)
    first, last = known.pop("first_event_ms"), known.pop("last_event_ms")
    return known | {
        "first_event_at": _rfc3339(_from_ms(first)),
        "last_event_at": _rfc3339(_from_ms(last)),
        "joined_at": _rfc3339(overview.meeting.joined_at),
        "ended_at": _rfc3339(overview.meeting.ended_at),
        "artifacts": [artifact.model_dump(mode="json") for artifact in overview.artifacts],
        "failures": overview.open_failures,
    }


def as_full_object(
    overview: MeetingOverview,
    events: Sequence[MeetingEvent],
    failures: Sequence[Failure],
    urls: Mapping[str, str],
) -> dict[str, Any]:
    """The line of `meeting ID --json`: the same with the timeline, the URL of each file, each dead letter."""
    meeting = as_object(overview)
    for artifact in meeting["artifacts"]:
        artifact["url"] = urls[artifact["name"]]
    timeline = [
        {
            "id": event.id,
            "type": event.said.type,
            "at": _rfc3339(event.said.at),
            "received_at": _rfc3339(_from_ms(event.received_ms)),
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
            "failed_at": _rfc3339(_from_ms(failure.failed_ms)),
        }
        for failure in failures
    ]
    return meeting | {"timeline": timeline, "dead_letters": letters}


def row(overview: MeetingOverview) -> tuple[str, ...]:
    """For the table of `adjourn meetings`."""
    meeting = overview.meeting
    return (
        local_time(_from_ms(meeting.last_event_ms)),
        visible(f"{meeting.provider}/{meeting.meeting_id}"),
        meeting.state.value,
        length(meeting.duration_seconds),
        str(len(overview.artifacts)),
        str(overview.open_failures or ""),
    )


def page(
    overview: MeetingOverview,
    events: Sequence[MeetingEvent],
    failures: Sequence[Failure],
    urls: Mapping[str, str],
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
            yield f"  {artifact.name:<{width}}  {size(artifact.size):>8}  {visible(urls[artifact.name])}"
    if failures:
        yield from _section("Failures")
        for failure in failures:
            words = f"{failure.consumer}  {failure.event_type}  {failure.kind}: {failure.error}"
            yield f"  {local_time(_from_ms(failure.failed_ms))}  {visible(words)}"
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
    if meeting.participants:
        yield f"  participants  {visible(', '.join(meeting.participants))}"


def _section(title: str) -> Iterator[str]:
    yield ""
    yield click.style(title, bold=True)


def _from_ms(time_ms: int) -> datetime:
    return datetime.fromtimestamp(time_ms / 1000, UTC)


def _rfc3339(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
