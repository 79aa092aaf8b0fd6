"""Opening hours by the store's own clock, in nights in which it changes too."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mistwan_dagster.catalog.tables import (
    AGG_CIRCUIT_PERIOD_BUSINESS,
    AGG_PROVIDER_PERIOD_BUSINESS,
    AGG_REGION_PERIOD_BUSINESS,
)
from mistwan_dagster.errors import UserError
from mistwan_dagster.kpi.business_hours import (
    OpeningHours,
    business_period_figures,
    parse_opening_hours,
    with_opening,
)
from mistwan_dagster.kpi.contract import violations
from mistwan_dagster_tests.kpi.hours import circuit_hour, hour, hourly

DAY_HOURS = parse_opening_hours("08:00-20:00")


def opened(start: datetime, count: int, zone: str | None, text: str, store_type: str | None = None) -> list:
    frame = pl.LazyFrame(
        {"hour_utc": [start + timedelta(hours=n) for n in range(count)], "timezone": zone, "store_type": store_type},
        schema={"hour_utc": pl.Datetime("us", "UTC"), "timezone": pl.String, "store_type": pl.String},
    )  # fmt: skip
    return with_opening(frame, parse_opening_hours(text)).collect()["is_open"].to_list()


def utc_hours(flags: list) -> list[int]:
    return [n for n, flag in enumerate(flags) if flag]


WINTER = datetime(2025, 1, 15, tzinfo=UTC)


def test_the_hours_of_the_stores_own_clock_count():
    # 08:00 in Los Angeles is 16:00 UTC in winter and 15:00 in summer; the evening is already the next UTC day.
    assert utc_hours(opened(WINTER, 24, "America/Los_Angeles", "08:00-20:00")) == [*range(4), *range(16, 24)]
    summer = datetime(2025, 7, 15, tzinfo=UTC)
    assert utc_hours(opened(summer, 24, "America/Los_Angeles", "08:00-20:00")) == [*range(3), *range(15, 24)]
    assert utc_hours(opened(WINTER, 24, "UTC", "08:00-20:00")) == list(range(8, 20))


def test_a_night_in_which_clocks_change_has_an_hour_less_or_more():
    # Chicago leaves 02:00 CST for 03:00 CDT on 2025-03-09 at 08:00 UTC, and goes back on 2025-11-02 at 07:00 UTC.
    spring, autumn = datetime(2025, 3, 9, tzinfo=UTC), datetime(2025, 11, 2, tzinfo=UTC)
    assert utc_hours(opened(spring, 24, "America/Chicago", "00:00-06:00")) == [6, 7, 8, 9, 10]
    assert utc_hours(opened(autumn, 24, "America/Chicago", "00:00-06:00")) == [5, 6, 7, 8, 9, 10, 11]


def test_over_midnight_half_hour_clocks_and_the_whole_day():
    assert utc_hours(opened(WINTER, 24, "UTC", "22:00-04:00")) == [0, 1, 2, 3, 22, 23]
    # In Kolkata (+05:30) the hour from 07:30 to 08:30 has its middle at 08:00, that from 19:30 at 20:00.
    assert utc_hours(opened(WINTER, 24, "Asia/Kolkata", "08:00-20:00")) == list(range(2, 14))
    assert utc_hours(opened(WINTER, 24, "UTC", "08:30-17:30")) == list(range(8, 17))
    assert all(opened(WINTER, 24, "UTC", "00:00-24:00"))


def test_a_store_type_has_hours_of_its_own():
    text = "08:00-20:00; Express=06:00-24:00"
    assert len(utc_hours(opened(WINTER, 24, "UTC", text, "Express"))) == 18
    assert len(utc_hours(opened(WINTER, 24, "UTC", text, "Standard"))) == 12
    assert len(utc_hours(opened(WINTER, 24, "UTC", text, None))) == 12


@pytest.mark.parametrize("zone", [None, "", "Mars/Olympus"])
def test_an_unknown_time_zone_is_neither_open_nor_closed(zone: str | None):
    assert opened(WINTER, 3, zone, "08:00-20:00") == [None, None, None]


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["America/New_York", "Europe/London", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"]),
    st.datetimes(datetime(2024, 1, 1), datetime(2026, 1, 1)),
    st.integers(0, 1439),
    st.integers(0, 1440),
)
def test_against_the_clock_of_the_standard_library(zone: str, instant: datetime, opens: int, closes: int):
    if opens == closes:
        return
    start = instant.replace(minute=0, second=0, microsecond=0, tzinfo=UTC)
    frame = pl.LazyFrame(
        {"hour_utc": [start], "timezone": [zone], "store_type": [None]},
        schema={"hour_utc": pl.Datetime("us", "UTC"), "timezone": pl.String, "store_type": pl.String},
    )
    found = with_opening(frame, OpeningHours((opens, closes))).collect()["is_open"].item()
    middle = (start + timedelta(minutes=30)).astimezone(ZoneInfo(zone))
    minute = middle.hour * 60 + middle.minute
    expected = opens <= minute < closes if opens < closes else minute >= opens or minute < closes
    assert found == expected


@pytest.mark.parametrize(
    "text",
    ["", "8-20", "08:00", "08:00-08:00", "08:61-20:00", "24:00-20:00", "08:00-25:00", "Express=06:00-24:00",
     "08:00-20:00; 09:00-21:00", "08:00-20:00; =06:00-24:00", "08:00-20:00; A=06:00-22:00; A=06:00-23:00"],
)  # fmt: skip
def test_a_wrong_setting_is_named_with_its_mend(text: str):
    with pytest.raises(UserError, match=r"MISTWAN_BUSINESS_HOURS: .*expected 08:00-20:00") as raised:
        parse_opening_hours(text)
    assert raised.value.exit_code == 2


def periods(rows: list[dict[str, Any]], zone: str | None = "UTC") -> pl.LazyFrame:
    frame = hourly(rows).with_columns(timezone=pl.lit(zone, pl.String), store_type=pl.lit(None, pl.String))
    return with_opening(frame, DAY_HOURS)


def test_figures_are_those_of_the_open_hours_and_a_run_ends_when_the_store_closes():
    # Busy from 06:00 to 09:59 and from 19:00 to 21:59; open are 08, 09 and 19.
    busy = [6, 7, 8, 9, 19, 20, 21]
    rows = [circuit_hour(n, 95.0 if n in busy else 10.0, down_minutes=float(n == 3)) for n in range(24)]
    (found,) = business_period_figures([periods(rows)], "day", hour(0), hour(24), AGG_CIRCUIT_PERIOD_BUSINESS)
    assert violations(found, AGG_CIRCUIT_PERIOD_BUSINESS) == {}
    (row,) = found.collect().to_dicts()
    assert (row["utilization_critical_hours"], row["utilization_critical_run_hours"]) == (3, 2)
    assert (row["business_hours"], row["unknown_timezone_hours"], row["observed_hours"]) == (12, 0, 12)
    assert (row["down_minutes"], row["total_minutes"], row["site_id"]) == (0, 720, "s1")
    assert row["utilization_avg_pct"] == pytest.approx((3 * 95 + 9 * 10) / 12)


def test_a_site_without_a_time_zone_has_null_figures_and_its_hours_are_counted():
    known = periods([circuit_hour(n, 50.0) for n in range(24)])
    unknown = periods([circuit_hour(n, 90.0, "b") for n in range(24)], None)
    both = pl.concat([known, unknown])
    circuits, found = business_period_figures(
        [both], "day", hour(0), hour(24), AGG_CIRCUIT_PERIOD_BUSINESS, AGG_REGION_PERIOD_BUSINESS
    )
    b = circuits.collect().to_dicts()[1]
    assert (b["circuit_id"], b["region"], b["business_hours"], b["unknown_timezone_hours"]) == (
        "b",
        "North",
        0,
        24,
    )
    assert (b["utilization_avg_pct"], b["up_minutes"], b["availability_pct"]) == (None, None, None)
    assert violations(found, AGG_REGION_PERIOD_BUSINESS) == {}
    (region,) = found.collect().to_dicts()
    assert (region["utilization_avg_pct"], region["circuit_count"]) == (50, 1)
    assert (region["business_hours"], region["unknown_timezone_hours"]) == (12, 24)


def test_providers_are_pooled_like_regions_and_circuits_without_one_are_in_none():
    rows = [
        circuit_hour(n, load, circuit, provider=provider)
        for n in range(24)
        for circuit, load, provider in (("a", 20.0, "Acme"), ("b", 60.0, "Acme"), ("c", 99.0, None))
    ]
    (found,) = business_period_figures(
        [periods(rows)], "day", hour(0), hour(24), AGG_PROVIDER_PERIOD_BUSINESS
    )
    assert violations(found, AGG_PROVIDER_PERIOD_BUSINESS) == {}
    (acme,) = found.collect().to_dicts()
    assert (acme["provider"], acme["circuit_count"], acme["business_hours"]) == ("Acme", 2, 24)
    assert (acme["utilization_avg_pct"], acme["total_minutes"]) == (40, 24 * 60)
