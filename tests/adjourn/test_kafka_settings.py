"""Settings of Kafka, as they come to what speaks with it."""

from pathlib import Path

import pytest

from adjourn.event_log import _kafka_options
from adjourn.settings import Settings, load_settings, variable
from infra.eventlog.kafka.options import KafkaOptions

GIVEN: dict[str, str | int] = {
    "partitions": 7,
    "replication": 3,
    "security_protocol": "SASL_SSL",
    "sasl_mechanism": "SCRAM-SHA-256",
    "sasl_username": "a user",
    "sasl_password": "a password",
    "ca_file": "ca.pem",
    "certificate_file": "certificate.pem",
    "key_file": "key.pem",
}


@pytest.fixture
def options(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> KafkaOptions:
    monkeypatch.chdir(tmp_path)
    for name, value in GIVEN.items():
        monkeypatch.setenv(variable(f"kafka_{name}"), str(value))
    return _kafka_options(load_settings())


@pytest.mark.parametrize("name", GIVEN)
def test_a_setting_reaches_the_option_of_its_name(options: KafkaOptions, name: str) -> None:
    assert getattr(options, name) == GIVEN[name]


def test_no_setting_is_left_out_here() -> None:
    kafka = {field.removeprefix("kafka_") for field in Settings.model_fields if field.startswith("kafka_")}
    assert kafka == set(GIVEN)


def test_members_find_their_names_beside_the_spool(options: KafkaOptions) -> None:
    assert options.members_folder == "var/members"
