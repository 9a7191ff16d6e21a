"""Every setting: the program's own here, each sender's in `senders/`. Only this file reads the environment.

README's tables and `.env.example` are generated from the descriptions here (`python -m adjourn.generate`).
"""

import difflib
import os
from pathlib import Path
from typing import Any, Final

from dotenv import dotenv_values
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import SettingsConfigDict

from adjourn import forms
from adjourn.senders.meeting_baas import MeetingBaasSettings
from adjourn.senders.realtimekit import RealtimeKitSettings
from adjourn.senders.vonage import VonageSettings
from adjourn.senders.waterr import WaterrSettings

PREFIX: Final = "ADJOURN_"
ENV_FILE: Final = Path(".env")


class Settings(MeetingBaasSettings, RealtimeKitSettings, VonageSettings, WaterrSettings):
    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=ENV_FILE,
        env_file_encoding="utf-8",
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    delete_upstream: forms.DeleteUpstream = Field(
        "",
        description="`after-verified` deletes a meeting at its provider once all that it has is stored here "
        "and proved complete; empty never deletes anything there",
    )
    retranscribe: forms.Retranscribe = Field(
        "never",
        description="which transcripts their sender is to make again, each taking in those before it: "
        "`never`, `failed` where making one failed, `missing` where there is none or no word in it, `other` "
        "where language or provider is not the one below, `always`; it costs what your sender takes for it",
    )
    retranscribe_provider: forms.Transcriber = Field(
        "",
        description="who is to make them, by the name that your sender has for it; empty means as it likes",
    )
    retranscribe_api_key: forms.Secret = Field(
        SecretStr(""), description="our own key to that provider, where your sender wants one"
    )
    retranscribe_language: forms.LanguageTag = Field(
        "", description="what is spoken; empty means whatever is"
    )
    retranscribe_most_per_meeting: forms.Count = Field(
        1, description="how often the policy has a meeting's transcript made again, where it fails each time"
    )
    retranscribe_most_per_day: forms.Budget = Field(
        50, description="how many are made again on a day (UTC); what you ask for by hand counts, and is done"
    )
    reconcile_minutes: forms.Minutes = Field(
        10,
        description="how often what ended at a provider, whose API we have a key to, is compared with what "
        "came here, and what is missing fetched; 0 means only when `adjourn reconcile` is called",
    )
    summary: forms.Summaries = Field(
        "extractive",
        description="who summarises transcripts: `extractive` picks sentences on this machine, `openai` "
        "sends them to a language model at any endpoint that speaks OpenAI's protocol, `off` nobody",
    )
    summary_url: forms.ModelUrl = Field(
        "https://api.openai.com/v1", description="where that model is; only with `ADJOURN_SUMMARY=openai`"
    )
    summary_model: forms.ModelName = Field("", description="its name, as the endpoint has it")
    summary_api_key: forms.Secret = Field(
        SecretStr(""), description="our key to it; empty where it wants none"
    )
    summary_language: forms.Language = Field(
        "", description="language that the model writes in, whatever was spoken; empty means as spoken"
    )
    summary_prompt_file: forms.PromptFile = Field(
        "",
        description="a text file that tells the model what to write and what matters to you, in place of our "
        "own few words; how it answers, and that a transcript is never obeyed, stays",
    )
    host: forms.Host = Field("127.0.0.1", description="address to listen on; `0.0.0.0` for every network")
    port: forms.Port = Field(8080, description="port to listen on")
    workers: forms.Workers = Field(
        1, description="processes that receive; with 1, `adjourn run` does everything in one process"
    )
    log_url: forms.LogUrl = Field(
        "sqlite:///var/log.db",
        description="where every webhook is kept: `sqlite:///` and a path (three slashes for one relative to "
        "the working directory, four for an absolute one), or `kafka://host:9092[,host:9092]`, with "
        "`?prefix=staging.` for what stands before the names of topics and groups",
    )
    objects_url: forms.ObjectsUrl = Field(
        "file:///var/objects",
        description="where recordings and transcripts are stored: `file:///` and a folder, or "
        "`s3://bucket/prefix`, with endpoint, region and credentials from the usual `AWS_*` variables, "
        "in the environment or in `.env`",
    )
    database_url: forms.DatabaseUrl = Field(
        "sqlite:///var/adjourn.db",
        description="meetings, timelines, transcripts and their index: `sqlite:///` and a path, or "
        "`postgresql://user:password@host/database`",
    )
    download_allow: forms.Places = Field(
        (),
        description="hosts or networks that downloads may reach although they are private, for example "
        "`127.0.0.1` to try `adjourn send --media` on one machine; empty means public https only",
    )
    download_limit_bytes: forms.FileBytes = Field(
        17_179_869_184, description="largest file that is downloaded"
    )
    body_limit_bytes: forms.BodyBytes = Field(33_554_432, description="largest webhook that is accepted")
    retention_days: forms.Days = Field(
        30,
        description="how long webhooks stay in the log; on SQLite, what a consumer has not read stays longer",
    )
    concurrency: forms.Count = Field(16, description="meetings that each consumer works on at a time")
    spool_url: forms.SpoolUrl = Field(
        "sqlite:///var/spool.db",
        description="where webhooks wait, on this machine's disk, while Kafka does not take them",
    )
    kafka_partitions: forms.Count = Field(
        12, description="partitions of a topic that `adjourn setup` creates: as many consumers can share it"
    )
    kafka_replication: forms.Count = Field(
        1, description="copies of a topic that `adjourn setup` creates; 3 where there are three brokers"
    )
    kafka_security_protocol: forms.Security = Field(
        "PLAINTEXT", description="`PLAINTEXT`, `SSL`, `SASL_PLAINTEXT` or `SASL_SSL`"
    )
    kafka_sasl_mechanism: forms.Mechanism = Field(
        "", description="`PLAIN`, `SCRAM-SHA-256` or `SCRAM-SHA-512`, with a protocol of SASL"
    )
    kafka_sasl_username: forms.Name = Field("", description="who we are to Kafka")
    kafka_sasl_password: forms.Secret = Field(SecretStr(""), description="and how we prove it")
    kafka_ca_file: forms.Certificates = Field(
        "", description="certificates that Kafka's must be signed by; empty means those of the system"
    )
    kafka_certificate_file: forms.Certificate = Field(
        "", description="our own certificate, if Kafka wants one"
    )
    kafka_key_file: forms.PrivateKey = Field("", description="the key of our own certificate")
    objects_encryption: forms.Encryption = Field(
        "",
        description="how S3 encrypts what it stores: `AES256`, `aws:kms` or `aws:kms:KEY`; empty means as "
        "the bucket says",
    )
    parts_folder: forms.Folder = Field(
        "var/parts",
        description="where, with objects on S3, the part of a recording that is not full yet waits on this "
        "machine's disk: some 20 MB for each that is being copied",
    )
    log_level: forms.LogLevel = Field("info", description="`debug`, `info`, `warning` or `error`")

    @field_validator("*", mode="before")
    @classmethod
    def _read(cls, value: Any, field: Any) -> Any:
        """An empty value means the default; a list is split at its commas."""
        if not isinstance(value, str):
            return value
        default = cls.model_fields[field.field_name].default
        if not value.strip():
            return default
        if isinstance(default, tuple):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value.strip()


