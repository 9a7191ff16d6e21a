"""The requests that one upload makes, each blocking until it is answered.

A first try may have succeeded although its answer was lost: each object carries a token, so that an upload
knows its own when that is in its way.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from infra.errors import Retryable
from infra.objects.base import ObjectChanged, ObjectExists, Replace, StoredObject
from infra.objects.s3.body import Body
from infra.objects.s3.checksum import as_header, crc32_of_all, from_header
from infra.objects.s3.errors import code_of
from infra.objects.s3.place import S3Place

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef, HeadObjectOutputTypeDef, PartTypeDef

_MARK: Final = "adjourn-upload"
_ABSENT: Final = frozenset({"404", "NoSuchKey", "NotFound"})
_SPOILED: Final = frozenset(
    {"InvalidPart", "InvalidPartOrder", "EntityTooSmall", "BadDigest", "XAmzContentChecksumMismatch"}
)
_IN_THE_WAY: Final = frozenset(
    {"PreconditionFailed", "412", "ConditionalRequestConflict", "409", "NoSuchKey"}
)


@dataclass(frozen=True, slots=True)
class SentPart:
    """A part that the server has. `crc` is null for one of an earlier process, where the server is silent."""

    number: int
    size: int
    etag: str
    crc: int | None


@dataclass(frozen=True, slots=True)
class UploadRequests:
    """`where` is the object's bucket and key, `how` what else S3 is told of it; no other has the `token`."""

    name: str
    where: dict[str, Any]
    how: dict[str, Any]
    token: str
    replace: Replace

    def put(self, body: Body, crc: int, client: "S3Client") -> str:
        """The whole object at once: its version. Raises `ObjectExists` or `ObjectChanged`."""
        sent: dict[str, Any] = {"Body": body, "ChecksumCRC32": as_header(crc)}
        condition = self._condition(client)
        try:
            return client.put_object(**self.where, **self._told(), **condition, **sent)["ETag"]
        except ClientError as exc:
            if code_of(exc) not in _IN_THE_WAY:
                raise
            return self._own(client, exc)

    def begin(self, client: "S3Client") -> str:
        """The id of a new multipart upload."""
        return client.create_multipart_upload(
            **self.where, **self._told(), ChecksumAlgorithm="CRC32", ChecksumType="FULL_OBJECT"
        )["UploadId"]

    def part(self, upload_id: str, number: int, body: Body, crc: int, client: "S3Client") -> SentPart:
        sent: dict[str, Any] = {"Body": body, "ChecksumCRC32": as_header(crc)}
        answer = client.upload_part(**self.where, UploadId=upload_id, PartNumber=number, **sent)
        return SentPart(number, len(body), answer["ETag"], crc)

    def parts(self, upload_id: str, client: "S3Client") -> Sequence[SentPart] | None:
        """Those that the server has: of a number that was sent again, there may be several. Null where it
        knows no such upload."""
        pages = client.get_paginator("list_parts").paginate(**self.where, UploadId=upload_id)
        try:
            return [_listed(part) for page in pages for part in page.get("Parts", [])]
        except ClientError as exc:
            if code_of(exc) == "NoSuchUpload":
                return None
            raise

    def complete(self, upload_id: str, parts: Sequence[SentPart], client: "S3Client") -> str:
        """The object is there, whole: its version. Raises `ObjectExists` or `ObjectChanged`.

        An upload that the server refuses to put together is aborted: else it would be refused for ever.
        """
        try:
            return client.complete_multipart_upload(
                **self.where,
                **self._condition(client),
                UploadId=upload_id,
                MultipartUpload={"Parts": [_told_of(part) for part in parts]},
                MpuObjectSize=sum(part.size for part in parts),
                **_proof(parts),
            )["ETag"]
        except (ObjectExists, ObjectChanged):  # or has another machine completed just this upload?
            there = head(self.where, client)
            if there is None or not self._is_ours(there):
                raise
            return there["ETag"]
        except ClientError as exc:
            if code_of(exc) in _SPOILED:
                self.abort(upload_id, client)
            elif code_of(exc) in _IN_THE_WAY | {"NoSuchUpload"}:
                return self._own(client, exc)
            raise

    def abort(self, upload_id: str, client: "S3Client") -> None:
        try:
            client.abort_multipart_upload(**self.where, UploadId=upload_id)
        except ClientError as exc:
            if code_of(exc) != "NoSuchUpload":
                raise

    def _told(self) -> dict[str, Any]:
        return {**self.how, "Metadata": {_MARK: self.token}}

    def _condition(self, client: "S3Client") -> dict[str, Any]:
        """Some servers do not know the condition, and store all the same: they are asked before."""
        if self.replace is True:
            return {}
        there = head(self.where, client)
        if isinstance(self.replace, StoredObject):
            if there is None or there["ETag"] != self.replace.version:
                raise ObjectChanged(self.name)
            return {"IfMatch": self.replace.version}
        if there is not None:
            raise ObjectExists(self.name)
        return {"IfNoneMatch": "*"}

    def _is_ours(self, there: "HeadObjectOutputTypeDef") -> bool:
        return there["Metadata"].get(_MARK) == self.token

    def _own(self, client: "S3Client", exc: ClientError) -> str:
        """The version of what is there, if that is this very upload. What is in its way is raised."""
        there = head(self.where, client)
        if there is not None and self._is_ours(there):
            return there["ETag"]
        if isinstance(self.replace, StoredObject) and (
            there is None or there["ETag"] != self.replace.version
        ):
            raise ObjectChanged(self.name) from exc
        if self.replace is False and there is not None:
            raise ObjectExists(self.name) from exc
        raise Retryable(f"S3 answers {exc.operation_name} with {code_of(exc)}.") from exc


def upload_requests(
    place: S3Place, name: str, media_type: str, replace: Replace, token: str | None = None
) -> UploadRequests:
    """With a new token, where none is given. Raises `ValueError` for what is no name."""
    return UploadRequests(
        name=name,
        where=place.where(name),
        how={"ContentType": media_type, **place.encrypted()},
        token=token or secrets.token_hex(16),
        replace=replace,
    )


def _listed(part: "PartTypeDef") -> SentPart:
    checksum = part.get("ChecksumCRC32")
    crc = from_header(checksum) if checksum else None
    return SentPart(part["PartNumber"], part["Size"], part["ETag"], crc)


def _told_of(part: SentPart) -> "CompletedPartTypeDef":
    told: CompletedPartTypeDef = {"PartNumber": part.number, "ETag": part.etag}
    if part.crc is not None:
        told["ChecksumCRC32"] = as_header(part.crc)
    return told


def _proof(parts: Sequence[SentPart]) -> dict[str, Any]:
    """What the server is to compare the whole with: nothing where it does not tell what it has of a part."""
    known = [(part.crc, part.size) for part in parts if part.crc is not None]
    if len(known) < len(parts):
        return {}
    return {"ChecksumCRC32": as_header(crc32_of_all(known)), "ChecksumType": "FULL_OBJECT"}


def head(where: dict[str, Any], client: "S3Client") -> "HeadObjectOutputTypeDef | None":
    try:
        return client.head_object(**where)
    except ClientError as exc:
        if code_of(exc) in _ABSENT:
            return None
        raise
