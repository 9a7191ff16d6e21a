"""Every setting. The only place that reads the environment.

README's table and `.env.example` are generated from the descriptions here (`python -m adjourn.generate`).
"""

import difflib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from dotenv import dotenv_values
from pydantic import AfterValidator, Field, SecretStr, ValidationError, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from infra.errors import Halt
from infra.links.addresses import parse_allowed
from receiver.svix import signing_keys

PREFIX: Final = "ADJOURN_"
ENV_FILE: Final = Path(".env")


@dataclass(frozen=True, slots=True)
class Form:
    """What a value must look like, to complete the sentence "ADJOURN_… must be …", and an example of it."""

    text: str
    example: str


def _networks(entries: tuple[str, ...]) -> tuple[str, ...]:
    parse_allowed(entries)
    return entries


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


_LogUrl = Annotated[
    str, _one_of("sqlite:///"), Form("a sqlite:/// URL with the path of a file", "sqlite:///var/log.db")
]
_ObjectsUrl = Annotated[
    str, _one_of("file:///"), Form("a file:/// URL with the path of a folder", "file:///var/objects")
]
_DatabaseUrl = Annotated[
    str, _one_of("sqlite:///"), Form("a sqlite:/// URL with the path of a file", "sqlite:///var/adjourn.db")
]
_Host = Annotated[str, Field(min_length=1), Form("an address of this machine", "127.0.0.1")]
_Port = Annotated[int, Field(ge=0, le=65535), Form("a port number from 0 to 65535", "8080")]
_LogLevel = Annotated[
    Literal["debug", "info", "warning", "error"], Form("one of debug, info, warning, error", "info")
]
_Secrets = Annotated[
    tuple[SecretStr, ...], NoDecode, Form("a comma-separated list of secrets", "newest,older")
]
_SvixSecrets = Annotated[
    tuple[SecretStr, ...],
    NoDecode,
    AfterValidator(_signing),
    Form("a comma-separated list of secrets as the endpoint's page shows them", "whsec_…"),
]
_Places = Annotated[
    tuple[str, ...],
    NoDecode,
    AfterValidator(_networks),
    Form("a comma-separated list of hosts, addresses and networks", "127.0.0.1"),
]
_BodyBytes = Annotated[
    int, Field(ge=1024, le=33_554_432), Form("a number of bytes from 1024 to 33554432", "33554432")
]
_FileBytes = Annotated[int, Field(ge=1), Form("a whole number of bytes", "17179869184")]
_Days = Annotated[float, Field(gt=0), Form("a number of days above 0", "30")]
_Count = Annotated[int, Field(ge=1, le=1000), Form("a whole number from 1 to 1000", "16")]


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=ENV_FILE,
        env_file_encoding="utf-8",
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    meeting_baas_api_keys: _Secrets = Field(
        (),
        description="API keys accepted in v1 webhooks: your own key at Meeting BaaS, which they send back",
    )
    meeting_baas_svix_secrets: _SvixSecrets = Field(
        (), description="signing secrets of v2 webhook endpoints (`whsec_…`, from their dashboard)"
    )
    meeting_baas_callback_secrets: _Secrets = Field(
        (), description="secrets given as `callback_config.secret` when v2 bots are created"
    )
    meeting_baas_alert_secrets: _Secrets = Field((), description="secrets of v2 alert callbacks")
    host: _Host = Field("127.0.0.1", description="address to listen on; `0.0.0.0` for every network")
    port: _Port = Field(8080, description="port to listen on")
    log_url: _LogUrl = Field(
        "sqlite:///var/log.db",
        description="where every webhook is kept: three slashes for a path relative to the working "
        "directory, four for an absolute one",
    )
    objects_url: _ObjectsUrl = Field(
        "file:///var/objects", description="where recordings and transcripts are stored"
    )
    database_url: _DatabaseUrl = Field(
        "sqlite:///var/adjourn.db", description="meetings, timelines, transcripts and their index"
    )
    download_allow: _Places = Field(
        (),
        description="hosts or networks that downloads may reach although they are private, for example "
        "`127.0.0.1` to try `adjourn send --media` on one machine; empty means public https only",
    )
    download_limit_bytes: _FileBytes = Field(17_179_869_184, description="largest file that is downloaded")
    body_limit_bytes: _BodyBytes = Field(33_554_432, description="largest webhook that is accepted")
    retention_days: _Days = Field(
        30, description="how long webhooks stay in the log; what a consumer has not read stays longer"
    )
    concurrency: _Count = Field(16, description="meetings that each consumer works on at a time")
    log_level: _LogLevel = Field("info", description="`debug`, `info`, `warning` or `error`")

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

    @property
    def has_secrets(self) -> bool:
        """Whether any sender can be authenticated at all."""
        return any(
            (
                self.meeting_baas_api_keys,
                self.meeting_baas_svix_secrets,
                self.meeting_baas_callback_secrets,
                self.meeting_baas_alert_secrets,
            )
        )


class BadSettings(Exception):
    """The text is a sentence for each setting that cannot be used; it never holds a value."""


def load_settings() -> Settings:
    """From the environment, then `.env` in the working directory. Raises `BadSettings`."""
    try:
        return Settings()
    except ValidationError as error:
        broken = dict.fromkeys(str(problem["loc"][0]) for problem in error.errors())
        raise BadSettings("\n".join(_sentence(name) for name in broken)) from error
    except (OSError, UnicodeDecodeError) as error:
        raise BadSettings(
            "The file .env cannot be read: it must be text in UTF-8 that you may read."
        ) from error


def variable(field: str) -> str:
    return PREFIX + field.upper()


def form(field: FieldInfo) -> Form:
    return next(entry for entry in field.metadata if isinstance(entry, Form))


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


def _sentence(field: str) -> str:
    name, wanted = variable(field), form(Settings.model_fields[field])
    in_environment = name in (key.upper() for key in os.environ)
    place = "in the environment" if in_environment else "in .env"
    return f"{name} ({place}) must be {wanted.text}, for example {name}={wanted.example}."
