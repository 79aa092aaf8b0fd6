from datetime import timedelta
from pathlib import Path

import pytest

from mistwan_dagster.dashboard.data.fleet import fleet_counts
from mistwan_dagster_tests.dashboard.made import NEWEST, fleet


def test_every_state_is_counted_and_unheard_is_neither_up_nor_down(tmp_path: Path) -> None:
    counts = fleet_counts(fleet(tmp_path), NEWEST)
    assert {k: counts[k] for k in counts if k.startswith("circuit")} == {
        "circuits": 6, "circuit_up": 3, "circuit_down": 1, "circuit_disabled": 1, "circuit_unknown": 1
    }  # fmt: skip
    assert (counts["alerts"], counts["above_80"], counts["measured"], counts["congested"]) == (2, 2, 3, 1)
    assert counts["utilization_avg_pct"] == pytest.approx(200 / 3)
    assert counts["utilization_max_pct"] == 100.0
    assert (counts["bandwidth_mbps"], counts["bandwidth_unknown"], counts["usual_known"]) == (180.0, 2, 3)


def test_a_value_on_the_edge_of_a_bar_is_in_the_upper_one(tmp_path: Path) -> None:
    counts = fleet_counts(fleet(tmp_path), NEWEST)
    bars = {k: v for k, v in counts.items() if k.startswith("bar_") and v}
    assert bars == {"bar_20": 1, "bar_80": 1, "bar_100": 1}


def test_sites_gateways_paths_sle_and_alarms_by_state(tmp_path: Path) -> None:
    counts = fleet_counts(fleet(tmp_path), NEWEST)
    named = ("site_", "region_", "gateway_", "path_", "sle_", "alarm_")
    assert {k: v for k, v in counts.items() if k.startswith(named)} == {
        "site_critical": 1, "site_unknown": 2, "region_North": 1, "region_South": 1, "gateway_on": 1, "gateway_off": 1,
        "path_up": 1, "path_down": 1, "path_unstable": 1, "path_unknown": 1,
        "sle_wan-link-health_known": 2, "sle_wan-link-health_degraded": 1, "sle_wan-link-health_score": 0.75,
        "sle_gateway-health_known": 0, "sle_gateway-health_degraded": 0, "sle_gateway-health_score": None,
        "sle_state_fresh": 1, "sle_state_stale": 1, "sle_state_missing": 1,
        "alarm_open": 4, "alarm_critical": 1, "alarm_read": 5,
    }  # fmt: skip


def test_a_region_has_only_its_own_and_an_unknown_one_nothing(tmp_path: Path) -> None:
    data = fleet(tmp_path)
    south = fleet_counts(data, NEWEST, "South")
    assert (south["circuits"], south["site_unknown"], south["gateway_off"], south["alarm_open"]) == (
        3,
        1,
        1,
        1,
    )
    assert (south["sle_wan-link-health_known"], south["sle_wan-link-health_degraded"]) == (1, 0)
    assert "site_critical" not in south
    nowhere = fleet_counts(data, NEWEST, "'; DROP TABLE dim_site; --")
    assert (nowhere["circuits"], nowhere["utilization_avg_pct"]) == (0, None)


def test_paths_of_long_ago_are_not_counted(tmp_path: Path) -> None:
    counts = fleet_counts(fleet(tmp_path), NEWEST + timedelta(hours=26))
    assert not [k for k in counts if k.startswith("path_")]


def test_a_site_pools_the_minutes_of_its_circuits(tmp_path: Path) -> None:
    row = fleet(tmp_path).ask("SELECT * FROM v_site_now WHERE site_id = '1'").row(0, named=True)
    assert row["availability_24h_pct"] == pytest.approx(100 * (1440 + 720) / (1440 + 720 + 360))
    assert row["observed_24h_pct"] == pytest.approx(100 * (1440 + 1080) / 2880)
    assert (row["circuit_count"], row["up_count"], row["down_count"]) == (3, 2, 1)
    assert row["severity"] == "critical"
    empty = fleet(tmp_path / "b").ask("SELECT * FROM v_site_now WHERE site_id = '3'").row(0, named=True)
    assert (empty["circuit_count"], empty["severity"], empty["availability_24h_pct"]) == (0, None, None)


def test_answers_are_kept_until_another_version_is_published(tmp_path: Path) -> None:
    data = fleet(tmp_path)
    reader = data._reader
    fleet_counts(data, NEWEST)
    asked = len(reader.statements)  # type: ignore[attr-defined]
    fleet_counts(data, NEWEST)
    assert len(reader.statements) == asked  # type: ignore[attr-defined]
    fleet(tmp_path)
    fleet_counts(data, NEWEST)
    assert len(reader.statements) == asked + 1  # type: ignore[attr-defined]
