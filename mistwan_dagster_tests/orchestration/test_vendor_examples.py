"""The vendor's own example answers, served over HTTP, land in the raw lake and pass through dimensions and KPIs."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from mistwan_dagster.catalog.endpoint import Body, Endpoint
from mistwan_dagster.catalog.endpoints import (
    DEVICE_EVENTS,
    DEVICE_STATS,
    ENDPOINTS,
    PORT_STATS,
    SERIES,
    SITEGROUPS,
    SITES,
    SNAPSHOTS,
)
from mistwan_dagster.catalog.sle_endpoints import SleEndpoint
from mistwan_dagster.catalog.tables import DIM_CIRCUIT, DIM_SITE, FACT_CIRCUIT_HOUR, FACT_DEVICE_EVENT
from mistwan_dagster.kpi.contract import violations
from mistwan_dagster.kpi.dimensions import discover_circuits, discover_sites
from mistwan_dagster.kpi.identity import interface_map
from mistwan_dagster.kpi.versions import apply_versions
from mistwan_dagster.lake.raw import HOUR, SLOT, floor_hour
from mistwan_dagster.orchestration import history, hourly, launch
from mistwan_dagster.orchestration.build import defs
from mistwan_dagster.orchestration.collection import collect_events, collect_snapshot
from mistwan_dagster.orchestration.history import gateway_id
from mistwan_dagster.orchestration.platform import Platform
from mistwan_dagster.orchestration.staleness import STAGES
from mistwan_dagster.settings import Settings
from mistwan_dagster_tests.mist.conftest import ORG, TOKEN, Asked, Cloud, Reply
from mistwan_dagster_tests.orchestration.reading import SITE, quarantined, read, rows_told
from mistwan_dagster_tests.vendor_document import examples

NOW = datetime(2026, 1, 29, 6, 7, tzinfo=UTC)
"""After the newest instant of the examples, which are bins of 2026-01-29."""
HOUR_BEFORE = floor_hour(NOW) - HOUR
MIDNIGHT = datetime(2026, 1, 30, tzinfo=UTC)
SET_ASIDE = {"device_events": ["no value in mac"]}
"""Examples that do not fit, and why: this one is of an access point, which is named by `ap`."""
NOTED = {
    "sle_impacted_interfaces": (
        "wan-link-health of site 978c48e6-6ef6-11e6-8bbf-02e208b2d34f: sle_impacted_interfaces: 2 of 5 rows told",
    )
}
CASES = [
    pytest.param(endpoint, body, id=f"{endpoint.name}-{name}")
    for endpoint in ENDPOINTS.values()
    for name, body in examples(endpoint.path)
]


@pytest.fixture
def platform(cloud: Cloud, tmp_path: Path) -> Platform:
    return Platform(
        Settings(
            mistwan_home=tmp_path, mist_api_base_url=cloud.base, mist_api_token=TOKEN, mist_org_id=ORG,
            mistwan_now=NOW, _env_file=None,
        )
    )  # fmt: skip


def rows_of(body: Any) -> list[Any]:
    """Rows of either style of answer; an answer of neither is one row."""
    return body if isinstance(body, list) else body.get("results", [body])


def served(body: Any, asked: Asked) -> Any:
    """The example as the only page: it may tell of others, which would be empty."""
    if not isinstance(body, dict) or "results" not in body:
        return body
    page = {**body, "results": [], "next": None} if asked.target == body.get("next") else body
    return {**page, "total": min(body.get("total", 0), len(body["results"]))}


def repeats(endpoint: Endpoint, body: Any) -> int:
    """Rows that an example tells a second time: one path of the vendor's is."""
    if isinstance(endpoint, SleEndpoint) or endpoint.body is not Body.ROWS:
        return 0
    rows = rows_of(body)
    return len(rows) - len({tuple(json.dumps(row.get(name)) for name in endpoint.key) for row in rows})


def test_every_endpoint_has_an_example() -> None:
    assert {case.values[0].name for case in CASES} == set(ENDPOINTS)


