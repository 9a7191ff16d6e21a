"""Where in S3 the objects are, and how they are encrypted there."""

import re
from dataclasses import dataclass
from typing import Any, Final

from infra.objects.names import LONGEST_BYTES, checked, is_name

_BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


@dataclass(frozen=True, slots=True)
class S3Place:
    """`prefix` is "" or ends in "/"; `encryption` is "", "AES256", "aws:kms" or "aws:kms:" and a key's id."""

    bucket: str
    prefix: str
    encryption: str = ""

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}".rstrip("/")

    def where(self, name: str) -> dict[str, Any]:
        """What a request says of which object it means. Raises `ValueError` for what is no name."""
        return {"Bucket": self.bucket, "Key": self.key(name)}

    def key(self, name: str) -> str:
        """Raises `ValueError` for what is no name."""
        key = self.prefix + checked(name)
        if len(key.encode()) > LONGEST_BYTES:
            raise ValueError("The name of an object is too long for S3, with the prefix before it.")
        return key

    def name(self, key: str) -> str | None:
        """Null for what others have put here: consoles, for instance, make objects of folders."""
        name = key.removeprefix(self.prefix)
        return name if is_name(name) else None

    def encrypted(self) -> dict[str, Any]:
        """What a request to store something says of its encryption."""
        algorithm, _, key = self.encryption.partition("aws:kms:")
        if key:
            return {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key}
        return {"ServerSideEncryption": algorithm} if algorithm else {}


def s3_place(url: str, encryption: str) -> S3Place:
    """Raises `ValueError` for another URL than `s3://bucket` or `s3://bucket/prefix`, or an encryption
    unknown to us."""
    bucket, _, prefix = url.removeprefix("s3://").partition("/")
    prefix = prefix.rstrip("/")
    if not url.startswith("s3://") or not _BUCKET.fullmatch(bucket) or not (prefix == "" or is_name(prefix)):
        raise ValueError("The URL of the object store must be s3:// and a bucket, with a prefix or without.")
    if encryption not in ("", "AES256", "aws:kms") and not re.fullmatch(r"aws:kms:\S+", encryption):
        raise ValueError("The encryption must be AES256, aws:kms, or aws:kms: and the id of a key.")
    return S3Place(bucket, prefix and f"{prefix}/", encryption)
