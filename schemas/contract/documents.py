"""The files of the contract, by their path in `schemas/`."""

import json
from collections.abc import Mapping
from pathlib import PurePosixPath

from pydantic import BaseModel

from schemas.contract.asyncapi import STORED, asyncapi
from schemas.contract.headers import DeadLetterHeaders, EventHeaders
from schemas.contract.models import Schema, schema_of
from schemas.facts import FACTS


def documents() -> Mapping[str, str]:
    """The AsyncAPI document, and a JSON Schema for each fact, the headers and the stored documents."""
    models: dict[str, type[BaseModel]] = {
        **{name: fact.body for name, fact in FACTS.items()},
        "event-headers": EventHeaders,
        "dead-letter-headers": DeadLetterHeaders,
        **{PurePosixPath(name).stem: model for name, model in STORED.items()},
    }
    schemas = {f"json/{name}.json": schema_of(model) for name, model in models.items()}
    return {name: as_text(document) for name, document in {"asyncapi.json": asyncapi(), **schemas}.items()}


def as_text(document: Schema) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
