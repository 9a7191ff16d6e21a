"""A change that would break a subscriber is told in a sentence; one that only adds is not."""

import re
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from schemas.contract.asyncapi import asyncapi
from schemas.contract.promises import broken_promises
from schemas.contract.schema_changes import CannotCompare, Place, changes
from schemas.topics import DEAD_LETTERS, EVENTS, WEBHOOKS

Document = dict[str, Any]
Change = Callable[[Document], object]


def after(change: Change) -> list[str]:
    present = deepcopy(asyncapi())
    change(present)
    return list(broken_promises(asyncapi(), present))


def schema(document: Document, name: str) -> Document:
    found: Document = document["components"]["schemas"][name]
    return found


def field(document: Document, path: str) -> Document:
    """`ArtifactStored.size`"""
    name, _, of = path.partition(".")
    found: Document = schema(document, name)["properties"][of]
    return found


def rename(table: Document, old: str, new: str) -> None:
    table[new] = table.pop(old)


def replace(place: Document, **keywords: Any) -> None:
    place.clear()
    place.update(keywords)


BREAKS: dict[str, tuple[Change, str]] = {
    "a field is gone": (
        lambda d: schema(d, "ArtifactStored")["properties"].pop("sha256"),
        "The field `recording.stored.sha256` is gone.",
    ),
    "a field has another name": (
        lambda d: rename(schema(d, "TranscriptStored")["properties"], "words", "word_count"),
        "The field `transcript.stored.words` is gone.",
    ),
    "a field may be missing": (
        lambda d: schema(d, "ArtifactStored")["required"].remove("url"),
        "The field `recording.stored.url` may be missing now.",
    ),
    "a field may be null": (
        lambda d: replace(field(d, "ArtifactStored.size"), anyOf=[{"type": "integer"}, {"type": "null"}]),
        "`recording.stored.size` was integer, and is integer or null now.",
    ),
    "a type is another": (
        lambda d: replace(field(d, "ArtifactStored.size"), type="string"),
        "`recording.stored.size` was integer, and is string now.",
    ),
    "a type is wider": (
        lambda d: replace(field(d, "TranscriptStored.version"), type="number"),
        "`transcript.stored.version` was integer, and is number now.",
    ),
    "a type is narrower": (
        lambda d: replace(field(d, "Word.start"), anyOf=[{"type": "integer"}, {"type": "null"}]),
        "`transcript.json.segments[].words[].start` was number or null, and is integer or null now.",
    ),
    "a type is not said any more": (
        lambda d: replace(field(d, "ArtifactStored.url")),
        "`recording.stored.url` was string, and is anything now.",
    ),
    "a field is never anything but null": (
        lambda d: replace(field(d, "MeetingEnded.error"), type="null"),
        "`meeting.failed.error` was string or null, and is null now.",
    ),
    "a closed list has a new value": (
        lambda d: field(d, "ArtifactStored.verified")["enum"].append("checksum"),
        '`recording.stored.verified` may be `"checksum"` now.',
    ),
    "a closed list has a value less": (
        lambda d: field(d, "DeadLetterHeaders.dl_kind")["enum"].remove("bug"),
        '`dead-letter (headers).dl_kind` is not said to be `"bug"` any more.',
    ),
    "a closed list is open": (
        lambda d: field(d, "ArtifactStored.verified").pop("enum"),
        '`recording.stored.verified` may be anything now, not only `"length"`, `"structure"`, `"none"`.',
    ),
    "an open list has a value less": (
        lambda d: field(d, "Artifact.kind")["x-extensible-enum"].remove("chat"),
        '`manifest.json.artifacts[].kind` is not said to be `"chat"` any more.',
    ),
    "an open list is not said any more": (
        lambda d: field(d, "ArtifactStored.kind").pop("x-extensible-enum"),
        'is not said to be `"video"`, `"audio"`',
    ),
    "a constant is another": (
        lambda d: field(d, "EventHeaders.ce_specversion").update(const="2.0"),
        '`recording.stored (headers).ce_specversion` may be `"2.0"` now.',
    ),
    "a format is not kept": (
        lambda d: field(d, "ArtifactStored.stored_at").pop("format"),
        "`recording.stored.stored_at` does not keep its format `date-time` any more.",
    ),
    "a list holds something else": (
        lambda d: field(d, "Transcript.speakers")["items"].update(type="object"),
        "`transcript.json.speakers[]` was string, and is object now.",
    ),
    "a list is none any more": (
        lambda d: replace(field(d, "Transcript.speakers"), type="string"),
        "`transcript.json.speakers` was array, and is string now.",
    ),
    "a header is gone": (
        lambda d: schema(d, "EventHeaders")["properties"].pop("ce_id"),
        "The field `meeting-baas.bot.completed (headers).ce_id` is gone.",
    ),
    "a header of dead letters may be missing": (
        lambda d: schema(d, "DeadLetterHeaders")["required"].remove("dl_error"),
        "The field `dead-letter (headers).dl_error` may be missing now.",
    ),
    "a webhook has another type": (
        lambda d: d["components"]["messages"]["meeting-baas.complete"]["headers"]["allOf"][1]["properties"][
            "ce_type"
        ].update(const="meeting-baas.v1.complete"),
        '`meeting-baas.complete (headers).ce_type` may be `"meeting-baas.v1.complete"` now.',
    ),
    "alerts are named otherwise": (
        lambda d: d["components"]["messages"]["meeting-baas.alert"]["headers"]["allOf"][1]["properties"][
            "ce_type"
        ].update(pattern="^alert"),
        "`meeting-baas.alert (headers).ce_type` does not keep its pattern",
    ),
    "a fact has another name": (
        lambda d: rename(d["channels"][EVENTS]["messages"], "meeting.failed", "meeting.aborted"),
        "`meeting.failed` does not come on `meetings.events` any more.",
    ),
    "a webhook does not come any more": (
        lambda d: d["channels"][WEBHOOKS]["messages"].pop("meeting-baas.bot.chat_message"),
        "`meeting-baas.bot.chat_message` does not come on `meetings.webhooks` any more.",
    ),
    "a fact has no described body any more": (
        lambda d: d["components"]["messages"]["meeting.failed"].pop("payload"),
        "`meeting.failed` was object, and is anything now.",
    ),
    "a topic has another name": (
        lambda d: d["channels"][EVENTS].update(address="{prefix}meetings.facts"),
        "The topic `meetings.events` is called `{prefix}meetings.facts` now.",
    ),
    "a topic is gone": (
        lambda d: d["channels"].pop(DEAD_LETTERS),
        "The topic `meetings.dead-letters` is gone.",
    ),
    "the key is no text any more": (
        lambda d: d["components"]["messages"]["meeting.failed"]["bindings"]["kafka"]["key"].update(
            type="integer"
        ),
        "`meeting.failed (key)` was string or null, and is integer now.",
    ),
    "a document is not stored any more": (
        lambda d: d["x-stored-documents"].pop("manifest.json"),
        "`manifest.json` is not stored any more.",
    ),
    "a document is another": (
        lambda d: d["x-stored-documents"].update({"manifest.json": {"$ref": "#/components/schemas/Word"}}),
        "The field `manifest.json.artifacts` is gone.",
    ),
}

