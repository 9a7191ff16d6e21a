"""Reading an object from S3: a connection that breaks is begun again where it broke, with the same object."""

from collections.abc import AsyncIterator
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError
from botocore.response import StreamingBody

from infra.errors import Retryable
from infra.objects.s3.connection import S3Connection, unless_cancelled
from infra.objects.s3.errors import code_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import GetObjectOutputTypeDef

_CHUNK_BYTES: Final = 1024 * 1024
_MOST_BREAKS: Final = 3
"""In a row, with nothing read in between."""

_PARTIAL_CONTENT: Final = 206


async def read_chunks(connection: S3Connection, where: dict[str, Any], first: int) -> AsyncIterator[bytes]:
    """The bytes of the object with that bucket and key, from offset `first` on. Raises `FileNotFoundError`,
    and `Retryable` where another one took its place meanwhile."""
    how = {"Range": f"bytes={first}-"} if first else {"ChecksumMode": "ENABLED"}
    answer = await _begin(connection, where | how)
    if answer is None:
        return
    offset, breaks = first, 0
    end, etag = first + answer["ContentLength"], answer["ETag"]
    while answer is not None:
        body = answer["Body"]
        try:
            while chunk := await connection.call(partial(_read, body)):
                offset, breaks = offset + len(chunk), 0
                yield chunk
            return
        except Retryable:
            breaks += 1
            if offset >= end or breaks > _MOST_BREAKS:
                raise
        finally:
            connection.start(partial(_close, body))  # it waits for a read that still runs
        answer = await _begin(connection, {**where, "Range": f"bytes={offset}-", "IfMatch": etag})


async def _begin(connection: S3Connection, asked: dict[str, Any]) -> "GetObjectOutputTypeDef | None":
    beginning = connection.start(partial(_get, asked))
    return await unless_cancelled(beginning, _close_unread)


def _close_unread(answer: "GetObjectOutputTypeDef | None") -> None:
    if answer is not None:
        answer["Body"].close()


def _get(asked: dict[str, Any], client: "S3Client") -> "GetObjectOutputTypeDef | None":
    """Null where the object has no bytes in that range."""
    try:
        answer = client.get_object(**asked)
    except ClientError as exc:
        match code_of(exc):
            case "NoSuchKey" | "404":
                raise FileNotFoundError(asked["Key"]) from exc
            case "InvalidRange" | "416":
                return None
            case "PreconditionFailed" | "412":
                raise Retryable("another object took the name of the one that was read.") from exc
        raise
    if "Range" in asked and answer["ResponseMetadata"]["HTTPStatusCode"] != _PARTIAL_CONTENT:
        answer["Body"].close()
        raise Retryable("the S3 server does not read from where it is asked to.")
    return answer


def _read(body: StreamingBody, client: "S3Client") -> bytes:
    return body.read(_CHUNK_BYTES)


def _close(body: StreamingBody, client: "S3Client") -> None:
    body.close()
