"""Redirects and addresses: what is followed, and what is never connected to."""

import asyncio

import pytest

from infra.errors import Poison, Retryable
from tests.infra.links.fetching import BODY, SECRET, fetched, fetched_from, links_to
from tests.servers import media
from tests.servers.media import serve_media


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
async def test_redirects_are_followed(code: int) -> None:
    answers = {"/a/file": media.redirect("../b?c=%2F", code), "/b": media.whole(BODY)}
    async with serve_media(answers) as server, links_to("127.0.0.1") as links:
        assert await fetched(links, f"{server.url}/a/file") == BODY
        assert server.requests[1].startswith("GET /b?c=%2F HTTP/1.1\r\n")


async def test_five_redirects_are_followed_and_no_sixth() -> None:
    answers = {f"/{hop}": media.redirect(f"/{hop + 1}") for hop in range(6)} | {"/6": media.whole(BODY)}
    async with serve_media(answers) as server, links_to("127.0.0.1") as links:
        assert await fetched(links, f"{server.url}/1") == BODY
        with pytest.raises(Poison, match="redirected more than 5 times"):
            await fetched(links, f"{server.url}/0")


async def test_a_link_that_is_redirected_for_ever_is_given_up() -> None:
    with pytest.raises(Poison, match="redirected more than 5 times"):
        await fetched_from(media.redirect(f"/file?{SECRET}"))


@pytest.mark.parametrize(
    "location", ["", "http://[::1", "file:///etc/passwd", "ftp://127.0.0.1/", "https://a:b@127.0.0.1/", "//"]
)
async def test_a_redirect_to_what_is_no_link_is_refused(location: str) -> None:
    with pytest.raises(Poison):
        await fetched_from(media.redirect(location))


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize(
    "host",
    [
        *(
            "127.0.0.1",
            "localhost",
            "localhost.",
            "LOCALHOST",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
        ),
        *(
            "0.0.0.0",
            "[::]",
            "127.1",
            "0x7f.1",
            "0x7f000001",
            "2130706433",
            "0177.0.0.1",
            "127。0。0。1",
            "①27.0.0.1",
        ),
        *(
            "10.0.0.1",
            "169.254.169.254",
            "100.100.100.200",
            "[fe80::1]",
            "[64:ff9b::7f00:1]",
            "255.255.255.255",
        ),
    ],
)
async def test_a_private_address_is_never_connected_to(scheme: str, host: str) -> None:
    async with serve_media({"/file": media.whole(BODY)}) as server, links_to() as links:
        port = server.url.rpartition(":")[2]
        with pytest.raises((Poison, Retryable)):
            await fetched(links, f"{scheme}://{host}:{port}/file?{SECRET}")
        assert server.requests == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "169.254.169.254"])
async def test_a_link_to_a_private_address_can_never_work(host: str) -> None:
    async with links_to() as links:
        with pytest.raises(Poison, match="only https to public addresses"):
            await fetched(links, f"https://{host}/file?{SECRET}")


async def test_plain_http_to_a_public_address_is_refused_before_a_connection() -> None:
    async with asyncio.timeout(2), links_to() as links:
        with pytest.raises(Poison, match="only https to public addresses"):
            await fetched(links, f"http://192.0.1.1/file?{SECRET}")


@pytest.mark.parametrize(
    "to", ["http://127.0.0.2:{port}/file", "//127.0.0.2:{port}/file", "http://localhost:{port}/"]
)
async def test_a_redirect_to_a_private_address_is_not_followed(to: str) -> None:
    async with (
        serve_media({"/file": media.whole(BODY)}, host="127.0.0.2") as inside,
        serve_media({}) as outside,
        links_to("127.0.0.1/32") as links,
    ):
        port = inside.url.rpartition(":")[2]
        outside.answers["/file"] = media.redirect(to.format(port=port))
        with pytest.raises((Poison, Retryable)):
            await fetched(links, f"{outside.url}/file")
        assert outside.asked("/file") == 1
        assert inside.requests == []


@pytest.mark.parametrize("allow", ["localhost", "LocalHost.", "127.0.0.0/8"])
async def test_an_allowed_host_or_network_may_be_private(allow: str) -> None:
    async with serve_media({"/file": media.whole(BODY)}) as server, links_to(allow, "::1") as links:
        assert await fetched(links, server.url.replace("127.0.0.1", "localhost") + "/file") == BODY


async def test_an_allowed_host_name_allows_no_other_name_of_its_address() -> None:
    async with serve_media({"/file": media.whole(BODY)}) as server, links_to("localhost") as links:
        with pytest.raises(Poison):
            await fetched(links, f"{server.url}/file")
        assert server.requests == []


@pytest.mark.parametrize(
    "url",
    [
        *(
            "",
            "/file",
            "file:///etc/passwd",
            "ftp://127.0.0.1/x",
            "gopher://127.0.0.1/",
            "data:,x",
            "http://",
        ),
        *("http:///file", "http://[::1", "http://127.0.0.1:99999/", "javascript:alert(1)", "http://\ud800/"),
        *("http://user:pass@127.0.0.1/file", "http://user@127.0.0.1/file", "http://h\\@127.0.0.1/"),
    ],
)
async def test_what_is_no_link_can_never_work(url: str) -> None:
    async with links_to("127.0.0.1") as links:
        with pytest.raises(Poison):
            await fetched(links, url)


async def test_a_link_cannot_add_lines_to_the_request() -> None:
    async with serve_media({}) as server, links_to("127.0.0.1") as links:
        with pytest.raises(Poison):
            await fetched(links, f"{server.url}/a\r\nX-Injected: 1\r\n\r\n")
        with pytest.raises(Poison):
            await fetched(links, f"{server.url}/a b\tc")
        assert [head for head in server.requests if "\nX-Injected" in head] == []
