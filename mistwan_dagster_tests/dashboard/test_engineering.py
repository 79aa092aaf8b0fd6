from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from mistwan_dagster.dashboard.data import engineering
from mistwan_dagster.dashboard.data.published import Published
from mistwan_dagster_tests.dashboard.made import LAST, NEWEST, circuit, hour, published, site, window

HOUR = timedelta(hours=1)


def fleet(folder: Path) -> Published:
    """Two regions. North: busy, lossy, cut; South: flapping, unheard, disabled, one without a bandwidth."""
    tables: dict[str, list[dict[str, Any]]] = {
        "dim_site": [site("1"), site("2", "South"), site("3", None)],
        "dim_circuit": [
            circuit("a:busy", "1", bandwidth_down_mbps=100.0),
            circuit("a:lossy", "1", bandwidth_down_mbps=50.0),
            circuit("a:cut", "1", bandwidth_down_mbps=10.0),
            circuit("b:flapping", "2"),
            circuit("b:unheard", "2", bandwidth_down_mbps=20.0),
            circuit("b:disabled", "2", port_state="disabled"),
        ],
        "fact_circuit_hour": [
            hour("a:busy", "1", utilization_pct=80.0, utilization_severity="high", severity="high",
                 loss_severity="normal"),
            hour("a:busy", "1", LAST - HOUR, utilization_pct=60.0),
            hour("a:busy", "1", LAST - 25 * HOUR, utilization_pct=11.0),
            hour("a:lossy", "1", utilization_pct=20.0, utilization_severity="normal", loss_avg_pct=2.0,
                 loss_severity="critical", severity="critical"),
            hour("a:cut", "1", up_minutes=10.0, down_minutes=50.0, utilization_severity=None),
            hour("b:flapping", "2", utilization_pct=100.0, utilization_severity=None, region="South"),
            hour("b:unheard", "2", up_minutes=0.0, unknown_minutes=60.0, status_hourly="Unknown", region="South"),
        ],
        "agg_circuit_window": [
            window("a:busy", "1", as_of=LAST, utilization_avg_pct=50.0),
            window("a:busy", "1"),
            window("a:cut", "1", up_minutes=720.0, down_minutes=360.0, unknown_minutes=360.0, flap_count=1),
            window("b:flapping", "2", flap_count=7, region="South"),
        ],
        "fact_circuit_outage": [
            {"site_id": "1", "circuit_id": "a:cut", "start_utc": LAST + timedelta(minutes=10), "kind": "link",
             "evidence": "event"},
        ],
        "fact_failover": [
            {"site_id": "1", "start_utc": LAST, "from_circuit_id": "a:cut", "to_circuit_id": "a:busy"},
            {"site_id": "1", "start_utc": LAST - 30 * HOUR, "end_utc": LAST - 29 * HOUR, "from_circuit_id": "a:cut",
             "to_circuit_id": "a:busy"},
            {"site_id": "2", "start_utc": LAST - 5 * HOUR, "end_utc": LAST - 4 * HOUR, "from_circuit_id": "b:unheard",
             "to_circuit_id": "b:flapping"},
        ],
        "fact_device_event": [
            {"site_id": "2", "device_mac": "b", "event_type": "GW_CONNECTED", "locator": "", "hour_utc": LAST,
             "event_utc": LAST + timedelta(minutes=5)},
            {"site_id": "2", "device_mac": "b", "event_type": "GW_DISCONNECTED", "locator": "", "hour_utc": LAST,
             "event_utc": LAST + timedelta(minutes=20)},
        ],
        "fact_path_hour": [
            {"site_id": s, "device_mac": "a", "node": "", "port_id": "p", "peer_mac": p, "peer_port_id": "",
             "vpn_name": "", "hour_utc": LAST, "up_pct": up}
            for s, p, up in (("1", "x", 100.0), ("1", "y", 0.0), ("1", "z", 50.0), ("2", "x", None))
        ],
    }  # fmt: skip
    return published(folder, tables)


def test_every_state_is_counted_and_unheard_is_neither_up_nor_down(tmp_path: Path) -> None:
    counts = engineering.circuit_counts(fleet(tmp_path))
    assert {k: counts[k] for k in ("circuits", "up", "down", "disabled", "unknown")} == {
        "circuits": 6, "up": 3, "down": 1, "disabled": 1, "unknown": 1
    }  # fmt: skip
    assert (counts["alerts"], counts["above_80"], counts["measured"], counts["congested"]) == (2, 2, 3, 1)
    assert counts["utilization_avg_pct"] == pytest.approx(200 / 3)
    assert counts["utilization_max_pct"] == 100.0
    assert (counts["bandwidth_mbps"], counts["bandwidth_unknown"]) == (180.0, 2)


