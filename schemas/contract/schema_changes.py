"""What a change of a JSON Schema breaks for those who read what it describes.

Read strictly: what was said of a value must still be said of it. Only these changes are free: a new field, a
field that is always there or never null any more, a further constraint, a new value in an open list. The
vocabulary is what our own documents use; any other keyword is an error rather than a guess.
"""

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


class UnknownKeyword(ValueError):
    """A document says something that this module cannot compare."""


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
    """A sentence for each change that breaks a reader. Raises `UnknownKeyword`."""
    olds = _by_type(place.old, place.old_document)
    news = _by_type(place.new, place.new_document)
    if _ANYTHING not in olds and news.keys() not in (olds.keys(), olds.keys() - {"null"}):
        yield f"`{place.name}` was {' or '.join(olds)}, and is {' or '.join(news)} now."
    for kind in olds:
        if kind in news:
            yield from _of_one_type(place.at(place.name, olds[kind], news[kind]))


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
    known = now_closed or place.new.get(_OPEN_LIST, ())
    if gone := [value for value in closed or place.old.get(_OPEN_LIST, ()) if value not in known]:
        yield f"`{place.name}` is not said to be {_listed(gone)} any more."


def _of_fields(place: Place) -> Iterator[str]:
    old, new = place.old.get("properties", {}), place.new.get("properties", {})
    for name, schema in old.items():
        if name not in new:
            yield f"The field `{place.name}.{name}` is gone."
        else:
            yield from changes(place.at(f"{place.name}.{name}", schema, new[name]))
    for name in place.old.get("required", ()):
        if name in new and name not in place.new.get("required", ()):
            yield f"The field `{place.name}.{name}` may be missing now."


def _by_type(schema: Schema, document: Schema) -> dict[str, Schema]:
    """What is said of a value, for each type that it may have."""
    schema = _resolved(schema, document)
    if "anyOf" in schema:
        return {kind: each for part in schema["anyOf"] for kind, each in _by_type(part, document).items()}
    types = schema.get("type", _ANYTHING)
    return dict.fromkeys([types] if isinstance(types, str) else types, schema)


def _resolved(schema: Schema, document: Schema) -> Schema:
    """Without references, and with all of `allOf` in one."""
    if unknown := schema.keys() - _KNOWN:
        raise UnknownKeyword(
            f"The contract uses {_listed(sorted(unknown))}, which schemas/contract/schema_changes.py cannot"
            " compare yet: teach it, or say it in other words."
        )
    if "$ref" in schema:
        found = document
        for step in schema["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        return _resolved(found, document)
    whole = {key: value for key, value in schema.items() if key != "allOf"}
    for part in schema.get("allOf", ()):
        whole = _both(whole, _resolved(part, document))
    return whole


def _both(one: Schema, other: Schema) -> Schema:
    fields = dict(one.get("properties", {}))
    for name, schema in other.get("properties", {}).items():
        fields[name] = {**fields.get(name, {}), **schema}
    required = [*one.get("required", ()), *other.get("required", ())]
    return {**one, **other, "properties": fields, "required": required}


def _values(schema: Schema) -> Sequence[object]:
    """All that it may be; empty where the list is open or there is none."""
    return [schema["const"]] if "const" in schema else schema.get("enum", ())


def _listed(values: Iterable[object]) -> str:
    return ", ".join(f"`{value}`" for value in values)
