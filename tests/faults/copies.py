"""What tests of broken copies look at."""

import hashlib

from infra.database.downloads import UnfinishedDownload, all_downloads
from infra.objects.base import Swept
from tests.consumers.storing import PROVIDER, VIDEO, Bench
from tests.servers.file import Content, held, joined, noise

MB = 1_000_000


def recording(megabytes: int = 12, *, seed: int = 0) -> Content:
    """Of one size and another content for each seed: large enough to be gone on with, and for parts on S3."""
    return joined(held(VIDEO), noise(megabytes * MB, seed))


async def is_stored(bench: Bench, content: Content, name: str = "video.mp4") -> bool:
    """As the only file of its meeting, whole, proved by its length, and with nothing left of its copying."""
    digest = hashlib.sha256()
    async for chunk in bench.services.objects.read(f"{PROVIDER}/bot-1/{name}"):
        digest.update(chunk)
    artifacts = await bench.artifacts()
    told = [(one.name, one.size, one.sha256, one.verified) for one in artifacts.values()]
    return (
        told == [(name, content.size, content.sha256(), "length")]
        and digest.hexdigest() == content.sha256()
        and await bench.stored() == [f"{PROVIDER}/bot-1/{name}"]
        and await nothing_is_left(bench)
    )


async def nothing_is_left(bench: Bench) -> bool:
    """Neither a line in the journal nor an upload."""
    swept = await bench.services.objects.sweep(0)
    return await journal(bench) == [] and swept == Swept(0, 0)


async def journal(bench: Bench) -> list[UnfinishedDownload]:
    async with bench.services.database.reading() as tx:
        return list(await all_downloads(tx))
