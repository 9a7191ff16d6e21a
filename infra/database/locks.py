"""Who reads in order to write goes one at a time. SQLite's transactions do so anyway; PostgreSQL's here.

The locks are advisory ones: each has a number and is held until the transaction ends, whatever rows there
are. Who waits too long gets a `Retryable` from the transaction.
"""

import hashlib
from typing import Final

from sqlalchemy import BigInteger, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from infra.database.columns import storable

_LOCK: Final = text("SELECT pg_advisory_xact_lock(:number)").bindparams(bindparam("number", type_=BigInteger))


async def lock_meeting(tx: AsyncConnection, provider: str, meeting_id: str) -> None:
    """Wait until no other transaction that called this for the meeting runs: what is read next is new.

    To be the first thing in a transaction, and for one meeting only: so nobody waits in a circle.
    """
    await _lock(tx, "rows", provider, meeting_id)


async def lock_work(tx: AsyncConnection, provider: str, meeting_id: str) -> None:
    """As `lock_meeting`, and apart from it: for work that has transactions of its own inside."""
    await _lock(tx, "work", provider, meeting_id)


async def lock_budget(tx: AsyncConnection) -> None:
    """As `lock_meeting`, for what is counted over all meetings. After this one, none is taken."""
    await _lock(tx, "budget")


async def lock_setup(tx: AsyncConnection) -> None:
    """As `lock_meeting`, for the tables as a whole."""
    await _lock(tx, "setup")


async def _lock(tx: AsyncConnection, *names: str) -> None:
    if tx.dialect.name != "postgresql":
        return
    digest = hashlib.sha256("\0".join(("adjourn", *map(storable, names))).encode()).digest()
    await tx.execute(_LOCK, {"number": int.from_bytes(digest[:8], signed=True)})
