"""Removing uploads that nobody will finish: S3 keeps their parts, and counts them, for ever.

Whether an upload still runs is told by when its last part came, by the server's own clock, and on the machine
that writes it by the folder of its part.
"""

import asyncio
import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog
from botocore.exceptions import ClientError

from infra.objects.base import Swept
from infra.objects.s3.connection import S3Connection
from infra.objects.s3.errors import code_of
from infra.objects.s3.folder import PartsFolder
from infra.objects.s3.place import S3Place

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import MultipartUploadTypeDef

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Sweep:
    """`keep` are S3's ids of uploads."""

    connection: S3Connection
    place: S3Place
    folders: PartsFolder
    older_than_seconds: float
    keep: Collection[str]

    async def run(self) -> Swept:
        """See `ObjectStore.sweep`."""
        uploads, size = 0, 0
        below = {"Bucket": self.place.bucket, "Prefix": self.place.prefix}
        async for page in self.connection.pages("list_multipart_uploads", **below):
            bound = _asked_at(page) - timedelta(seconds=self.older_than_seconds)
            for upload in page.get("Uploads", []):
                freed = await self.connection.call(partial(self._abort, upload, bound))
                if freed is not None:
                    uploads, size = uploads + 1, size + freed
                    log.info("upload_swept", name=self.place.name(upload["Key"]), bytes=freed)
        return Swept(uploads, size + await asyncio.to_thread(self._sweep_folders))

    def _sweep_folders(self) -> int:
        return self.folders.sweep(self._bound(), self.keep)

    def _bound(self) -> float:
        return time.time() - self.older_than_seconds

    def _abort(self, upload: "MultipartUploadTypeDef", bound: datetime, client: "S3Client") -> int | None:
        """The bytes that were freed. Null for an upload that may still run, or has just ended by itself."""
        upload_id = upload["UploadId"]
        if (
            self.place.name(upload["Key"]) is None
            or upload_id in self.keep
            or upload["Initiated"] > bound
            or self.folders.is_alive(upload_id, self._bound())
        ):
            return None
        which: dict[str, Any] = {"Bucket": self.place.bucket, "Key": upload["Key"], "UploadId": upload_id}
        size = 0
        try:
            for page in client.get_paginator("list_parts").paginate(**which):
                for part in page.get("Parts", []):
                    if part["LastModified"] > bound:
                        return None
                    size += part["Size"]
            client.abort_multipart_upload(**which)
        except ClientError as exc:
            if code_of(exc) == "NoSuchUpload":
                return None
            raise
        return size


def _asked_at(page: dict[str, Any]) -> datetime:
    return parsedate_to_datetime(page["ResponseMetadata"]["HTTPHeaders"]["date"])
