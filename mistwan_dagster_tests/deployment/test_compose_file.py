"""`compose.yaml` and `.env.example`: valid, hardened, complete, and read alike by podman-compose. No engine needed."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from mistwan_dagster.settings import Settings
from mistwan_dagster.simulator.server import SIM_TOKEN
from mistwan_dagster.simulator.world import World
from mistwan_dagster_tests.deployment.compose import (
    PASSWORDS,
    ROOT,
    env_example,
    interpolated,
    plain,
    simulator_env,
)

SERVICES = sorted(plain()["services"])
OURS = [name for name in SERVICES if "build" in plain()["services"][name]]


@pytest.fixture(params=SERVICES)
def service(request: pytest.FixtureRequest) -> dict[str, Any]:
    return interpolated()["services"][request.param]


def test_the_file_is_valid_by_the_compose_specification() -> None:
    """The schema is the one of the Compose Specification, as check-jsonschema ships it."""
    schema = files("check_jsonschema") / "builtin_schemas" / "vendor" / "compose-spec.json"
    validator = jsonschema.validators.validator_for(json.loads(schema.read_text()))
    errors = validator(json.loads(schema.read_text())).iter_errors(interpolated())
    assert [f"{e.json_path}: {e.message}" for e in errors] == []


def test_the_parts_that_the_platform_is_made_of_are_there() -> None:
    assert set(SERVICES) == {
        "postgres", "redis", "code-location", "daemon", "webserver", "dashboard", "metrics", "api", "simulator",
    }  # fmt: skip
    profiles = {name: plain()["services"][name].get("profiles") for name in SERVICES}
    assert {n: p for n, p in profiles.items() if p} == {"api": ["api"], "simulator": ["simulator"]}


def test_every_service_is_hardened_checked_and_comes_back(service: dict[str, Any]) -> None:
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges"]  # with ":true" podman refuses it
    assert service["user"].split(":")[0] not in ("", "0", "root")
    assert service["restart"] == "unless-stopped"
    assert service["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL")
    assert {"interval", "timeout", "retries", "start_period"} < set(service["healthcheck"])
    assert not {"privileged", "cap_add", "pid", "ipc", "devices"} & set(service)


def test_images_are_pinned_and_name_their_registry(service: dict[str, Any]) -> None:
    name, _, tag = service["image"].rpartition(":")
    assert "/" in name
    assert "." in name.split("/")[0] or name.startswith("localhost/")
    assert tag
    assert tag != "latest" or name.startswith("localhost/")


def test_what_must_outlive_a_container_is_in_a_named_volume() -> None:
    file = plain()
    mounted = {
        v.split(":")[0]
        for s in file["services"].values()
        for v in s.get("volumes", [])
        if not v.startswith(".")
    }
    assert mounted == set(file["volumes"]) == {"home", "dagster", "postgres", "socket", "redis"}


def test_ports_are_published_on_loopback_unless_told_otherwise() -> None:
    published = {n: s["ports"] for n, s in interpolated()["services"].items() if "ports" in s}
    assert published == {
        "webserver": ["127.0.0.1:3000:3000"],
        "dashboard": ["127.0.0.1:8050:8050"],
        "metrics": ["127.0.0.1:9108:9108"],
        "api": ["127.0.0.1:8060:8060"],
    }


def test_only_the_code_location_writes_data_and_only_who_must_reaches_the_internet() -> None:
    services = plain()["services"]
    home = {n: v for n in SERVICES for v in services[n].get("volumes", []) if v.startswith("home:")}
    readers = dict.fromkeys(("dashboard", "metrics", "api"), "home:/var/lib/mistwan:ro")
    assert home == {"code-location": "home:/var/lib/mistwan", **readers}
    dagster = {n: v for n in SERVICES for v in services[n].get("volumes", []) if v.startswith("dagster:")}
    assert [n for n, mount in dagster.items() if mount.endswith(":ro")] == ["metrics"]
    for name in ("postgres", "redis", "daemon"):
        assert services[name]["networks"] == ["inner"]
    assert plain()["networks"]["inner"] == {"internal": True}


def test_the_token_goes_to_no_service_that_can_do_without() -> None:
    services = plain()["services"]
    told = [n for n in SERVICES if "env_file" in services[n]]
    assert told == ["api", "code-location", "dashboard", "metrics"]
    own = services["api"]["environment"]
    assert {own[n] for n in ("MIST_API_TOKEN", *PASSWORDS, "MISTWAN_DAGSTER_POSTGRES_URL", "REDIS_URL")} == {
        ""
    }


def test_a_service_waits_for_what_it_needs() -> None:
    services = plain()["services"]
    for name in OURS:
        for other, how in services[name]["depends_on"].items():
            healthy = "healthcheck" in services[other] and name != "simulator"
            assert how["condition"] == ("service_healthy" if healthy else "service_started")


def test_without_passwords_nothing_starts() -> None:
    with pytest.raises(ValueError, match=r"set it in \.env"):
        interpolated(env_example())


def test_every_setting_and_every_variable_of_the_file_is_in_the_example() -> None:
    known = set(env_example(everything=True))
    assert {name.upper() for name in Settings.model_fields} <= known
    used = set(re.findall(r"(?<!\$)\$\{(\w+)", (ROOT / "compose.yaml").read_text()))
    assert used <= known
    of_containers = {
        "MISTWAN_POSTGRES_PASSWORD",
        "MISTWAN_REDIS_PASSWORD",
        "MISTWAN_IMAGE",
        "MISTWAN_PUBLISH_ADDRESS",
        "MISTWAN_SIMULATED_SITES",
    }
    known = {name for name in known if not name.startswith("MISTWAN_ALERT_URL_")}  # named by the alerts file
    assert known - {name.upper() for name in Settings.model_fields} == of_containers


def test_the_example_as_it_is_and_with_everything_uncommented_is_accepted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for told in (env_example(), env_example(everything=True)):
        with monkeypatch.context() as clean:
            for name, value in told.items():
                clean.setenv(name, value)
            assert Settings(_env_file=None).mistwan_call_budget == 4500


def test_the_simulator_profile_names_the_simulated_organization() -> None:
    told = simulator_env()
    command = plain()["services"]["simulator"]["command"]
    assert told["MIST_ORG_ID"] == World(seed=1, sites=1).org_id
    assert told["MIST_API_TOKEN"] == SIM_TOKEN
    assert told["MIST_API_BASE_URL"] == f"http://127.0.0.1:{command[command.index('--port') + 1]}"


def test_podman_compose_makes_the_same_of_it(tmp_path: Path) -> None:
    """The real program, in a dry run: it prints the podman commands that it would give."""
    for name in ("compose.yaml", "Containerfile", "config", "deploy"):
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, tmp_path / name)
    settings = {**env_example(), **simulator_env(), **PASSWORDS}
    (tmp_path / ".env").write_text("".join(f"{k}='{v}'\n" for k, v in settings.items()))
    (tmp_path / "bin").mkdir()
    nothing_exists = tmp_path / "bin" / "podman"
    nothing_exists.write_text("#!/bin/sh\necho '[]'\n")
    nothing_exists.chmod(0o755)
    program = Path(sys.executable).with_name("podman-compose")
    done = subprocess.run(
        [program, "--dry-run", "--verbose", "--profile", "simulator", "--profile", "api", "up", "-d"],
        cwd=tmp_path, env=os.environ | {"PATH": f"{nothing_exists.parent}:{os.environ['PATH']}"},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    made = dict(re.findall(r"podman create --name=mistwan_([\w-]+)_1 (.*)", done.stderr))
    assert sorted(made) == SERVICES
    for name, options in made.items():
        assert "--read-only " in options
        assert "--cap-drop ALL " in options
        assert "--security-opt no-new-privileges " in options
        assert "--restart unless-stopped " in options
        assert "--health-cmd [" in options
        assert f" -u {plain()['services'][name]['user']} " in options
    assert "--network=container:mistwan_code-location_1 " in made["simulator"]
    for name in ("dashboard", "metrics", "api"):
        assert "destination=/var/lib/mistwan,ro " in made[name]
    assert "destination=/var/lib/mistwan/dagster,ro " in made["metrics"]
    assert "-p 127.0.0.1:3000:3000 " in made["webserver"]
    assert "-p 127.0.0.1:9108:9108 " in made["metrics"]
    assert SIM_TOKEN not in made["daemon"] + made["webserver"] + made["postgres"] + made["redis"]
    assert PASSWORDS["MISTWAN_POSTGRES_PASSWORD"] not in made["dashboard"].replace(
        "MISTWAN_POSTGRES_PASSWORD=postgres-secret-1 ", ""
    )
