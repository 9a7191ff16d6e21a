"""Which of our topics a cluster has, and who leads them."""

from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.metadata import MetadataRequest

from infra.eventlog.kafka_cluster import KafkaCluster, ask
from schemas.topics import TOPICS


def missing_sentence(cluster: KafkaCluster, topic: str) -> str:
    return f"The topic {cluster.named(topic)} is missing on Kafka at {cluster.place}: run `adjourn setup`."


async def refresh(client: AIOKafkaClient, cluster: KafkaCluster) -> set[str]:
    """Learn anew which of our topics are there, which are returned, and who leads them."""
    await identify(client, cluster)
    return {topic for topic in TOPICS if client.cluster.partitions_for_topic(cluster.named(topic))}


async def identify(client: AIOKafkaClient, cluster: KafkaCluster) -> str:
    """As `refresh`; returns the cluster's id.

    aiokafka's own requests would have a broker that creates topics by itself create ours, with its defaults.
    """
    request = MetadataRequest([cluster.named(topic) for topic in TOPICS], allow_auto_topic_creation=False)
    answer = await ask(client, request)
    client.cluster.update_metadata(answer)
    return str(answer.cluster_id)
