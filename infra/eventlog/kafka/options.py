"""What a Kafka URL does not say: how we prove who we are, and what topics look like."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class KafkaOptions:
    """`partitions` and `replication` are of topics that `setup` creates.

    An append that is not acknowledged within `ack_timeout_seconds` has failed. `sasl_mechanism` is PLAIN,
    SCRAM-SHA-256 or SCRAM-SHA-512. Empty means: none; for `ca_file`, the system's certificates.

    A group gives the partitions of a member that is silent for `session_timeout_seconds` to others. In
    `members_folder` a process finds the name under which it was last in a group: started again in time it
    goes on as the same member, and nothing moves. Empty: it comes as a new one, and leaves when it stops.
    """

    partitions: int = 12
    replication: int = 1
    ack_timeout_seconds: float = 2.0
    security_protocol: str = "PLAINTEXT"
    sasl_mechanism: str = ""
    sasl_username: str = ""
    sasl_password: str = field(default="", repr=False)
    ca_file: str = ""
    certificate_file: str = ""
    key_file: str = ""
    session_timeout_seconds: float = 10.0
    members_folder: str = ""
