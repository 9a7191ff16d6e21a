"""A log by its URL. A new kind of log is a line here."""

from infra.eventlog.base import EventLog
from infra.eventlog.kafka.options import KafkaOptions
from infra.eventlog.sqlite.file import path_at
from infra.eventlog.sqlite.log import SqliteLog
from infra.extras import not_installed

_DEFAULTS = KafkaOptions()


def open_log(
    url: str,
    *,
    retention_days: float = 30,
    kafka: KafkaOptions = _DEFAULTS,
    spool_url: str | None = None,
) -> EventLog:
    """`sqlite:///relative/file.db`, `sqlite:////absolute/file.db` or `kafka://host:9092[,host:9092]`.

    Nothing is touched yet. With a `spool_url`, a record that Kafka does not take is kept there until it does.
    Raises `ValueError`, with a sentence that says what to write, when the URL names no log.
    """
    path = path_at(url)
    if path is not None:
        return SqliteLog(path, retention_days=retention_days)
    if url.startswith("kafka://"):
        return _open_kafka(url, retention_days, kafka, spool_url)
    raise ValueError(
        "The log's URL must look like sqlite:///var/log.db (four slashes for an absolute path) "
        "or kafka://host:9092."
    )


def _open_kafka(url: str, retention_days: float, options: KafkaOptions, spool_url: str | None) -> EventLog:
    try:
        from infra.eventlog.kafka.cluster import cluster_at
        from infra.eventlog.kafka.log import KafkaLog
    except ModuleNotFoundError as exc:
        if exc.name != "aiokafka":
            raise
        raise not_installed("A log on Kafka", "kafka") from exc
    log = KafkaLog(cluster_at(url, options), retention_days=retention_days)
    if spool_url is None:
        return log
    from infra.eventlog.spool.log import open_spooled

    return open_spooled(log, spool_url)
