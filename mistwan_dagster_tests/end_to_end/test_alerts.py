"""From the command line: a look, a receiver that is told once, a restart, a list, a test of a target."""

from __future__ import annotations

import json
from dataclasses import replace

from mistwan_dagster.warehouse.duckdb import PublishedDuckDB
from mistwan_dagster_tests.receivers import webhook

from .conftest import Cli

FILE = """\
rules: {}
platform:
  disk_low: {free_pct: 100, severity: warning}
targets:
  noc: {url_env: MISTWAN_ALERT_URL_NOC}
routes:
  - {to: noc, scopes: [platform]}
"""


def test_a_look_tells_its_receiver_once_and_is_listed(cli: Cli) -> None:
    file = cli.home.parent / "alerts.yaml"
    file.write_text(FILE)
    with webhook() as hook:
        named = replace(
            cli, settings=cli.settings | {"MISTWAN_ALERTS_FILE": str(file), "MISTWAN_ALERT_URL_NOC": hook.url}
        )
        assert named.ok("alerts", "test", "noc") == "noc took the message\n"
        assert hook.bodies.pop()["title"] == "[TEST] mistwan: noc"
        assert named.ok("full-cycle").splitlines()[-1] == "alerts: 1 opened, 0 closed, 1 open"
        (listed,) = json.loads(named.ok("alerts", "--format", "json"))
        assert (listed["rule"], listed["severity"], listed["alert_id"]) == (
            "disk_low",
            "warning",
            hook.bodies[0]["alert_id"],
        )
        published = PublishedDuckDB(cli.home / "warehouse")
        version = published.version()
        assert named.ok("alerts", "run") == "alerts: 0 opened, 0 closed, 1 open\n"
        assert published.version() == version, "nothing changed, so nothing is published"
        file.write_text(FILE.replace("free_pct: 100", "free_pct: 0"))
        assert named.ok("alerts", "run") == "alerts: 0 opened, 1 closed, 0 open\n"
    assert [b["event"] for b in hook.bodies] == ["opened", "closed"]
    assert published.query("SELECT * FROM v_open_alert").is_empty()
    told = published.query("SELECT event, state FROM fact_alert_delivery ORDER BY event")
    assert told.rows() == [("closed", "delivered"), ("opened", "delivered")]


def test_a_wrong_file_is_one_line(cli: Cli) -> None:
    file = cli.home.parent / "alerts.yaml"
    file.write_text("rules: {x: {of: dwon, high: {minutes: 1}}}")
    named = replace(cli, settings=cli.settings | {"MISTWAN_ALERTS_FILE": str(file)})
    for command in (["alerts", "run"], ["daemon"]):
        done = named.run(*command)
        assert done.returncode == 2, command
        assert done.stderr.startswith(
            f"mistwan: alerts file {file}: rules.x.of: unknown 'dwon', expected down"
        )
        assert done.stderr.count("\n") == 1
