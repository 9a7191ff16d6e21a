"""Aborting uploads that nobody will finish: S3 keeps their parts, and counts them, for ever.

Whether an upload still runs is told by when its last part came, by the server's own clock.
"""

from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog
from botocore.exceptions import ClientError

from infra.objects.base import Swept
from infra.objects.s3.connection import S3Connection
from infra.objects.s3.errors import code_of
from infra.objects.s3.place import S3Place

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import MultipartUploadTypeDef

log = structlog.get_logger()


async def sweep(connection: S3Connection, place: S3Place, older_than_seconds: float) -> Swept:
    """See `ObjectStore.sweep`."""
    uploads, size = 0, 0
    async for page in connection.pages("list_multipart_uploads", Bucket=place.bucket, Prefix=place.prefix):
        bound = _asked_at(page) - timedelta(seconds=older_than_seconds)
        for upload in page.get("Uploads", []):
            freed = await connection.call(partial(_abort, place, upload, bound))
            if freed is not None:
                uploads, size = uploads + 1, size + freed
                log.info("upload_swept", name=place.name(upload["Key"]), bytes=freed)
    return Swept(uploads, size)


def _asked_at(page: dict[str, Any]) -> datetime:
    return parsedate_to_datetime(page["ResponseMetadata"]["HTTPHeaders"]["date"])


def _abort(
    place: S3Place, upload: "MultipartUploadTypeDef", bound: datetime, client: "S3Client"
) -> int | None:
    """The bytes that were freed. Null for an upload that may still run, or has just ended by itself."""
    if place.name(upload["Key"]) is None or upload["Initiated"] > bound:
        return None
    which: dict[str, Any] = {"Bucket": place.bucket, "Key": upload["Key"], "UploadId": upload["UploadId"]}
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
