"""When a transcript is made again, as a table."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.retranscription.policy import Had, When, Wish, why_again

_LADDER = list(get_args(When))
_GOOD = Had(words=100, language="en", provider="gladia")

hads = st.builds(
    Had,
    words=st.sampled_from([None, 0, 1, 5000]),
    failed=st.booleans(),
    language=st.sampled_from([None, "en", "de-AT", "DE"]),
    provider=st.sampled_from([None, "gladia", "Deepgram"]),
)


@pytest.mark.parametrize(
    ("had", "reason", "first"),
    [
        (Had(words=None, failed=True), "failed", "failed"),
        (Had(words=0, failed=True), "failed", "failed"),
        (Had(words=None), "missing", "missing"),
        (Had(words=0), "missing", "missing"),
        (Had(words=5, language="en", provider="gladia"), "language", "other"),
        (Had(words=5, language="de-AT", provider="deepgram"), "provider", "other"),
        (Had(words=5, language="DE", provider="Gladia"), "always", "always"),
        (Had(words=5), "always", "always"),
        (Had(words=5, failed=True, language="de"), "always", "always"),
    ],
)
def test_each_policy_takes_in_those_before_it(had: Had, reason: str, first: When) -> None:
    for when in _LADDER:
        wished = why_again(Wish(when, provider="gladia", language="de"), had)
        assert wished == (reason if _LADDER.index(when) >= _LADDER.index(first) else None)


def test_without_a_wish_every_language_and_provider_will_do() -> None:
    assert why_again(Wish("other"), _GOOD) is None


@given(hads)
def test_never_is_never(had: Had) -> None:
    assert why_again(Wish("never", provider="x", language="fr"), had) is None


@given(hads)
def test_always_is_always(had: Had) -> None:
    assert why_again(Wish("always"), had) is not None
