"""What Meeting BaaS's API says, asked over HTTP."""

from collections.abc import AsyncIterator

import pytest

from adjourn.senders.table import apis_of
from adjourn.settings import Settings
from infra.errors import Retryable
from infra.providers.base import DeletedUpstream, ProviderApi, UnknownUpstream
from infra.providers.meeting_baas import open_meeting_baas
from infra.providers.open import open_providers
from tests.servers.meeting_baas_api import KEY, MeetingBaasApi, serve_meeting_baas, status

V1, V2 = "meeting-baas.complete", "meeting-baas.bot.completed"


@pytest.fixture
async def upstream() -> AsyncIterator[MeetingBaasApi]:
    async with serve_meeting_baas() as serving:
        yield serving


@pytest.fixture
async def api(upstream: MeetingBaasApi) -> AsyncIterator[ProviderApi]:
    async with open_meeting_baas(upstream.url, KEY, timeout_seconds=10) as opened:
        yield opened


async def test_v1_gives_fresh_links_to_the_files_that_are_there(
    upstream: MeetingBaasApi, api: ProviderApi
) -> None:
    upstream.has("bot-1", mp4="/v.mp4", audio="")
    first, second = await api.links("bot-1", V1), await api.links("bot-1", V1)
    assert [(link.kind, link.url.partition("?")[0]) for link in first] == [
        ("video", "https://bots-videos.example/v.mp4")
    ]
    assert first[0].url != second[0].url
    assert upstream.calls[0].query == {"bot_id": "bot-1", "include_transcripts": "false"}


async def test_v2_gives_fresh_links_with_the_transcript_among_them(
    upstream: MeetingBaasApi, api: ProviderApi
) -> None:
    upstream.has("bot-1", video="/v", audio="/a", transcription="/t", chat_messages="/c")
    links = await api.links("bot-1", V2)
    assert [link.kind for link in links] == ["video", "audio", "transcript", "chat"]
    assert upstream.asked("v2 bot") == 1


@pytest.mark.parametrize(
    ("event_type", "call"),
    [
        ("meeting-baas.complete", "v1 meeting_data"),
        ("meeting-baas.failed", "v1 meeting_data"),
        ("meeting-baas.transcription_complete", "v1 meeting_data"),
        ("meeting-baas.bot.completed", "v2 bot"),
        ("meeting-baas.bot.failed", "v2 bot"),
        ("meeting-baas.bot.status_change", "v2 bot"),
    ],
)
async def test_the_event_tells_which_version_has_the_meeting(
    upstream: MeetingBaasApi, api: ProviderApi, event_type: str, call: str
) -> None:
    upstream.has("bot-1")
    await api.links("bot-1", event_type)
    assert [one.name for one in upstream.calls] == [call]


async def test_v1_tells_of_a_transcript_in_its_answer_and_of_files_that_we_have_no_kind_for(
    upstream: MeetingBaasApi, api: ProviderApi
) -> None:
    bot = upstream.has("bot-1", mp4="/v", meeting_participants_file="/p")
    assert (await api.holdings("bot-1", V1)).transcript is False
    bot.transcribing.transcripts = [{"speaker": "Ada", "start_time": 0, "words": []}]
    held = await api.holdings("bot-1", V1)
    assert held.transcript
    assert [link.kind for link in held.links] == ["video"]
    assert held.others == ("meeting_participants_file",)


async def test_v2_tells_of_a_transcript_by_its_link(upstream: MeetingBaasApi, api: ProviderApi) -> None:
    bot = upstream.has("bot-1", video="/v")
    assert (await api.holdings("bot-1", V2)).transcript is False
    bot.files["transcription"] = "/t"
    assert (await api.holdings("bot-1", V2)).transcript is True


