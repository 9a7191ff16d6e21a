"""The object store that a URL names."""

from importlib.util import find_spec
from pathlib import Path

from infra.extras import not_installed
from infra.objects.base import ObjectStore
from infra.objects.disk import this_boot
from infra.objects.files import FileObjects


def open_objects(url: str, *, encryption: str = "", parts_folder: str = "var/parts") -> ObjectStore:
    """`file:///var/objects` is a folder below the working directory, `file:////var/objects` an absolute one;
    `s3://bucket/prefix` is a bucket, whose server and credentials the usual AWS_* variables name.

    `encryption` is what the S3 server encrypts with: "AES256", "aws:kms" or "aws:kms:" and the id of a key.
    `parts_folder` is where the parts of resumable uploads to S3 wait until they are full: a folder of this
    machine alone, made when it is needed. Objects in a folder need none.
    Raises `ValueError` for any other URL or encryption.
    """
    if url.startswith("s3://"):
        return _open_s3(url, encryption, parts_folder)
    if encryption:
        raise ValueError("Only an S3 server encrypts objects: leave the encryption empty for a folder.")
    scheme, separator, path = url.partition(":///")
    if scheme != "file" or not separator or not path:
        raise ValueError(
            "The URL of the object store must be file:/// and the path of a folder, or s3:// and a bucket."
        )
    return FileObjects(Path(path).absolute(), boot=this_boot())


def _open_s3(url: str, encryption: str, parts_folder: str) -> ObjectStore:
    if find_spec("boto3") is None:
        raise not_installed("S3", "s3")
    from infra.objects.s3.place import s3_place
    from infra.objects.s3.store import S3Objects

    return S3Objects(s3_place(url, encryption), parts_folder=Path(parts_folder).absolute())
