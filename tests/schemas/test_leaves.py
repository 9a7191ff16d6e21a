"""Names of objects and ids of events: what identifiers from outside become."""

from hypothesis import given
from hypothesis import strategies as st

from schemas.envelope import Record, derived_id, event_headers
from schemas.names import safe_segment
from schemas.providers import PROVIDERS, provider_of

ANY_TEXT = st.text(st.characters(exclude_categories=()))
NASTY = ANY_TEXT | st.sampled_from(
    ("", ".", "..", "...", "../x", "a/b", "%2e%2e", "C:\\", "nul\x00", "é" * 200, "x" * 999)
)


@given(NASTY)
def test_any_id_is_one_safe_path_segment(identifier: str) -> None:
    segment = safe_segment(identifier)
    assert segment not in ("", ".", "..")
    assert segment.isascii()
    assert segment.isprintable()
    assert not set(segment) & set("/\\\0: ")
    assert len(segment) <= 120


@given(NASTY, NASTY)
def test_two_ids_never_share_a_segment(one: str, other: str) -> None:
    assert (safe_segment(one) == safe_segment(other)) == (one == other)


def test_a_plain_id_is_its_own_segment() -> None:
    assert safe_segment("7d1c0f52-5b0e-4f0a-9a58-2f6f3f1f7c11") == "7d1c0f52-5b0e-4f0a-9a58-2f6f3f1f7c11"


@given(st.lists(ANY_TEXT, min_size=1))
def test_a_derived_id_is_the_same_for_the_same_parts(parts: list[str]) -> None:
    assert derived_id(*parts) == derived_id(*parts)
    assert len(derived_id(*parts)) == 32


def test_a_derived_id_keeps_parts_apart() -> None:
    assert derived_id("a", "bc") != derived_id("ab", "c")


def test_headers_leave_out_what_is_empty() -> None:
    headers = event_headers(id="1", source="s", type="t", subject="", time="")
    assert "ce_subject" not in headers
    assert "traceparent" not in headers
    assert headers["ce_specversion"] == "1.0"


def test_the_sender_of_a_record_is_told_by_its_type() -> None:
    def record(type_: str) -> Record:
        return Record("meetings.webhooks", 0, 0, "", 0, {"ce_type": type_}, b"")

    assert provider_of(record("meeting-baas.alert.bot_crash")) is PROVIDERS["meeting-baas"]
    assert provider_of(record("recording.stored")) is None
