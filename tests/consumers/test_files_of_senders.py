"""What senders say of files beside links: an id, until when, a digest; that it is to be asked for first."""

import hashlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from consumers.copying.copy import copy
from consumers.copying.known import held, look
from consumers.copying.wanted import Wanted
from consumers.renewal import expires_soon, fresh_link
from consumers.urgency import soonest_expiry
from infra.errors import Poison, Retryable
from infra.providers.base import ProviderApi
from schemas.manifest import Artifact
from schemas.meeting import Link, Observation
from tests.consumers.storing import PROVIDER, VIDEO, Bench, opened_bench
from tests.schemas.receiving import received
from tests.servers.file import File
from tests.servers.file import held as content
from tests.servers.media import chunked, whole

SHA256 = hashlib.sha256(VIDEO).hexdigest()
SEEN = Observation(PROVIDER, "bot-1", "some.event")


class _Sender:
    """A provider that gives these links, whatever it is asked for; each call counts."""

    def __init__(self, *links: Link) -> None:
        self.given = links
        self.asked = 0

    async def links(self, meeting_id: str, event_type: str) -> Sequence[Link]:
        self.asked += 1
        return self.given


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with opened_bench(tmp_path, {"/v": whole(VIDEO), "/w": whole(VIDEO + b"w")}) as bench:
        yield bench


def with_sender(bench: Bench, sender: Any) -> Bench:
    providers: dict[str, ProviderApi] = {PROVIDER: sender}
    return replace(bench, services=replace(bench.services, providers=providers))


async def fetch(bench: Bench, link: Link, *, event: str = "event-1") -> Artifact:
    """As the consumer does."""
    wanted = Wanted(link, SEEN, event, f"{PROVIDER}.some.event")
    known = await look(wanted.meeting, bench.services)
    there = await held(wanted, known, bench.services.objects)
    return there or await copy(wanted, known, bench.services, silence_seconds=1)


async def test_under_one_id_there_is_one_file_wherever_its_links_lead(bench: Bench) -> None:
    first = await fetch(bench, Link("video", bench.link("/v"), id="r-1"))
    again = await fetch(bench, Link("video", bench.link("/w"), id="r-1"), event="event-2")
    assert first == again
    assert bench.source.served("/w") == 0


async def test_another_id_is_another_file_though_its_link_is_the_same(bench: Bench) -> None:
    await fetch(bench, Link("video", bench.link("/v"), id="r-1"))
    bench.source.answers["/v"] = whole(VIDEO + b"other")
    other = await fetch(bench, Link("video", bench.link("/v"), id="r-2"))
    assert other.name == "video.2.mp4"


async def test_one_id_may_have_a_video_and_its_sound(bench: Bench) -> None:
    bench.source.answers["/a"] = whole(b"fLaC\0\0\0\x22" + bytes(4000))
    await fetch(bench, Link("video", bench.link("/v"), id="r-1"))
    sound = await fetch(bench, Link("audio", bench.link("/a"), id="r-1"))
    assert sound.name == "audio.flac"


async def test_a_file_that_is_gone_from_the_store_is_fetched_again(bench: Bench) -> None:
    link = Link("video", bench.link("/v"), id="r-1")
    await fetch(bench, link)
    await bench.services.objects.delete(f"{PROVIDER}/bot-1/video.mp4")
    await fetch(bench, link)
    assert await bench.content("video.mp4") == VIDEO


@pytest.mark.parametrize("id_", ["r-2", None])
async def test_a_dead_link_is_renewed_by_its_id_else_by_its_kind(bench: Bench, id_: str | None) -> None:
    one, two = Link("video", bench.link("/v"), id="r-1"), Link("video", bench.link("/w"), id="r-2")
    sender = with_sender(bench, _Sender(Link("audio", "x"), one, two))
    fresh = await fresh_link(Link("video", "dead", id=id_), SEEN, "x", sender.services)
    assert fresh == (two if id_ else one)


async def test_another_file_of_the_kind_is_no_fresh_link_to_this_one(bench: Bench) -> None:
    sender = with_sender(bench, _Sender(Link("video", bench.link("/v"), id="r-1")))
    with pytest.raises(Retryable, match="no video"):
        await fresh_link(Link("video", "dead", id="r-2"), SEEN, "x", sender.services)