@pytest.mark.parametrize(("endpoint", "body"), [c for c in CASES if c.values[0] not in SERIES])
def test_every_row_of_an_example_is_stored(
    platform: Platform, cloud: Cloud, endpoint: Endpoint, body: Any
) -> None:
    cloud.script = lambda asked, _n: Reply(served(body, asked))
    done, aside = read(platform, endpoint, HOUR_BEFORE), quarantined(platform, endpoint)
    told = rows_told(endpoint, body)
    assert cloud.asked
    assert done.error is None or "`next` leads away" in done.error
    assert done.notes == NOTED.get(endpoint.name, ())
    assert done.quarantined == len(aside)
    assert done.stored.height + len(aside) + repeats(endpoint, body) == told > 0
    assert done.stored.select(endpoint.schema.keys()).schema == endpoint.schema
    assert [row["reason"] for row in aside] == SET_ASIDE.get(endpoint.name, [])


@pytest.mark.parametrize(("endpoint", "body"), [c for c in CASES if c.values[0] in SERIES])
def test_the_bins_of_an_example_are_stored_where_they_hold_a_value(
    platform: Platform, cloud: Cloud, endpoint: Endpoint, body: Any
) -> None:
    cloud.script = lambda _asked, _n: Reply(body)
    circuit = {
        "circuit_id": "m:p",
        "site_id": "s",
        "device_mac": "5c5b35000001",
        "node": None,
        "port_id": "p",
    }
    frame = pl.DataFrame([{**circuit, "is_current": True}], schema_overrides={"node": pl.String})
    platform.kpi.write(DIM_CIRCUIT.name, frame)
    start, end = datetime(2026, 1, 29, 0, tzinfo=UTC), datetime(2026, 1, 29, 6, tzinfo=UTC)
    report = history.collect_series(platform, endpoint, start, end)
    names = [f.name for f in endpoint.fields if f.name in body]
    told = [any(v is not None for v in values) for values in zip(*(body[n] for n in names), strict=True)]
    stored = platform.raw.scan_series(endpoint, start, end).collect()
    assert report.failed == {}
    assert stored["bin_start"].to_list() == [
        datetime.fromtimestamp(body["start"] + i * body["interval"], UTC) for i, t in enumerate(told) if t
    ]
    assert stored.height == sum(told) > 0


@pytest.mark.parametrize(
    "device_stats", [b for _, b in examples(DEVICE_STATS.path)], ids=lambda b: b[0]["type"]
)
def test_examples_pass_through_dimensions_and_hourly_kpis(
    platform: Platform, cloud: Cloud, device_stats: Any
) -> None:
    """Times of the rows are moved into the hour before, since the examples are of different years."""
    bodies = {e.path.format(org_id=ORG): next(examples(e.path))[1] for e in (*SNAPSHOTS, DEVICE_EVENTS)}
    bodies[DEVICE_STATS.path.format(org_id=ORG)] = device_stats
    slot = HOUR_BEFORE
    while slot < NOW:
        cloud.script = lambda asked, _n, t=slot: answer(bodies, asked, t)
        for endpoint in SNAPSHOTS:
            collect_snapshot(platform, endpoint, slot)
        slot += 2 * SLOT
    cloud.script = lambda asked, _n: answer(bodies, asked, HOUR_BEFORE)
    collect_events(platform, HOUR_BEFORE, NOW)
    latest = {e.name: platform.raw.latest_snapshot(e, NOW).collect() for e in SNAPSHOTS}
    sites = discover_sites(latest[SITES.name], latest[SITEGROUPS.name], "Region ", "Store type ")
    devices = latest[DEVICE_STATS.name]
    circuits = discover_circuits(latest[PORT_STATS.name], devices, interface_map(devices), None)
    for table, found in ((DIM_SITE, sites), (DIM_CIRCUIT, circuits)):
        frame = apply_versions(table.empty(), found, table.key[0], HOUR_BEFORE - HOUR)
        platform.kpi.write(table.name, table.conform(frame.lazy()).collect())
    span = (HOUR_BEFORE, HOUR_BEFORE + HOUR)
    hourly.compute_measured(platform, *span)
    hourly.compute_facts(platform, *span)
    facts, events = (platform.kpi.scan_hours(t.name, *span) for t in (FACT_CIRCUIT_HOUR, FACT_DEVICE_EVENT))
    assert facts is not None
    assert events is not None
    assert violations(facts, FACT_CIRCUIT_HOUR) == violations(events, FACT_DEVICE_EVENT) == {}
    assert circuits.height == facts.collect().height == 1
    assert sites.height == events.collect().height == 1
    row = facts.collect().row(0, named=True)
    assert (row["up_minutes"], row["down_minutes"], row["unknown_minutes"]) == (60, 0, 0)


