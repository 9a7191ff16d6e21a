"""A name whose addresses change between questions: each connection is judged by where it really goes."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from infra.errors import Poison
from infra.links.base import Links, Validator
from tests.infra.links.ahead import EAGER, SIZE
from tests.infra.links.fetching import SECRET, fetched, links_to
from tests.servers.file import File, noise
from tests.servers.media import Answer, Media, redirect, serve_media, whole

NAME = "files.example"
OUTSIDE, INSIDE = "127.0.0.1", "127.0.0.2"


class RebindingLoop(asyncio.SelectorEventLoop):
    """Its resolver answers for `NAME` with one of `addresses` after the other, and then with the last."""

    def __init__(self, addresses: Sequence[Sequence[str]]) -> None:
        super().__init__()
        self.addresses = list(addresses)

    async def getaddrinfo(self, host: Any, port: Any, **more: Any) -> list[Any]:
        if host != NAME:
            return await super().getaddrinfo(host, port, **more)
        found = self.addresses.pop(0) if len(self.addresses) > 1 else self.addresses[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]


@dataclass(frozen=True, slots=True)
class Place:
    """The same answer outside and inside, on the same port. Only outside is allowed."""

    outside: Media
    inside: Media
    links: Links
    url: str


@asynccontextmanager
async def a_place(answer: Answer) -> AsyncIterator[Place]:
    async with serve_media({"/file": answer}, host=OUTSIDE) as outside:
        port = int(outside.url.rpartition(":")[2])
        async with (
            serve_media({"/file": answer}, host=INSIDE, port=port) as inside,
            links_to(f"{OUTSIDE}/32", pace=EAGER) as links,
        ):
            yield Place(outside, inside, links, f"http://{NAME}:{port}/file?{SECRET}")
            assert inside.requests == []


def run(scenario: Callable[[], Coroutine[Any, Any, None]], *addresses: Sequence[str]) -> None:
    with asyncio.Runner(loop_factory=lambda: RebindingLoop(addresses)) as runner:
        runner.run(scenario())


def test_a_name_that_turns_to_a_private_address_is_refused() -> None:
    async def scenario() -> None:
        async with a_place(whole(b"x")) as place:
            assert await fetched(place.links, place.url) == b"x"
            with pytest.raises(Poison, match="only https to public addresses"):
                await fetched(place.links, place.url)

    run(scenario, [OUTSIDE], [INSIDE])


def test_a_rest_is_not_asked_for_at_another_address() -> None:
    async def scenario() -> None:
        file = File(noise(SIZE))
        async with a_place(file) as place:
            async with place.links.open(place.url) as download:
                known = Validator(download.etag, download.modified, download.length)
            with pytest.raises(Poison, match="only https to public addresses"):
                async with place.links.open(place.url, first=5, unchanged=known):
                    pass

    run(scenario, [OUTSIDE], [INSIDE])


def test_a_redirect_to_a_name_that_turns_to_a_private_address_is_not_followed() -> None:
    async def scenario() -> None:
        async with a_place(whole(b"x")) as place:
            place.outside.answers["/away"] = redirect(place.url)
            away = f"{place.outside.url}/away"
            assert await fetched(place.links, away) == b"x"
            with pytest.raises(Poison, match="only https to public addresses"):
                await fetched(place.links, away)
            assert place.outside.asked("/away") == 2

    run(scenario, [OUTSIDE], [INSIDE])


def test_the_further_connections_of_reading_ahead_are_judged_as_the_first() -> None:
    async def scenario() -> None:
        file = File(noise(SIZE))
        async with a_place(file) as place:
            assert await fetched(place.links, place.url) == file.content.read(0, SIZE)
            assert place.outside.asked("/file") == 1

    run(scenario, [OUTSIDE], [INSIDE])


def test_reading_ahead_goes_on_alone_where_only_some_connections_are_allowed() -> None:
    async def scenario() -> None:
        file = File(noise(SIZE))
        async with a_place(file) as place:
            assert await fetched(place.links, place.url) == file.content.read(0, SIZE)
            assert place.outside.asked("/file") > 3

    run(scenario, [OUTSIDE], [OUTSIDE], [INSIDE], [OUTSIDE])


def test_of_several_addresses_only_those_that_are_allowed_are_connected_to() -> None:
    async def scenario() -> None:
        async with a_place(whole(b"x")) as place:
            for _ in range(4):
                assert await fetched(place.links, place.url) == b"x"

    run(scenario, [INSIDE, OUTSIDE], [OUTSIDE, INSIDE], [INSIDE, INSIDE, OUTSIDE])


def test_a_name_all_of_whose_addresses_are_private_can_never_work() -> None:
    async def scenario() -> None:
        async with a_place(whole(b"x")) as place:
            with pytest.raises(Poison, match="only https to public addresses"):
                await fetched(place.links, place.url)

    run(scenario, [INSIDE, "10.0.0.1", "169.254.169.254"])
