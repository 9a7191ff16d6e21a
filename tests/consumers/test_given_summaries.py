"""Summaries that a sender made: stored once, and neither is one of ours lost to them nor they to it."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from consumers import given_summaries, summaries, transcripts
from infra.database.forgotten import forget
from infra.errors import Poison, Retryable
from schemas.facts import Fact, SummaryStored
from schemas.summary_page import head_of
from tests.consumers.test_summaries import told as told_of
from tests.consumers.waterr import Meeting, opened_meeting, told
from tests.servers.waterr_api import ANALYSIS, SENTENCES

SAID: Any = {"analysis_id": "a-1", "summary": "They agreed.", "strengths": "Clear.\nShort."}
KEY = ("waterr", "m-1")


@pytest_asyncio.fixture
async def meeting(tmp_path: Path) -> AsyncIterator[Meeting]:
    async with opened_meeting(tmp_path, {}) as meeting:
        meeting.api.has("m-1", sentenced_transcripts=SENTENCES)
        yield meeting


async def give(meeting: Meeting, analysis: Any = SAID, **envelope: Any) -> list[Fact]:
    event = told("session.analysis_complete", analysis=analysis, **envelope)
    return list(await given_summaries.handle(event, meeting.bench.services))


async def transcribe(meeting: Meeting) -> Fact:
    [fact] = await transcripts.handle(told("transcript.ready"), meeting.bench.services)
    return fact


def stored(facts: list[Fact]) -> SummaryStored:
    [fact] = facts
    assert isinstance(fact.body, SummaryStored)
    return fact.body


async def test_an_analysis_is_the_summary(meeting: Meeting) -> None:
    body = stored(await give(meeting))
    document = await meeting.content("summary.md")
    head = head_of(document)
    assert head is not None
    assert (head.by, head.transcript_sha256) == ("waterr", None)
    assert b"They agreed." in document
    assert (body.by, body.kind, body.name, body.version) == ("waterr", "summary", "summary.md", 0)
    assert (await meeting.artifacts())["summary.md"].sha256 == body.sha256


async def test_its_legacy_twin_is_the_same_summary(meeting: Meeting) -> None:
    [first] = await give(meeting)
    twin = {**SAID, "strengths": ["Clear.", "Short."]}
    [second] = await give(meeting, twin, id="legacy", at="2026-06-27T09:21:26.400Z")
    assert first.id == second.id
    assert list(await meeting.artifacts()) == ["summary.md"]


async def test_a_later_analysis_stands_and_the_one_before_is_kept(meeting: Meeting) -> None:
    await give(meeting)
    await give(meeting, {"summary": "Scored anew."}, id="evt-2", at="2026-06-28T09:00:00Z")
    assert b"Scored anew." in await meeting.content("summary.md")
    assert b"They agreed." in await meeting.content("summary.1.md")
    assert sorted(await meeting.artifacts()) == ["summary.1.md", "summary.md"]


async def test_an_older_analysis_that_comes_late_replaces_nothing(meeting: Meeting) -> None:
    await give(meeting, {"summary": "Scored anew."}, id="evt-2", at="2026-06-28T09:00:00Z")
    assert await give(meeting) == []
    assert b"Scored anew." in await meeting.content("summary.md")


async def test_an_event_that_only_tells_of_an_analysis_has_it_asked_for(meeting: Meeting) -> None:
    event = told("analysis.completed", analysis_id="a-1")
    with pytest.raises(Retryable, match="no summary of this meeting now"):
        await given_summaries.handle(event, meeting.bench.services)
    meeting.api.analyses["m-1"] = ANALYSIS
    await given_summaries.handle(event, meeting.bench.services)
    assert b"Names who does what." in await meeting.content("summary.md")


async def test_without_a_key_it_is_said_what_to_set(meeting: Meeting) -> None:
    services = replace(meeting.bench.services, providers={})
    with pytest.raises(Poison, match="ADJOURN_WATERR_"):
        await given_summaries.handle(told("analysis.completed"), services)


async def test_of_a_sender_that_summarises_nobody_makes_a_summary_beforehand(meeting: Meeting) -> None:
    assert await summaries.handle(told_of(await transcribe(meeting)), meeting.bench.services) == ()
    assert "summary.md" not in await meeting.artifacts()


async def test_where_the_sender_says_that_it_cannot_ours_is_made(meeting: Meeting) -> None:
    await transcribe(meeting)
    [fact] = await given_summaries.handle(told("analysis.failed", error="short"), meeting.bench.services)
    assert stored([fact]).by == "extractive"
    assert b"good morning" in await meeting.content("summary.md")


async def test_a_transcript_that_is_still_on_its_way_is_waited_for_and_no_longer(meeting: Meeting) -> None:
    failed = told("analysis.failed", error="short")
    came = failed.time_ms / 1000
    with pytest.raises(Retryable):
        await given_summaries.handle(failed, meeting.bench.services, now_seconds=lambda: came + 1)
    assert await given_summaries.handle(failed, meeting.bench.services, now_seconds=lambda: came + 300) == ()


async def test_ours_is_kept_beside_the_senders_that_comes_later(meeting: Meeting) -> None:
    await transcribe(meeting)
    await given_summaries.handle(told("analysis.failed", error="short"), meeting.bench.services)
    ours = await meeting.content("summary.md")
    body = stored(await give(meeting))
    assert await meeting.content("summary.1.md") == ours
    assert (body.name, body.by) == ("summary.md", "waterr")
    kept = (await meeting.artifacts())["summary.1.md"]
    assert kept.size == len(ours)


async def test_the_senders_is_kept_beside_ours_where_a_person_wants_ours(meeting: Meeting) -> None:
    await transcribe(meeting)
    await give(meeting)
    theirs = await meeting.content("summary.md")
    fact = await summaries.summarise_again(KEY, meeting.bench.services, cause="hand")
    assert fact is not None
    assert stored([fact]).by == "extractive"
    assert await meeting.content("summary.1.md") == theirs


async def test_nothing_is_stored_of_a_meeting_that_was_forgotten(meeting: Meeting) -> None:
    async with meeting.bench.services.database.transaction() as tx:
        await forget(tx, *KEY, forgotten_ms=1)
    assert await give(meeting) == []
    assert await given_summaries.handle(told("analysis.failed"), meeting.bench.services) == ()
    assert await meeting.bench.stored() == []
