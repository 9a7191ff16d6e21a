"""A link over real sockets: how the answer is taken, and what its failures mean."""

import asyncio
import gzip

import pytest

from infra.errors import Poison, Retryable
from tests.infra.links.fetching import BODY, SECRET, fetched, fetched_from, links_to
from tests.servers import media
from tests.servers.media import Answer, serve_media


@pytest.mark.parametrize("answer", [media.whole(BODY), media.chunked(BODY), media.without_length(BODY)])
async def test_a_file_comes_as_it_is(answer: Answer) -> None:
    assert await fetched_from(answer) == BODY


async def test_the_head_tells_the_announced_length_and_type() -> None:
    answers = {"/known": media.whole(BODY, "video/mp4"), "/unknown": media.chunked(BODY)}
    async with serve_media(answers) as server, links_to("127.0.0.1") as links:
        async with links.open(f"{server.url}/known") as known:
            assert (known.length, known.media_type) == (len(BODY), "video/mp4")
        async with links.open(f"{server.url}/unknown") as unknown:
            assert (unknown.length, unknown.media_type) == (None, "")


async def test_a_link_is_asked_for_exactly_as_it_was_signed() -> None:
    signed = "/a%7Eb%2fc%20d?X-Amz-Signature=%2B%3d%2F+~&b=%41"
    async with serve_media({"/a%7Eb%2fc%20d": media.whole(b"x")}) as server, links_to("127.0.0.1") as links:
        await fetched(links, server.url + signed)
        assert server.requests[0].startswith(f"GET {signed} HTTP/1.1\r\n")


async def test_a_request_carries_no_credentials_and_asks_for_plain_bytes() -> None:
    async with serve_media({"/file": media.status(200, b"x", Set_Cookie="a=b")}) as server:
        async with links_to("127.0.0.1") as links:
            await fetched(links, f"{server.url}/file")
            await fetched(links, f"{server.url}/file")
        for head in map(str.lower, server.requests):
            assert "\r\naccept-encoding: identity\r\n" in head
            assert "cookie" not in head
            assert "authorization" not in head


async def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serve_media({"/file": media.whole(BODY)}) as server, serve_media({}) as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        async with links_to("127.0.0.1") as links:
            assert await fetched(links, f"{server.url}/file") == BODY
        assert proxy.requests == []


@pytest.mark.parametrize(
    "answer",
    [
        media.cut_short(BODY, len(BODY) + 1),
        media.cut_short(b"", 5),
        media.cut_short_chunked(BODY),
    ],
)
async def test_a_source_that_stops_half_way_is_asked_again(answer: Answer) -> None:
    with pytest.raises(Retryable, match=r"stopped after \d+ of"):
        await fetched_from(answer)


@pytest.mark.parametrize(
    "answer", [media.silent(), media.silent(b"HTTP/1.1 200 OK\r\n"), media.silent_after(BODY, 10_000_000)]
)
async def test_a_source_that_falls_silent_is_given_up(answer: Answer) -> None:
    async with asyncio.timeout(10):
        with pytest.raises(Retryable):
            await fetched_from(answer, idle_seconds=0.2)


async def test_a_head_that_drips_in_is_given_up() -> None:
    """Every byte is in time, and there is no end of them."""
    async with asyncio.timeout(10):
        with pytest.raises(Retryable, match="no answer"):
            await fetched_from(media.dripping_head(0.05), idle_seconds=0.3, connect_seconds=0.7)


async def test_a_source_that_drips_makes_no_progress() -> None:
    async with asyncio.timeout(10):
        with pytest.raises(Retryable, match="too slow"):
            await fetched_from(media.dripping(0.01), idle_seconds=0.3)


async def test_a_source_that_never_ends_is_stopped_at_the_limit() -> None:
    async with asyncio.timeout(10):
        with pytest.raises(Poison, match="more than the 5000000 bytes"):
            await fetched_from(media.endless(), max_bytes=5_000_000)


async def test_a_file_that_is_announced_too_large_is_not_begun() -> None:
    with pytest.raises(Poison, match="1048576 bytes, and 1000 are allowed"):
        await fetched_from(media.whole(BODY), max_bytes=1000)


async def test_a_file_as_large_as_allowed_is_fetched() -> None:
    assert await fetched_from(media.chunked(BODY), max_bytes=len(BODY)) == BODY


async def test_a_packed_answer_that_nobody_asked_for_is_refused() -> None:
    with pytest.raises(Poison, match="'gzip', which was not asked for"):
        await fetched_from(media.gzipped(bytes(10_000_000)))


