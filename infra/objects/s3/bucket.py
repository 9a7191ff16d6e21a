"""Whether a bucket is there and takes what we bring, and making it where it is missing."""

from threading import Event
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from infra.errors import Halt
from infra.objects.names import RESERVED
from infra.objects.s3.body import HeldBody
from infra.objects.s3.checksum import crc32
from infra.objects.s3.connection import is_aws
from infra.objects.s3.errors import code_of
from infra.objects.s3.place import S3Place
from infra.objects.s3.requests import UploadRequests

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def probe(place: S3Place, client: "S3Client") -> None:
    """Return if all that an upload needs is allowed. Looks first, because some servers make a missing bucket
    of any name when something is put there."""
    _look(place, client)
    where: dict[str, Any] = {"Bucket": place.bucket, "Key": f"{place.prefix}{RESERVED}/probe"}
    requests = UploadRequests(name=RESERVED, where=where, how=place.encrypted(), token="", replace=True)
    requests.abort(requests.begin(client), client)
    question = [memoryview(b"Would an upload succeed now?")]
    requests.put(HeldBody(question, Event()), crc32(question), client)
    client.delete_object(**where)


def create_bucket(place: S3Place, client: "S3Client") -> None:
    """The bucket is there on return. Raises `Halt` where it is not and may not be created."""
    try:
        _look(place, client)
    except ClientError as exc:
        if code_of(exc) != "NoSuchBucket":
            raise
    else:
        return
    how: dict[str, Any] = {}
    if is_aws(client) and client.meta.region_name != "us-east-1":
        how["CreateBucketConfiguration"] = {"LocationConstraint": client.meta.region_name}
    try:
        client.create_bucket(Bucket=place.bucket, **how)
    except ClientError as exc:
        match code_of(exc):
            case "BucketAlreadyOwnedByYou":  # another worker was faster
                return
            case "AccessDenied":
                raise Halt(
                    f"There is no bucket for {place}, and the access key may not create one: "
                    "create it by hand, then start again."
                ) from exc
        raise


def _look(place: S3Place, client: "S3Client") -> None:
    client.list_objects_v2(Bucket=place.bucket, Prefix=place.prefix, MaxKeys=1)
