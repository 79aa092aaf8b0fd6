"""What daemon, code server and UI need before they start, and where Dagster's storage is."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import NoReturn

import dagster_postgres.utils
import pytest
import yaml

from mistwan_dagster.errors import UserError
from mistwan_dagster.orchestration import launch, services
from mistwan_dagster.orchestration.platform import Platform
from mistwan_dagster.settings import Settings

URL = "postgresql+psycopg2://mistwan:very-secret@127.0.0.1:1/dagster"


def platform(home: Path, url: str | None = None) -> Platform:
    return Platform(Settings(mistwan_home=home, mistwan_dagster_postgres_url=url, _env_file=None))


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Settings of the caller stay out, and what is set here goes with the test."""
    for name in ("DAGSTER_HOME", launch.POSTGRES_SETTING, "MIST_API_TOKEN", "MIST_ORG_ID"):
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("MISTWAN_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)


class Became(Exception):
    """What this process would have become."""


@pytest.fixture
def became(monkeypatch: pytest.MonkeyPatch) -> None:
    def execv(_program: str, arguments: list[str]) -> NoReturn:
        raise Became(" ".join(arguments[2:]))

    monkeypatch.setattr(services.os, "execv", execv)


def test_the_configuration_names_the_variable_and_never_holds_the_password(tmp_path: Path) -> None:
    home = launch.prepare_dagster_home(platform(tmp_path, URL))
    text = (home / "dagster.yaml").read_text()
    assert "very-secret" not in text
    told = yaml.safe_load(text)
    assert told["storage"] == {"postgres": {"postgres_url": {"env": "MISTWAN_DAGSTER_POSTGRES_URL"}}}
    assert told["concurrency"] == yaml.safe_load(launch.INSTANCE_YAML)["concurrency"]
    assert os.environ[launch.POSTGRES_SETTING] == URL
    assert os.environ["DAGSTER_HOME"] == str(home)


def test_without_the_setting_dagster_keeps_its_files(tmp_path: Path) -> None:
    home = launch.prepare_dagster_home(platform(tmp_path))
    assert (home / "dagster.yaml").read_text() == launch.INSTANCE_YAML


def test_a_setting_that_the_configuration_at_hand_ignores_is_refused_and_not_overwritten(
    tmp_path: Path,
) -> None:
    launch.prepare_dagster_home(platform(tmp_path))
    with pytest.raises(
        UserError, match=r"is set, but .*dagster\.yaml keeps Dagster's storage elsewhere: delete"
    ):
        launch.prepare_dagster_home(platform(tmp_path, URL))
    assert (tmp_path / "dagster" / "dagster.yaml").read_text() == launch.INSTANCE_YAML


def test_a_configuration_that_asks_for_a_setting_that_is_not_there_is_refused(tmp_path: Path) -> None:
    launch.prepare_dagster_home(platform(tmp_path, URL))
    with pytest.raises(UserError, match=r"asks for MISTWAN_DAGSTER_POSTGRES_URL, which is not set"):
        launch.prepare_dagster_home(platform(tmp_path))


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Dagster tries again for some ten seconds; here without the waiting."""
    monkeypatch.setattr(dagster_postgres.utils, "time", SimpleNamespace(sleep=lambda _seconds: None))


@pytest.mark.usefixtures("at_once")
def test_a_database_that_is_gone_is_one_clear_line_without_the_password(tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught, launch.instance(platform(tmp_path, URL)):
        pass
    text = str(caught.value)
    assert text.startswith("Dagster's storage at MISTWAN_DAGSTER_POSTGRES_URL cannot be used (")
    assert "refused" in text
    assert "very-secret" not in text
    assert "\n" not in text


@pytest.mark.usefixtures("became", "at_once")
def test_a_service_does_not_start_on_a_database_that_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(launch.POSTGRES_SETTING, URL)
    with pytest.raises(UserError, match="cannot be used"):
        services.become_webserver("127.0.0.1", 3000, None)


@pytest.mark.usefixtures("became")
def test_daemon_and_ui_of_a_code_server_need_no_token_the_code_server_does() -> None:
    server = services.CodeServer.parse("code-location:4000")
    with pytest.raises(Became, match=r"^dagster\._daemon run --grpc-host code-location --grpc-port 4000$"):
        services.become_daemon(None, server)
    with pytest.raises(
        Became,
        match=r"^dagster_webserver --host 127\.0\.0\.1 --port 3000 --grpc-host code-location --grpc-port 4000$",
    ):
        services.become_webserver("127.0.0.1", 3000, server)
    with pytest.raises(UserError, match="MIST_API_TOKEN is not set"):
        services.become_code_server("127.0.0.1", 4000)
    with pytest.raises(UserError, match="MIST_API_TOKEN is not set"):
        services.become_daemon(None)


@pytest.mark.usefixtures("became")
def test_on_one_machine_the_daemon_brings_the_graph_and_the_ui(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIST_API_TOKEN", "token")
    monkeypatch.setenv("MIST_ORG_ID", "org")
    with pytest.raises(
        Became, match=r"^dagster dev -m mistwan_dagster\.definitions -h 127\.0\.0\.1 -p 3001$"
    ):
        services.become_daemon(3001)
    with pytest.raises(
        Became, match=r"^dagster api grpc --host 0\.0\.0\.0 --port 4000 -m mistwan_dagster\.definitions$"
    ):
        services.become_code_server("0.0.0.0", 4000)


@pytest.mark.usefixtures("became")
@pytest.mark.parametrize(
    ("setting", "text", "told"),
    [
        ("MISTWAN_CIRCUITS_FILE", "a,b\n", "circuits file .*, line 1: missing column"),
        ("MISTWAN_THRESHOLDS_FILE", "dflt: {}", "thresholds file .*: the file: unknown key dflt"),
        ("MISTWAN_MAINTENANCE_FILE", "a: 1", "maintenance file .* must be a list of windows"),
        ("MISTWAN_ALERTS_FILE", "rule: {}", "alerts file .*: the file: unknown key rule"),
        ("MISTWAN_BUSINESS_HOURS", None, "MISTWAN_BUSINESS_HOURS"),
    ],
)
def test_what_collects_does_not_start_on_a_wrong_configuration_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, setting: str, text: str | None, told: str
) -> None:
    monkeypatch.setenv("MIST_API_TOKEN", "token")
    monkeypatch.setenv("MIST_ORG_ID", "org")
    file = tmp_path / "file.yaml"
    file.write_text(text or "")
    monkeypatch.setenv(setting, "never" if text is None else str(file))
    for start in (
        lambda: services.become_daemon(None),
        lambda: services.become_code_server("127.0.0.1", 4000),
    ):
        with pytest.raises(UserError, match=told) as caught:
            start()
        assert caught.value.exit_code == 2


@pytest.mark.parametrize("text", ["code-location", ":4000", "code-location:", "a:0", "a:65536", "a:b"])
def test_an_address_without_host_or_port_is_refused(text: str) -> None:
    with pytest.raises(UserError, match="write HOST:PORT") as caught:
        services.CodeServer.parse(text)
    assert caught.value.exit_code == 2
