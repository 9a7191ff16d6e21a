"""Meeting BaaS, as the program is told of it."""

import secrets
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import TYPE_CHECKING, Final

from pydantic import Field
from pydantic_settings import BaseSettings

from adjourn import forms
from adjourn.senders.demo import Demo, Trial
from adjourn.senders.meeting_baas_registering import REGISTERING
from adjourn.senders.sender import Channel, Outgoing, Sender, revealed
from receiver import meeting_baas
from receiver.admission import Scheme

if TYPE_CHECKING:
    from infra.providers.base import ProviderApi


class MeetingBaasSettings(BaseSettings):
    meeting_baas_api_keys: forms.Secrets = Field(
        (),
        description="API keys accepted in v1 webhooks: your own key at Meeting BaaS, which they send back",
    )
    meeting_baas_svix_secrets: forms.SvixSecrets = Field(
        (), description="signing secrets of v2 webhook endpoints (`whsec_…`, from their dashboard)"
    )
    meeting_baas_callback_secrets: forms.Secrets = Field(
        (), description="secrets given as `callback_config.secret` when v2 bots are created"
    )
    meeting_baas_alert_secrets: forms.Secrets = Field((), description="secrets of v2 alert callbacks")
    meeting_baas_api_url: forms.ApiUrl = Field(
        "https://api.meetingbaas.com",
        description="their API, asked with the first of the API keys for fresh links where one has expired",
    )


def _scheme(settings: MeetingBaasSettings) -> Scheme | None:
    return meeting_baas.scheme(
        api_keys=revealed(settings.meeting_baas_api_keys),
        svix_secrets=revealed(settings.meeting_baas_svix_secrets),
        callback_secrets=revealed(settings.meeting_baas_callback_secrets),
        alert_secrets=revealed(settings.meeting_baas_alert_secrets),
    )


def _api(settings: MeetingBaasSettings) -> "AbstractAsyncContextManager[ProviderApi] | None":
    if not settings.meeting_baas_api_keys:
        return None
    from infra.providers.meeting_baas import open_meeting_baas  # its HTTP client is slow to load

    return open_meeting_baas(settings.meeting_baas_api_url, revealed(settings.meeting_baas_api_keys)[0])


def _sign(
    channel: meeting_baas.Channel, setting: str, settings: MeetingBaasSettings, outgoing: Outgoing
) -> Mapping[str, str]:
    return meeting_baas.sign(
        channel,
        revealed(getattr(settings, setting))[0],
        body=outgoing.body,
        id=outgoing.id,
        timestamp_seconds=outgoing.time_seconds,
    )


def _channel(name: meeting_baas.Channel, setting: str, sample: str) -> Channel:
    return Channel(setting, partial(_sign, name, setting), sample)


def _demo_settings(api_url: str) -> Sequence[str]:
    return (
        f"ADJOURN_MEETING_BAAS_API_URL={api_url}",
        f"ADJOURN_MEETING_BAAS_API_KEYS={secrets.token_hex(16)}",
        f"ADJOURN_MEETING_BAAS_SVIX_SECRETS=whsec_{secrets.token_hex(16)}",
        f"ADJOURN_MEETING_BAAS_CALLBACK_SECRETS={secrets.token_hex(16)}",
    )


_MEETING: Final = "7d1c0f52-5b0e-4f0a-9a58-2f6f3f1f7c11"
"""Of the samples of v1."""

_MISSED: Final = "e81b6f30-94d2-4c7e-a5f8-2d90c3b7a164"
"""Known only to the API of the samples."""

_DEMO: Final = Demo(
    _demo_settings,
    (
        ("The bot joins, is let in, records, leaves; each status is a webhook of its own (v1):", [
            "send webhook-v1/bot.status_change.joining_call",
            "send webhook-v1/bot.status_change.in_call_recording",
            "send webhook-v1/bot.status_change.call_ended",
        ]),
        ("The recording is ready. Its links are followed, its files stored, its transcript read:", [
            "send --media webhook-v1/complete",
        ]),
        ("Another meeting, sent by v2 with a signature, its transcript behind a link too:", [
            "send --media webhook-v2/bot.completed",
        ]),
        ("What is known now:", ["meetings", f"meeting {_MEETING}"]),
        ("What was said, and where:", [f"transcript {_MEETING}", "search invitations today"]),
        ("A meeting of which no webhook came. Its provider is asked what ended, and it is fetched:", [
            "reconcile --since 2026-03-01",
        ]),
        ("Is every file still what it was when it was stored:", ["verify"]),
        ("And the meeting that was missed:", [f"meeting {_MISSED}"]),
    ),
    fails="webhook-v1/complete.getting-started",
)  # fmt: skip

_TRIAL: Final = Trial(
    setting="meeting_baas_api_keys",
    header="x-meeting-baas-api-key",
    sample="webhook-v1/bot.status_change.in_call_recording",
    steps=(
        "Meeting BaaS signs v1 webhooks with your own API key there. Put it into .env in place of the random"
        " one (ADJOURN_MEETING_BAAS_API_KEYS), and the secrets of v2 beside it if you use v2; then start"
        " again.",
        "Make the URL reachable from outside by https (a reverse proxy, a tunnel) and register it at Meeting"
        " BaaS: `adjourn register URL`.",
    ),
)

MEETING_BAAS: Final = Sender(
    "Meeting BaaS",
    settings=MeetingBaasSettings,
    scheme=_scheme,
    api=_api,
    channels={
        "webhook-v1": _channel("webhook-v1", "meeting_baas_api_keys", "complete"),
        "webhook-v2": _channel("webhook-v2", "meeting_baas_svix_secrets", "bot.completed"),
        "callback": _channel("callback", "meeting_baas_callback_secrets", "bot.completed"),
        "alert": _channel("alert", "meeting_baas_alert_secrets", "token_balance"),
    },
    demo=_DEMO,
    trial=_TRIAL,
    registering=REGISTERING,
)
