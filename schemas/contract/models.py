"""Pydantic models as JSON Schema, as `model_dump_json` writes them."""

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, models_json_schema
from pydantic_core import core_schema

Schema = dict[str, Any]
"""A JSON Schema, or another part of a document that is made of JSON."""

_COMPONENT = "#/components/schemas/{model}"


def schema_of(model: type[BaseModel]) -> Schema:
    """A schema that stands alone, in JSON Schema 2020-12."""
    schema = model.model_json_schema(mode="serialization", schema_generator=_generator(model))
    return {"$schema": GenerateJsonSchema.schema_dialect, **schema}


def components(models: Sequence[type[BaseModel]]) -> dict[str, Schema]:
    """The models and all that they are made of, by name, referring to each other as AsyncAPI does."""
    found: dict[str, Schema] = {}
    for model in models:
        _, definitions = models_json_schema(
            [(model, "serialization")], ref_template=_COMPONENT, schema_generator=_generator(model)
        )
        found |= definitions["$defs"]
    return dict(sorted(found.items()))


def component(model: type[BaseModel]) -> Schema:
    return {"$ref": _COMPONENT.format(model=model.__name__)}


class Headers(BaseModel):
    """Headers with a default may be left out; of a body every field is written."""


class _Spare(GenerateJsonSchema):
    """Without titles, which repeat the names, and without defaults, which nobody fills in who reads."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> Schema:
        return self.generate_inner(schema["schema"])


class _Whole(_Spare):
    def field_is_required(self, field: Any, total: bool) -> bool:
        return True


def _generator(model: type[BaseModel]) -> type[GenerateJsonSchema]:
    return _Spare if issubclass(model, Headers) else _Whole
