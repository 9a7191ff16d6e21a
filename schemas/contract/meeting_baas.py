"""The webhooks of Meeting BaaS as a subscriber meets them: made from the tables that the receiver goes by."""

from collections.abc import Iterator, Sequence
from typing import Final

from schemas.contract.message import Message, beginning_with, named
from schemas.contract.models import Schema
from schemas.facts import RECORDING_STORED, TRANSCRIPT_STORED
from schemas.manifest import ArtifactKind
from schemas.meeting_baas import v1, v2
from schemas.meeting_baas.events import STATUS_CHANGE, Event
from schemas.meeting_baas.identify import EVENTS

_PREFIX: Final = "meeting-baas."
_ID: Final[Schema] = {"type": ["string", "integer"]}
_STATUS: Final[Schema] = {
    "anyOf": [
        {"type": "string"},
        {"type": "object", "properties": {"code": {"type": "string"}}, "required": ["code"]},
    ]
}
_NULL: Final[Schema] = {"type": "null"}


def messages() -> Sequence[Message]:
    return [*_events(), _ALERT, _OTHER]


def _events() -> Iterator[Message]:
    for name, event in EVENTS.items():
        generations = " and ".join(label for label, its in (("v1", v1), ("v2", v2)) if name in its.EVENTS)
        yield Message(
            name=_PREFIX + name,
            summary=f"Meeting BaaS {generations}: `{name}`, the body as it came.",
            types=named(_PREFIX + name),
            payload=_body(name, event),
            is_ours=False,
        )


def _body(name: str, event: Event) -> Schema:
    """As `payload.py` reads it: a field stands in `data` or beside it, and null is absent."""
    always = {event.subject: _ID} | ({"status": _STATUS} if name == STATUS_CHANGE else {})
    links = {link: _link(kind) for link, kind in event.links.items()}
    fields = {field: {"anyOf": [schema, _NULL]} for field, schema in always.items()} | links
    return {
        "type": "object",
        "description": "The sender's own: what is named here is what we rely on; there are more fields."
        " Each stands in `data` or, in some dialects, beside it.",
        "properties": {"data": {"properties": fields}},
        "allOf": [_in_data_or_beside(field, schema) for field, schema in always.items()],
    }


def _in_data_or_beside(field: str, schema: Schema) -> Schema:
    there = {"properties": {field: schema}, "required": [field]}
    return {"anyOf": [{"properties": {"data": {"type": "object", **there}}, "required": ["data"]}, there]}


def _link(kind: ArtifactKind | None) -> Schema:
    what, fact = (kind, RECORDING_STORED) if kind else ("transcript", TRANSCRIPT_STORED)
    return {
        "type": ["string", "null"],
        "description": f"A link to the {what}. It expires: the stored file is told of by `{fact}`.",
    }


_ALERT: Final = Message(
    name=_PREFIX + "alert",
    summary="Meeting BaaS v2: an alert, `meeting-baas.alert.<alert_type>`, keyed by its rule.",
    types=beginning_with(_PREFIX + "alert."),
    payload=_body("alert", v2.ALERT),
    is_ours=False,
)

_OTHER: Final = Message(
    name=_PREFIX + "any-other",
    summary="Any other event of Meeting BaaS, kept as it came: we know no more of it than that it is theirs.",
    types=beginning_with(_PREFIX),
    payload={"type": "object", "description": "The sender's own."},
    is_ours=False,
)
