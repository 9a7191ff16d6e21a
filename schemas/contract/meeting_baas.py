"""The webhooks of Meeting BaaS as a subscriber meets them: made from the tables that the receiver goes by."""

from collections.abc import Iterator, Sequence
from typing import Final

from schemas.contract.message import Message, beginning_with, named
from schemas.contract.models import Schema
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
    """A field stands in `data` or, in other dialects, beside it."""
    fields: Schema = {event.subject: _ID}
    if name == STATUS_CHANGE:
        fields["status"] = _STATUS
    required = list(fields)
    for link, kind in event.links.items():
        fields[link] = {
            "type": ["string", "null"],
            "description": f"A link to the {kind or 'transcript'}. It expires: the stored file is told of by"
            f" `{'recording' if kind else 'transcript'}.stored`.",
        }
    part = {"type": "object", "properties": fields, "required": required}
    return {
        "type": "object",
        "description": "The sender's own: these fields are what we rely on, there are many more.",
        "anyOf": [{"properties": {"data": part}, "required": ["data"]}, part],
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