async def test_an_answer_that_is_packed_on_its_way_is_refused() -> None:
    async def answer(request: media.Request) -> None:
        request.begin(200, {"Transfer-Encoding": "gzip, chunked"})
        await request.send(gzip.compress(BODY), chunked=True)
        await request.send(b"", chunked=True)

    with pytest.raises(Poison, match="'gzip, chunked', which was not asked for"):
        await fetched_from(answer)


@pytest.mark.parametrize("code", [400, 401, 403, 404, 410, 416, 451, 300])
async def test_what_is_gone_or_forbidden_can_never_work(code: int) -> None:
    with pytest.raises(Poison, match=f"answered {code}"):
        await fetched_from(media.status(code, b"<Error>AccessDenied</Error>"))


@pytest.mark.parametrize("code", [202, 204, 206, 408, 425, 429, 500, 502, 503, 504])
async def test_what_may_yet_work_is_tried_again(code: int) -> None:
    with pytest.raises(Retryable, match=f"answered {code}") as raised:
        await fetched_from(media.status(code))
    assert raised.value.after_seconds is None


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("7", 7),
        ("Sun, 06 Nov 2044 08:50:37 GMT", 60),
        ("Sun, 06 Nov 2044 08:50:37 -0000", 60),
        ("Sun, 06 Nov 2011 08:50:37 GMT", 0),
        ("9" * 5000, 3600),
        ("soon", None),
        ("-5", None),
    ],
)
async def test_a_source_may_say_when_to_come_again(said: str, seconds: float | None) -> None:
    answer = media.status(429, Retry_After=said, Date="Sun, 06 Nov 2044 08:49:37 GMT")
    with pytest.raises(Retryable) as raised:
        await fetched_from(answer)
    assert raised.value.after_seconds == seconds


async def test_what_is_no_http_is_tried_again() -> None:
    with pytest.raises(Retryable):
        await fetched_from(media.not_http())


async def test_nobody_listening_is_tried_again() -> None:
    async with serve_media({}) as server:
        pass
    async with links_to("127.0.0.1") as links:
        with pytest.raises(Retryable, match="ECONNREFUSED"):
            await fetched(links, f"{server.url}/file?{SECRET}")


async def test_a_name_that_does_not_resolve_is_tried_again() -> None:
    async with links_to() as links:
        with pytest.raises(Retryable, match="no connection"):
            await fetched(links, f"https://nowhere.invalid/file?{SECRET}")


def _everything_said(error: BaseException | None) -> str:
    said = ""
    while error is not None:
        said += f"{error} {error!r} {error.args}"
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return said


@pytest.mark.parametrize(
    "answer",
    [
        media.status(403),
        media.status(503),
        media.cut_short(b"x", 5),
        media.redirect(f"/file?{SECRET}"),
        media.redirect(f"file:///x?{SECRET}"),
        media.redirect(f"http://127.0.0.9/?{SECRET}"),
        media.redirect(f"http://[::1?{SECRET}"),
        media.redirect(f"http://127.1/?{SECRET}"),
        media.gzipped(b"x"),
        media.not_http(),
        media.whole(BODY),
        media.silent(),
    ],
)
async def test_no_error_tells_the_query_of_a_link(answer: Answer) -> None:
    with pytest.raises((Poison, Retryable)) as raised:
        await fetched_from(answer, max_bytes=10, idle_seconds=0.2)
    assert str(raised.value)
    assert "f00dcafe" not in _everything_said(raised.value)


@pytest.mark.parametrize(
    "url", ["http://[::1?{}", "http://127.0.0.1:99999/?{}", "nohost?{}", "https://u:p@h/?{}"]
)
async def test_no_error_tells_the_query_of_a_broken_link(url: str) -> None:
    async with links_to() as links:
        with pytest.raises(Poison) as raised:
            await fetched(links, url.format(SECRET))
    assert "f00dcafe" not in _everything_said(raised.value)


async def test_links_may_be_followed_side_by_side() -> None:
    answers = {f"/{number}": media.whole(bytes([number]) * 100_000) for number in range(20)}
    async with serve_media(answers) as server, links_to("127.0.0.1") as links:
        bodies = await asyncio.gather(*(fetched(links, f"{server.url}/{number}") for number in range(20)))
    assert [body[:1] for body in bodies] == [bytes([number]) for number in range(20)]


async def test_a_download_may_be_left_half_way() -> None:
    async with serve_media({"/file": media.endless()}) as server, links_to("127.0.0.1") as links:
        async with links.open(f"{server.url}/file") as download:
            async for _ in download.chunks():
                break
        with pytest.raises(Poison):
            await fetched(links, f"{server.url}/other")
