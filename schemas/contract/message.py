"""One kind of record, in the terms of the contract."""

from dataclasses import dataclass

from schemas.contract.models import Schema


@dataclass(frozen=True, slots=True)
class Message:
    """`types` says of a `ce_type` whether it is one of these: `{"const": …}` or `{"pattern": …}`.

    `payload` is null where any bytes may come. `whose` says who promises the payload: of a webhook's body
    the sender does, and we describe what we rely on.
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
