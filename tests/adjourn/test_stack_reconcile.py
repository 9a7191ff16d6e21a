"""What never came is found on Kafka, S3 and PostgreSQL too, and what could not be stored is brought."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

from adjourn import samples
from adjourn.media_server import serve_media
from tests.adjourn.program import API_KEY
from tests.adjourn.stack import DEADLINE_SECONDS, program_with, stack_settings
from tests.adjourn.test_reconcile import FILES, Place, numbers, worked_on
from tests.servers.kafka import KafkaServer
from tests.servers.meeting_baas_api import serve_meeting_baas
from tests.servers.meeting_baas_listing import Ending
from tests.servers.meeting_baas_transcribing import said
from tests.servers.postgres import PostgresServer
from tests.servers.seaweed import SeaweedServer


async def test_missed_meetings_of_both_generations_are_found_and_stored(
    kafka: KafkaServer, seaweed: SeaweedServer, postgres: PostgresServer, tmp_path: Path
) -> None:
    async with serve_media(*samples.linked_folders()) as source, serve_meeting_baas(source) as upstream:
        upstream.keys = {API_KEY}
        settings = stack_settings(kafka, seaweed, postgres) | {
            "ADJOURN_MEETING_BAAS_API_URL": upstream.url,
            "ADJOURN_RECONCILE_MINUTES": "0",
        }
        place = Place(program_with(settings, tmp_path), upstream)
        assert (await place.run("setup")).returncode == 0
        place.ended("bot-2")
        bot = upstream.has("bot-1", mp4="/video.mp4", audio="/audio.wav")
        bot.ending = Ending(datetime.now(UTC) - timedelta(hours=2), generation=1)
        bot.transcribing.transcripts = said("Good morning")
        broken = upstream.has("bot-3", **FILES | {"video": "/not-there"})
        broken.ending = Ending(datetime.now(UTC) - timedelta(hours=2), code="API_REQUEST")
        async with place.running():
            done = await place.run("reconcile", "--since", "1d")
            assert done.returncode == 0, done.stderr
            assert numbers(done.stdout) == [3, 0, 3, 3, 0, 0]
            await place.until_stored("bot-1", "bot-2")
            await until_worked_on(place)
            assert len(await place.json("dead-letters")) == 1
            broken.files["video"] = "/video.mp4"
            again = await place.run("reconcile", "--since", "1d", "--again")
            assert numbers(again.stdout) == [3, 2, 1, 1, 0, 0]
            await place.until_stored("bot-3")
            await until_worked_on(place)
            assert await place.json("dead-letters") == []
            last = await place.run("reconcile", "--since", "1d")
        assert numbers(last.stdout) == [3, 3, 0, 0, 0, 0]


async def until_worked_on(place: Place) -> None:
    async with asyncio.timeout(2 * DEADLINE_SECONDS):
        while not await asyncio.to_thread(worked_on, place.program):
            await asyncio.sleep(0.5)
