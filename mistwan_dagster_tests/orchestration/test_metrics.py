"""The platform's own figures, on a home that real commands filled; the board asks only for what there is."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
from datetime import UTC
from pathlib import Path
from types import SimpleNamespace
from urllib.request import urlopen

import dagster as dg
import dagster_postgres.utils
import pytest
from prometheus_client.parser import text_string_to_metric_families

from mistwan_dagster.dashboard.serve import make_server
from mistwan_dagster.kpi.thresholds import load_thresholds
from mistwan_dagster.orchestration import commands, launch, metrics
from mistwan_dagster.orchestration.platform import Platform
from mistwan_dagster_tests.end_to_end.conftest import NOW, Cli
from mistwan_dagster_tests.end_to_end.previous_home import unpack
from mistwan_dagster_tests.test_logs import lines

ROOT = Path(__file__).parents[2]
BOARD = ROOT / "deploy" / "grafana" / "mistwan.json"
NAME = re.compile(r"\bmistwan_[a-z_]+")
Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """A home with a slot, hours and loads, of this process too; one stage computed again, so that there is a run."""
    found = unpack(tmp_path)
    found.settings |= {"MIST_API_TOKEN": "a-token-of-nobody", "MIST_ORG_ID": "org", "DAGSTER_HOME": ""}
    for name, value in found.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    return found


def samples(text: str) -> Samples:
    return {
        (s.name, tuple(sorted(s.labels.items()))): s.value
        for family in text_string_to_metric_families(text)
        for s in family.samples
    }


def test_each_figure_says_what_the_home_holds(cli: Cli) -> None:
    platform = Platform.open()
    commands.aggregate("latest", None, lambda _: None)
    platform.quota.observe(40, 5000)
    found = samples(metrics.exposition())

    def of(name: str, **labels: str) -> float | None:
        return found.get((f"mistwan_{name}", tuple(sorted(labels.items()))))

    slot = NOW.replace(minute=5, second=0, microsecond=0)
    assert of("collection_newest_slot_timestamp_seconds", endpoint="port_stats") == slot.timestamp()
    assert of("collection_slots_expected", endpoint="port_stats") == 0, "the first slot is the one going on"
    assert of("events_read_until_timestamp_seconds", endpoint="device_events") == NOW.timestamp()
    assert of("quota_calls", endpoint="(other programs)", purpose="other") == 40
    assert of("quota_limit", purpose="live") == 4500
    assert of("quota_left", purpose="live") == 4460
    assert of("quota_left", purpose="backfill") == 3460
    assert of("quota_blocked") == 0
    now = platform.published.query("SELECT count(*) FROM rpt_congestion_now").item()
    assert (of("load_rows", table="rpt_congestion_now"), now) == (now, 6)
    loaded = platform.published.query(
        "SELECT max(loaded_at_utc) FROM load_ledger WHERE table_name = 'dim_site'"
    ).item()
    assert of("load_timestamp_seconds", table="dim_site") == loaded.replace(tzinfo=UTC).timestamp()
    assert (
        of("loaded_until_timestamp_seconds", table="fact_circuit_hour") == slot.replace(minute=0).timestamp()
    )
    assert of("stale_partitions", stage="latest") == 0
    assert of("runs", job="latest", status="success") == 1
    assert (of("run_seconds", job="latest") or 0) > 0
    assert (of("disk_free_bytes") or 0) > 0
    parts = {
        labels[0][1]: value for (name, labels), value in found.items() if name == "mistwan_metrics_readable"
    }
    assert parts == dict.fromkeys(("collection", "quota", "freshness", "loads", "runs", "disk"), 1)

    told = lines(cli.home / "logs")
    assert [x["event"] for x in told if x["event"] != "written"] == ["run started", "run succeeded"]
    assert {(x["job"], x["lane"]) for x in told} == {("latest", "compute")}
    assert len({x["run_id"] for x in told}) == 1
    assert all(str(x["partition"]).startswith("2025-03-04") for x in told)
    (written,) = [x for x in told if x.get("asset") == "warehouse/rpt_congestion_now"]
    assert written["row_count"] == now


def test_a_part_that_cannot_be_read_is_absent_and_told(cli: Cli) -> None:
    (cli.home / "warehouse" / "CURRENT").write_text("serve-99.duckdb\n")
    found = samples(metrics.exposition())
    assert found[("mistwan_metrics_readable", (("part", "loads"),))] == 0
    assert found[("mistwan_metrics_readable", (("part", "collection"),))] == 1
    assert not [name for name, _ in found if name.startswith("mistwan_load")]


POSTGRES = "postgresql+psycopg2://mistwan:very-secret@127.0.0.1:1/dagster"
"""Nobody listens there."""


def runs_are_unreadable_and_the_rest_is_there(text: str) -> None:
    found = samples(text)
    assert found[("mistwan_metrics_readable", (("part", "runs"),))] == 0
    assert found[("mistwan_metrics_readable", (("part", "collection"),))] == 1
    assert not [name for name, _ in found if name.startswith("mistwan_run")]
    assert "very-secret" not in text


@pytest.mark.usefixtures("cli")
def test_a_storage_of_dagster_that_only_the_env_file_names_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text(f"{launch.POSTGRES_SETTING}={POSTGRES}\n")
    monkeypatch.setenv(launch.POSTGRES_SETTING, "")  # what is set from here on goes with the test
    monkeypatch.delenv(launch.POSTGRES_SETTING)
    home = launch.prepare_dagster_home(Platform.open())
    monkeypatch.delenv(launch.POSTGRES_SETTING)
    kept = tmp_path / "kept.sqlite"
    asked = []

    def opened(folder: str) -> dg.DagsterInstance:
        asked.append((folder, os.environ[launch.POSTGRES_SETTING]))
        return dg.DagsterInstance.local_temp(str(kept))

    kept.mkdir()
    monkeypatch.setattr(dg.DagsterInstance, "from_config", opened)
    found = samples(metrics.exposition())
    assert found[("mistwan_metrics_readable", (("part", "runs"),))] == 1
    assert asked == [(str(home), POSTGRES)]


@pytest.mark.usefixtures("cli")
def test_a_pod_finds_the_storage_of_all_by_its_settings_and_makes_no_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAGSTER_HOME", "")  # what is set from here on goes with the test
    monkeypatch.setenv(launch.POSTGRES_SETTING, POSTGRES)
    shutil.rmtree(Platform.open().settings.dagster_home, ignore_errors=True)
    told = []

    def opened(folder: str) -> dg.DagsterInstance:
        told.append(Path(folder, launch.CONFIG).read_text())
        return dg.DagsterInstance.local_temp(str(tmp_path))

    monkeypatch.setattr(dg.DagsterInstance, "from_config", opened)
    found = samples(metrics.exposition())
    assert found[("mistwan_metrics_readable", (("part", "runs"),))] == 1
    assert [launch.POSTGRES_YAML in config for config in told] == [True]
    assert not Platform.open().settings.dagster_home.exists()


@pytest.mark.usefixtures("cli")
def test_while_the_storage_of_dagster_is_down_only_runs_are_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(launch.POSTGRES_SETTING, POSTGRES)
    launch.prepare_dagster_home(Platform.open())
    monkeypatch.setattr(dagster_postgres.utils, "time", SimpleNamespace(sleep=lambda _seconds: None))
    runs_are_unreadable_and_the_rest_is_there(metrics.exposition())


@pytest.mark.parametrize(
    "config",
    [
        "storage: {postgres: {postgres_url: {env: MISTWAN_NOWHERE}}}",
        "storage: {nonsense: {}}",
        launch.POSTGRES_YAML,
    ],
)
def test_a_configuration_of_dagster_that_cannot_be_used_takes_only_runs(cli: Cli, config: str) -> None:
    (cli.home / "dagster").mkdir(exist_ok=True)
    (cli.home / "dagster" / "dagster.yaml").write_text(config)
    runs_are_unreadable_and_the_rest_is_there(metrics.exposition())


def test_an_empty_home_tells_no_figure_that_it_does_not_know(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MISTWAN_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("MIST_API_TOKEN", raising=False)
    found = {name for name, _ in samples(metrics.exposition())}
    assert found == {"mistwan_metrics_readable", "mistwan_missing_history_hours", "mistwan_stale_partitions"}
    assert not (tmp_path / "home").exists()


@pytest.mark.usefixtures("cli")
def test_two_scrapes_at_once_are_answered_from_one_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Platform] = []
    monkeypatch.setattr(metrics, "read_parts", lambda platform: read.append(platform) or [])
    found = metrics.registry()
    for _ in range(3):
        assert list(found.collect()) == []
    assert len(read) == 1


def test_the_command_serves_them_and_refuses_a_taken_port(cli: Cli) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = cli.start("metrics", "--port", str(port))
    try:
        assert process.stderr is not None
        assert process.stderr.readline() == f"metrics on http://127.0.0.1:{port}/metrics (Ctrl-C ends it)\n"
        with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as answer:
            assert b"mistwan_collection_rows{" in answer.read()
        refused = cli.run("metrics", "--port", str(port))
        assert refused.returncode == 1
        assert f"cannot listen on 127.0.0.1 port {port}" in refused.stderr
        assert refused.stderr.count("\n") == 1
    finally:
        process.terminate()
        process.communicate(timeout=60)


@pytest.mark.usefixtures("cli")
def test_board_and_document_name_the_metrics_that_there_are() -> None:
    platform = Platform.open()
    server = make_server(platform.published, lambda: NOW, load_thresholds(None), lambda: None)
    client = server.test_client()
    client.get("/healthz")
    text = metrics.exposition() + client.get("/metrics").get_data(as_text=True)
    families = {f.name: f for f in text_string_to_metric_families(text)}
    there = {s.name for f in families.values() for s in f.samples} | set(families)
    queries = [t["expr"] for p in json.loads(BOARD.read_text())["panels"] for t in p.get("targets", [])]
    assert len(queries) > 20
    asked = {name for query in queries for name in NAME.findall(query)}
    assert asked <= there, asked - there
    for query in queries:
        for name, labels in re.findall(r"(mistwan_[a-z_]+)\{([^}]*)\}", query):
            family = families[name.removesuffix("_total").removesuffix("_bucket")]
            known = {label for s in family.samples for label in s.labels}
            assert not family.samples or set(re.findall(r"(\w+)=", labels)) <= known, query

    own = {name for name in families if name.startswith("mistwan_") and not name.endswith("_created")}
    document = set(NAME.findall((ROOT / "docs" / "monitoring.md").read_text()))
    with_quota = {"mistwan_api_calls_used", "mistwan_api_calls_budget"}
    assert {n.removesuffix("_total") for n in document} == own | with_quota
