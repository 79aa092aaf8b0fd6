"""The daily report says what a query of the same warehouse says, and does not say what is not known."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from mistwan_dagster.reporting.asking import Pinned
from mistwan_dagster.reporting.daily import daily_report
from mistwan_dagster.reporting.daily_data import ask_day
from mistwan_dagster.reporting.document import Block, Picture, Report, Statement, Table, Tiles
from mistwan_dagster.wording import percent
from mistwan_dagster_tests.dashboard.made import hour

from .conftest import HOSTILE, LEAP_DAY, MAIN, RULES, Rows, nothing_but, rows


def told(pinned: Pinned, day: datetime = LEAP_DAY) -> Report:
    return daily_report(ask_day(pinned, day, RULES), RULES)


def blocks(report: Report, title: str) -> tuple[Block, ...]:
    return next(s.blocks for s in report.sections if s.title == title)


def table(report: Report, title: str, place: int = 0) -> list[dict[str, str]]:
    block = blocks(report, title)[place]
    assert isinstance(block, Table), block
    titles = [h.title for h in block.headings]
    return [dict(zip(titles, row, strict=True)) for row in block.rows]


def tiles(report: Report, title: str) -> dict[str, tuple[str, str, str]]:
    found = [b for b in blocks(report, title) if isinstance(b, Tiles)]
    return {t.label: (t.value, t.note, t.tone) for b in found for t in b.tiles}


def statements(report: Report, title: str) -> list[tuple[str, str]]:
    return [(b.state, b.text) for b in blocks(report, title) if isinstance(b, Statement)]


def test_the_tiles_are_what_queries_tell(pinned: Pinned, daily: Report) -> None:
    found = tiles(daily, "The day in figures")
    (available,) = pinned.query(
        "SELECT 100 * sum(up_minutes) / (sum(up_minutes) + sum(down_minutes)) FROM agg_region_period "
        "WHERE period = 'day' AND period_start_utc = '2024-02-29'"
    ).row(0)
    # 3 circuits and 22 hours: 3520 known of 3960 minutes, and 2 hours * 3 circuits * 60 that nobody looked at.
    assert found["Availability of circuits"] == (
        percent(available, 3), f"of {percent(100 * 3520 / 4320, 1)} observed; day before 100.000 %", "bad",
    )  # fmt: skip
    assert percent(available, 3) == "98.579 %"
    assert found["Outages"] == ("2", "2 began in the day", "plain")
    assert found["Sites cut off"] == ("1", "for 7 min", "plain")
    assert found["Failovers"] == ("1", "1 began in the day", "plain")
    assert found["Circuits congested"] == ("1", "of 1 with a utilization", "plain")
    assert found["Circuits of poor quality"][0] == "1"
    assert found["Chronic offenders"][0] == "1"
    assert found["Hours without data"] == ("2", "of 24", "bad")


def test_the_tables_name_what_happened(daily: Report) -> None:
    report = daily
    assert report.organization == "Groceries & Co"
    assert dict(report.about)["Figures"] == "29 Feb 00:00 to 01 Mar 00:00 UTC"
    north = table(report, "Regions")[0]
    assert (north["Region"], north["Availability"], north["Observed"]) == ("North", "▼ 98.106 %", "91.6 %")
    assert (north["Outages"], north["Failovers"], north["Congested"], north["Utilization"]) == (
        "1",
        "1",
        "1",
        "42.5 %",
    )
    assert north["Latency"] == "–"
    assert [(o["Circuit"], o["To"], o["In the day"]) for o in table(report, "Outages", 1)] == [
        (f"{HOSTILE} ge-0/0/0", "lasts on", "1 h 00 min"), ("Acme ge-0/0/0", "29 Feb 10:50", "50 min"),
    ]  # fmt: skip
    (failover,) = table(report, "Failovers")
    assert (failover["Cause"], failover["Backup"], failover["Loss"]) == (
        "link down", "Best ge-0/0/1", "0.50 % (0.10)"
    )  # fmt: skip
    (busy,) = table(report, "Congestion")
    assert (busy["Critical"], busy["Longest run"], busy["Highest"]) == ("1 h", "1 h", "95.0 %")
    (poor,) = table(report, "Quality")
    assert (poor["Loss"], poor["Jitter"]) == ("4 h, 0.25 %", "–")
    (chronic,) = table(report, "Chronic offenders")
    assert (chronic["Reason"], chronic["Bad days"]) == ("flaps", "4 of 6 observed")
    (metric,) = table(report, "Service levels (SLE)")
    assert (metric["Mean score"], metric["Hours with a score"], metric["Hours below 90 %"]) == (
        "80.0 %",
        "3",
        "1",
    )
    assert [(a["Severity"], a["Alarms"], a["Open when last read"]) for a in table(report, "Alarms raised")] == [
        ("critical", "1", "1"), ("warn", "2", "1"),
    ]  # fmt: skip


def test_what_was_not_observed_is_said(daily: Report) -> None:
    report = daily
    gaps = statements(report, "What was not observed")
    assert gaps[0][0] == "no-data"
    assert gaps[0][1].startswith("Nothing was collected in 2 hours: 05:00, 06:00.")
    assert gaps[1][1].startswith("1 known circuit at 1 site had no hour in this day")
    (unheard,) = table(report, "What was not observed", 2)
    assert (unheard["Site"], unheard["State unknown"], unheard["Of all its circuit time"]) == (
        HOSTILE, "7 h 20 min", "33.3 %",
    )  # fmt: skip
    picture = blocks(report, "The day in figures")[1]
    assert isinstance(picture, Picture)
    assert "2 hours without data are hatched" in picture.alt


def test_nothing_to_tell_looks_different_from_no_data(varied: Callable[[Rows], Pinned]) -> None:
    quiet = {
        "fact_circuit_outage": [], "fact_failover": [], "rpt_chronic_offenders": [], "fact_alarm": [],
        "agg_site_period": [{"site_id": "1", "period": "day", "period_start_utc": LEAP_DAY}],
    }  # fmt: skip
    report = told(varied(quiet))
    assert statements(report, "Outages") == [
        ("clear", "No site was cut off: at each a circuit was up whenever it was observed."),
        ("clear", "No circuit was seen down or unreachable."),
    ]
    assert statements(report, "Failovers")[0][0] == "clear"
    assert statements(report, "Chronic offenders")[0][0] == "clear"
    assert statements(report, "Alarms raised") == [("clear", "Mist raised no alarm.")]
    assert tiles(report, "The day in figures")["Outages"] == ("0", "", "good")


def test_a_day_of_which_nothing_is_known_says_so_everywhere(varied: Callable[[Rows], Pinned]) -> None:
    report = told(varied(nothing_but("dim_site")), LEAP_DAY - timedelta(days=200))
    assert dict(report.about)["Figures"] == "no hour of the day is known"
    assert {value for value, _, _ in tiles(report, "The day in figures").values()} == {"–"}
    for section in report.sections[1:]:
        assert {state for state, _ in statements(report, section.title)} == {"no-data"}, section.title


def test_hours_that_are_no_longer_kept_are_not_hours_without_data(varied: Callable[[Rows], Pinned]) -> None:
    old: Rows = {"fact_circuit_hour": [hour(MAIN, "1", LEAP_DAY + timedelta(days=500))]}
    report = told(varied(old))
    assert statements(report, "The day in figures") == [
        ("no-data", "The hourly figures of this day are no longer kept.")
    ]
    assert tiles(report, "The day in figures")["Availability of circuits"][0] == "98.579 %"
    assert tiles(report, "The day in figures")["Hours without data"][0] == "–"
    assert table(report, "Outages", 1)[0]["In the day"] == "1 h 00 min"


def test_a_day_that_goes_on_is_told_so_far(varied: Callable[[Rows], Pinned]) -> None:
    noon = LEAP_DAY + timedelta(hours=12)
    hours = [h for h in rows()["fact_circuit_hour"] if h["hour_utc"] < noon]
    report = told(varied({"fact_circuit_hour": hours}))
    assert dict(report.about)["Figures"] == "so far: 29 Feb 00:00 to 29 Feb 12:00 UTC"
    assert tiles(report, "The day in figures")["Hours without data"] == ("2", "of 12", "bad")


def test_long_lists_tell_how_many_there_are(varied: Callable[[Rows], Pinned]) -> None:
    many = [
        {"site_id": "1", "circuit_id": f"aa:{i}", "start_utc": LEAP_DAY + timedelta(minutes=i), "kind": "link",
         "evidence": "event", "end_utc": LEAP_DAY + timedelta(hours=3)}
        for i in range(40)
    ]  # fmt: skip
    block = blocks(told(varied({"fact_circuit_outage": many})), "Outages")[1]
    assert isinstance(block, Table)
    assert block.note == "15 of 40, longest first"
    assert block.rows[0][2] == "0"
