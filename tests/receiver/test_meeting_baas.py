"""Secrets that are sent in clear: several at a time, while they are rotated."""

import pytest

from receiver import meeting_baas
from receiver.admission import Unauthentic

HEADERS = {
    "api_keys": b"x-meeting-baas-api-key",
    "callback_secrets": b"x-mb-secret",
    "alert_secrets": b"x-mb-alert-secret",
}


@pytest.mark.parametrize("setting", HEADERS)
@pytest.mark.parametrize("secret", ["newest", "older", "oldest"])
def test_every_secret_of_a_list_is_accepted(setting: str, secret: str) -> None:
    settings: dict[str, list[str]] = {name: [] for name in (*HEADERS, "svix_secrets")}
    scheme = meeting_baas.scheme(**settings | {setting: ["newest", "", "older", "oldest"]})
    assert scheme is not None

    scheme.judge({HEADERS[setting]: secret.encode()}, 0, ())
    for wrong in (b"", b"new", b"newestolder"):
        with pytest.raises(Unauthentic):
            scheme.judge({HEADERS[setting]: wrong}, 0, ())


@pytest.mark.parametrize("setting", HEADERS)
def test_a_secret_of_one_kind_is_none_of_another(setting: str) -> None:
    settings: dict[str, list[str]] = {name: [] for name in (*HEADERS, "svix_secrets")}
    scheme = meeting_baas.scheme(**settings | {setting: ["secret"]})
    assert scheme is not None

    for name, header in HEADERS.items():
        if name != setting:
            with pytest.raises(Unauthentic):
                scheme.judge({header: b"secret"}, 0, ())
