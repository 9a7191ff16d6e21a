"""Keep a table of all recordings, and print each new one: recordings.py BOOTSTRAP [PREFIX]"""

import asyncio
import sqlite3
import sys

from aiokafka import AIOKafkaConsumer
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary_event


async def main(bootstrap: str, prefix: str = "") -> None:
    table = sqlite3.connect("recordings.db", isolation_level=None)
    table.execute("CREATE TABLE IF NOT EXISTS recordings (ce_id TEXT PRIMARY KEY, meeting TEXT, url TEXT)")
    async with AIOKafkaConsumer(
        f"{prefix}meetings.events",
        bootstrap_servers=bootstrap,
        group_id=f"{prefix}our-team.recordings",
        auto_offset_reset="earliest",  # a new group begins with the oldest record, not with the next one
        enable_auto_commit=False,
    ) as consumer:
        async for message in consumer:
            event = from_binary_event(KafkaMessage(dict(message.headers), message.key, message.value))
            if event.get_type() == "recording.stored":  # pass over types that you do not know
                fact = event.get_data()
                row = (event.get_id(), fact["meeting_id"], fact["url"])
                if table.execute("INSERT OR IGNORE INTO recordings VALUES (?, ?, ?)", row).rowcount:
                    print(fact["meeting_id"], fact["kind"], fact["url"], flush=True)
            await consumer.commit()  # only now: whoever dies before this does the record again


asyncio.run(main(*sys.argv[1:]))
