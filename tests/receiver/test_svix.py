"""Svix's signatures, made by other people's code, and every way in which they can be malformed."""

import base64
import time
from datetime import UTC, datetime, timedelta

import pytest
import standardwebhooks
import svix as published

from infra.errors import Halt
from receiver import svix
from receiver.admission import Admission, Unauthentic
from tests.receiver.harness import SVIX_SECRET

NOW = 1_700_000_000
BODY = b'{"event": "bot.completed"}'
OTHER_SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"


def judge(headers: dict[str, str], *secrets: str, body: bytes = BODY, now: float = NOW) -> Admission:
    """As the receiver does: headers first, the body after."""
    raw = {name.encode(): value.encode("latin-1") for name, value in headers.items()}
    admission = svix.admit(raw, now, svix.signing_keys(secrets or [SVIX_SECRET]), "webhook-v2")
    assert admission.prove is not None
    admission.prove(body)
    return admission


def headers(**changed: str | None) -> dict[str, str]:
    """Rightly signed, then changed: `signature="…"`; null leaves the header out."""
    signed = svix.sign(SVIX_SECRET, id="msg_1", timestamp_seconds=NOW, body=BODY)
    for name, value in changed.items():
        if value is None:
            del signed[f"svix-{name}"]
        else:
            signed[f"svix-{name}"] = value
    return signed


def test_the_published_vector_is_right() -> None:
    given = {
        "svix-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "svix-timestamp": "1614265330",
        "svix-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    body = b'{"test": 2432232314}'

    assert judge(given, body=body, now=1614265330).delivery_id == "msg_p5jXN8AQM9LWM0D4loKWxJek"
    assert svix.sign(SVIX_SECRET, id=given["svix-id"], timestamp_seconds=1614265330, body=body) == given


@pytest.mark.parametrize("brand", ["svix", "webhook"])
@pytest.mark.parametrize("library", [published.Webhook, standardwebhooks.Webhook])
def test_what_the_published_libraries_sign_is_authentic(
    brand: str, library: type[published.Webhook] | type[standardwebhooks.Webhook]
) -> None:
    at = datetime.fromtimestamp(NOW, UTC)
    signature = library(SVIX_SECRET).sign("msg_1", at, BODY.decode())

    judge({f"{brand}-id": "msg_1", f"{brand}-timestamp": str(NOW), f"{brand}-signature": signature})


def test_the_published_libraries_accept_what_we_sign() -> None:
    signed = svix.sign(SVIX_SECRET, id="msg_1", timestamp_seconds=int(time.time()), body=BODY)

    published.Webhook(SVIX_SECRET).verify(BODY, signed)


@pytest.mark.parametrize("offset", [-300, 300])
def test_a_timestamp_five_minutes_off_is_accepted(offset: int) -> None:
    judge(headers(), now=NOW + offset)


@pytest.mark.parametrize("offset", [-301, 301, timedelta(days=-9).total_seconds()])
def test_a_timestamp_farther_off_is_refused(offset: float) -> None:
    with pytest.raises(Unauthentic, match="too far from now"):
        judge(headers(), now=NOW + offset)


@pytest.mark.parametrize(
    "changed",
    [
        {"id": None},
        {"timestamp": None},
        {"signature": None},
        {"id": ""},
        {"id": "msg_2"},
        {"id": "msg_\xff"},
        {"timestamp": ""},
        {"timestamp": "soon"},
        {"timestamp": f"{NOW}.0"},
        {"timestamp": f"{NOW + 1}"},
        {"timestamp": f"-{NOW}"},
        {"timestamp": "nan"},
        {"timestamp": "inf"},
        {"timestamp": "1e9"},
        {"timestamp": "9" * 5000},
        {"timestamp": "\xb2" * 10},
        {"signature": ""},
        {"signature": " "},
        {"signature": "v1"},
        {"signature": "v1,"},
        {"signature": "v1,,"},
        {"signature": "v1,***"},
        {"signature": "v1,g0hM9SsE"},
        {"signature": "v1,\xe9\xff"},
        {"signature": "v1," + base64.b64encode(bytes(32)).decode()},
        {"signature": "no-comma-at-all"},
    ],
    ids=repr,
)
def test_what_is_missing_or_malformed_or_wrong_is_refused(changed: dict[str, str | None]) -> None:
    with pytest.raises(Unauthentic):
        judge(headers(**changed))


@pytest.mark.parametrize("version", ["v2", "v1a", "", "V1"])
def test_a_right_digest_under_another_version_is_refused(version: str) -> None:
    digest = headers()["svix-signature"].partition(",")[2]

    with pytest.raises(Unauthentic):
        judge(headers(signature=f"{version},{digest}"))


def test_one_right_signature_among_others_is_enough() -> None:
    right = headers()["svix-signature"]
    wrong = "v1," + base64.b64encode(bytes(32)).decode()

    judge(headers(signature=f"v1a,xyz v1,*** rubbish {wrong} {right} "))
    judge(headers(signature=f"{right} {wrong}"))


def test_the_body_is_part_of_what_is_signed() -> None:
    with pytest.raises(Unauthentic, match="no Svix signature matches"):
        judge(headers(), body=BODY + b" ")


def test_bytes_that_are_no_text_can_be_signed() -> None:
    body = b"\xff\x00\xfe"
    signed = svix.sign(SVIX_SECRET, id="msg_1", timestamp_seconds=NOW, body=body)

    judge(signed, body=body)


def test_while_a_secret_is_rotated_both_are_accepted() -> None:
    judge(headers(), OTHER_SECRET, SVIX_SECRET)
    judge(headers(), SVIX_SECRET, OTHER_SECRET)
    with pytest.raises(Unauthentic):
        judge(headers(), OTHER_SECRET)


def test_without_a_secret_nothing_is_accepted() -> None:
    raw = {name.encode(): value.encode() for name, value in headers().items()}

    with pytest.raises(Unauthentic):
        svix.admit(raw, NOW, (), "webhook-v2")


def test_svix_headers_go_before_the_unbranded_ones() -> None:
    unbranded = {name.replace("svix", "webhook"): value for name, value in headers().items()}

    with pytest.raises(Unauthentic, match="missing"):
        judge(unbranded | {"svix-id": "msg_1"})


@pytest.mark.parametrize(
    "secret",
    [
        SVIX_SECRET,
        SVIX_SECRET.removeprefix("whsec_"),
        f" {SVIX_SECRET}\n",
        f"{SVIX_SECRET}==",
    ],
)
def test_a_secret_is_read_however_it_was_copied(secret: str) -> None:
    assert svix.signing_keys([secret, ""]) == (base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),)


def test_an_unpadded_secret_is_padded() -> None:
    assert svix.signing_keys(["whsec_c2VjcmV0IQ"]) == (b"secret!",)


@pytest.mark.parametrize("secret", ["whsec_", "whsec_not base64", "schlüssel", "whsec_A", "a-secret_with=in"])
def test_a_secret_that_cannot_be_one_stops_the_start_without_being_told(secret: str) -> None:
    with pytest.raises(Halt, match=r"^Svix secret no\. 2 is not base64: .*\.$") as caught:
        svix.signing_keys([SVIX_SECRET, secret])

    assert secret not in str(caught.value).replace("whsec_.", "")
