"""The log on Apache Kafka: `log.py` is its front."""
