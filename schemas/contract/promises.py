"""What a new AsyncAPI document breaks of a released one, in sentences for whoever changed it."""

from collections.abc import Iterator

from schemas.contract.models import Schema
from schemas.contract.schema_changes import Place, changes


def broken_promises(released: Schema, present: Schema) -> Iterator[str]:
    """A sentence for each; none where changes only add. Raises `CannotCompare`.

    The body of a webhook is the sender's: we promise that it comes as it came, not what is in it.
    """
    for topic, channel in released["channels"].items():
        now = present["channels"].get(topic)
        if now is None:
            yield f"The topic `{topic}` is gone."
        else:
            yield from _of_topic(topic, channel, now, released, present)
    for name, schema in released["x-stored-documents"].items():
        now = present["x-stored-documents"].get(name)
        if now is None:
            yield f"`{name}` is not stored any more."
        else:
            yield from changes(Place(name, schema, now, released, present))


def _of_topic(topic: str, old: Schema, new: Schema, released: Schema, present: Schema) -> Iterator[str]:
    if old["address"] != new["address"]:
        yield f"The topic `{topic}` is called `{new['address']}` now."
    for name in old["messages"]:
        if name not in new["messages"]:
            yield f"`{name}` does not come on `{topic}` any more."
        else:
            before, now = released["components"]["messages"][name], present["components"]["messages"][name]
            yield from _of_message(name, before, now, Place(name, {}, {}, released, present))


def _of_message(name: str, old: Schema, new: Schema, place: Place) -> Iterator[str]:
    keys = (message["bindings"]["kafka"]["key"] for message in (old, new))
    yield from changes(place.at(f"{name} (key)", *keys))
    yield from changes(place.at(f"{name} (headers)", old["headers"], new["headers"]))
    if "payload" in old and "x-promised-by" not in old:
        yield from changes(place.at(name, old["payload"], new.get("payload", {})))
