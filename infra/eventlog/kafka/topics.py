"""Our topics on a cluster: what they should be like, which are there, and who leads them."""

from aiokafka import errors
from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.metadata import MetadataRequest

from infra.eventlog.base import MAX_RECORD_BYTES
from infra.eventlog.kafka.cluster import KafkaCluster, ask
from schemas.topics import DEAD_LETTERS, TOPICS

HEADERS_BYTES = 1024 * 1024
"""Room beside a value: key, headers, and what Kafka adds."""

MAX_MESSAGE_BYTES = MAX_RECORD_BYTES + HEADERS_BYTES

_DAY_MS = 24 * 60 * 60 * 1000
KEPT_FOR_EVER = "-1"


def wanted(topic: str, *, retention_days: float, replication: int) -> dict[str, str]:
    """The configuration of a topic.

    Times are the broker's, so that they grow with the offsets: what was appended since a moment can be found,
    and a receiver whose clock is wrong is neither refused nor forgotten early.
    """
    kept_ms = KEPT_FOR_EVER if topic == DEAD_LETTERS else str(int(retention_days * _DAY_MS))
    return {
        "cleanup.policy": "delete",
        "max.message.bytes": str(MAX_MESSAGE_BYTES),
        "message.timestamp.type": "LogAppendTime",
        "min.insync.replicas": str(2 if replication > 2 else 1),
        "retention.bytes": KEPT_FOR_EVER,
        "retention.ms": kept_ms,
    }


def missing_sentence(cluster: KafkaCluster, topic: str) -> str:
    return f"The topic {cluster.named(topic)} is missing on Kafka at {cluster.place}: run `adjourn setup`."


async def refresh(client: AIOKafkaClient, cluster: KafkaCluster) -> set[str]:
    """Learn anew which of our topics are there, which are returned, and who leads them.

    Raises `LeaderNotAvailableError` while no broker is in service.
    """
    await identify(client, cluster)
    return {topic for topic in TOPICS if client.cluster.partitions_for_topic(cluster.named(topic))}


async def identify(client: AIOKafkaClient, cluster: KafkaCluster) -> str:
    """As `refresh`; returns the cluster's id.

    aiokafka's own requests would have a broker that creates topics by itself create ours, with its defaults.
    """
    request = MetadataRequest([cluster.named(topic) for topic in TOPICS], allow_auto_topic_creation=False)
    answer = await ask(client, request)
    if not answer.brokers:
        # A broker that was frozen says so in the moment before it is back; aiokafka learns nothing from it.
        raise errors.LeaderNotAvailableError("no broker is in service")
    client.cluster.update_metadata(answer)
    return str(answer.cluster_id)
