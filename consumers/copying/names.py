"""Which name a file gets, and whether the same bytes are there under another one."""

from collections.abc import Collection, Iterator, Mapping
from itertools import count, takewhile

from consumers.media import Format
from consumers.streams import digest_of
from infra.objects.base import ObjectStore
from schemas.manifest import Artifact


async def free_name(objects: ObjectStore, folder: str, form: Format, taken: Collection[str]) -> str:
    """`video.mp4` in `folder`, or where that is there or `taken` `video.2.mp4`, and so on."""
    for name in _names(form):
        if folder + name not in taken and await objects.stat(folder + name) is None:
            return folder + name
    raise AssertionError("unreachable")


def format_of(name: str, media_type: str) -> Format:
    """The format by which an object got its name."""
    file = name.rpartition("/")[2]
    return Format(file.partition(".")[0], file.rpartition(".")[2], media_type)


async def twin_of(
    artifact: Artifact, folder: str, known: Mapping[str, Artifact], objects: ObjectStore
) -> str | None:
    """Another name of this sort, `video.2.mp4` for `video.mp4`, under which the same bytes are stored.

    An object that the database does not know was stored just before somebody was killed: it is read.
    """
    form = format_of(artifact.name, artifact.media_type)
    earlier = takewhile(lambda name: name != artifact.name, _names(form))
    of_this_sort = (name for name in known if format_of(name, artifact.media_type) == form)
    for name in dict.fromkeys((*earlier, *of_this_sort)):
        found = await objects.stat(folder + name) if name != artifact.name else None
        if found is not None and found.size == artifact.size:
            held = known[name].sha256 if name in known else await digest_of(objects.read(found.name))
            if held == artifact.sha256:
                return name
    return None


async def is_there(artifact: Artifact, folder: str, objects: ObjectStore) -> bool:
    """Whether the object of an artifact is where it was stored, as long as it was."""
    found = await objects.stat(folder + artifact.name)
    return found is not None and found.size == artifact.size


def _names(form: Format) -> Iterator[str]:
    for number in count(1):
        yield f"{form.stem}.{form.extension}" if number == 1 else f"{form.stem}.{number}.{form.extension}"
