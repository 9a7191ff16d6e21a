"""What a change of a JSON Schema breaks for those who read what it describes.

Read strictly: what was said of a value must still be said of it. Only these changes are free: a new field, a
field that is always there or never null any more, a further constraint, a new value in an open list. The
vocabulary is what our own documents use.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from schemas.contract.models import Schema

_CONSTRAINTS: Final = ("format", "pattern", "minLength", "maxLength", "minimum", "maximum")
_SAID_OF_A_VALUE: Final = frozenset(
    {"$ref", "allOf", "anyOf", "const", "enum", "items", "properties", "required", "type"}
)
_SAID_TO_PEOPLE: Final = frozenset({"$defs", "$schema", "description", "examples", "title"})
_ANYTHING: Final = "anything"
_OPEN_LIST: Final = "x-extensible-enum"
_KNOWN: Final = _SAID_OF_A_VALUE | _SAID_TO_PEOPLE | {_OPEN_LIST, *_CONSTRAINTS}


class CannotCompare(ValueError):
    """A document says something that this module does not understand: an error rather than a guess."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"The contract says {what}, which schemas/contract/schema_changes.py cannot compare: teach it, or"
            " say it in other words."
        )


@dataclass(frozen=True, slots=True)
class Place:
    """A value in the old and in the new document. `name` is how people call it: `recording.stored.size`."""

    name: str
    old: Schema
    new: Schema
    old_document: Schema
    new_document: Schema

    def at(self, name: str, old: Schema, new: Schema) -> "Place":
        return replace(self, name=name, old=old, new=new)


def changes(place: Place) -> Iterator[str]:
    """A sentence for each change that breaks a reader. Raises `CannotCompare`."""
    olds = _by_type(place.old, place.old_document)
    news = _by_type(place.new, place.new_document)
    if _ANYTHING not in olds and news.keys() not in (olds.keys(), olds.keys() - {"null"}):
        yield f"`{place.name}` was {' or '.join(olds)}, and is {' or '.join(news)} now."
    for kind, schema in news.items():
        if (before := olds.get(kind, olds.get(_ANYTHING))) is not None:
            yield from _of_one_type(place.at(place.name, before, schema))


def _of_one_type(place: Place) -> Iterator[str]:
    yield from _of_values(place)
    for keyword in _CONSTRAINTS:
        if keyword in place.old and place.old[keyword] != place.new.get(keyword):
            yield f"`{place.name}` does not keep its {keyword} `{place.old[keyword]}` any more."
    yield from _of_fields(place)
    if "items" in place.old:
        yield from changes(place.at(f"{place.name}[]", place.old["items"], place.new.get("items", {})))


def _of_values(place: Place) -> Iterator[str]:
    closed, now_closed = _values(place.old), _values(place.new)
    if closed and not now_closed:
        yield f"`{place.name}` may be anything now, not only {_listed(closed)}."
    elif closed and (added := [value for value in now_closed if value not in closed]):
        yield f"`{place.name}` may be {_listed(added)} now."
    known = now_closed or _examples(place.new)
    if gone := [value for value in closed or _examples(place.old) if value not in known]:
        yield f"`{place.name}` is not said to be {_listed(gone)} any more."


def _of_fields(place: Place) -> Iterator[str]:
    old, new = place.old.get("properties", {}), place.new.get("properties", {})
    for name, schema in old.items():
        if name not in new:
            yield f"The field `{place.name}.{name}` is gone."
        else:
            yield from changes(place.at(f"{place.name}.{name}", schema, new[name]))
    for name in place.old.get("required", ()):
        is_gone = name in old and name not in new
        if name not in place.new.get("required", ()) and not is_gone:
            yield f"The field `{place.name}.{name}` may be missing now."


def _by_type(schema: Schema, document: Schema) -> dict[str, Schema]:
    """What is said of a value, for each type that it may have."""
    schema = _resolved(schema, document)
    if "anyOf" not in schema:
        types = schema.get("type", _ANYTHING)
        return dict.fromkeys([types] if isinstance(types, str) else types, schema)
    found: dict[str, Schema] = {}
    beside = {keyword: said for keyword, said in schema.items() if keyword != "anyOf"}
    for part in schema["anyOf"]:
        for kind, said in _by_type(_both(beside, part), document).items():
            if kind in found:
                raise CannotCompare(f"one of two things that are both {kind}")
            found[kind] = said
    return found


def _resolved(schema: Schema, document: Schema) -> Schema:
    """Without references, and with all of `allOf` in one."""
    if unknown := schema.keys() - _KNOWN:
        raise CannotCompare(_listed(sorted(unknown)))
    whole = {keyword: said for keyword, said in schema.items() if keyword not in ("$ref", "allOf")}
    parts = list(schema.get("allOf", ()))
    if "$ref" in schema:
        found = document
        for step in schema["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        parts.append(found)
    for part in parts:
        whole = _both(whole, _resolved(part, document))
    return whole


def _both(one: Schema, other: Schema) -> Schema:
    """A schema of what is both."""
    whole = {**one, **other}
    for keyword in one.keys() & other.keys() - _SAID_TO_PEOPLE:
        if keyword == "required":
            whole[keyword] = [*one[keyword], *other[keyword]]
        elif keyword == "properties":
            fields = whole[keyword] = {**one[keyword], **other[keyword]}
            for name in one[keyword].keys() & other[keyword].keys():
                fields[name] = {"allOf": [one[keyword][name], other[keyword][name]]}
        elif one[keyword] != other[keyword]:
            raise CannotCompare(f"two different `{keyword}` of one value")
    return whole


def _values(schema: Schema) -> Sequence[str]:
    """All that it may be, as JSON (for Python, 0 is False); empty where the list is open or there is none."""
    return _as_json([schema["const"]] if "const" in schema else schema.get("enum", ()))


def _examples(schema: Schema) -> Sequence[str]:
    return _as_json(schema.get(_OPEN_LIST, ()))


def _as_json(values: Iterable[object]) -> Sequence[str]:
    return [json.dumps(value, ensure_ascii=False) for value in values]


def _listed(values: Iterable[str]) -> str:
    return ", ".join(f"`{value}`" for value in values)
