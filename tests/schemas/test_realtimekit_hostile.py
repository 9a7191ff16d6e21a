"""Whatever RealtimeKit may send: an event is named or refused by name, and nothing else happens."""

import json
from contextlib import suppress
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.identity import BrokenEvent, NotAnEvent
from schemas.realtimekit import identify, observe, organizations
from schemas.realtimekit.events import EVENTS, STATUSES
from tests.schemas.kit import answer, encode, record

_TEXTS: Final = st.text(max_size=8) | st.sampled_from(
    ("2026-06-03T10:00:00.000Z", "2023-04-14 04:46:08.306221Z")
)
_VALUES: Final[st.SearchStrategy[Any]] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _TEXTS | st.sampled_from(sorted(STATUSES)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3),
    max_leaves=5,
)
_FIELDS: Final = st.sampled_from(
    (
        *("sessionId", "id", "startedAt", "endedAt", "title", "organizedBy", "peerId", "userDisplayName"),
        *("recordingId", "status", "downloadUrl", "audioDownloadUrl", "downloadUrlExpiry", "roomUUID"),
        *("session_id", "download_url", "transcript_download_url", "outputFileName", "organizationId"),
        *("joinedAt", "leftAt", "stopReason", "fileSize"),
    )
)
_OBJECTS: Final = st.dictionaries(_FIELDS, _VALUES, max_size=8) | _VALUES
_NAMES: Final = st.sampled_from(sorted(EVENTS)) | _VALUES
_WEBHOOKS: Final = st.fixed_dictionaries(
    {"event": _NAMES},
    optional={
        **dict.fromkeys(("meeting", "recording", "participant", "organizedBy"), _OBJECTS),
        **dict.fromkeys(("sessionId", "streamId", "chatDownloadUrl", "transcriptDownloadUrl"), _VALUES),
        **dict.fromkeys(("summaryDownloadUrl", "chatDownloadUrlExpiry", "reason", "status"), _VALUES),
    },
)


@settings(deadline=None)
@given(_WEBHOOKS)
def test_a_webhook_of_any_values_is_named_or_refused(fields: dict[str, Any]) -> None:
    body = json.dumps(fields).encode()
    organizations(body)
    try:
        identity = identify(body, "webhook")
    except BrokenEvent:
        return
    assert identity.type
    assert identity.id
    assert identity.type.isascii()
    seen = observe(record(body, identity.type, identity.key))
    assert seen is None or seen.meeting_id == identity.key


@settings(deadline=None)
@given(st.sampled_from(sorted(EVENTS)), _OBJECTS | st.lists(_OBJECTS, max_size=3))
def test_an_answer_of_any_values_is_read(name: str, data: Any) -> None:
    seen = observe(record(answer(data), name))
    assert seen is not None
    assert seen.type == name


@settings(deadline=None)
@given(st.binary(max_size=64))
def test_any_bytes_are_an_event_or_none(body: bytes) -> None:
    with suppress(NotAnEvent, BrokenEvent):
        identify(body, "webhook")
    assert organizations(body) is not None


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000 + b"]" * 100_000,
        b'{"event": "meeting.started", "meeting": ' + b'{"a":' * 50_000 + b"1" + b"}" * 50_001,
        b'{"event": "meeting.started", "x": ' + b"9" * 5_000 + b"}",
    ],
    ids=["brackets", "objects", "digits"],
)
def test_what_no_parser_takes_is_refused_by_name(body: bytes) -> None:
    with pytest.raises((NotAnEvent, BrokenEvent)):
        identify(body, "webhook")
    assert organizations(body) == frozenset()


def test_half_of_a_surrogate_pair_breaks_nothing() -> None:
    body = b'{"event": "meeting.started", "meeting": {"sessionId": "s\\ud800", "title": "\\udfff"}}'
    assert identify(body, "webhook").key == "s?"
    assert observe(record(body, "meeting.started")) is not None


def test_a_null_character_is_in_no_key() -> None:
    with pytest.raises(BrokenEvent):
        identify(encode({"event": "meeting.started", "meeting": {"sessionId": "a\0b"}}), "webhook")
