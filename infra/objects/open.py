"""The object store that a URL names."""

from pathlib import Path

from infra.objects.base import ObjectStore
from infra.objects.files import FileObjects


def open_objects(url: str) -> ObjectStore:
    """`file:///var/objects` is a folder below the working directory, `file:////var/objects` an absolute one.

    Raises `ValueError` for any other URL.
    """
    scheme, separator, path = url.partition(":///")
    if scheme != "file" or not separator or not path:
        raise ValueError("The URL of the object store must be file:/// and the path of a folder.")
    return FileObjects(Path(path).absolute())
