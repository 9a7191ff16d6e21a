"""Links to objects of a bucket that others fill, made by our own credentials."""

from collections.abc import Awaitable, Callable
from importlib.util import find_spec
from typing import Final

from infra.extras import not_installed
from infra.objects.s3.connection import S3Connection
from infra.objects.s3.place import s3_place

LIVES_SECONDS: Final = 600
_IDLE_SECONDS: Final = 20


def presigner(url: str) -> Callable[[str], Awaitable[str]]:
    """From an object's name, below `s3://bucket/prefix`, to a link that lives for ten minutes, whether the
    object is there or not.

    The usual AWS_* variables name server and credentials. Raises `Halt`; `ValueError` for another URL. What
    it returns raises `Halt` and `Retryable` as the store does.
    """
    if find_spec("boto3") is None:
        raise not_installed("S3", "s3")
    place = s3_place(url, "")
    connection = S3Connection(str(place), idle_timeout_seconds=_IDLE_SECONDS)

    async def presigned(name: str) -> str:
        asked = place.where(name)
        return await connection.call(
            lambda client: client.generate_presigned_url("get_object", Params=asked, ExpiresIn=LIVES_SECONDS)
        )

    return presigned