@pytest.mark.parametrize(
    ("event_type", "answer"),
    [
        (V1, {"mp4": "", "audio": "", "bot_data": {"transcripts": []}}),
        (V1, {"mp4": ["https://x/v"], "audio": "", "bot_data": {"transcripts": []}}),
        (V2, {"success": True, "data": {"artifacts": {"video": "https://x/v"}}}),
        (V2, {"success": False, "data": {}}),
        (V2, {"success": True, "data": None}),
    ],
)
async def test_an_answer_in_which_a_file_might_be_overlooked_says_nothing_of_holdings(
    upstream: MeetingBaasApi, api: ProviderApi, event_type: str, answer: dict[str, object]
) -> None:
    upstream.always = status(200, answer)
    with pytest.raises(Retryable, match="not as documented"):
        await api.holdings("bot-1", event_type)


async def test_what_v2_has_deleted_is_final(upstream: MeetingBaasApi, api: ProviderApi) -> None:
    upstream.has("bot-1", video="/v").artifacts_deleted = True
    for ask in (api.links, api.holdings):
        with pytest.raises(DeletedUpstream, match="has deleted the files"):
            await ask("bot-1", V2)


@pytest.mark.parametrize("event_type", [V1, V2])
async def test_a_meeting_that_is_not_known_there_says_so(api: ProviderApi, event_type: str) -> None:
    for ask in (api.links, api.holdings, api.delete):
        with pytest.raises(UnknownUpstream, match="404"):
            await ask("bot-1", event_type)


@pytest.mark.parametrize("meeting", ["../accounts", "..", "a/b", "x?y", "", "ü", "x" * 200])
@pytest.mark.parametrize("event_type", [V1, V2])
async def test_an_id_that_cannot_be_theirs_is_never_put_into_a_path(
    upstream: MeetingBaasApi, api: ProviderApi, event_type: str, meeting: str
) -> None:
    for ask in (api.links, api.delete):
        with pytest.raises(UnknownUpstream):
            await ask(meeting, event_type)
    assert upstream.calls == []


async def test_v1_deletes_by_post_and_what_is_gone_already_is_no_error(
    upstream: MeetingBaasApi, api: ProviderApi
) -> None:
    bot = upstream.has("bot-1", mp4="/v")
    for word in ("deleted", "alreadyDeleted", "noDataFound"):
        bot.deleting[:] = [word]
        await api.delete("bot-1", V1)
    assert upstream.asked("v1 delete_data") == 3


@pytest.mark.parametrize("word", ["partiallyDeleted", "perhaps"])
async def test_a_v1_deletion_that_is_not_whole_is_to_be_repeated(
    upstream: MeetingBaasApi, api: ProviderApi, word: str
) -> None:
    upstream.has("bot-1", mp4="/v").deleting[:] = [word]
    with pytest.raises(Retryable, match="not deleted all"):
        await api.delete("bot-1", V1)


async def test_v2_deletes_at_the_transcribers_too(upstream: MeetingBaasApi, api: ProviderApi) -> None:
    bot = upstream.has("bot-1", video="/v")
    await api.delete("bot-1", V2)
    assert bot.artifacts_deleted
    assert upstream.calls[0].query == {"delete_from_provider": "true"}


async def test_v2_deletes_no_meeting_that_is_not_over(upstream: MeetingBaasApi, api: ProviderApi) -> None:
    upstream.has("bot-1", status="transcribing")
    with pytest.raises(Retryable, match="409"):
        await api.delete("bot-1", V2)


async def test_a_deletion_that_v2_denies_is_no_deletion(upstream: MeetingBaasApi, api: ProviderApi) -> None:
    upstream.always = status(200, {"success": True, "data": {"bot_id": "bot-1", "deleted": False}})
    with pytest.raises(Retryable):
        await api.delete("bot-1", V2)


async def test_the_first_of_several_keys_is_used(upstream: MeetingBaasApi) -> None:
    upstream.has("bot-1")
    settings = Settings(
        _env_file=None, meeting_baas_api_url=f"{upstream.url}/", meeting_baas_api_keys=(KEY, "old")
    )
    async with open_providers(apis_of(settings)) as providers:
        await providers["meeting-baas"].links("bot-1", V1)
    assert upstream.calls[0].headers["x-meeting-baas-api-key"] == KEY


async def test_without_a_key_there_is_nobody_to_ask() -> None:
    async with open_providers(apis_of(Settings(_env_file=None, meeting_baas_api_keys=()))) as providers:
        assert dict(providers) == {}
