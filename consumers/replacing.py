"""Objects that each worker of a meeting may replace, in its turn (`Database.alone_with`).

A worker that froze in its turn lost it, and may thaw when others have had theirs: so each replaces only what
it looked at before it read the rows. What another wrote from newer rows stays.
"""

from infra.errors import Retryable
from infra.objects.base import ObjectChanged, ObjectExists, ObjectStore, StoredObject


async def put_over(
    objects: ObjectStore, before: StoredObject | None, name: str, body: bytes, *, media_type: str
) -> None:
    """Store an object where `stat` told of the one `before`, or of none. Raises `Retryable` when another is
    there by now, else as `ObjectStore.put`."""
    try:
        await objects.put(name, body, media_type=media_type, replace=before or False)
    except (ObjectExists, ObjectChanged) as exc:
        raise Retryable("another worker stored its own of this object meanwhile") from exc
