"""What failed and has a cause that can be mended is healed by a replay."""

import asyncio
from pathlib import Path

from adjourn import samples
from adjourn.media_server import serve_media
from adjourn.sending import post, with_links_to
from tests.adjourn.program import API_KEY, Program, eventually

CONFIGURED = {"ADJOURN_MEETING_BAAS_API_KEYS": API_KEY}
SAMPLE = samples.read("webhook-v1/complete")
VIDEO = "var/objects/meeting-baas/7d1c0f52-5b0e-4f0a-9a58-2f6f3f1f7c11/video.mp4"


async def test_a_download_that_was_not_allowed_is_healed_once_it_is(tmp_path: Path) -> None:
    strict = Program(tmp_path, settings=CONFIGURED)
    mended = Program(tmp_path, settings=CONFIGURED | {"ADJOURN_DOWNLOAD_ALLOW": "127.0.0.1"})
    async with serve_media(*samples.linked_folders()) as media:
        with strict.running():
            body = with_links_to(SAMPLE, media)
            answer = await post(
                f"{strict.url}/webhooks/meeting-baas", body, {"x-meeting-baas-api-key": API_KEY}
            )
            assert answer.status == 202
            [letter] = eventually(lambda: strict.json("dead-letters"), "buried")
            told = strict.run("meeting", letter["key"]).stdout
        healed = await asyncio.to_thread(mended.json, "replay")
    assert (letter["consumer"], letter["kind"]) == ("recordings", "poison")
    assert "Failures" in told
    assert "only https to public addresses and allowed hosts" in told
    assert [event["event"] for event in healed] == ["began", "done", "ended"]
    assert (healed[1]["letter"], healed[2]["healed"], healed[2]["failed"]) == (letter["id"], 1, 0)
    assert (tmp_path / VIDEO).exists()
    assert mended.json("dead-letters") == []
    assert [each["event_id"] for each in mended.json("dead-letters", "--all")] == [letter["event_id"]]
