"""One view of webhooks and of the REST API's answers: an object with fields, whatever it is wrapped in.

Webhooks are `{id, event, created_at, data}`; answers are `{status: "success", data}`, or
`{success: true, data}`, a bare object, or a bare array. `status` is also a field of a meeting.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from schemas.identity import NotAnEvent
from schemas.lenient import parse_json

Fields = Mapping[str, Any]

_NOTHING: Final[Fields] = {}


@dataclass(frozen=True, slots=True)
class Payload:
    """`top` is the envelope, `data` what is in it; what stands beside `data` counts where `data` lacks it."""

    top: Fields
    data: Fields

    @property
    def name(self) -> object:
        return self.top.get("event") or self.top.get("type")

    def find(self, field: str) -> Any:
        """By its path, with dots; null where there is none."""
        first, *rest = field.split(".")
        value = self.data.get(first)
        value = self.top.get(first) if value is None else value
        for name in rest:
            value = value.get(name) if isinstance(value, dict) else None
        return value


def parse(body: bytes) -> Payload:
    """A webhook. Raises `NotAnEvent`."""
    top = parse_json(body)
    if not isinstance(top, dict):
        raise NotAnEvent("JSON, but not an object")
    data = top.get("data")
    return Payload(top, data if isinstance(data, dict) else _NOTHING)


def unwrapped(answer: object) -> Any:
    """What an answer of the API tells, out of its envelope."""
    if isinstance(answer, dict) and isinstance(answer.get("data"), dict | list):
        return answer["data"]
    return answer


def fields_of(answer: object) -> Fields:
    """The object that an answer tells of; empty where it is none, the first where it is a list."""
    value = unwrapped(answer)
    if isinstance(value, list):
        value = value[0] if value else None
    return value if isinstance(value, dict) else _NOTHING
