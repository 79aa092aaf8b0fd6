"""The monthly report says what a query of the same warehouse says: month, month before, 13 months."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from mistwan_dagster.reporting.asking import Minutes, Pinned
from mistwan_dagster.reporting.document import Picture, Report, Table
from mistwan_dagster.reporting.monthly import monthly_report
from mistwan_dagster.reporting.monthly_data import Month, ask_month
from mistwan_dagster.wording import percent

from .conftest import FEBRUARY, HOSTILE, RULES, Rows, nothing_but, rows
from .test_daily import blocks, statements, table, tiles

POOLED = (
    "SELECT 100 * sum(up_minutes) / (sum(up_minutes) + sum(down_minutes)) FROM agg_region_period "
    "WHERE period = 'month' AND period_start_utc "
)


def told(pinned: Pinned, month: datetime = FEBRUARY) -> Report:
    return monthly_report(ask_month(pinned, month), RULES)


def test_the_tiles_are_what_queries_tell(pinned: Pinned, monthly: Report) -> None:
    found = tiles(monthly, "Health")
    now = pinned.query(f"{POOLED} = '2024-02-01'").item()
    before = pinned.query(f"{POOLED} = '2024-01-01'").item()
    year = pinned.query(f"{POOLED} >= '2023-02-01' AND period_start_utc < '2024-03-01'").item()
    value, note, tone = found["Availability of circuits"]
    assert (value, tone) == (percent(now, 3), "good")
    assert (percent(now, 3), percent(before, 3)) == ("99.629 %", "99.686 %")
    assert note.endswith(f"observed; month before {percent(before, 3)}")
    assert found["13 months"][0] == percent(year, 3)
    assert found["13 months"][1].endswith("observed, 2 months with data")
    assert found["In opening hours"][0] == percent(100 * 41000 / 41400, 3)
    assert statements(monthly, "Health")[0] == (
        "note",
        "The target of 99.50 % was met: 99.629 % of the observed time circuits were up, 0.057 points below the month "
        "before. 1 region of 2 missed it.",
    )
    assert found["In opening hours"][2] == "bad"
    assert found["Outages"] == ("3", "began in the month; month before 1", "plain")
    assert found["Failovers"] == ("1", "began in the month; month before 0", "plain")
    assert found["Sites cut off"] == ("1", "for 1 h 35 min", "plain")
    assert found["Circuits congested"] == ("1", "of 1 with a utilization", "plain")
    assert found["Mean utilization"] == ("42.5 %", "month before 30.0 %", "plain")


def test_hours_of_the_month_without_data_lower_what_was_observed(month: Month, monthly: Report) -> None:
    missing = 29 * 24 - 22
    assert month.missing_hours(FEBRUARY, month.end) == missing
    known = 83000 + 420 + 30000
    assert month.course[-1].observed_pct == 100 * known / (known + 100 + 11760 + missing * 60 * 3)
    assert month.course[-2].observed_pct == 100.0  # hours of January are no longer kept
    assert month.by_day[28] == (datetime(2024, 2, 29), Minutes(3470.0, 50.0, 440.0, 2 * 60 * 3))
    assert month.by_day[27][1].gaps == 24 * 60 * 2
    ((state, text),) = statements(monthly, "How to read this")
    assert state == "note"
    assert "In 674 hours of 696 nothing was collected" in text


def test_regions_and_providers_stand_beside_the_month_before(monthly: Report) -> None:
    report = monthly
    north, west = table(report, "Regions compared", 1)
    assert (north["Region"], north["Availability"], north["Latency"]) == ("North", "▼ 99.496 %", "21.2 ms")
    assert west["Region"] == HOSTILE
    assert west["Availability"] == "100.000 %"
    assert (north["Down"], west["Observed"]) == ("7 h 00 min", "36.4 %")
    acme, best = table(report, "Providers")
    assert (acme["Provider"], acme["Availability"], acme["Change"]) == (HOSTILE, "▼ 99.250 %", "-0.250")
    assert (acme["Outages"], acme["Restored in (median)"]) == ("3 (1 last)", "1 h 01 min")
    assert (best["Availability"], best["Change"], best["Observed"]) == ("–", "–", "–")


def test_incidents_offenders_and_readiness(monthly: Report) -> None:
    report = monthly
    (incident,) = table(report, "Carrier incidents")
    assert (incident["Circuits"], incident["Lasted"], incident["Peak share"]) == (
        "5 of 9",
        "2 h 00 min",
        "55 %",
    )
    down = table(report, "Top offenders")
    assert [(r["Circuit"], r["Longest down"]) for r in down] == [("Acme ge-0/0/0", "7 h 00 min")]
    first = blocks(report, "Top offenders")[0]
    assert isinstance(first, Table)
    assert first.title == "Longest down: 1 circuit of 2 of which it is known"
    ready = tiles(report, "Failover readiness")
    assert [value for value, _, _ in ready.values()] == ["0", "1", "1"]
    (site,) = table(report, "Failover readiness", 1)
    assert (site["Ready"], site["Not ready"], site["Backup"]) == ("93.7 %", "40 h", "Best ge-0/0/1")


def test_the_course_has_thirteen_months_and_every_day_of_a_leap_february(monthly: Report) -> None:
    year, days = (b for b in blocks(monthly, "Health") if isinstance(b, Picture))
    assert "11 without data are hatched" in year.alt
    assert "27 without data are hatched" in days.alt  # 29 days, two of them with figures


def test_a_month_of_which_nothing_is_known_says_so_everywhere(varied: Callable[[Rows], Pinned]) -> None:
    report = told(varied(nothing_but("dim_site")))
    assert {value for value, _, _ in tiles(report, "Health").values()} == {"–"}
    for section in report.sections[:-1]:
        assert {state for state, _ in statements(report, section.title)} <= {"no-data", "note"}, section.title
        assert "no-data" in {state for state, _ in statements(report, section.title)}


def test_a_month_without_incidents_is_clear(varied: Callable[[Rows], Pinned]) -> None:
    report = told(varied({"rpt_carrier_incident": []}))
    assert statements(report, "Carrier incidents") == [("clear", "No carrier incident began in this month.")]


def test_a_month_that_goes_on_is_judged_so_far(varied: Callable[[Rows], Pinned]) -> None:
    noon = datetime(2024, 2, 29, 12)
    report = told(
        varied({"fact_circuit_hour": [h for h in rows()["fact_circuit_hour"] if h["hour_utc"] < noon]})
    )
    assert dict(report.about)["Figures"] == "so far: 01 Feb to 29 Feb 12:00 UTC"
    assert statements(report, "Health")[0][1].startswith("The target of 99.50 % is met so far: 99.629 %")
