"""Which meeting an object belongs to, told by its name: the way back from `schemas/names.py`."""

import re
from collections.abc import AsyncIterator, Collection
from typing import Final
from urllib.parse import unquote

from infra.database.engine import Database
from infra.database.holdings import Key, all_holdings, holders_among
from infra.objects.base import ObjectStore
from schemas.names import object_name, safe_segment

_DEPTH: Final = 2
_CUT: Final = re.compile(r"~[0-9a-f]{32}$")
"""How an id ends that was too long: what stands before is not all of it."""
_EMPTY: Final = safe_segment("")
_FOLDERS_A_PAGE: Final = 200


def folder_of(key: Key) -> str:
    """With a "/" at its end."""
    return object_name(*key, "")


def key_of(folder: str) -> Key | None:
    """The meeting whose folder it is. Null where that cannot be told, as of an id too long for a name."""
    segments = folder.split("/")
    if len(segments) <= _DEPTH or any(map(_CUT.search, segments[:_DEPTH])):
        return None
    try:
        provider, meeting_id = map(_identifier, segments[:_DEPTH])
    except UnicodeDecodeError:
        return None
    key = (provider, meeting_id)
    return key if folder_of(key) == folder else None


async def folders_of_nobody(objects: ObjectStore, database: Database) -> AsyncIterator[str]:
    """The folders in which there are objects, and of whose meetings no row says that anything is stored.

    An object whose name no meeting has stands for itself.
    """
    nameless: dict[str, None] = {}
    async for folders in _pages(objects):
        keys = {folder: key_of(folder) for folder in folders}
        async with database.reading() as tx:
            held = await holders_among(tx, [key for key in keys.values() if key is not None])
        for folder, key in keys.items():
            if key is None:
                nameless[folder] = None
            elif key not in held:
                yield folder
    if nameless:
        async for key, _ in all_holdings(database):
            nameless.pop(folder_of(key), None)
    for folder in nameless:
        yield folder


def _identifier(segment: str) -> str:
    return "" if segment == _EMPTY else unquote(segment, errors="surrogatepass")


async def _pages(objects: ObjectStore) -> AsyncIterator[Collection[str]]:
    """Each folder, or object outside of any, once; some at a time."""
    page: dict[str, None] = {}
    last = ""
    async for stored in objects.list(""):
        segments = stored.name.split("/")
        folder = f"{segments[0]}/{segments[1]}/" if len(segments) > _DEPTH else stored.name
        if folder != last:
            page[folder] = None
            last = folder
        if len(page) == _FOLDERS_A_PAGE:
            yield page
            page = {}
    if page:
        yield page
