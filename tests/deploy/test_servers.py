"""What the fault tests rely on: real servers that can be stopped, frozen, killed and wiped."""

from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from tests.servers.kafka import KafkaServer


async def topics(server: KafkaServer, *new: str) -> list[str]:
    admin = AIOKafkaAdminClient(bootstrap_servers=server.bootstrap)
    await admin.start()
    if new:
        await admin.create_topics([NewTopic(name, 1, 1) for name in new])
    listed = await admin.list_topics()
    await admin.close()
    return sorted(listed)


async def test_kafka_keeps_its_topics_and_port(own_kafka: KafkaServer) -> None:
    await topics(own_kafka, "one")
    own_kafka.stop()
    own_kafka.start()
    assert "one" in await topics(own_kafka)
    own_kafka.kill()
    own_kafka.start()
    assert "one" in await topics(own_kafka)
    own_kafka.kill()
    own_kafka.wipe()
    own_kafka.start()
    assert "one" not in await topics(own_kafka)
