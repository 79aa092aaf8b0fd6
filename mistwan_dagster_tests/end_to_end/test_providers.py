"""A provider fails in a city: seen as one incident, proven in a workbook, taken off by a maintenance window."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import polars as pl
import pytest

from mistwan_dagster.simulator.clock import Clock
from mistwan_dagster.simulator.incidents import CARRIER_GATEWAYS, DAY_S, Kind
from mistwan_dagster.simulator.server import Running, running
from mistwan_dagster.simulator.world import World

from .conftest import Cli

WORLD = World(seed=3, sites=40)


def carrier_fault() -> tuple[datetime, datetime, str, int]:
    """Begin, end, provider and number of circuits of the first one that is not at an edge of its day."""
    for day in range(20510, 20540):
        found = WORLD.calendar.day(day).of(Kind.ISP)
        for i in range(len(found)):
            same = abs(found.start - found.start[i]) <= 20
            if same.sum() >= CARRIER_GATEWAYS and 4 * 3600 < found.start[i] - day * DAY_S < 18 * 3600:
                hit = found.where(same)
                provider = WORLD.topology.circuits[hit.circuit[0]].provider
                begin, end = (datetime.fromtimestamp(t, UTC) for t in (hit.start.max(), hit.end.min()))
                return begin, end, provider, len(hit)
    raise AssertionError("this world has no carrier fault: choose another seed")


BEGIN, END, PROVIDER, HIT = carrier_fault()
START = BEGIN.replace(minute=0, second=0, microsecond=0) - timedelta(hours=1)
NOW = END.replace(minute=0, second=0, microsecond=0) + timedelta(hours=2, minutes=7)


@pytest.fixture
def cli(tmp_path: Path) -> Iterator[Cli]:
    with running(WORLD, clock=Clock(NOW)) as cloud:
        yield configured(cloud, tmp_path)


def configured(cloud: Running, folder: Path) -> Cli:
    circuits = folder / "circuits.csv"
    circuits.write_text(cloud.world.circuits_csv())
    return Cli(
        folder / "home",
        {
            "MIST_API_BASE_URL": cloud.base_url,
            "MIST_API_TOKEN": cloud.token,
            "MIST_ORG_ID": cloud.org_id,
            "MISTWAN_CIRCUITS_FILE": str(circuits),
            "MISTWAN_NOW": NOW.isoformat(),
        },
    )


def month_of(cli: Cli) -> dict:
    (row,) = cli.rows(
        "SELECT excluded_minutes AS excluded, unreachable_minutes AS unreachable, outage_count AS outages, "
        f"incident_count AS incidents, service_availability_pct AS pct FROM rpt_provider_scorecard "
        f"WHERE provider = '{PROVIDER}'"
    )
    return row


def test_from_the_fault_to_the_evidence(cli: Cli, tmp_path: Path) -> None:
    cli.ok("collect")
    cli.ok("backfill", "--start", START.isoformat(), "--end", (NOW - timedelta(minutes=7)).isoformat())
    (incident,) = cli.rows("SELECT * FROM rpt_carrier_incident WHERE kind = 'down'")
    assert (incident["provider"], incident["circuit_count"], incident["site_count"]) == (PROVIDER, HIT, HIT)
    told = [datetime.fromisoformat(incident[c]).replace(tzinfo=UTC) for c in ("start_utc", "end_utc")]
    assert [abs((a - b).total_seconds()) <= 60 for a, b in zip(told, (BEGIN, END), strict=True)] == [
        True,
        True,
    ]
    members = cli.rows(
        "SELECT count(*) AS n FROM rpt_sla_outage WHERE incident_start_utc IS NOT NULL AND kind = 'reachability'"
    )
    assert members == [{"n": HIT}]

    before = month_of(cli)
    assert before["incidents"] == 1
    assert before["unreachable"] > HIT * 25
    assert before["excluded"] == 0
    assert cli.ok("aggregate").startswith("nothing to compute")

    book = tmp_path / "sla.xlsx"
    out = cli.ok("sla", "--provider", PROVIDER, "--month", f"{BEGIN:%Y-%m}", "--out", str(book))
    assert out == f"{book}: {before['outages']} outages of {PROVIDER} in {BEGIN:%Y-%m}\n"
    sheets = pd.read_excel(book, sheet_name=None)
    assert len(sheets["outages"]) == before["outages"]
    assert len(sheets["incidents"]) == 1

    windows = tmp_path / "maintenance.csv"
    low, high = BEGIN - timedelta(minutes=2), END + timedelta(minutes=3)
    windows.write_text(
        "provider,region,site,circuit_id,start,end,reason\n"
        f"{PROVIDER},,,,{low.isoformat()},{high.isoformat()},announced works\n"
    )
    cli.settings["MISTWAN_MAINTENANCE_FILE"] = str(windows)
    done = cli.run("aggregate")
    assert [line.partition(":")[0] for line in done.stderr.splitlines()] == [
        "monthly", "rolling", "latest",
    ]  # fmt: skip
    after = month_of(cli)
    assert after["excluded"] > 0
    assert after["outages"] == before["outages"] - HIT
    assert after["pct"] > before["pct"]
    assert cli.ok("aggregate").startswith("nothing to compute")
    assert "1 windows in" in cli.ok("check")
    reasons = cli.rows("SELECT DISTINCT excluded_reason AS r FROM rpt_sla_outage WHERE excluded_minutes > 0")
    assert reasons == [{"r": "announced works"}]


def test_sites_and_business_hours_are_loaded_and_consistent(cli: Cli) -> None:
    cli.settings["MISTWAN_BUSINESS_HOURS"] = "00:00-24:00"
    cli.ok("collect")
    cli.ok("backfill", "--start", (NOW - timedelta(hours=3)).isoformat(), "--end", NOW.isoformat())
    columns = "circuit_id, period, utilization_avg_pct, up_minutes, total_minutes, latency_warning_hours"
    whole, open_all_day = (
        cli.rows(f"SELECT {columns} FROM {t} ORDER BY period, circuit_id")
        for t in ("agg_circuit_period", "agg_circuit_period_business")
    )
    assert whole == open_all_day
    assert len(whole) > 200
    (hours,) = cli.rows(
        "SELECT count(*) AS n, max(abs(site_up_minutes + site_outage_minutes + site_unknown_minutes - 60)) AS off, "
        "count(active_circuit_id) AS active, count(backup_can_carry) AS judged FROM fact_site_hour"
    )
    assert (hours["n"], hours["off"] < 1e-6) == (3 * 40, True)
    assert min(hours["active"], hours["judged"]) > 60
    sites = pl.DataFrame(cli.rows("SELECT * FROM agg_site_period WHERE period = 'month'"))
    assert sites["total_minutes"].to_list() == [180.0] * 40
    ready = cli.rows(
        "SELECT DISTINCT ready_hours + not_ready_hours + unknown_hours AS n FROM rpt_failover_readiness"
    )
    assert ready == [{"n": 3}]
