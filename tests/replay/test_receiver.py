import json
import time

from consumers.replay.again import ReplayCounts
from infra.eventlog.base import EventLog
from schemas.dead_letter import dead_letter_headers
from schemas.envelope import event_headers
from schemas.topics import DEAD_LETTERS, WEBHOOKS
from tests.consumers.running import records
from tests.replay.pipeline import Pipeline


async def test_what_the_receiver_refused_and_we_can_read_now_is_accepted(p: Pipeline) -> None:
    body = json.dumps({"event": "failed", "data": {"bot_id": "m1", "error": "CannotJoinMeeting"}}).encode()
    await _quarantine(p.log, "msg_1", body)

    assert await p.replay() == ReplayCounts(healed=1)

    (record,) = await records(p.log, WEBHOOKS)
    assert (record.key, record.value, record.id) == ("m1", body, "msg_1")
    assert record.type == "meeting-baas.failed"
    assert record.headers["ce_source"] == "/webhooks/meeting-baas"
    assert not [name for name in record.headers if name.startswith("dl_")]
    assert await p.open_ids() == []
    assert await p.replay() == ReplayCounts()
    assert len(await records(p.log, WEBHOOKS)) == 1


async def test_what_the_receiver_refused_is_read_as_what_it_was_authenticated_for(p: Pipeline) -> None:
    body = json.dumps({"alert_type": "error_rate", "alert_rule_id": "rule-1"}).encode()
    await _quarantine(p.log, "msg_1", body, channel="alert")

    assert await p.replay() == ReplayCounts(healed=1)

    (record,) = await records(p.log, WEBHOOKS)
    assert (record.key, record.type) == ("rule-1", "meeting-baas.alert.error_rate")


async def test_what_is_still_no_event_is_buried_once_more_as_it_was(p: Pipeline) -> None:
    await _quarantine(p.log, "msg_1", b"[not json")

    assert await p.replay() == ReplayCounts(failed=1)

    assert await p.open_ids() == ["msg_1"]
    first, second = await records(p.log, DEAD_LETTERS)
    assert (second.value, second.headers["dl_channel"]) == (first.value, "webhook-v1")
    assert (second.headers["dl_kind"], second.headers["dl_attempts"]) == ("invalid", "2")
    assert await records(p.log, WEBHOOKS) == []


async def test_a_letter_of_the_receiver_that_came_twice_is_open_once(p: Pipeline) -> None:
    await _quarantine(p.log, "msg_1", b"[not json")
    await _quarantine(p.log, "msg_1", b"[not json")

    assert len(await p.letters()) == 1


async def _quarantine(
    log: EventLog,
    id: str,  # noqa: A002
    body: bytes,
    *,
    channel: str = "webhook-v1",
) -> None:
    event = event_headers(
        id=id,
        source="/webhooks/meeting-baas",
        type="meeting-baas.unreadable",
        subject="",
        time="2026-01-02T03:04:05Z",
    )
    # Buried some time before it is replayed, as it is outside of tests.
    buried = time.gmtime(time.time() - 10)
    headers = dead_letter_headers(
        event,
        consumer="receiver",
        kind="invalid",
        error="the body is not JSON",
        attempts=1,
        topic=WEBHOOKS,
        partition=None,
        offset=None,
        time=time.strftime("%Y-%m-%dT%H:%M:%SZ", buried),
    )
    await log.append(DEAD_LETTERS, key="", value=body, headers=headers | {"dl_channel": channel})
