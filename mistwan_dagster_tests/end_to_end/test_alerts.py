"""From the command line: a look, a receiver that is told once, a restart, a list, a test of a target."""

from __future__ import annotations

import json
import os
import random
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from mistwan_dagster.notify.message import REPEATED
from mistwan_dagster.notify.sender import DELIVERY_HEADER
from mistwan_dagster.warehouse.duckdb import PublishedDuckDB
from mistwan_dagster_tests.receivers import Webhook, webhook

from .conftest import Cli

KILLS = int(os.environ.get("MISTWAN_TEST_KILLS", "2"))
FILE = """\
rules: {}
platform:
  disk_low: {free_pct: 100, severity: warning}
targets:
  noc: {url_env: MISTWAN_ALERT_URL_NOC}
routes:
  - {to: noc, scopes: [platform]}
"""


@contextmanager
def named(cli: Cli) -> Iterator[tuple[Cli, Path, Webhook]]:
    """An installation that was filled before anybody was to be told; its alerts file, its receiver."""
    cli.ok("full-cycle")
    file = cli.home.parent / "alerts.yaml"
    file.write_text(FILE)
    with webhook() as hook:
        settings = {"MISTWAN_ALERTS_FILE": str(file), "MISTWAN_ALERT_URL_NOC": hook.url}
        yield replace(cli, settings=cli.settings | settings), file, hook


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


def test_killed_while_a_receiver_is_told_it_is_told_once_more_and_that_it_may_be_a_repeat(cli: Cli) -> None:
    with named(cli) as (told, _, hook):
        hook.answers.clear()
        hook.told.clear()
        sending = told.start("alerts", "run")
        assert hook.told.wait(120), sending.communicate()
        sending.kill()
        sending.communicate()
        hook.answers.set()
        for _ in range(2):
            assert told.ok("alerts", "run") == "alerts: 0 opened, 0 closed, 1 open\n"
    first, second = hook.bodies
    assert first["alert_id"] == second["alert_id"]
    assert REPEATED not in first["message"]
    assert REPEATED in second["message"]
    assert len({header[DELIVERY_HEADER] for header in hook.headers}) == 1
    deliveries = told.rows("SELECT event, state, attempts, repeated FROM fact_alert_delivery")
    assert deliveries == [{"event": "opened", "state": "delivered", "attempts": 2, "repeated": True}]


def test_killed_at_random_instants_every_alert_is_told_and_none_twice_without_a_word(cli: Cli) -> None:
    rng = random.Random(20250304)
    with named(cli) as (told, file, hook):
        began = time.monotonic()
        told.ok("alerts", "run")
        usual = time.monotonic() - began
        for kill in range(KILLS):
            file.write_text(FILE.replace("free_pct: 100", f"free_pct: {100 * (kill % 2)}"))
            doomed = told.start("alerts", "run")
            try:
                doomed.communicate(timeout=rng.uniform(0.3, 1) * usual)
            except subprocess.TimeoutExpired:
                doomed.kill()
                doomed.communicate()
            told.ok("alerts", "run")
    alerts = told.rows("SELECT alert_id, closed_utc IS NOT NULL AS is_closed FROM fact_alert")
    due = {(a["alert_id"], e) for a in alerts for e in ("opened", *(["closed"] if a["is_closed"] else []))}
    heard = Counter((body["alert_id"], body["event"]) for body in hook.bodies)
    assert set(heard) == due
    rows = told.rows(
        "SELECT alert_id, event, state, coalesce(repeated, false) AS repeated FROM fact_alert_delivery"
    )
    assert {(r["alert_id"], r["event"], r["state"]) for r in rows} == {(*key, "delivered") for key in due}
    assert {key for key, times in heard.items() if times > 1} <= {
        (r["alert_id"], r["event"]) for r in rows if r["repeated"]
    }


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
