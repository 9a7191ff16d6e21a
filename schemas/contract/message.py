"""One kind of record, in the terms of the contract."""

from dataclasses import dataclass

from schemas.contract.models import Schema


@dataclass(frozen=True, slots=True)
class Message:
    """`types` says of a `ce_type` whether it is one of these: `{"const": …}`, `{"pattern": …}`, or nothing.

    `payload` is null where any bytes may come. It is ours to promise, or the sender's: then we only describe.
    """

    name: str
    summary: str
    types: Schema
    payload: Schema | None
    is_ours: bool = True


def named(name: str) -> Schema:
    return {"const": name}


def beginning_with(name: str) -> Schema:
    return {"pattern": "^" + name.replace(".", r"\.")}
