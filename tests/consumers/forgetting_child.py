"""`python -m tests.consumers.forgetting_child FOLDER STEP NUMBER`: forgets a meeting, and dies on its way.

It kills itself when the store, or the log, is asked for STEP the NUMBERth time.
"""

import asyncio
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from consumers.forget import forget
from infra.database.engine import open_database
from infra.eventlog.base import EventLog
from infra.objects.base import ObjectStore
from infra.objects.open import open_objects
from tests.consumers.running import opened_log
from tests.consumers.storing import PROVIDER


@dataclass
class Deadly:
    """Anything, until one of its methods is called once too often."""

    part: object
    step: str
    left: int

    def __getattr__(self, name: str) -> Any:
        if name == self.step:
            self.left -= 1
            if self.left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return getattr(self.part, name)


async def main(folder: Path, step: str, number: int) -> None:
    objects = Deadly(open_objects(f"file:///{folder}/objects"), step, number)
    async with opened_log(folder) as log, open_database(f"sqlite:///{folder}/adjourn.db") as database:
        await forget(
            (PROVIDER, "bot-1"),
            objects=cast(ObjectStore, objects),
            database=database,
            log=cast(EventLog, Deadly(log, step, number)),
        )


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
