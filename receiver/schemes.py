"""The table of signature schemes. A new sender is a line here, and a module that knows how it signs."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol

from pydantic import SecretStr

from receiver import meeting_baas
from receiver.admission import Scheme


class Secrets(Protocol):
    """What of the settings the schemes are made of. Lists hold the newest first, and all are accepted."""

    @property
    def meeting_baas_api_keys(self) -> Sequence[SecretStr]: ...
    @property
    def meeting_baas_svix_secrets(self) -> Sequence[SecretStr]: ...
    @property
    def meeting_baas_callback_secrets(self) -> Sequence[SecretStr]: ...
    @property
    def meeting_baas_alert_secrets(self) -> Sequence[SecretStr]: ...


SCHEMES: Final[Mapping[str, Callable[[Secrets], Scheme | None]]] = {
    "meeting-baas": lambda secrets: meeting_baas.scheme(
        api_keys=_revealed(secrets.meeting_baas_api_keys),
        svix_secrets=_revealed(secrets.meeting_baas_svix_secrets),
        callback_secrets=_revealed(secrets.meeting_baas_callback_secrets),
        alert_secrets=_revealed(secrets.meeting_baas_alert_secrets),
    ),
}


def configured(secrets: Secrets) -> dict[str, Scheme]:
    """The scheme of every provider that has a secret. Raises `Halt` for a secret that cannot be one."""
    built = {provider: build(secrets) for provider, build in SCHEMES.items()}
    return {provider: scheme for provider, scheme in built.items() if scheme is not None}


def _revealed(secrets: Sequence[SecretStr]) -> list[str]:
    return [secret.get_secret_value() for secret in secrets]
