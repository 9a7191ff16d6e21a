"""What a scan makes of several partitions, gaps, and readers that leave in the middle."""

import asyncio
from collections import Counter

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.records_to_delete import RecordsToDelete
from aiokafka.consumer.fetcher import Fetcher
from aiokafka.structs import TopicPartition

from infra.eventlog.kafka.cluster import KafkaCluster
from schemas.topics import WEBHOOKS
from tests.infra.eventlog.kafka_logs import append, cluster_of, everything, kafka_log, values
from tests.servers.kafka import KafkaServer

_KEYS = [f"bot-{number}" for number in range(12)]


async def test_records_come_oldest_first_whatever_their_partition(kafka: KafkaServer) -> None:
    async with kafka_log(cluster_of(kafka.url)) as log:
        for number in range(60):
            await append(log, str(number), key=_KEYS[number % len(_KEYS)])
            await asyncio.sleep(0.002)  # the broker's clock has milliseconds
        records = await everything(log)

    assert len({record.partition for record in records}) == 3
    assert values(records) == [str(number) for number in range(60)]


async def test_many_records_of_many_partitions_come_once_and_in_order_of_each_key(kafka: KafkaServer) -> None:
    async with kafka_log(cluster_of(kafka.url)) as log:
        await asyncio.gather(
            *(append(log, str(number), key=_KEYS[number % len(_KEYS)]) for number in range(6000))
        )
        records = await everything(log)

    times = [record.time_ms for record in records]
    assert times == sorted(times)
    for number, key in enumerate(_KEYS):
        found = values([record for record in records if record.key == key])
        assert found == [str(n) for n in range(number, 6000, len(_KEYS))]


async def test_what_retention_took_is_passed_over(kafka: KafkaServer) -> None:
    cluster = cluster_of(kafka.url, partitions=1)
    async with kafka_log(cluster) as log:
        for number in range(10):
            await append(log, str(number))
        await _delete_before(cluster, 7)

        assert values(await everything(log)) == ["7", "8", "9"]
        assert await log.backlog([WEBHOOKS], "group") == 3


async def test_a_topic_that_retention_emptied_ends_at_once(kafka: KafkaServer) -> None:
    cluster = cluster_of(kafka.url, partitions=1)
    async with kafka_log(cluster) as log:
        await append(log, "old")
        await _delete_before(cluster, 1)

        assert await everything(log) == []
        assert await log.backlog([WEBHOOKS], "group") == 0


async def test_transactions_of_others_do_not_keep_a_scan_waiting(kafka: KafkaServer) -> None:
    cluster = cluster_of(kafka.url, partitions=1)
    async with kafka_log(cluster) as log:
        await append(log, "ours")
        producer = AIOKafkaProducer(
            bootstrap_servers=list(cluster.servers), transactional_id=cluster.prefix, acks="all"
        )
        async with producer, producer.transaction():
            await producer.send_and_wait(cluster.named(WEBHOOKS), b"theirs")

        async with asyncio.timeout(5):  # the last offset is a marker's, which is no record
            assert values(await everything(log)) == ["ours", "theirs"]


async def test_what_others_wrote_without_key_value_or_text_is_shown(kafka: KafkaServer) -> None:
    cluster = cluster_of(kafka.url)
    async with kafka_log(cluster) as log:
        headers = [("ce_id", None), ("binary", b"\xff\xfe"), ("text", b"z")]
        async with AIOKafkaProducer(bootstrap_servers=list(cluster.servers)) as producer:
            await producer.send_and_wait(cluster.named(WEBHOOKS), key=b"\xff", headers=headers)
        (record,) = await everything(log)

    assert (record.key, record.value, record.id) == ("\\xff", b"", "")
    assert dict(record.headers) == {"ce_id": "", "binary": "\\xff\\xfe", "text": "z"}


async def test_readers_that_leave_or_are_cancelled_leave_nothing_open(kafka: KafkaServer) -> None:
    async with kafka_log(cluster_of(kafka.url)) as log:
        for number in range(5):
            await append(log, str(number))
        async for _ in log.scan(WEBHOOKS):
            break
        for delay_ms in range(0, 40, 4):
            reading = asyncio.ensure_future(everything(log))
            await asyncio.wait([reading], timeout=delay_ms / 1000)
            reading.cancel()
            await asyncio.wait([reading])
        following = log.scan(WEBHOOKS, follow=True)
        await anext(following)

        assert values(await everything(log)) == ["0", "1", "2", "3", "4"]


async def test_our_partitions_are_those_that_other_producers_choose(kafka: KafkaServer) -> None:
    cluster = cluster_of(kafka.url, partitions=7)
    keys = [*(f"{number:08x}-bot" for number in range(40)), "Zoë 🦊", "x" * 300]
    async with kafka_log(cluster) as log:
        async with AIOKafkaProducer(bootstrap_servers=list(cluster.servers)) as producer:
            for key in keys:
                await producer.send_and_wait(cluster.named(WEBHOOKS), b"theirs", key=key.encode())
        await asyncio.gather(*(append(log, "ours", key=key) for key in keys))
        records = await everything(log)

    places = {(record.key, record.partition) for record in records}
    assert Counter(key for key, _ in places) == Counter(keys)
    assert len(records) == 2 * len(keys)


async def test_records_travel_as_cloud_events_in_binary_mode(kafka: KafkaServer) -> None:
    cluster = cluster_of(kafka.url)
    async with kafka_log(cluster) as log:
        await log.append(WEBHOOKS, key="bot-1", value=b"{}", headers={"ce_id": "e1", "content-type": "a/b"})
        await log.append(WEBHOOKS, key="", value=b"", headers={})
        consumer = AIOKafkaConsumer(
            cluster.named(WEBHOOKS), bootstrap_servers=list(cluster.servers), auto_offset_reset="earliest"
        )
        async with consumer:
            messages = [await consumer.getone() for _ in range(2)]

    keyed, keyless = sorted(messages, key=lambda message: message.key is None)
    assert (keyed.key, keyed.value) == (b"bot-1", b"{}")
    assert keyed.headers == (("ce_id", b"e1"), ("content-type", b"a/b"))
    assert (keyless.key, keyless.value) == (None, b"")


async def test_a_header_whose_name_is_no_unicode_is_refused_and_leaves_its_neighbours_alone(
    kafka: KafkaServer,
) -> None:
    async with kafka_log(cluster_of(kafka.url)) as log:
        first = asyncio.ensure_future(append(log, "1"))
        await asyncio.sleep(0)
        with pytest.raises(ValueError, match="surrogates"):
            await log.append(WEBHOOKS, key="bot-1", value=b"x", headers={"ok": "1", "\ud800": "2"})
        await append(log, "2")
        await first

        assert values(await everything(log)) == ["1", "2"]


async def _delete_before(cluster: KafkaCluster, offset: int) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=list(cluster.servers))
    await admin.start()
    try:
        place = TopicPartition(cluster.named(WEBHOOKS), 0)
        await admin.delete_records({place: RecordsToDelete(before_offset=offset)})
    finally:
        await admin.close()


def test_the_pause_that_a_scan_switches_off_is_still_where_aiokafka_keeps_it() -> None:
    """Each partition's turn would cost 100 ms again, and nothing else would tell."""
    assert "_prefetch_backoff" in Fetcher.__init__.__code__.co_names