def answer(bodies: dict[str, Any], asked: Asked, slot: datetime) -> Reply:
    """The example of the path that is asked for, its rows made WAN ports of one gateway at the slot's time."""
    body = json.loads(json.dumps(bodies[asked.path]))
    at = (slot + timedelta(seconds=30)).timestamp()
    for row in (r for r in rows_of(body) if isinstance(r, dict)):
        if "port_usage" in row:
            row |= {"port_usage": "wan", "last_flapped": HOUR_BEFORE.timestamp() - 86400, "disabled": False}
        row |= {name: at for name in ("last_seen", "timestamp") if name in row}
        row |= {"mac": "5c5b35000001"} if {"mac", "ap"} & row.keys() else {}
    if isinstance(body, dict) and "results" in body:  # the only page
        body.pop("next", None)
        body["total"] = len(body["results"])
    return Reply(body)


def test_the_examples_go_through_every_asset(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All jobs of a night and of the day before it. What the cloud answers are examples, of one site and gateway."""
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "MISTWAN_HOME": str(tmp_path / "home"),
        "MIST_API_BASE_URL": cloud.base,
        "MIST_API_TOKEN": TOKEN,
        "MIST_ORG_ID": ORG,
    }.items():
        monkeypatch.setenv(name, value)
    day, midnight = MIDNIGHT - 24 * HOUR, MIDNIGHT
    for at in (midnight - HOUR, midnight - HOUR / 2, midnight + 3 * SLOT):
        monkeypatch.setenv("MISTWAN_NOW", at.isoformat())
        cloud.script = lambda asked, _n, t=at: any_answer(asked, t)
        platform = Platform.open()
        with launch.instance(platform) as opened:
            assert launch.collect_now(opened, platform).errors == ()
    with launch.instance(platform) as opened:
        outcomes = [
            launch.run_span(opened, "collect_sle", midnight - HOUR, midnight),
            launch.run_span(opened, "events", day, midnight),
            launch.run_span(opened, "history", day, midnight),
            launch.run_job(opened, "site_details", {}, f"{midnight:%Y-%m-%d-%H:%M}"),
            *(outcome for *_, outcome in launch.aggregate(opened, platform, list(STAGES), None)),
            launch.run_job(opened, "maintenance", {}),
            launch.run_job(opened, "alerts", {}),
            launch.run_job(opened, "daily_report_files", {}, f"{day:%Y-%m-%d}"),
            launch.run_job(opened, "monthly_report_files", {}, f"{midnight:%Y-%m}-01"),
        ]
        assert [outcome.errors for outcome in outcomes if outcome.errors] == []
        untouched = {
            key.to_user_string()
            for key in defs.resolve_asset_graph().materializable_asset_keys
            if opened.get_latest_materialization_event(key) is None
        }
    assert untouched == set()
    told = platform.published.query(
        "SELECT hour(hour_utc), rx_bytes, tx_bytes FROM fact_circuit_hour ORDER BY 1"
    )
    assert told.rows() == [  # bins tell bits a second: 18,250,331 are 450 times as many bytes an hour
        (3, 8_212_648_950, 1_396_899_450),
        (4, 9_051_705_900, 1_327_552_650),
        (23, None, None),
    ]


def any_answer(asked: Asked, slot: datetime) -> Reply:
    """The example of any path; sites and gateways in it are the one site and its gateway."""
    try:
        named = dict(examples(asked.path))
    except KeyError:
        return Reply({"detail": "Not found."}, 404)
    body = named.get("Gateway Stats", next(iter(named.values())))
    raised = MIDNIGHT - HOUR  # an alarm keeps the time at which it was raised
    moved = answer({asked.path: body}, asked, raised if "/alarms/" in asked.path else slot)
    for row in (r for r in rows_of(moved.body) if isinstance(r, dict)):
        row |= {"site_id": SITE} if "site_id" in row else {}
        row |= {"id": SITE} if asked.path.endswith("/sites") else {}
        row |= {"id": gateway_id("5c5b35000001")} if "/stats/devices" in asked.path else {}
    if asked.path.endswith("/insights/sites-sle"):
        moved.body |= {name: float(asked.query[name]) for name in ("start", "end")} | {"total": 1}
    return moved
