"""Settings come from the file and the environment; a wrong one is named with where it came from."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest
from pydantic import SecretStr

from flows.cli import doctor
from flows.serving.notification_blocks import wanted_blocks
from flows.settings import SECRETS, Settings, SettingsError, origins, read_settings


@pytest.fixture(autouse=True)
def _an_empty_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("DATA_DIR", "PROXY", "PACE_SECONDS", "SOURCES_DIR", "WORKERS"):
        monkeypatch.delenv(f"NIANBAO_{name}", raising=False)


def test_a_webhook_that_cannot_be_posted_to_is_refused_without_being_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NIANBAO_NOTIFY_WEBHOOK", "hooks.example.org/s3cret")
    with pytest.raises(SettingsError, match=r"setting notify_webhook .*an address such as https://") as caught:
        read_settings()
    assert "s3cret" not in str(caught.value)


def test_what_an_environment_file_names_and_leaves_empty_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NOTIFY_WEBHOOK", "SMTP_USER", "SMTP_PASSWORD", "SMTP_HOST", "SMTP_FROM"):
        monkeypatch.setenv(f"NIANBAO_{name}", "")
    settings = read_settings()
    assert (settings.notify_webhook, settings.smtp_user, settings.smtp_password) == (None, None, None)
    assert wanted_blocks(settings) == ()


def test_the_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "nianbao.toml").write_text('workers = 3\ndata_dir = "elsewhere"\n', "utf-8")
    monkeypatch.setenv("NIANBAO_WORKERS", "5")
    settings = read_settings()
    assert (settings.workers, settings.data_dir) == (5, Path("elsewhere"))
    found = origins()
    assert (found["workers"], found["data_dir"], found["proxy"]) == ("NIANBAO_WORKERS", "nianbao.toml", "default")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PACE_SECONDS", "-1"),
        ("WORKERS", "many"),
        ("PROXY", "localhost:1"),
        ("QUIET_HOURS", "8 to 18"),
        ("PACE_STORE", "redis"),
        ("MAX_REQUESTS_PER_HOST", "0"),
        ("CIRCUIT_FAILURES", "-1"),
    ],
)
def test_a_wrong_setting_names_its_variable(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"NIANBAO_{name}", value)
    with pytest.raises(SettingsError, match=rf"setting {name.lower()} \(from NIANBAO_{name}\)"):
        read_settings()


def test_a_misspelt_setting_in_the_file_is_refused_with_those_that_may_be_meant(tmp_path: Path) -> None:
    for name, meant in (("pace", "pace_seconds or pace_store"), ("user_agnet", "user_agent"), ("worker", "workers")):
        (tmp_path / "nianbao.toml").write_text(f"{name} = 3\n", "utf-8")
        with pytest.raises(SettingsError) as caught:
            read_settings()
        said = f"setting {name} (from nianbao.toml): there is no such setting; did you mean {meant}?"
        assert str(caught.value).startswith(said)


def test_doctor_lists_the_settings_where_one_of_them_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "nianbao.toml").write_text("pace = 3\n", "utf-8")
    with pytest.raises(SettingsError):
        doctor()
    listed = capsys.readouterr().out
    assert all(name in listed for name in Settings.model_fields)


@pytest.mark.parametrize("value", ["年报 (+mailto:ops@example.org)", "nianbao\nX-Other: 1", " "])
def test_a_user_agent_that_no_request_can_carry_is_refused(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NIANBAO_USER_AGENT", value)
    with pytest.raises(SettingsError, match=r"setting user_agent .*Latin letters"):
        read_settings()


@pytest.mark.parametrize(
    "name", [name for name, field in Settings.model_fields.items() if SecretStr in get_args(field.annotation)]
)
def test_a_secret_is_taken_from_the_environment_only(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert name in SECRETS
    (tmp_path / "nianbao.toml").write_text(f'{name} = "in the open"\n', "utf-8")
    with pytest.raises(SettingsError, match=rf"setting {name} is a secret") as refused:
        read_settings()
    assert "in the open" not in str(refused.value)
    assert f"NIANBAO_{name.upper()} in the environment" in str(refused.value)
    given = "https://example.org/in-the-environment" if name == "notify_webhook" else "in-the-environment"
    monkeypatch.setenv(f"NIANBAO_{name.upper()}", given)
    assert "in-the-environment" not in repr(read_settings())


def test_a_token_for_a_server_is_not_said_to_go_into_a_prefect_block(tmp_path: Path) -> None:
    (tmp_path / "nianbao.toml").write_text('server_token = "x"\n', "utf-8")
    with pytest.raises(SettingsError) as refused:
        read_settings()
    assert "deploy" not in str(refused.value)


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "nianbao.toml").write_text("workers = \n", "utf-8")
    with pytest.raises(SettingsError, match=r"nianbao\.toml: not valid TOML"):
        read_settings()


def test_a_list_in_a_variable_that_is_no_json_is_a_wrong_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NIANBAO_TRUSTED_HOSTS", "www.example.cn")
    with pytest.raises(SettingsError, match="trusted_hosts"):
        read_settings()
