"""Objects in a bucket of S3, or of any server that speaks as it does."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import structlog
from botocore.exceptions import ClientError

from infra.errors import Halt
from infra.objects.base import StoredObject, Swept, Upload
from infra.objects.names import RESERVED
from infra.objects.s3_connection import S3Connection, is_aws
from infra.objects.s3_errors import code_of
from infra.objects.s3_place import S3Place
from infra.objects.s3_reading import read_chunks
from infra.objects.s3_requests import UploadRequests, head
from infra.objects.s3_sweep import sweep
from infra.objects.s3_upload import S3Upload

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ListObjectsV2OutputTypeDef

_ABANDONED_SECONDS: Final = 24 * 60 * 60

log = structlog.get_logger()


class S3Objects:
    """See `ObjectStore`. What the server does not answer within a minute is `Retryable`.

    Of uploads of more than 8 MiB that race for a name without `replace`, two may be told that they won where
    the server does not settle it (SeaweedFS 4.48): the object is then the whole one of the last of them.
    """

    def __init__(self, place: S3Place, *, idle_timeout_seconds: float = 20) -> None:
        self._place = place
        self._connection = S3Connection(str(place), idle_timeout_seconds=idle_timeout_seconds)

    def begin(
        self, name: str, *, media_type: str, replace: bool = False
    ) -> AbstractAsyncContextManager[Upload]:
        requests = UploadRequests(
            name=name,
            where=self._place.where(name),
            how={"ContentType": media_type, **self._place.encrypted()},
            token=secrets.token_hex(16),
            replace=replace,
        )
        return _left_clean(S3Upload(self._connection, requests))

    async def put(self, name: str, data: bytes, *, media_type: str, replace: bool = False) -> StoredObject:
        async with self.begin(name, media_type=media_type, replace=replace) as upload:
            await upload.write(data)
            return await upload.finish()

    def read(self, name: str) -> AsyncIterator[bytes]:
        return read_chunks(self._connection, self._place.where(name))

    async def stat(self, name: str) -> StoredObject | None:
        found = await self._connection.call(partial(head, self._place.where(name)))
        return None if found is None else StoredObject(name, found["ContentLength"])

    async def list(self, prefix: str) -> AsyncIterator[StoredObject]:
        # All are held, some 200 bytes each: SeaweedFS and S3 Express do not list in the order of names.
        found = [stored async for stored in self._found(prefix)]
        for stored in sorted(found, key=lambda stored: stored.name):
            yield stored

    async def _found(self, prefix: str) -> AsyncIterator[StoredObject]:
        after: dict[str, Any] = {}
        while True:
            page = await self._connection.call(partial(self._page, prefix, after))
            for entry in page.get("Contents", []):
                name = self._place.name(entry["Key"])
                if name is not None:
                    yield StoredObject(name, entry["Size"])
            if not page["IsTruncated"]:
                return
            after = {"ContinuationToken": page["NextContinuationToken"]}

    def _page(self, prefix: str, how: dict[str, Any], client: "S3Client") -> "ListObjectsV2OutputTypeDef":
        return client.list_objects_v2(Bucket=self._place.bucket, Prefix=self._place.prefix + prefix, **how)

    async def delete(self, name: str) -> None:
        which = self._place.where(name)
        await self._connection.call(lambda client: client.delete_object(**which))

    def url(self, name: str) -> str:
        return f"s3://{self._place.bucket}/{self._place.key(name)}"

    async def probe(self) -> None:
        await self._connection.call(self._probe)

    def _probe(self, client: "S3Client") -> None:
        """Lists first: some servers make a missing bucket of any name when something is put there."""
        self._page("", {"MaxKeys": 1}, client)
        which: dict[str, Any] = {"Bucket": self._place.bucket, "Key": f"{self._place.prefix}{RESERVED}/probe"}
        told: dict[str, Any] = {"ContentType": "text/plain", **self._place.encrypted()}
        upload_id = client.create_multipart_upload(**which, **told)["UploadId"]
        client.abort_multipart_upload(**which, UploadId=upload_id)
        client.put_object(**which, **told, Body=b"Would an upload succeed now?")
        client.delete_object(**which)

    async def setup(self) -> None:
        await self._connection.call(self._create_bucket)
        await self.sweep(_ABANDONED_SECONDS)

    def _create_bucket(self, client: "S3Client") -> None:
        try:
            self._page("", {"MaxKeys": 1}, client)
        except ClientError as exc:
            if code_of(exc) != "NoSuchBucket":
                raise
        else:
            return
        region = client.meta.region_name
        elsewhere = is_aws(client) and region not in ("us-east-1", "aws-global")
        where: dict[str, Any] = (
            {"CreateBucketConfiguration": {"LocationConstraint": region}} if elsewhere else {}
        )
        try:
            client.create_bucket(Bucket=self._place.bucket, **where)
        except ClientError as exc:
            if code_of(exc) == "AccessDenied":
                raise Halt(
                    f"There is no bucket for {self._place}, and the access key may not create one: "
                    "create it by hand, then start again."
                ) from exc
            if code_of(exc) != "BucketAlreadyOwnedByYou":
                raise

    async def sweep(self, older_than_seconds: float) -> Swept:
        return await sweep(self._connection, self._place, older_than_seconds)


@asynccontextmanager
async def _left_clean(upload: S3Upload) -> AsyncIterator[Upload]:
    try:
        yield upload
    finally:
        await asyncio.shield(upload.leave())
