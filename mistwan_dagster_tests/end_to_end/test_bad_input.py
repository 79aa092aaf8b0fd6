"""A user's mistake is one clear line, exit 1 or 2, and nothing is lost."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pytest

from .conftest import Cli


def one_line(cli: Cli, code: int, *arguments: str) -> str:
    done = cli.run(*arguments)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    lines = [x for x in done.stderr.splitlines() if x.startswith("mistwan: ")]
    assert len(lines) == 1, done.stderr
    return lines[0]


def test_wrong_token_wrong_org_and_unreachable_host(cli: Cli) -> None:
    cli.settings["MIST_API_TOKEN"] = "wrong-token-0123456789"
    line = one_line(cli, 1, "collect")
    assert "MIST_API_TOKEN was refused" in line
    assert "wrong-token" not in line
    assert "FAIL  access" in cli.run("check").stdout

    cli.settings["MIST_API_TOKEN"] = "simulated-mist-token-0000000000000000"
    good = cli.settings["MIST_ORG_ID"]
    cli.settings["MIST_ORG_ID"] = "11111111-2222-3333-4444-555555555555"
    assert "MIST_ORG_ID 11111111" in one_line(cli, 1, "collect")

    cli.settings |= {"MIST_ORG_ID": good, "MIST_API_BASE_URL": "http://127.0.0.1:9"}
    assert "cannot reach http://127.0.0.1:9" in one_line(cli, 1, "collect")
    assert not any((cli.home / "lake").rglob("*"))


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        ("MIST_API_TOKEN", "", "MIST_API_TOKEN is not set"),
        ("MIST_ORG_ID", "", "MIST_ORG_ID is not set"),
        ("MIST_API_BASE_URL", "http://example.com", "MIST_API_BASE_URL"),
        ("MISTWAN_WAREHOUSE", "oracle", "MISTWAN_WAREHOUSE"),
        ("MISTWAN_CALL_BUDGET", "many", "MISTWAN_CALL_BUDGET"),
        ("MISTWAN_CIRCUITS_FILE", "/nowhere/circuits.csv", "/nowhere/circuits.csv"),
        ("MISTWAN_THRESHOLDS_FILE", "/nowhere/thresholds.yaml", "/nowhere/thresholds.yaml"),
    ],
)
def test_wrong_settings_name_the_setting(cli: Cli, setting: str, value: str, said: str) -> None:
    cli.settings[setting] = value
    assert said in one_line(cli, 2, "collect")


HEAD = "device_mac,node,port_id,role,provider,bandwidth_down_mbps,bandwidth_up_mbps\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (HEAD + "5c5b35000001,,ge-0/0/0,primary,Acme,fast,20\n", "line 2.*fast"),
        (HEAD.replace("role", "role,rank"), "unknown column .rank"),
        (HEAD.replace("role,", ""), "missing column .role"),
        (HEAD + "5c5b35000001,,ge-0/0/0,primary,,1,1\n" * 2, "line 3"),
        (HEAD + "not-a-mac,,ge-0/0/0,primary,,1,1\n", "line 2"),
    ],
)
def test_a_wrong_circuits_file_names_file_and_line(cli: Cli, tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "mine.csv"
    file.write_text(text)
    cli.settings["MISTWAN_CIRCUITS_FILE"] = str(file)
    line = one_line(cli, 2, "aggregate")
    assert str(file) in line
    assert re.search(said, line), line


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("default: [", "YAML"),
        ("default: {utilisation: [1, 2, 3]}", "utilisation"),
        ("default: {loss: [1, x, 3]}", "loss"),
    ],
)
def test_a_wrong_thresholds_file_names_the_place(cli: Cli, tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(text)
    cli.settings["MISTWAN_THRESHOLDS_FILE"] = str(file)
    line = one_line(cli, 2, "aggregate")
    assert str(file) in line
    assert said in line


def test_a_circuit_that_is_not_in_the_org_is_told_and_the_others_are_used(cli: Cli) -> None:
    circuits = Path(cli.settings["MISTWAN_CIRCUITS_FILE"])
    with circuits.open("a") as file:
        file.write("0000deadbeef,,ge-0/0/0,primary,Nobody,10,10\n")
    cli.ok("collect")
    checked = cli.run("check")
    assert checked.returncode == 1
    assert "FAIL  circuits: 1 circuits of the file are not in the organization" in checked.stdout
    assert "0000deadbeef" in checked.stdout


def test_wrong_times_and_names(cli: Cli) -> None:
    assert "go together" in one_line(cli, 2, "collect", "--start", "2025-03-04T00:00:00Z")
    assert "not after" in one_line(
        cli, 2, "backfill", "--start", "2025-03-04T05:00Z", "--end", "2025-03-04T04:00Z"
    )
    assert "keeps 14 days" in one_line(
        cli, 2, "backfill", "--start", "2024-01-01T00:00Z", "--end", "2024-01-02T00:00Z"
    )
    assert "nothing is published" in one_line(cli, 1, "query", "SELECT 1")
    assert "no table or view" in one_line(cli, 2, "export", "everything")
    done = cli.run("collect", "--start", "yesterday", "--end", "today")
    assert done.returncode == 2
    assert "yesterday" in done.stderr


def test_a_warehouse_of_another_version_stops_the_load_and_keeps_the_lake(cli: Cli) -> None:
    (cli.home / "warehouse").mkdir(parents=True)
    with duckdb.connect(str(cli.home / "warehouse" / "warehouse.duckdb")) as other:
        other.execute("CREATE TABLE mistwan_schema AS SELECT 99 AS version")
    line = one_line(cli, 1, "backfill", "--start", "2025-03-04T08:00Z", "--end", "2025-03-04T09:00Z")
    assert "version 99" in line
    (cli.home / "warehouse" / "warehouse.duckdb").unlink()
    cli.ok("aggregate")
    assert cli.rows("SELECT count(*) > 0 AS there FROM fact_circuit_hour") == [{"there": True}]
