"""What senders notice while Kafka is away: real receivers, a real broker that is killed and started again.

`python -m benchmarks.outage [SECONDS [killed|frozen]]`: 60 and killed, unless said otherwise. Ends with 1
where an event that was answered 2xx is lost or out of its order, or when one was refused.
"""

import asyncio
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import aiohttp
import uvloop

from infra.eventlog.open import open_log
from tests.faults.senders import Receiver, Senders, numbers_in, receivers
from tests.servers.kafka import KafkaServer

WORKERS = 2
MEETINGS = 64
_BEFORE_SECONDS = 3
_AFTER_SECONDS = 3
_PAUSE_SECONDS = 0.05
"""Of each meeting between two events: some hundred events a second in all."""


def main(arguments: tuple[str, ...] = ()) -> int:
    seconds, how = float((*arguments, "60")[0]), (*arguments[1:], "killed")[0]
    with KafkaServer() as broker, tempfile.TemporaryDirectory() as folder:
        broker.start()
        return uvloop.run(_measure(broker, Path(folder), seconds, how))


async def _measure(broker: KafkaServer, folder: Path, outage_seconds: float, how: str) -> int:
    log = open_log(broker.url)
    await log.setup()
    await log.close()
    clock = asyncio.get_running_loop().time
    async with (
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http,
        receivers(broker.url, folder, WORKERS) as workers,
    ):
        senders = Senders(http, workers)
        async with senders.sending(MEETINGS, _PAUSE_SECONDS):
            await asyncio.sleep(_BEFORE_SECONDS)
            await asyncio.to_thread(broker.kill if how == "killed" else broker.freeze)
            await asyncio.sleep(outage_seconds)
            waiting = await workers[0].degraded(http)
            began = clock()
            await asyncio.to_thread(broker.start if how == "killed" else broker.thaw)
            started = clock()
            await _until_drained(workers, http)
            drained = clock()
            await asyncio.sleep(_AFTER_SECONDS)
        await _until_drained(workers, http)
    found = await numbers_in(broker.url)
    lost = sum(len(set(numbers) - set(found.get(bot, ()))) for bot, numbers in senders.answered.items())
    unordered = sum(numbers != sorted(numbers) for numbers in found.values())
    print(f"the broker was {how} for {outage_seconds:g} s and needed {started - began:.1f} s to start again")
    print(f"at its end: {waiting.get('log', 'nothing was away')}")
    print(f"answered 2xx      {sum(map(len, senders.answered.values())):8,}")
    print(f"refused           {len(senders.refused):8,}")
    print(f"lost              {lost:8,}")
    print(f"out of order      {unordered:8,} of {len(found)} meetings")
    print(f"slowest answer    {senders.slowest_seconds:8.2f} s")
    print(f"drained after     {drained - started:8.2f} s")
    return 1 if lost or unordered or senders.refused else 0


async def _until_drained(workers: Sequence[Receiver], http: aiohttp.ClientSession) -> None:
    for worker in workers:
        await worker.until_drained(http)


if __name__ == "__main__":
    raise SystemExit(main(tuple(sys.argv[1:])))
