"""A receiver as a program: `python -m tests.faults.receiving LOG_URL SPOOL_URL PORT`. It says `ready`."""

import asyncio
import logging
import signal
import sys

import structlog
import uvloop

from infra.eventlog.open import open_log
from infra.eventlog.spool.log import SpooledLog
from receiver.app import create_app
from receiver.serve import serve
from tests.receiver.harness import meeting_baas_scheme


async def main(log_url: str, spool_url: str, port: int) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    log = open_log(log_url, spool_url=spool_url)
    assert isinstance(log, SpooledLog)
    await log.probe()
    app = create_app(log=log, schemes={"meeting-baas": meeting_baas_scheme()}, degraded=log.degraded)
    await serve(app, host="127.0.0.1", port=port, ready=lambda *_: print("ready", flush=True), stop=stop)
    await log.close()


if __name__ == "__main__":
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    uvloop.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
