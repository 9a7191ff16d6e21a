"""What the program has to know of a sender: its settings, its scheme, its API, how samples are sent."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import SecretStr
from pydantic_settings import BaseSettings

if TYPE_CHECKING:
    from adjourn.senders.demo import Demo, Trial
    from adjourn.senders.registering import Registering
    from adjourn.settings import Settings
    from infra.providers.base import ProviderApi
    from infra.providers.directory import Directory
    from receiver.admission import Scheme


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A sample on its way at a time (seconds since 1970). `id` is the delivery's: the same each time."""

    channel: str
    body: bytes
    id: str
    time_seconds: int


def nobody(_: "Settings") -> None:
    """Who calls a sender's meetings something."""


def nowhere_else(_: "Settings") -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Channel:
    """How samples of a channel are sent: as their sender would, with what is set.

    `setting` is the field without which they cannot be signed, unless `or_setting` is there. `sign` gives the
    headers. `sample` is the one that is sent where none is named. `path` is what follows the sender's name in
    the URL, with its "/".
    """

    setting: str
    sign: "Callable[[Settings, Outgoing], Mapping[str, str]]"
    sample: str
    path: "Callable[[Settings], str]" = nowhere_else
    or_setting: str | None = None


@dataclass(frozen=True, slots=True)
class Sender:
    """`scheme` and `api` are null where not enough is set for them; `scheme` raises `Halt` for what cannot be
    a secret. `channels` by the names of their folders among the samples. `registering` is null where all
    that can be said is the URL, `trial` where no secret can be made up."""

    title: str
    settings: type[BaseSettings]
    scheme: "Callable[[Settings], Scheme | None]"
    api: "Callable[[Settings], AbstractAsyncContextManager[ProviderApi] | None]"
    channels: Mapping[str, Channel]
    demo: "Demo"
    trial: "Trial | None" = None
    directory: "Callable[[Settings], AbstractAsyncContextManager[Directory] | None]" = nobody
    registering: "Registering | None" = None


def revealed(secrets: tuple[SecretStr, ...]) -> list[str]:
    """The newest first, as they are set."""
    return [secret.get_secret_value() for secret in secrets]
