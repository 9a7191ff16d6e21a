"""The receiver as a program of its own, composed as `adjourn` would: `program.py FOLDER`. Prints its port."""

import asyncio
import signal
import sys
from pathlib import Path

import uvloop

sys.path.insert(0, str(Path(__file__).parents[2]))

from infra.eventlog.open import open_log
from receiver.app import create_app
from receiver.serve import serve
from tests.receiver.harness import meeting_baas_scheme


async def main(folder: str) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    log = open_log(f"sqlite:///{folder}/log.db")
    await log.setup()
    app = create_app(log=log, schemes={"meeting-baas": meeting_baas_scheme()})
    await serve(app, host="127.0.0.1", port=0, ready=lambda _, port: print(port, flush=True), stop=stop)
    await log.close()


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1]))