@pytest.mark.parametrize(("minutes", "soon"), [(-60, True), (1, True), (10, False), (None, False)])
def test_a_link_dies_when_its_sender_says(minutes: float | None, soon: bool) -> None:
    at = None if minutes is None else datetime.now(UTC) + timedelta(minutes=minutes)
    assert expires_soon(Link("video", "https://media.example/v", expires_at=at)) is soon


def test_of_two_words_on_when_a_link_dies_the_earlier_counts() -> None:
    later = datetime.now(UTC) + timedelta(days=1)
    assert expires_soon(Link("video", "https://media.example/v?Expires=1000", expires_at=later))


async def test_a_link_that_is_to_be_asked_for_is_never_followed_as_it_came(bench: Bench) -> None:
    sender = _Sender(Link("video", bench.link("/w")))
    await fetch(with_sender(bench, sender), Link("video", bench.link("/v"), ask_first=True))
    assert (bench.source.served("/v"), sender.asked) == (0, 1)


async def test_it_is_asked_for_anew_where_the_copy_breaks_off(bench: Bench) -> None:
    movie = content(VIDEO * 20)
    bench.source.answers["/v"] = File(movie, etag='"1"', cuts=[movie.size // 2])
    sender = _Sender(Link("video", bench.link("/v")))
    await fetch(with_sender(bench, sender), Link("video", "", ask_first=True))
    assert sender.asked == 2


async def test_while_nobody_can_be_asked_the_link_that_came_will_do(bench: Bench) -> None:
    class Away(_Sender):
        async def links(self, meeting_id: str, event_type: str) -> Sequence[Link]:
            raise Retryable("away")

    away = with_sender(bench, Away())
    assert (await fetch(away, Link("video", bench.link("/v"), ask_first=True))).name == "video.mp4"
    with pytest.raises(Retryable, match="away"):
        await fetch(away, Link("audio", "", ask_first=True))


async def test_without_a_link_and_without_a_key_it_is_said_what_to_do(bench: Bench) -> None:
    with pytest.raises(Poison, match="no key"):
        await fetch(bench, Link("video", "", ask_first=True))


async def test_a_file_is_held_against_its_senders_digest(bench: Bench) -> None:
    with pytest.raises(Retryable, match="sha256"):
        await fetch(bench, Link("video", bench.link("/w"), sha256=SHA256))
    assert await bench.stored() == []
    assert (await fetch(bench, Link("video", bench.link("/v"), sha256=SHA256))).sha256 == SHA256


async def test_a_large_file_of_another_digest_leaves_nothing_behind(bench: Bench) -> None:
    movie = content(VIDEO * 20)
    bench.source.answers["/v"] = File(movie, etag='"1"', cuts=[movie.size // 2])
    with pytest.raises(Retryable, match="sha256"):
        await fetch(bench, Link("video", bench.link("/v"), sha256=SHA256))
    assert await bench.stored() == []


@pytest.mark.parametrize(
    ("said", "verified"), [({"size": 9000}, "length"), ({"size": 9001}, "none"), ({}, "none")]
)
async def test_the_senders_word_proves_what_nothing_else_does(
    bench: Bench, said: dict[str, Any], verified: str
) -> None:
    bench.source.answers["/v"] = chunked(bytes(9000))
    assert (await fetch(bench, Link("video", bench.link("/v"), **said))).verified == verified


async def test_a_digest_proves_more_than_a_length_that_nobody_told(bench: Bench) -> None:
    bench.source.answers["/v"] = chunked(bytes(9000))
    digest = hashlib.sha256(bytes(9000)).hexdigest()
    assert (await fetch(bench, Link("video", bench.link("/v"), sha256=digest))).verified == "structure"


def test_an_event_whose_links_do_not_tell_is_as_urgent_as_it_says_beside_them() -> None:
    body = b'{"event": "meeting.chatSynced", "sessionId": "s", "chatDownloadUrl": "https://media.example/c",'
    body += b' "chatDownloadUrlExpiry": "2026-06-10T10:30:00.000Z"}'
    expected = datetime(2026, 6, 10, 10, 30, tzinfo=UTC).timestamp()
    assert soonest_expiry(received(body, "webhook", "realtimekit")) == expected