class BadSettings(Exception):
    """The text is a sentence for each setting that cannot be used; it never holds a value."""


def load_settings() -> Settings:
    """From the environment, then `.env` in the working directory. Raises `BadSettings`."""
    try:
        return Settings()
    except ValidationError as error:
        broken = dict.fromkeys(variable(str(problem["loc"][0])) for problem in error.errors())
        raise BadSettings("\n".join(_sentence(name) for name in broken)) from error
    except (OSError, UnicodeDecodeError) as error:
        raise BadSettings(
            "The file .env cannot be read: it must be text in UTF-8 that you may read."
        ) from error


def lend_aws_variables() -> None:
    """Put `AWS_*` lines of `.env` into the environment where they are not set: S3's client looks there."""
    for name, value in _env_file().items():
        if name.startswith("AWS_") and value:
            os.environ.setdefault(name, value)


def variable(field: str) -> str:
    """Where a setting is read from: an alias that a field has, since no field's name begins with a digit."""
    known = Settings.model_fields.get(field)
    alias = None if known is None else known.validation_alias
    return alias if isinstance(alias, str) else field if field.startswith(PREFIX) else PREFIX + field.upper()


def form(field: FieldInfo) -> forms.Form:
    return next(entry for entry in field.metadata if isinstance(entry, forms.Form))


def unknown_variables() -> dict[str, str | None]:
    """Variables with our prefix that no setting has, each with the nearest name that one has."""
    known = [variable(name) for name in Settings.model_fields]
    given = {name.upper() for name in (*os.environ, *_env_file()) if name.upper().startswith(PREFIX)}
    return {
        name: next(iter(difflib.get_close_matches(name, known, n=1)), None)
        for name in sorted(given.difference(known))
    }


def environment_without_settings() -> dict[str, str]:
    """For a program that is started with settings of its own: what we were given, but none of ours."""
    return {name: value for name, value in os.environ.items() if not name.upper().startswith(PREFIX)}


def _env_file() -> dict[str, str | None]:
    return dotenv_values(ENV_FILE) if ENV_FILE.is_file() else {}


def _sentence(name: str) -> str:
    wanted = next(form(field) for key, field in Settings.model_fields.items() if variable(key) == name)
    in_environment = name in (key.upper() for key in os.environ)
    place = "in the environment" if in_environment else "in .env"
    return f"{name} ({place}) must be {wanted.text}, for example {name}={wanted.example}."
