"""The senders that the program knows. A new one is a line here, and one among the bases of `Settings`."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Final

from adjourn.senders.meeting_baas import MEETING_BAAS
from adjourn.senders.realtimekit import REALTIMEKIT
from adjourn.senders.sender import Sender
from adjourn.senders.vonage import VONAGE
from adjourn.senders.waterr import WATERR
from receiver.admission import Scheme

if TYPE_CHECKING:
    from adjourn.settings import Settings
    from infra.providers.base import ProviderApi
    from infra.providers.directory import Directory

SENDERS: Final[Mapping[str, Sender]] = {
    "meeting-baas": MEETING_BAAS,
    "realtimekit": REALTIMEKIT,
    "vonage": VONAGE,
    "waterr": WATERR,
}


def schemes_of(settings: "Settings") -> dict[str, Scheme]:
    """The scheme of every sender for which enough is set. Raises `Halt` for a secret that cannot be one."""
    built = {provider: sender.scheme(settings) for provider, sender in SENDERS.items()}
    return {provider: scheme for provider, scheme in built.items() if scheme is not None}


def apis_of(settings: "Settings") -> "dict[str, AbstractAsyncContextManager[ProviderApi]]":
    """The API of every sender for which we have a key, each to be opened once."""
    apis = {provider: sender.api(settings) for provider, sender in SENDERS.items()}
    return {provider: api for provider, api in apis.items() if api is not None}


def directories_of(settings: "Settings") -> "dict[str, AbstractAsyncContextManager[Directory]]":
    """Who calls a sender's meetings something, where we have a key to ask them, each to be opened once."""
    found = {provider: sender.directory(settings) for provider, sender in SENDERS.items()}
    return {provider: directory for provider, directory in found.items() if directory is not None}