IS_FREE: dict[str, Change] = {
    "nothing": lambda d: None,
    "a new field": lambda d: schema(d, "Artifact")["properties"].update(colour={"type": "string"}),
    "a new field that is always there": lambda d: (
        schema(d, "Artifact")["properties"].update(colour={"type": "string"}),
        schema(d, "Artifact")["required"].append("colour"),
    ),
    "a new header": lambda d: schema(d, "EventHeaders")["properties"].update(ce_x={"type": "string"}),
    "a header that is always there now": lambda d: schema(d, "EventHeaders")["required"].append(
        "traceparent"
    ),
    "a field that is never null any more": lambda d: replace(
        field(d, "MeetingEnded.at"), type="string", format="date-time"
    ),
    "a new value in an open list": lambda d: field(d, "Artifact.kind")["x-extensible-enum"].append("slides"),
    "a further constraint": lambda d: field(d, "Artifact.sha256").update(pattern="^[0-9a-f]{64}$"),
    "other words": lambda d: schema(d, "Word").update(description="A word."),
    "the same said otherwise": lambda d: replace(field(d, "Artifact.size"), allOf=[{"type": "integer"}]),
    "a new type": lambda d: d["channels"][EVENTS]["messages"].update({"summary.stored": {}}),
    "a new topic": lambda d: d["channels"].update({"meetings.audit": {}}),
    "a new stored document": lambda d: d["x-stored-documents"].update({"summary.json": {}}),
    "another reading of a sender's body": lambda d: d["components"]["messages"][
        "meeting-baas.complete"
    ].update(payload={"type": "string"}),
}


@pytest.mark.parametrize("change", BREAKS)
def test_it_is_told_when(change: str) -> None:
    edit, sentence = BREAKS[change]
    assert any(sentence in told for told in after(edit)), after(edit)


@pytest.mark.parametrize("change", IS_FREE)
def test_nothing_is_told_of(change: str) -> None:
    assert after(IS_FREE[change]) == []


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ({"oneOf": [{"type": "integer"}]}, "says `oneOf`, which"),
        (
            {"anyOf": [{"type": "string"}, {"enum": ["x"], "type": "string"}]},
            "two things that are both string",
        ),
        ({"allOf": [{"pattern": "^x"}, {"pattern": "y$"}]}, "says two different `pattern` of one value"),
    ],
)
def test_what_cannot_be_compared_is_an_error_and_no_guess(said: Document, complaint: str) -> None:
    with pytest.raises(CannotCompare, match=re.escape(complaint)):
        after(lambda d: replace(field(d, "ArtifactStored.size"), **said))


def test_a_field_that_nothing_describes_may_not_go_missing_either() -> None:
    old = {"type": "object", "required": ["size"]}
    assert list(changes(Place("it", old, {"type": "object"}, {}, {}))) == [
        "The field `it.size` may be missing now."
    ]
