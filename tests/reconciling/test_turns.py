"""Runs by themselves: who has the turn, from when on they compare, and what an alert does."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import REGISTRY

from consumers import meetings
from consumers.reconciling.turns import NotOurTurn, is_due, reconcile_in_turn, since_when
from infra.clock import wall_clock_ms
from infra.database.reconciling import take_turn
from infra.errors import Retryable
from schemas.envelope import event_headers
from schemas.topics import WEBHOOKS
from tests.reconciling.comparing import PROVIDER, Scene
from tests.servers.meeting_baas_api import silent, status
from tests.servers.meeting_baas_listing import Ending

TEN_MINUTES_MS = 600_000


async def due(scene: Scene, at_ms: int | None = None) -> bool:
    return await is_due(scene.database, PROVIDER, at_ms or wall_clock_ms(), every_ms=TEN_MINUTES_MS)


async def since(scene: Scene, at_ms: int | None = None) -> datetime:
    return await since_when(scene.database, PROVIDER, at_ms or wall_clock_ms())


async def test_one_of_two_processes_compares_and_the_other_is_told_who(scene: Scene) -> None:
    scene.ended("bot-1")
    scene.upstream.instead["v2 bot"] = silent()
    first = asyncio.create_task(reconcile_in_turn(scene.run(), "process 1 on a"))
    while not scene.upstream.asked("v2 bot"):
        await asyncio.sleep(0.01)
    with pytest.raises(NotOurTurn, match="process 1 on a"):
        await reconcile_in_turn(scene.run(), "process 1 on b")
    first.cancel()
    await asyncio.wait([first])
    del scene.upstream.instead["v2 bot"]
    assert (await reconcile_in_turn(scene.run(), "process 1 on b")).fetched == 1


async def test_who_was_killed_is_followed_when_its_turn_is_over(scene: Scene) -> None:
    scene.ended("bot-1")
    now_ms = wall_clock_ms()
    async with scene.database.transaction() as tx:
        await take_turn(tx, PROVIDER, "the dead", now_ms=now_ms, until_ms=now_ms + 400)
    with pytest.raises(NotOurTurn):
        await reconcile_in_turn(scene.run(), "the living")
    await asyncio.sleep(0.5)
    assert (await reconcile_in_turn(scene.run(), "the living")).fetched == 1


async def test_who_lives_keeps_its_turn_however_long_it_takes(scene: Scene) -> None:
    scene.ended("bot-1")
    scene.upstream.instead["v2 bot"] = silent()
    first = asyncio.create_task(reconcile_in_turn(scene.run(), "a", turn_seconds=0.4))
    await asyncio.sleep(1.5)
    with pytest.raises(NotOurTurn):
        await reconcile_in_turn(scene.run(), "b", turn_seconds=0.4)
    first.cancel()
    await asyncio.wait([first])


async def test_who_has_lost_its_turn_hands_nothing_over(scene: Scene) -> None:
    scene.ended("bot-1", ago=timedelta(minutes=5))
    run = scene.run(settle_seconds=1.5)
    slow = asyncio.create_task(reconcile_in_turn(run, "a", turn_seconds=0.4))
    while not scene.upstream.asked("v2 bot"):
        await asyncio.sleep(0.01)
    later_ms = wall_clock_ms() + 60_000
    async with scene.database.transaction() as tx:
        assert await take_turn(tx, PROVIDER, "b", now_ms=later_ms, until_ms=later_ms + 60_000) is None
    with pytest.raises(NotOurTurn, match="taken over"):
        await slow
    assert await scene.appended() == []


async def test_it_is_due_at_first_then_after_a_while_by_whoever_began(scene: Scene) -> None:
    assert await due(scene)
    await reconcile_in_turn(scene.run(), "a")
    assert not await due(scene)
    assert await due(scene, wall_clock_ms() + TEN_MINUTES_MS)


async def test_an_alert_that_deliveries_were_given_up_makes_it_due_at_once(scene: Scene) -> None:
    await reconcile_in_turn(scene.run(), "a")
    headers = event_headers(
        id="alert-1",
        source=f"/webhooks/{PROVIDER}",
        type="meeting-baas.alert.webhook_delivery_exhausted",
        subject="rule-1",
        time="2026-03-03T09:00:00Z",
    )
    body = b'{"alert_rule_id": "rule-1", "alert_type": "webhook_delivery_exhausted"}'
    await scene.log.append(WEBHOOKS, key="rule-1", value=body, headers=headers)
    await scene.work(meetings.CONSUMER)
    assert await due(scene)
    await reconcile_in_turn(scene.run(), "a")
    assert not await due(scene)


async def test_another_alert_does_not(scene: Scene) -> None:
    await reconcile_in_turn(scene.run(), "a")
    headers = event_headers(
        id="alert-1", source="", type="meeting-baas.alert.token_balance", subject="rule-1", time=""
    )
    body = b'{"alert_rule_id": "rule-1", "alert_type": "token_balance"}'
    await scene.log.append(WEBHOOKS, key="rule-1", value=body, headers=headers)
    await scene.work(meetings.CONSUMER)
    assert not await due(scene)


async def test_what_ended_before_the_first_event_came_here_is_not_fetched_by_itself(scene: Scene) -> None:
    now = datetime.now(UTC)
    assert now - await since(scene) < timedelta(minutes=1)
    await scene.webhook("bot.status_change", "bot-1", status={"code": "joining_call", "created_at": "2026"})
    await scene.work(meetings.CONSUMER)
    first = await since(scene)
    assert now <= first + timedelta(seconds=1)
    await reconcile_in_turn(scene.run(since=first), "a")
    assert await since(scene) == first


async def test_after_an_outage_it_compares_from_a_day_before_the_last_run_that_ended(scene: Scene) -> None:
    await reconcile_in_turn(scene.run(now_ms=lambda: 1, since=datetime.fromtimestamp(0, UTC)), "a")
    begun = wall_clock_ms()
    await reconcile_in_turn(scene.run(since=await since(scene)), "a")
    scene.upstream.instead["v2 bots"] = status(403, {})
    scene.upstream.instead["v1 bots"] = status(401, {})
    with pytest.raises(Retryable):
        await reconcile_in_turn(scene.run(), "a")
    a_week_later = await since(scene, begun + 7 * 86_400_000)
    assert abs(a_week_later - datetime.fromtimestamp(begun / 1000 - 86_400, UTC)) < timedelta(seconds=5)


async def test_a_run_over_a_shorter_time_covers_nothing_before_it(scene: Scene) -> None:
    await reconcile_in_turn(scene.run(now_ms=lambda: 1, since=datetime.fromtimestamp(0, UTC)), "a")
    first = await since(scene)
    await reconcile_in_turn(scene.run(since=datetime.now(UTC) - timedelta(minutes=5)), "a")
    assert await since(scene) == first


async def test_the_gap_and_the_last_run_are_in_the_metrics(scene: Scene) -> None:
    scene.ended("bot-1", video="/gone")
    scene.upstream.has("bot-2").ending = Ending(datetime.now(UTC) - timedelta(hours=1, minutes=5))
    scene.upstream.bots["bot-2"].artifacts_deleted = True
    began = wall_clock_ms() / 1000
    await reconcile_in_turn(scene.run(), "a")
    assert metric("gap") == 1
    assert metric("impossible") == 1
    assert metric("last_run_seconds") >= began - 1
    scene.upstream.bots.clear()
    await reconcile_in_turn(scene.run(), "a")
    assert metric("gap") == 0


def metric(name: str) -> float:
    return REGISTRY.get_sample_value(f"adjourn_reconcile_{name}", {"provider": PROVIDER}) or 0
