"""Waterr, as the program is told of it."""

import secrets
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import TYPE_CHECKING, Final

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings

from adjourn import forms
from adjourn.senders.demo import Demo
from adjourn.senders.sender import Channel, Outgoing, Sender, revealed
from adjourn.senders.waterr_registering import REGISTERING
from receiver import waterr
from receiver.admission import Scheme

if TYPE_CHECKING:
    from infra.providers.base import ProviderApi


class WaterrSettings(BaseSettings):
    waterr_secrets: forms.Secrets = Field(
        (), description="signing secrets of v2 webhook endpoints (`whsec_…`, shown once when one is created)"
    )
    waterr_legacy_secrets: forms.Secrets = Field(
        (), description="secrets of the webhooks that scenarios had of their own until September 2026"
    )
    waterr_api_url: forms.ApiUrl = Field(
        "https://api.waterr.ai/v1",
        description="their API, with its version: recordings and transcripts can be had there alone",
    )
    waterr_api_key: forms.Secret = Field(SecretStr(""), description="our key to it (`wai_…`)")


def _scheme(settings: WaterrSettings) -> Scheme | None:
    return waterr.scheme(
        secrets=revealed(settings.waterr_secrets), legacy_secrets=revealed(settings.waterr_legacy_secrets)
    )


def _api(settings: WaterrSettings) -> "AbstractAsyncContextManager[ProviderApi] | None":
    key = settings.waterr_api_key.get_secret_value()
    if not key:
        return None
    from infra.providers.waterr import open_waterr  # its HTTP client is slow to load

    return open_waterr(settings.waterr_api_url, key)


def _sign(
    channel: waterr.Channel, setting: str, settings: WaterrSettings, outgoing: Outgoing
) -> Mapping[str, str]:
    return waterr.sign(
        channel,
        revealed(getattr(settings, setting))[0],
        body=outgoing.body,
        timestamp_seconds=outgoing.time_seconds,
    )


def _channel(name: waterr.Channel, setting: str) -> Channel:
    return Channel(setting, partial(_sign, name, setting), "session.analysis_complete")


def _demo_settings(api_url: str) -> Sequence[str]:
    return (
        f"ADJOURN_WATERR_SECRETS=whsec_{secrets.token_hex(16)}",
        f"ADJOURN_WATERR_LEGACY_SECRETS={secrets.token_hex(16)}",
        f"ADJOURN_WATERR_API_URL={api_url}/v1",
        f"ADJOURN_WATERR_API_KEY=wai_{secrets.token_hex(32)}",
    )


_MEETING: Final = "5f0c2d9e-7a41-4b8d-9c36-e1a7b2d4f803"

_DEMO: Final = Demo(
    _demo_settings,
    (
        ("A meeting is created, somebody joins, leaves, and it ends:", [
            "send waterr/webhook/meeting.created",
            "send waterr/webhook/participant.joined",
            "send waterr/webhook/participant.left",
            "send waterr/webhook/meeting.ended",
        ]),
        ("Transcript and recording are ready: no event has them, so they are asked for at the API:", [
            "send --media waterr/webhook/transcript.ready",
            "send --media waterr/webhook/recording.ready",
        ]),
        ("Their analysis is the summary. It comes again, the legacy way, and is stored once:", [
            "send --media waterr/webhook/session.analysis_complete",
            "send --media waterr/legacy/session.analysis_complete",
        ]),
        ("What is known now:", ["meetings", f"meeting {_MEETING}"]),
        ("What was said, and what they make of it:", [f"transcript {_MEETING}", f"summary {_MEETING}"]),
        ("Is every file still what it was when it was stored:", ["verify"]),
    ),
)  # fmt: skip

WATERR: Final = Sender(
    "Waterr",
    settings=WaterrSettings,
    scheme=_scheme,
    api=_api,
    channels={
        "webhook": _channel("webhook", "waterr_secrets"),
        "legacy": _channel("legacy", "waterr_legacy_secrets"),
    },
    demo=_DEMO,
    registering=REGISTERING,
)
