"""A record as Kafka's message and back: the CloudEvents attributes are the message's headers, binary mode."""

from aiokafka.structs import ConsumerRecord

from schemas.envelope import Headers, Record

# Text comes back as it was, lone surrogates too; what others wrote as they liked is shown, not refused.
_WRITTEN = "surrogatepass"
_FOREIGN = "backslashreplace"


def message_key(key: str) -> bytes | None:
    """Null where the sender named no meeting."""
    return key.encode("utf-8", _WRITTEN) or None


def message_headers(headers: Headers) -> list[tuple[str, bytes]]:
    """Raises `UnicodeEncodeError` for a name that is no Unicode, before anything else has seen it."""
    "".join(headers).encode()
    try:
        return [(name, value.encode()) for name, value in headers.items()]
    except UnicodeEncodeError:
        return [(name, value.encode("utf-8", _WRITTEN)) for name, value in headers.items()]


def record(message: ConsumerRecord, topic: str) -> Record:
    """`topic` is our name for it, without a prefix."""
    try:
        headers = {name: value.decode() for name, value in message.headers}
    except (UnicodeDecodeError, AttributeError):  # no text, or null
        headers = {name: _text(value) for name, value in message.headers}
    return Record(
        topic,
        message.partition,
        message.offset,
        _text(message.key),
        message.timestamp,
        headers,
        message.value or b"",
    )


def _text(encoded: bytes | None) -> str:
    if encoded is None:
        return ""
    try:
        return encoded.decode()
    except UnicodeDecodeError:
        pass
    try:
        return encoded.decode("utf-8", _WRITTEN)
    except UnicodeDecodeError:
        return encoded.decode("utf-8", _FOREIGN)
