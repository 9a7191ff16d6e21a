"""Vonage's signatures, made by other people's code, and every way in which they can be wrong."""

import base64
import hashlib

import jwt
import pytest

from receiver import vonage
from receiver.admission import Unauthentic, Unjudged
from tests.receiver.vonage_signing import BODY, NOW, OTHER, SECRET, bearer, by_hand, claims, judge, token


def test_the_published_vector_is_right() -> None:
    published = (
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpYXQiOjE1ODc0OTQ5NjIsImp0aSI6ImM1YmE4ZjI0LTFhMTQtNGMxMC1iZmRm"
        "LTNmYmU4Y2U1MTFiNSIsImlzcyI6IlZvbmFnZSIsInBheWxvYWRfaGFzaCI6IjQ1ZjU3MWUxNDFiMjI0NDI4YmQ1YWJiMDE5YWNi"
        "ZWFhZDk2MmFhOTM3NTRmODRkYTZjOTg3ZTFiM2ZhZTUyMDYiLCJhcGlfa2V5IjoiYTFiMmMzZCIsImFwcGxpY2F0aW9uX2lkIjoi"
        "YWFhYWFhYWEtYmJiYi1jY2NjLWRkZGQtMDEyMzQ1Njc4OWFiIn0.qwz4cZ7ansxvlFsHztahiF1jSEma704pN6ukSGr3OWg"
    )
    body = b'{"id":"b40ef09b","event":"archive","status":"available"}'

    admission = judge(
        bearer(published), secrets=["test-signature-secret-32-bytes-xx"], body=body, now=1587494962
    )

    assert admission.channel == "any"


@pytest.mark.parametrize("form", ["Bearer {}", "bearer {}", "BEARER  {}", "{}"])
@pytest.mark.parametrize("header", ["authorization", "vonage-signature"])
def test_each_form_of_the_header_is_authentic(header: str, form: str) -> None:
    assert judge((header, form.format(token())))


def test_what_we_sign_ourselves_is_read_by_another_library() -> None:
    headers = vonage.sign(f"archive:{SECRET}", body=BODY, id="1", timestamp_seconds=NOW)
    read = jwt.decode(
        headers["authorization"].removeprefix("Bearer "),
        SECRET,
        algorithms=["HS256"],
        options={"verify_iat": False},
    )

    assert read["payload_hash"] == hashlib.sha256(BODY).hexdigest()
    assert judge(*headers.items())


def test_a_secret_may_be_what_its_base64_holds() -> None:
    key = b"thirty-two bytes of a secret key"

    assert judge(bearer(token(key)), secrets=[base64.b64encode(key).decode()])


@pytest.mark.parametrize("secret", [SECRET, OTHER])
def test_each_of_several_secrets_is_accepted(secret: str) -> None:
    assert judge(bearer(token(secret)), secrets=[OTHER, SECRET])


def test_a_hash_in_capitals_is_the_same() -> None:
    assert judge(bearer(token(payload_hash=hashlib.sha256(BODY).hexdigest().upper())))


@pytest.mark.parametrize("ago", [-299, 0, 299])
def test_a_token_of_about_now_is_authentic(ago: int) -> None:
    assert judge(bearer(token(iat=NOW - ago)))


WRONG: dict[str, str] = {
    "another key": token(OTHER),
    "no hash": token(payload_hash=None),
    "the hash of another body": token(payload_hash=hashlib.sha256(b"{}").hexdigest()),
    "a hash that is none": token(payload_hash="zz"),
    "a hash that is a number": token(payload_hash=45),
    "a cut hash": token(payload_hash=hashlib.sha256(BODY).hexdigest()[:-2]),
    "issued long ago": token(iat=NOW - 301),
    "issued in the future": token(iat=NOW + 301),
    "never issued": token(iat=None),
    "issued at true": by_hand({"alg": "HS256"}, claims(iat=True)),
    "issued at a text": by_hand({"alg": "HS256"}, claims(iat=str(NOW))),
    "expired": token(exp=NOW - 301),
    "expiring at a text": by_hand({"alg": "HS256"}, claims(exp="never")),
    "another issuer": token(iss="Evil"),
    "no issuer": token(iss=None),
    "no algorithm": jwt.encode(claims(), "", algorithm="none"),
    "none, and signed": by_hand({"alg": "none"}, claims()),
    "NONE, and signed": by_hand({"alg": "NonE"}, claims()),
    "another algorithm": by_hand({"alg": "HS512"}, claims(), digest="sha512"),
    "another algorithm's name": by_hand({"alg": "HS384"}, claims()),
    "an algorithm with keys of two parts": by_hand({"alg": "RS256"}, claims()),
    "an algorithm that is no text": by_hand({"alg": ["HS256"]}, claims()),
    "an extension that must be known": by_hand({"alg": "HS256", "crit": ["b64"], "b64": False}, claims()),
    "no object for a head": by_hand(["HS256"], claims()),
    "no object for claims": by_hand({"alg": "HS256"}, [claims()]),
    "no JSON for a head": by_hand(b"\xff{", claims()),
    "no JSON for claims": by_hand({"alg": "HS256"}, b"\xff{"),
    "nested deeply": by_hand(b"[" * 5000, claims()),
    "no signature": token().rpartition(".")[0] + ".",
    "two parts": token().rpartition(".")[0],
    "four parts": token() + ".x",
    "padding": token() + "=",
    "other letters": token().replace("-", "+").replace("_", "/") + "+",
    "nothing": "",
    "a blank": " ",
    "dots": "..",
    "a huge one": token() * 100,
    "not ASCII": "\xff" * 40,
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG.keys())
@pytest.mark.parametrize("header", ["authorization", "vonage-signature"])
def test_a_signature_that_is_wrong_is_refused(header: str, wrong: str) -> None:
    with pytest.raises(Unauthentic):
        judge((header, f"Bearer {wrong}"))


def test_bits_that_no_byte_needs_must_be_zero() -> None:
    """The last letter of a signature has two of them: there would be four ways to write each."""
    right = token()
    last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    other = right[:-1] + last[last.index(right[-1]) + 1]

    with pytest.raises(Unauthentic, match="no JWT"):
        judge(bearer(other))


def test_a_changed_body_is_refused() -> None:
    with pytest.raises(Unauthentic, match="not the one that was signed"):
        judge(bearer(token()), body=BODY + b" ")


@pytest.mark.parametrize("header", ["authorization", "vonage-signature"])
def test_a_header_that_comes_twice_is_refused(header: str) -> None:
    with pytest.raises(Unauthentic):
        judge((header, f"Bearer {token()}"), (header, f"Bearer {token()}"))


@pytest.mark.parametrize("right", ["authorization", "vonage-signature"])
def test_two_headers_that_differ_are_refused_whichever_is_right(right: str) -> None:
    wrong = {"authorization": "vonage-signature", "vonage-signature": "authorization"}[right]

    with pytest.raises(Unauthentic, match="two signatures"):
        judge((right, f"Bearer {token()}"), (wrong, f"Bearer {token(OTHER)}"))


def test_the_same_signature_in_both_headers_is_one() -> None:
    assert judge(bearer(token()), ("vonage-signature", f"Bearer {token()}"))


def test_a_missing_signature_is_to_come_again_where_one_is_set_up() -> None:
    """Vonage says that it sends an unsigned one by mistake at times, and signed after a 5xx."""
    with pytest.raises(Unjudged):
        judge()


def test_a_redelivery_with_the_same_token_is_accepted_again() -> None:
    text = token()

    assert judge(bearer(text))
    assert judge(bearer(text))
