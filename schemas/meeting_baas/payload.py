"""One rule for all dialects: a field is looked for in `data`, then beside it; null is absent.

v1's references put everything under `data`, its migration guide nothing; v2's schemas have `extra` beside
`data` and `sent_at` inside, its prose the other way round (sources in `v1.py` and `v2.py`).
"""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import Field, TypeAdapter
from pydantic_core import from_json

from schemas.identity import NotAnEvent
from schemas.lenient import parse_json

Fields = Mapping[str, Any]
"""What was asked for and is not null, by name.

The values are whatever JSON holds: who relies on one judges it.
"""

Leniently = Field(union_mode="left_to_right")
"""For `Annotated[Shape | Any, Leniently]`: read as this shape where it has it, kept as it is where not."""

_SMALL_BYTES: Final = 4096
_NOTHING: Final[Fields] = {}


def read(fields: TypeAdapter[Any], body: bytes) -> Fields:
    """All of `fields`, the rule applied. Raises `NotAnEvent`, and nothing else."""
    return merged(*parse(fields, body))


def parse(fields: TypeAdapter[Any], body: bytes) -> tuple[Fields, Fields]:
    """What stands in `data` (nothing, where that is no object) and what stands beside it.

    One pass by pydantic's parser; of a large body, what is not among `fields` is never built. `fields` is a
    `TypedDict` of which nothing is required. Raises `NotAnEvent`, and nothing else.
    """
    try:
        top = from_json(body) if len(body) < _SMALL_BYTES else fields.validate_json(body)
    except ValueError:
        top = parse_json(body)
    if not isinstance(top, dict):
        raise NotAnEvent("JSON, but not an object")
    data = top.get("data")
    return data if isinstance(data, dict) else _NOTHING, top


def find(field: str, data: Fields, top: Fields) -> Any:
    """One field, by the rule; null where there is none."""
    value = data.get(field)
    return top.get(field) if value is None else value


def merged(data: Fields, top: Fields) -> Fields:
    """All fields, by the rule."""
    fields = {**top, **data}
    return fields if None not in fields.values() else _without_null(top) | _without_null(data)


def _without_null(fields: Fields) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
