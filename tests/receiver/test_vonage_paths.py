"""What the URL's path says of a callback of Vonage's: its category, and a secret where nothing is signed."""

import pytest

from receiver import vonage
from receiver.admission import Unauthentic, Unjudged
from schemas.vonage import events
from tests.receiver.vonage_signing import NOW, OTHER, SECRET, TOKEN, bearer, judge, token


def test_the_categories_are_those_of_the_events() -> None:
    assert vonage.CATEGORIES == events.CATEGORIES


def test_a_category_has_its_own_secret() -> None:
    secrets = [f"archive:{SECRET}", f"session:{OTHER}"]

    assert judge(bearer(token()), secrets=secrets, path=["archive"]).channel == "archive"
    with pytest.raises(Unauthentic):
        judge(bearer(token()), secrets=secrets, path=["session"])


def test_a_url_for_all_categories_takes_the_secret_of_any() -> None:
    secrets = [f"archive:{SECRET}", f"session:{OTHER}"]

    assert judge(bearer(token()), secrets=secrets)
    assert judge(bearer(token(OTHER)), secrets=secrets)


def test_a_secret_for_all_is_good_for_each_category() -> None:
    assert judge(bearer(token()), secrets=[f"session:{OTHER}", SECRET], path=["archive"])


def test_a_colon_in_a_secret_is_its_own_where_no_category_stands_before_it() -> None:
    secret = "a-secret:with-a-colon-in-it-somewhere"

    assert judge(bearer(token(secret)), secrets=[secret], path=["sip"])


@pytest.mark.parametrize(
    ("path", "channel"),
    [([TOKEN], "any"), ([TOKEN, "session"], "session"), (["session", TOKEN], "session")],
)
def test_the_token_in_the_path_is_proof_where_nothing_is_signed(path: list[str], channel: str) -> None:
    assert judge(secrets=[], tokens=["older", TOKEN], path=path).channel == channel


@pytest.mark.parametrize(
    "path",
    [
        [],
        ["session"],
        [TOKEN[:-1]],
        [TOKEN + "x"],
        [TOKEN.swapcase()],
        [TOKEN, TOKEN],
        ["session", "session"],
        ["session", TOKEN, "session"],
        ["\udcff"],
        ["any", TOKEN],
    ],
)
def test_a_path_without_just_the_token_is_refused(path: list[str]) -> None:
    with pytest.raises(Unauthentic):
        judge(secrets=[], tokens=[TOKEN], path=path)


def test_a_wrong_path_is_refused_whatever_is_signed() -> None:
    with pytest.raises(Unauthentic, match="path"):
        judge(bearer(token()), path=["archives"])


def test_a_token_in_the_path_is_no_way_around_a_signature() -> None:
    with pytest.raises(Unjudged):
        judge(tokens=[TOKEN], path=[TOKEN, "archive"])
    with pytest.raises(Unauthentic):
        judge(bearer(token(OTHER)), tokens=[TOKEN], path=[TOKEN, "archive"])


def test_categories_without_a_secret_may_go_by_the_token() -> None:
    secrets = [f"archive:{SECRET}"]

    assert judge(secrets=secrets, tokens=[TOKEN], path=["session", TOKEN]).channel == "session"


def test_an_unsigned_category_is_refused_without_the_token() -> None:
    with pytest.raises(Unauthentic):
        judge(secrets=[f"archive:{SECRET}"], tokens=[TOKEN], path=["session"])


def test_how_old_a_token_may_be_can_be_set() -> None:
    scheme = vonage.scheme(signature_secrets=[SECRET], path_tokens=[], tolerance_seconds=3600)
    assert scheme is not None
    header = {b"authorization": f"Bearer {token(iat=NOW - 3599)}".encode()}

    assert scheme.judge(header, NOW, ())


@pytest.mark.parametrize("blank", [[], [""], [" "]])
def test_nothing_set_is_no_scheme(blank: list[str]) -> None:
    assert vonage.scheme(signature_secrets=blank, path_tokens=blank) is None


@pytest.mark.parametrize("text", [SECRET, TOKEN, token()])
def test_no_refusal_tells_what_came_or_what_is_set(text: str) -> None:
    refusals = []
    for path in ((), (TOKEN,), ("session", TOKEN[:-1])):
        for headers in ((), (bearer(token(OTHER)),)):
            try:
                judge(*headers, tokens=[TOKEN], path=path)
            except (Unauthentic, Unjudged) as refusal:
                refusals.append(str(refusal))

    assert refusals
    assert not any(text in refusal for refusal in refusals)
