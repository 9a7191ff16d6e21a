"""One rule for all dialects: a field is looked for in `data`, then beside it; null is absent.

v1's references put everything under `data`, its migration guide nothing; v2's schemas have `extra` beside
`data` and `sent_at` inside, its prose the other way round (sources in `v1.py` and `v2.py`).
"""

from collections.abc import Mapping
from typing import Any

from pydantic import Field, TypeAdapter

from schemas.identity import NotAnEvent
from schemas.lenient import parse_json

Fields = Mapping[str, Any]
"""What was asked for and is not null, by name.

The values are whatever JSON holds: who relies on one judges it.
"""

Leniently = Field(union_mode="left_to_right")
"""For `Annotated[Shape | Any, Leniently]`: read as this shape where it has it, kept as it is where not."""


def read(fields: TypeAdapter[Any], body: bytes) -> Fields:
    """One pass by pydantic's parser; what is not among `fields` is dropped before it costs anything.

    `fields` is a `TypedDict` of which nothing is required. Raises `NotAnEvent`, and nothing else.
    """
    try:
        top = fields.validate_json(body)
    except ValueError:
        value = parse_json(body)
        if not isinstance(value, dict):
            raise NotAnEvent("JSON, but not an object") from None
        top = fields.validate_python(value)
    data = top.get("data")
    if isinstance(data, dict):
        top = {**top, **data} if None not in data.values() else {**top, **_without_null(data)}
    return top if None not in top.values() else _without_null(top)


def _without_null(fields: Fields) -> Fields:
    return {name: value for name, value in fields.items() if value is not None}
