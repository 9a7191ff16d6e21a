"""Judging records by the committed contract, as a subscriber's tools would: nothing here knows our models."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any, Final

from jsonschema import Draft202012Validator, FormatChecker

from schemas.envelope import Record

SCHEMAS: Final = Path(__file__).parents[2] / "schemas"
ASYNCAPI: Final[dict[str, Any]] = json.loads((SCHEMAS / "asyncapi.json").read_text("utf-8"))

_MESSAGES: Final = ASYNCAPI["components"]["messages"]
_FORMATS: Final = FormatChecker(formats=())
_RFC3339: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


@_FORMATS.checks("date-time")
def _is_date_time(value: object) -> bool:
    return not isinstance(value, str) or _RFC3339.fullmatch(value) is not None


def kept(record: Record) -> str:
    """The message that the record is; an assertion fails where it is none, or is not as that one promises."""
    names = messages_for(record)
    assert names, f"{record.topic}: no message has the headers {dict(record.headers)}"
    assert _faults(_MESSAGES[names[0]]["bindings"]["kafka"]["key"], record.key) == []
    for name in names:
        if "payload" in _MESSAGES[name]:
            assert payload_faults(name, json.loads(record.value)) == [], name
    return names[0]


def messages_for(record: Record) -> list[str]:
    """The messages of its topic that it may be, by its headers alone; the one that names its type first."""
    on_topic = ASYNCAPI["channels"][record.topic]["messages"]
    headers = dict(record.headers)
    names = [name for name in on_topic if _validator(name, "headers").is_valid(headers)]
    return sorted(names, key=lambda name: name != record.type)


def payload_faults(message: str, value: object) -> list[str]:
    """What a value lacks to be a message's payload."""
    return _told(_validator(message, "payload"), value)


def schema_file(name: str) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads((SCHEMAS / "json" / name).read_text("utf-8"))
    return schema


def file_faults(name: str, value: object) -> list[str]:
    """What a value lacks by one of the files in `schemas/json/`."""
    return _faults(schema_file(name), value)


def _faults(schema: dict[str, Any], value: object) -> list[str]:
    return _told(Draft202012Validator(schema, format_checker=_FORMATS), value)


def _told(validator: Draft202012Validator, value: object) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]


@cache
def _validator(message: str, part: str) -> Draft202012Validator:
    components = {"schemas": ASYNCAPI["components"]["schemas"]}
    return Draft202012Validator(
        {"components": components, **_MESSAGES[message][part]}, format_checker=_FORMATS
    )
