"""What the value of a setting may look like: its type, and how to say so to someone who got it wrong."""

from dataclasses import dataclass
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, SecretStr
from pydantic_settings import NoDecode

from infra.errors import Halt
from infra.links.addresses import parse_allowed
from receiver.svix import signing_keys


@dataclass(frozen=True, slots=True)
class Form:
    """What a value must look like, to complete the sentence "ADJOURN_… must be …", and an example of it."""

    text: str
    example: str


def _networks(entries: tuple[str, ...]) -> tuple[str, ...]:
    parse_allowed(entries)
    return entries


def _web_addresses(urls: tuple[str, ...]) -> tuple[str, ...]:
    if not all(url.startswith(("https://", "http://")) for url in urls):
        raise ValueError("unknown scheme")
    return urls


def _signing(secrets: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
    try:
        signing_keys(secret.get_secret_value() for secret in secrets)
    except Halt as error:
        raise ValueError("not base64") from error
    return secrets


def _one_of(*schemes: str) -> AfterValidator:
    def check(url: str) -> str:
        if not url.startswith(schemes):
            raise ValueError("unknown scheme")
        return url

    return AfterValidator(check)


LogUrl = Annotated[
    str,
    _one_of("sqlite:///", "kafka://"),
    Form(
        "a sqlite:/// URL with the path of a file, or kafka:// and brokers",
        "kafka://kafka-1:9092,kafka-2:9092",
    ),
]
SpoolUrl = Annotated[
    str, _one_of("sqlite:///"), Form("a sqlite:/// URL with the path of a file", "sqlite:///var/spool.db")
]
ObjectsUrl = Annotated[
    str,
    _one_of("file:///", "s3://"),
    Form("a file:/// URL with the path of a folder, or s3:// and a bucket", "s3://bucket/prefix"),
]
DatabaseUrl = Annotated[
    str,
    _one_of("sqlite:///", "postgresql://", "postgres://"),
    Form(
        "a sqlite:/// URL with the path of a file, or a postgresql:// URL",
        "postgresql://adjourn@database/adjourn",
    ),
]
_OR_NONE: Final = r"^(https?://.+)?$"
ApiUrl = Annotated[str, Field(pattern=_OR_NONE), Form("an http or https URL", "https://api.meetingbaas.com")]
Urls = Annotated[
    tuple[str, ...],
    NoDecode,
    AfterValidator(_web_addresses),
    Form("a comma-separated list of http or https URLs", "https://api.example.com"),
]
KeyUrl = Annotated[
    str,
    _one_of("https://", "http://", "file:///"),
    Form(
        "an https or http URL, or file:/// and the path of a PEM file",
        "https://api.realtime.cloudflare.com/.well-known/webhooks.json",
    ),
]
RealtimeKitApiUrl = Annotated[
    str,
    Field(pattern=_OR_NONE),
    Form(
        "an http or https URL with your account and app",
        "https://api.cloudflare.com/client/v4/accounts/ACCOUNT/realtime/kit/APP",
    ),
]
DeleteUpstream = Annotated[Literal["", "after-verified"], Form("after-verified, or empty", "after-verified")]
Retranscribe = Annotated[
    Literal["never", "failed", "missing", "other", "always"],
    Form("one of never, failed, missing, other, always", "missing"),
]
Transcriber = Annotated[str, Field(max_length=60), Form("the name of a provider", "gladia")]
LanguageTag = Annotated[
    str, Field(pattern=r"^([A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*)?$"), Form("the tag of a language", "de")
]
Budget = Annotated[int, Field(ge=0, le=1_000_000), Form("a whole number from 0 to 1000000", "50")]
Summaries = Annotated[
    Literal["extractive", "openai", "off"], Form("one of extractive, openai, off", "openai")
]
ModelUrl = Annotated[
    str,
    _one_of("https://", "http://"),
    Form("an http or https URL, most end in /v1", "http://127.0.0.1:11434/v1"),
]
ModelName = Annotated[str, Form("the name of a model", "gpt-oss:20b")]
Language = Annotated[str, Field(max_length=60), Form("a language", "German")]
PromptFile = Annotated[str, Form("the path of a text file", "/etc/adjourn/summary.txt")]
Folder = Annotated[str, Form("the path of a folder", "var/parts")]
Host = Annotated[str, Field(min_length=1), Form("an address of this machine", "127.0.0.1")]
Port = Annotated[int, Field(ge=0, le=65535), Form("a port number from 0 to 65535", "8080")]
LogLevel = Annotated[
    Literal["debug", "info", "warning", "error"], Form("one of debug, info, warning, error", "info")
]
Secrets = Annotated[
    tuple[SecretStr, ...], NoDecode, Form("a comma-separated list of secrets", "newest,older")
]
SvixSecrets = Annotated[
    tuple[SecretStr, ...],
    NoDecode,
    AfterValidator(_signing),
    Form("a comma-separated list of secrets as the endpoint's page shows them", "whsec_…"),
]
Ids = Annotated[
    tuple[str, ...],
    NoDecode,
    Form("a comma-separated list of ids", "05e57591-3a4c-4f6d-9b8e-2c7d1f0a5e63"),
]
Places = Annotated[
    tuple[str, ...],
    NoDecode,
    AfterValidator(_networks),
    Form("a comma-separated list of hosts, addresses and networks", "127.0.0.1"),
]
BodyBytes = Annotated[
    int, Field(ge=1024, le=33_554_432), Form("a number of bytes from 1024 to 33554432", "33554432")
]
FileBytes = Annotated[int, Field(ge=1), Form("a whole number of bytes", "17179869184")]
Days = Annotated[float, Field(gt=0), Form("a number of days above 0", "30")]
Minutes = Annotated[float, Field(ge=0), Form("a number of minutes, or 0", "10")]
Count = Annotated[int, Field(ge=1, le=1000), Form("a whole number from 1 to 1000", "16")]
Workers = Annotated[int, Field(ge=1, le=256), Form("a whole number from 1 to 256", "4")]
Security = Annotated[
    Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"],
    Form("one of PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL", "SASL_SSL"),
]
Mechanism = Annotated[
    Literal["", "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"],
    Form("one of PLAIN, SCRAM-SHA-256, SCRAM-SHA-512", "SCRAM-SHA-512"),
]
Name = Annotated[str, Form("a name", "adjourn")]
Secret = Annotated[SecretStr, Form("a secret", "secret")]
Certificates = Annotated[str, Form("the path of a PEM file", "/etc/adjourn/kafka-ca.pem")]
Certificate = Annotated[str, Form("the path of a PEM file", "/etc/adjourn/kafka.pem")]
PrivateKey = Annotated[str, Form("the path of a PEM file", "/etc/adjourn/kafka.key")]
Encryption = Annotated[
    str, Field(pattern=r"^(AES256|aws:kms(:.+)?)?$"), Form("AES256, aws:kms or aws:kms: and a key", "AES256")
]
