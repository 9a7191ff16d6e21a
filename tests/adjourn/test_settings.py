"""Settings: what the environment and `.env` may say, and what is answered to what they may not."""

import os
from pathlib import Path

import pytest

from adjourn.senders.table import schemes_of
from adjourn.settings import (
    BadSettings,
    Settings,
    lend_aws_variables,
    load_settings,
    unknown_variables,
)

SECRET = "whsec_dG9wIHNlY3JldA=="


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory without `.env`, and an environment without our variables."""
    for name in [name for name in os.environ if name.startswith("ADJOURN_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def secrets_of(settings: Settings) -> list[str]:
    return [secret.get_secret_value() for secret in settings.meeting_baas_callback_secrets]


def test_everything_has_a_default_except_secrets() -> None:
    settings = load_settings()
    assert (settings.log_url, settings.port, schemes_of(settings)) == ("sqlite:///var/log.db", 8080, {})


def test_a_list_is_split_at_its_commas_and_keeps_its_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADJOURN_MEETING_BAAS_CALLBACK_SECRETS", " newest, older ,,oldest ")
    assert secrets_of(load_settings()) == ["newest", "older", "oldest"]


@pytest.mark.parametrize("empty", ["", "  ", ",", " , "])
def test_an_empty_secret_setting_means_that_none_is_set(empty: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADJOURN_MEETING_BAAS_API_KEYS", empty)
    assert not schemes_of(load_settings())


def test_an_empty_value_means_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADJOURN_PORT", "")
    assert load_settings().port == 8080


def test_the_environment_wins_over_the_file(empty_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (empty_folder / ".env").write_text("ADJOURN_PORT=1111\nADJOURN_HOST=::1\n")
    monkeypatch.setenv("ADJOURN_PORT", "2222")
    settings = load_settings()
    assert (settings.port, settings.host) == (2222, "::1")


def test_an_empty_variable_of_the_environment_wins_over_the_file(
    empty_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (empty_folder / ".env").write_text("ADJOURN_MEETING_BAAS_API_KEYS=old\n")
    monkeypatch.setenv("ADJOURN_MEETING_BAAS_API_KEYS", "")
    assert not schemes_of(load_settings())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ADJOURN_PORT", "eighty"),
        ("ADJOURN_PORT", "70000"),
        ("ADJOURN_LOG_URL", "redis://somewhere"),
        ("ADJOURN_OBJECTS_URL", "/var/objects"),
        ("ADJOURN_DATABASE_URL", "sqlite:adjourn.db"),
        ("ADJOURN_LOG_LEVEL", "loud"),
        ("ADJOURN_DOWNLOAD_ALLOW", "10.0.0.0/80"),
        ("ADJOURN_MEETING_BAAS_SVIX_SECRETS", "whsec_dGhlIHNlY3JldA==,not base64"),
        ("ADJOURN_RETENTION_DAYS", "-1"),
        ("ADJOURN_RETENTION_DAYS", "nan"),
        ("ADJOURN_BODY_LIMIT_BYTES", "33554433"),
        ("ADJOURN_CONCURRENCY", "0"),
    ],
)
def test_a_bad_value_is_named_in_a_sentence_that_shows_a_good_one(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(BadSettings) as refused:
        load_settings()
    sentence = str(refused.value)
    assert sentence.startswith(f"{name} (in the environment) must be ")
    assert f"for example {name}=" in sentence


def test_a_bad_value_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADJOURN_DATABASE_URL", "mysql://me:password@somewhere/adjourn")
    with pytest.raises(BadSettings) as refused:
        load_settings()
    assert "password" not in str(refused.value)
    assert "ADJOURN_DATABASE_URL" in str(refused.value)


def test_a_bad_value_in_the_file_is_said_to_be_in_the_file(empty_folder: Path) -> None:
    (empty_folder / ".env").write_text("ADJOURN_PORT=eighty\n")
    with pytest.raises(BadSettings, match=r"ADJOURN_PORT \(in \.env\) must be a port number"):
        load_settings()


def test_every_bad_value_has_its_sentence(empty_folder: Path) -> None:
    (empty_folder / ".env").write_text("ADJOURN_PORT=eighty\nADJOURN_CONCURRENCY=many\n")
    with pytest.raises(BadSettings) as refused:
        load_settings()
    assert [line.split()[0] for line in str(refused.value).splitlines()] == [
        "ADJOURN_PORT",
        "ADJOURN_CONCURRENCY",
    ]


def test_a_file_that_is_not_text_is_a_sentence(empty_folder: Path) -> None:
    (empty_folder / ".env").write_bytes(b"ADJOURN_HOST=\xff\xfe")
    with pytest.raises(BadSettings, match="must be text in UTF-8"):
        load_settings()


def test_secrets_are_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADJOURN_MEETING_BAAS_SVIX_SECRETS", SECRET)
    settings = load_settings()
    assert SECRET not in f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}"


def test_a_misspelt_variable_is_found_with_the_nearest_name(
    empty_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (empty_folder / ".env").write_text("ADJOURN_MEETING_BAAS_API_KEY=x\nAWS_REGION=eu\n")
    monkeypatch.setenv("ADJOURN_QQQQQQQQ", "1")
    assert unknown_variables() == {
        "ADJOURN_MEETING_BAAS_API_KEY": "ADJOURN_MEETING_BAAS_API_KEYS",
        "ADJOURN_QQQQQQQQ": None,
    }


def test_what_env_says_of_s3_is_lent_to_its_client_but_never_over_the_environment(
    empty_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (empty_folder / ".env").write_text("AWS_ACCESS_KEY_ID=file\nAWS_ENDPOINT_URL=http://file\nPATH=file\n")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "environment")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "")  # so that it is put back afterwards
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    lend_aws_variables()
    assert (os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_ENDPOINT_URL"]) == ("environment", "http://file")
    assert os.environ["PATH"] != "file"
