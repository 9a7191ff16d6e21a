"""RealtimeKit's API refuses, answers something else, or is asked for what it cannot have."""

from collections.abc import AsyncIterator

import pytest

from infra.errors import Poison, Retryable
from infra.providers.base import DeletedUpstream, KeyRefused, ProviderApi, UnknownUpstream
from infra.providers.realtimekit.api import open_realtimekit
from tests.servers.realtimekit_api import STORAGE_SECRET, TOKEN, Kit, serve_realtimekit, status

SESSION = "05e57591-3a4c-4f6d-9b8e-2c7d1f0a5e63"
ENDED, TRANSCRIPT = "realtimekit.meeting.ended", "realtimekit.meeting.transcript"
CHAT = "realtimekit.meeting.chatSynced"


@pytest.fixture
async def kit() -> AsyncIterator[Kit]:
    async with serve_realtimekit() as serving:
        yield serving


@pytest.fixture
async def api(kit: Kit) -> AsyncIterator[ProviderApi]:
    async with open_realtimekit(kit.api_url, TOKEN, timeout_seconds=10) as opened:
        yield opened


@pytest.mark.parametrize("session", ["../x", "..", "a/b", "x?y", "", "ü", "x" * 200])
async def test_an_id_that_is_none_of_theirs_is_not_asked_for(
    kit: Kit, api: ProviderApi, session: str
) -> None:
    for call in (api.links, api.holdings, api.final_event, api.transcript):
        with pytest.raises(UnknownUpstream):
            await call(session, TRANSCRIPT)
    assert kit.calls == []


async def test_a_session_that_is_not_known_there_says_so(api: ProviderApi) -> None:
    for call in (api.holdings, api.final_event):
        with pytest.raises(UnknownUpstream):
            await call(SESSION, ENDED)


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (400, Poison),
        (401, KeyRefused),
        (403, KeyRefused),
        (404, UnknownUpstream),
        (410, DeletedUpstream),
        (418, Retryable),
        (429, Retryable),
        (500, Retryable),
        (301, Retryable),
    ],
)
@pytest.mark.parametrize("body", [None, {"success": False, "error": {"code": 1, "message": STORAGE_SECRET}}])
async def test_every_refusal_says_what_it_means_and_no_word_of_the_answer(
    kit: Kit, api: ProviderApi, code: int, error: type[Exception], body: object
) -> None:
    kit.answers.append(status(code, body, retry_after="7"))
    with pytest.raises(error) as raised:
        await api.holdings(SESSION, ENDED)
    assert STORAGE_SECRET not in str(raised.value)
    if code == 429:
        assert isinstance(raised.value, Retryable)
        assert raised.value.after_seconds == 7


@pytest.mark.parametrize(
    "body",
    [{}, {"success": True}, {"success": True, "data": []}, {"success": False, "data": {}}, [], "text"],
)
async def test_an_answer_that_is_not_as_documented_is_asked_for_again(
    kit: Kit, api: ProviderApi, body: object
) -> None:
    kit.answers.append(status(200, body))
    with pytest.raises(Retryable):
        await api.holdings(SESSION, ENDED)


async def test_the_token_goes_to_the_api_in_its_header(kit: Kit, api: ProviderApi) -> None:
    kit.has(SESSION, chat="/c")
    await api.links(SESSION, CHAT)
    assert kit.headers[0]["Authorization"] == f"Bearer {TOKEN}"
    async with open_realtimekit(kit.api_url, "Basic b3JnOmtleQ==") as dyte:
        with pytest.raises(KeyRefused):
            await dyte.links(SESSION, CHAT)
    assert kit.headers[-1]["Authorization"] == "Basic b3JnOmtleQ=="
