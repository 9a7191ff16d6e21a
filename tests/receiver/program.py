"""The receiver as a program of its own, composed as `adjourn` would. Prints its port.

`program.py FOLDER`, or `program.py FOLDER PORT WORKER` for one of several workers at a port that is reserved.
"""

import asyncio
import signal
import sys
from pathlib import Path

import uvloop

sys.path.insert(0, str(Path(__file__).parents[2]))

from infra.eventlog.open import open_log
from receiver.app import create_app
from receiver.serve import serve
from receiver.worker_metrics import WorkerMetrics
from tests.receiver.harness import meeting_baas_scheme


async def main(folder: Path, port: int, worker: str) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    log = open_log(f"sqlite:///{folder}/log.db")
    await log.setup()
    schemes = {"meeting-baas": meeting_baas_scheme()}
    if worker:
        shared = WorkerMetrics(folder / "metrics", worker, every_seconds=0.1)
        app = create_app(log=log, schemes=schemes, metrics=shared.page)
        publishing = asyncio.create_task(shared.publish(stop))
    else:
        app = create_app(log=log, schemes=schemes)
        publishing = asyncio.create_task(asyncio.sleep(0))
    await serve(
        app,
        host="127.0.0.1",
        port=port,
        ready=lambda _, number: print(number, flush=True),
        stop=stop,
        beside_others=worker != "",
    )
    await publishing
    await log.close()


if __name__ == "__main__":
    folder, port, worker = [*sys.argv[1:], "0", ""][:3]
    uvloop.run(main(Path(folder), int(port), worker))
