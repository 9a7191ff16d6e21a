"""Where no change is told, nothing that the new schema allows surprises a reader of the old one."""

from contextlib import suppress
from typing import Any

from hypothesis import event, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from schemas.contract.schema_changes import CannotCompare, Place, changes

Schema = dict[str, Any]

TYPES = st.sampled_from(("string", "integer", "number", "null", "boolean", "array", "object"))
NAMES = st.sampled_from(("a", "b"))
TEXTS = st.sampled_from(("", "x", "y", "xy"))
LEAVES = st.none() | st.booleans() | st.integers(0, 2) | st.sampled_from((0.5, 1.0)) | TEXTS


def schemas(inner: st.SearchStrategy[Schema]) -> st.SearchStrategy[Schema]:
    return st.one_of(
        st.fixed_dictionaries({"type": TYPES | st.lists(TYPES, min_size=1, max_size=2, unique=True)}),
        st.fixed_dictionaries({"enum": st.lists(LEAVES, min_size=1, max_size=2)}, optional={"type": TYPES}),
        st.fixed_dictionaries({"const": TEXTS}),
        st.fixed_dictionaries(
            {"type": st.just("string")},
            optional={"minLength": st.integers(0, 2), "pattern": st.sampled_from(("^x", "y$"))},
        ),
        st.fixed_dictionaries({"type": st.just("array")}, optional={"items": inner}),
        st.fixed_dictionaries(
            {"type": st.just("object"), "properties": st.dictionaries(NAMES, inner, max_size=2)},
            optional={"required": st.lists(NAMES, max_size=2, unique=True)},
        ),
        st.fixed_dictionaries({"anyOf": st.lists(inner, min_size=1, max_size=2)}, optional={"type": TYPES}),
        st.fixed_dictionaries({"allOf": st.lists(inner, min_size=1, max_size=2)}),
    )


SCHEMAS = st.recursive(st.just(Schema()) | schemas(st.just(Schema())), schemas, max_leaves=4)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=2),
    max_leaves=4,
)


@st.composite
def revised(draw: st.DrawFn, schema: Any) -> Any:
    """The same with a few things left out, added or exchanged: two drawn apart have little in common."""
    if isinstance(schema, dict):
        kept = {name: draw(revised(part)) for name, part in schema.items() if draw(st.integers(0, 7))}
        return kept if draw(st.integers(0, 7)) else draw(SCHEMAS)
    if isinstance(schema, list):
        return [draw(revised(part)) if isinstance(part, dict) else part for part in schema]
    return schema


@settings(max_examples=500, deadline=None)
@given(st.data(), SCHEMAS, st.lists(VALUES, min_size=1, max_size=6))
def test_what_is_not_told_of_breaks_nobody(drawn: st.DataObject, old: Schema, values: list[Any]) -> None:
    new = drawn.draw(revised(old))
    with suppress(CannotCompare):
        told = list(changes(Place("it", old, new, old, new)))
        event("told" if told else "free")
        if not told:
            for value in values:
                if Draft202012Validator(new).is_valid(value):
                    event("compared")
                    assert Draft202012Validator(old).is_valid(value)
