"""The examples of `docs/kpi.md`, worked by the code. One test each, named by the section that it belongs to."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from mistwan_dagster.catalog.tables import AGG_CIRCUIT_PERIOD, AGG_REGION_PERIOD
from mistwan_dagster.kpi.outages import merge_outages
from mistwan_dagster.kpi.periods import period_figures
from mistwan_dagster.kpi.severity import with_severities
from mistwan_dagster.kpi.thresholds import Override, Thresholds, with_thresholds
from mistwan_dagster.kpi.trends import theil_sen, with_crossings
from mistwan_dagster_tests.kpi import (
    test_alerts_states,
    test_business_hours,
    test_carrier_incidents,
    test_chronic,
    test_congestion,
    test_counters,
    test_failover_quality,
    test_outages,
    test_provider_scorecard,
    test_quality,
    test_rankings,
    test_site_hours,
    test_site_periods,
    test_sla,
    test_status,
    test_trends,
    test_utilization,
    test_windows,
)
from mistwan_dagster_tests.kpi.hours import circuit_hour, hour, hourly
from mistwan_dagster_tests.kpi.test_site_hours import MEGABIT_HOUR

DOCUMENT = Path(__file__).parents[2] / "docs" / "kpi.md"
TOLD = ("Events, alarms, clients", "Service levels", "The platform itself")
"""Sections about what Mist tells: nothing is computed there."""


def day(rows: list[dict[str, Any]], table: Any = AGG_CIRCUIT_PERIOD) -> list[dict[str, Any]]:
    (found,) = period_figures(hourly(rows), "day", hour(0), hour(48), table)
    return found.collect().to_dicts()


def bytes_of_an_hour() -> None:
    counters = {"t": 3300, "rx_bytes": 1000, "tx_bytes": 0}, {"t": 3900, "rx_bytes": 4000, "tx_bytes": 0}
    (interval,) = test_counters.intervals(test_counters.samples(*counters))
    assert interval == (3300, 3900, 3000, 0, False)
    told = test_utilization.intervals(interval)
    first, second = test_utilization.hours(told, test_utilization.circuits(1.0, 1.0))
    assert (first["rx_bytes"], second["rx_bytes"]) == (1500, 1500)
    assert second["coverage_pct"] == pytest.approx(100 * 5 / 60)


def utilization() -> None:
    whole = test_utilization.intervals((0, 3600, 4_500_000_000, 900_000_000, False))
    (row,) = test_utilization.hours(whole, test_utilization.circuits(100.0, 10.0))
    assert row["utilization_pct"] == pytest.approx(20)


def up_down_and_unknown_minutes() -> None:
    clocks = test_status.slots("09:55", "10:50")
    ports = [
        test_status.port(
            c,
            not "10:20" <= c < "10:30",
            {True: "10:20", False: "10:30"}[c < "10:30"] if c >= "10:20" else None,
        )
        for c in clocks
    ]
    events = [
        test_status.event("10:20", "GW_PORT_DOWN"), test_status.event("10:30", "GW_PORT_UP"),
        test_status.event("10:50", "GW_DISCONNECTED"),
    ]  # fmt: skip
    row = test_status.hour(test_status.run(ports, events))
    assert test_status.minutes(row) == (40, 10, 10)
    assert (row["status_hourly"], row["flap_count"]) == ("Up", 2)


def flaps() -> None:
    rows = [circuit_hour(n, flap_count=f) for n, f in enumerate((2, None, 1))]
    rows.append(circuit_hour(1, circuit="b", flap_count=None))
    assert [row["flap_count"] for row in day(rows)] == [3, None]


def loss_jitter_and_latency_of_an_hour() -> None:
    (row,) = test_quality.quality(*({"t": i, "latency": float(i)} for i in range(1, 25)))
    assert (row["latency_avg_ms"], row["latency_max_ms"], row["latency_p95_ms"]) == (12.5, 24, 23)
    (row,) = test_quality.quality(*({"t": i, "latency": float(i)} for i in range(1, 20)))
    assert row["latency_p95_ms"] is None


def severity() -> None:
    frame = hourly([circuit_hour(0, 80.0)]).select(pl.exclude("^threshold_.*$"))
    kiosk = frame.with_columns(store_type=pl.lit("Kiosk"))
    override = Override(date(2025, 1, 1), {"utilization": (None, 85.0, None)})
    for thresholds, level in (
        (Thresholds(), "high"),
        (Thresholds(store_type={"Kiosk": (override,)}), "warning"),
    ):
        assert with_severities(with_thresholds(kiosk, thresholds)).collect()["severity"].item() == level


def mean_maximum_and_p95_of_hours() -> None:
    three = test_windows.windows([circuit_hour(h, float(h)) for h in (9, 10, 11)], 12)[0]
    told = [three[f"utilization_{s}_pct"] for s in ("avg", "max", "p95")]
    assert told == [10, 11, pytest.approx(10.9)]
    rows = [*(circuit_hour(n, 90.0) for n in range(3)), circuit_hour(0, 10.0, "b")]
    assert day(rows, AGG_REGION_PERIOD)[0]["utilization_avg_pct"] == 70


def hours_above_a_threshold_in_total() -> None:
    (row,) = day([circuit_hour(n, v) for n, v in enumerate((70.0, 69.9, None, 95.0))])
    assert (row["utilization_warning_hours"], row["loss_warning_hours"]) == (2, None)


def hours_above_a_threshold_in_one_stretch() -> None:
    first, second = day([circuit_hour(n, 95.0) for n in (22, 23, 24, 25, 27)])
    assert first["utilization_critical_run_hours"] == 2
    assert (second["utilization_critical_hours"], second["utilization_critical_run_hours"]) == (3, 2)


def availability_and_minutes_of_a_period() -> None:
    minutes = ((60.0, 0.0, 0.0), (0.0, 20.0, 40.0), (0.0, 0.0, 60.0))
    names = ("up_minutes", "down_minutes", "unknown_minutes")
    (row,) = day([circuit_hour(n, **dict(zip(names, m, strict=True))) for n, m in enumerate(minutes)])
    assert (row["availability_pct"], row["total_minutes"], row["unknown_minutes"]) == (75, 180, 100)


def how_much_is_behind_a_figure() -> None:
    rows = [circuit_hour(n, 1.0) for n in range(3)]
    rows += [circuit_hour(n, 1.0 if n == 0 else None, "b") for n in range(3)]
    (row,) = day(rows, AGG_REGION_PERIOD)
    assert (row["circuit_count"], row["observed_hours"]) == (2, 4)


def business_hours() -> None:
    rows = [circuit_hour(n, 95.0 if 6 <= n < 10 else 10.0) for n in range(24)]
    (found,) = test_business_hours.business_period_figures(
        [test_business_hours.periods(rows)],
        "day",
        hour(0),
        hour(24),
        test_business_hours.AGG_CIRCUIT_PERIOD_BUSINESS,
    )
    row = found.collect().row(0, named=True)
    assert (row["business_hours"], row["utilization_critical_hours"]) == (12, 2)


def outages() -> None:
    told = test_outages.pieces(
        ("a", "link", 0, 10, "event"), ("a", "unknown", 10, 20, "snapshot"), ("a", "link", 20, 30, "snapshot")
    )
    row = merge_outages(told, test_outages.CIRCUITS, test_outages.UNTIL).collect().row(0, named=True)
    assert (row["duration_minutes"], row["unknown_minutes"], row["end_utc"]) == (
        30,
        10,
        test_outages.minute(30),
    )


def failovers() -> None:
    hours = [test_site_periods.site_hour(n) for n in range(48)]
    found = test_site_periods.days(hours, [test_site_periods.failover(23.5, 24.75)])
    assert [(row["failover_count"], row["failover_minutes"]) for row in found] == [(1, 30), (0, 45)]


def quality_during_a_failover() -> None:
    told = [test_failover_quality.history("q", 0, 30.0), test_failover_quality.history("q", 1, 60.0)]
    row = test_failover_quality.run(30, 75, told)
    assert (row["latency_avg_ms"], row["quality_sample_count"]) == (40, None)


def minutes_of_a_site() -> None:
    both = [test_site_hours.PRIMARY, test_site_hours.BACKUP]
    assert test_site_hours.minutes(both, [("p", "link", 0, 30), ("q", "link", 20, 40)]) == (50, 10, 0)


def failover_readiness() -> None:
    plan = {"p": (100.0, 100.0, "file"), "q": (10.0, 10.0, "file")}
    for own, load, ready in ((1, 90, True), (2, 100, False)):
        primary = test_site_hours.circuit("p", "primary", rx_bytes=8 * MEGABIT_HOUR)
        backup = test_site_hours.circuit("q", rx_bytes=own * MEGABIT_HOUR)
        row = test_site_hours.run([primary, backup], plan=plan)
        assert (row["backup_load_pct"], row["backup_can_carry"]) == (pytest.approx(load), ready)


def worse_than_usual() -> None:
    row = test_congestion.report(test_congestion.now_and(55.0, 40.0, 42.0, 44.0, 90.0))["a"]
    assert (row["usual_pct"], row["usual_mad_pct"], row["change_pct"], row["is_worse"]) == (43, 2, 12, True)
    assert row["change_sigmas"] == pytest.approx(12 / 2.9652)


def trend_and_days_until() -> None:
    told = theil_sen(test_trends.weeks({age: 54.0 - age for age in range(5)}))
    row = with_crossings(told.with_columns(
        threshold_utilization_warning=70.0, threshold_utilization_high=80.0, threshold_utilization_critical=90.0
    )).collect().row(0, named=True)  # fmt: skip
    assert (row["trend_pct_per_week"], row["trend_now_pct"], row["days_to_warning"]) == (1, 54.5, 108.5)


def chronic_offenders() -> None:
    rows = [test_chronic.day(7, "a", utilization_high_hours=24)]
    rows += [test_chronic.day(n, "b", utilization_high_hours=int(n in (2, 4, 6))) for n in range(1, 8)]
    assert [(r["circuit_id"], r["bad_days"]) for r in test_chronic.offenders(rows)] == [("b", 3)]


def top_offenders() -> None:
    frame = test_rankings.figures("flap_count", {"b": 9, "a": 9, "c": None, "d": 3})
    rows = test_rankings.top(frame, "flap_count", 10).collect().to_dicts()
    assert [(r["rank"], r["circuit_id"]) for r in rows] == [(1, "a"), (2, "b"), (3, "d")]
    assert {(r["known_circuits"], r["unknown_circuits"]) for r in rows} == {(3, 1)}


def outages_as_evidence() -> None:
    (row,) = test_sla.run([(90, 270)], [(120, 240, "works")])
    assert (row["lasted_minutes"], row["excluded_minutes"], row["counted_minutes"]) == (180, 120, 60)


def provider_scorecard() -> None:
    hours = [circuit_hour(0, up_minutes=40.0, down_minutes=20.0)]
    (row,) = test_provider_scorecard.run(hours, [("a", "link", 10, 30)], [("a", 10, 25)])
    assert (row["up_minutes"], row["down_minutes"], row["excluded_minutes"]) == (40, 5, 15)
    assert row["availability_pct"] == pytest.approx(100 * 40 / 45)


def carrier_incidents() -> None:
    told = [test_carrier_incidents.outage(c, start, 60) for c, start in (("a1", 0), ("b1", 5), ("c1", 10))]
    (row,) = test_carrier_incidents.run(told, circuits="a1 b1 c1 d1 e1 f1 g1 h1")
    assert test_carrier_incidents.spans([row]) == [(10, 60, 3)]
    assert (row["duration_minutes"], row["peak_share_pct"]) == (50, 37.5)


def alerts() -> None:
    down, up = test_alerts_states.DOWN, test_alerts_states.UP
    found = [test_alerts_states.readings((60, up), (minutes, down))["down"] for minutes in (14, 15, 60, 70)]
    assert found == [(None, False), ("high", False), ("critical", False), ("critical", False)]
    over = [test_alerts_states.readings((70, down), (minutes, up))["down"] for minutes in (9, 10)]
    assert over == [(None, False), (None, True)]


EXAMPLES = (
    bytes_of_an_hour, utilization, up_down_and_unknown_minutes, flaps, loss_jitter_and_latency_of_an_hour, severity,
    mean_maximum_and_p95_of_hours, hours_above_a_threshold_in_total, hours_above_a_threshold_in_one_stretch,
    availability_and_minutes_of_a_period, how_much_is_behind_a_figure, business_hours, outages, failovers,
    quality_during_a_failover, minutes_of_a_site, failover_readiness, worse_than_usual, trend_and_days_until,
    chronic_offenders, top_offenders, outages_as_evidence, provider_scorecard, carrier_incidents,
    alerts,
)  # fmt: skip


def test_every_section_that_computes_has_its_example() -> None:
    sections = re.findall(r"^### (.+)$", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)
    named = [re.sub(r"\W+", "_", section.lower()) for section in sections if section not in TOLD]
    assert named == [example.__name__ for example in EXAMPLES]


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_example_holds(example: Any) -> None:
    example()