def test_a_value_on_the_edge_of_a_bar_is_in_the_upper_one(tmp_path: Path) -> None:
    counts = engineering.circuit_counts(fleet(tmp_path))
    bars = {k: v for k, v in counts.items() if k.startswith("bar_") and v}
    assert bars == {"bar_20": 1, "bar_80": 1, "bar_100": 1}


def test_a_region_has_only_its_own_and_an_unknown_one_nothing(tmp_path: Path) -> None:
    data = fleet(tmp_path)
    assert engineering.circuit_counts(data, "South")["circuits"] == 3
    nowhere = engineering.circuit_counts(data, "'; DROP TABLE dim_site; --")
    assert (nowhere["circuits"], nowhere["utilization_avg_pct"]) == (0, None)
    assert engineering.problem_circuits(data, "South")["circuit_id"].to_list() == ["b:flapping"]


def test_each_problem_is_in_its_list(tmp_path: Path) -> None:
    problems = engineering.problem_circuits(fleet(tmp_path))
    busy = engineering.congested(problems)
    assert busy["circuit_id"].to_list() == ["a:busy"]
    assert busy["change_to_24h_pct"].to_list() == [30.0]
    assert engineering.quality_breaches(problems)["circuit_id"].to_list() == ["a:lossy"]
    cut = engineering.down(problems)
    assert cut["circuit_id"].to_list() == ["a:cut"]
    assert cut["down_since_utc"].to_list() == [LAST + timedelta(minutes=10)]
    assert engineering.flapping(problems)["circuit_id"].to_list() == ["b:flapping"]


def test_a_sparkline_has_a_place_for_every_hour_and_none_where_nothing_was_observed(tmp_path: Path) -> None:
    lines = engineering.sparklines(fleet(tmp_path), ["a:busy", "a:none"], NEWEST)
    assert lines["a:busy"] == [None] * 22 + [60.0, 80.0]
    assert lines["a:none"] == [None] * 24
    assert engineering.sparklines(fleet(tmp_path / "other"), [], NEWEST) == {}


def test_lasting_failovers_come_first_and_old_ones_are_gone(tmp_path: Path) -> None:
    found = engineering.failovers(fleet(tmp_path), NEWEST)
    assert found.select("site_id", "end_utc").rows() == [("1", None), ("2", LAST - 4 * HOUR)]
    assert engineering.failovers(fleet(tmp_path / "b"), NEWEST, "South")["site_id"].to_list() == ["2"]


def test_sites_gateways_and_paths_by_state(tmp_path: Path) -> None:
    counts = engineering.fleet_counts(fleet(tmp_path), NEWEST)
    assert counts == {
        "site_critical": 1, "site_unknown": 2, "region_North": 1, "region_South": 1, "gateway_on": 1, "gateway_off": 1,
        "path_up": 1, "path_down": 1, "path_unstable": 1, "path_unknown": 1, "alarm_all": 0, "alarm_critical": 0,
    }  # fmt: skip
    south = engineering.fleet_counts(fleet(tmp_path / "b"), NEWEST, "South")
    assert {k: v for k, v in south.items() if not k.startswith("region_")} == {
        "site_unknown": 1, "gateway_off": 1, "path_unknown": 1, "alarm_all": 0, "alarm_critical": 0
    }  # fmt: skip


def test_a_site_pools_the_minutes_of_its_circuits(tmp_path: Path) -> None:
    row = fleet(tmp_path).ask("SELECT * FROM v_site_now WHERE site_id = '1'").row(0, named=True)
    assert row["availability_24h_pct"] == pytest.approx(100 * (1440 + 720) / (1440 + 720 + 360))
    assert row["observed_24h_pct"] == pytest.approx(100 * (1440 + 1080) / 2880)
    assert (row["circuit_count"], row["up_count"], row["down_count"], row["severity"]) == (
        3,
        2,
        1,
        "critical",
    )
    empty = fleet(tmp_path / "b").ask("SELECT * FROM v_site_now WHERE site_id = '3'").row(0, named=True)
    assert (empty["circuit_count"], empty["severity"], empty["availability_24h_pct"]) == (0, None, None)


def test_answers_are_kept_until_another_version_is_published(tmp_path: Path) -> None:
    data = fleet(tmp_path)
    reader = data._reader
    engineering.circuit_counts(data)
    asked = len(reader.statements)  # type: ignore[attr-defined]
    engineering.circuit_counts(data)
    assert len(reader.statements) == asked  # type: ignore[attr-defined]
    fleet(tmp_path)
    engineering.circuit_counts(data)
    assert len(reader.statements) == asked + 1  # type: ignore[attr-defined]
