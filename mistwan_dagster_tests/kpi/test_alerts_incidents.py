"""Alerts over several looks: hand-worked, and against a slow obvious reference."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mistwan_dagster.catalog.alert_tables import FACT_ALERT, FACT_ALERT_BREACH
from mistwan_dagster.catalog.columns import LEVELS
from mistwan_dagster.kpi.alerts_incidents import OBSERVED, Alerts, step
from mistwan_dagster.kpi.contract import violations

START = datetime(2025, 1, 1, tzinfo=UTC)
LOOK = timedelta(minutes=5)
NONE = Alerts(FACT_ALERT.empty(), FACT_ALERT_BREACH.empty())
SITES = {"a1": ("A", "Acme"), "a2": ("A", "Bell"), "b1": ("B", "Acme"), "c1": ("C", "Acme")}
"""circuit -> site, provider; all are in the area North."""


def seen(
    circuit: str, state: str, hit: bool = False, silenced: bool = False, rule: str = "outage"
) -> dict[str, Any]:
    """`state`: a severity, `over`, or `?` (unknown, or between both)."""
    site, provider = SITES[circuit]
    severity = state if state in LEVELS else None
    return {"rule": rule, "signal": "down", "subject": circuit, "severity": severity, "recovered": state == "over",
            "since_utc": START if severity else None, "value": 15.0 if severity else None, "scope": "site",
            "site_id": site, "region": "North", "provider": provider, "area": "North", "in_incident": hit,
            "silenced": silenced}  # fmt: skip


def look(known: Alerts, number: int, *rows: dict[str, Any]) -> Alerts:
    """The circuits that `rows` do not name are unknown."""
    named = {r["subject"] for r in rows}
    others = [seen(c, "?") for c in SITES if c not in named]
    observed = pl.DataFrame([*rows, *others], schema=OBSERVED)
    now = START + number * LOOK
    found = step(known, observed, now)
    for table, frame in ((FACT_ALERT, found.alerts), (FACT_ALERT_BREACH, found.breaches)):
        assert violations(frame.lazy(), table) == {}
        assert frame.schema == pl.Schema(table.schema)
    again = step(found, observed, now)
    assert again.alerts.equals(found.alerts)
    assert again.breaches.equals(found.breaches)
    return found


def number(instant: datetime | None) -> int | None:
    return None if instant is None else round((instant - START) / LOOK)


def short(known: Alerts) -> list[tuple]:
    """scope, place, opened, closed, severity, circuits so far."""
    rows = known.alerts.sort("opened_utc", "scope", "site_id").to_dicts()
    return [
        (r["scope"], r["site_id"] or r["provider"] or r["subject"], number(r["opened_utc"]), number(r["closed_utc"]),
         r["severity"], r["circuit_count"])
        for r in rows
    ]  # fmt: skip


def test_circuits_of_a_site_make_one_alert_that_closes_with_the_last() -> None:
    known = look(NONE, 1, seen("a1", "high"))
    assert short(known) == [("site", "A", 1, None, "high", 1)]
    known = look(known, 2, seen("a1", "high"), seen("a2", "high"))
    assert short(known) == [("site", "A", 1, None, "high", 2)]
    known = look(known, 3, seen("a1", "over"), seen("a2", "high"))
    assert short(known) == [("site", "A", 1, None, "high", 2)]
    assert known.alerts["open_circuit_count"].to_list() == [1]
    known = look(known, 4, seen("a1", "over"), seen("a2", "over"))
    assert short(known) == [("site", "A", 1, 4, "high", 2)]
    assert known.alerts["close_reason"].to_list() == ["recovered"]


def test_what_is_unknown_keeps_an_alert_open_and_opens_none() -> None:
    known = look(NONE, 1, seen("a1", "?"))
    assert short(known) == []
    known = look(look(known, 2, seen("a1", "high")), 3, seen("a1", "?"))
    assert short(known) == [("site", "A", 2, None, "high", 1)]


def test_a_severity_only_rises() -> None:
    known = look(look(NONE, 1, seen("a1", "high")), 2, seen("a1", "critical"))
    assert short(known) == [("site", "A", 1, None, "critical", 1)]
    known = look(known, 3, seen("a1", "high"))
    assert short(known) == [("site", "A", 1, None, "critical", 1)]


def test_at_the_edge_nothing_flaps_until_it_is_over_and_then_it_is_another_incident() -> None:
    known = look(NONE, 1, seen("a1", "high"))
    for n, state in enumerate(["?", "high", "?", "high"], start=2):
        known = look(known, n, seen("a1", state))
    assert short(known) == [("site", "A", 1, None, "high", 1)]
    known = look(look(known, 6, seen("a1", "over")), 7, seen("a1", "high"))
    assert short(known) == [("site", "A", 1, 6, "high", 1), ("site", "A", 7, None, "high", 1)]
    assert known.alerts["alert_id"].n_unique() == 2


def test_stores_of_a_carrier_incident_make_one_alert() -> None:
    rows = [seen(c, "high", hit=True) for c in ("a1", "b1", "c1")]
    known = look(NONE, 1, *rows, seen("a2", "high"))
    assert short(known) == [("provider", "Acme", 1, None, "high", 3), ("site", "A", 1, None, "high", 1)]
    incident = known.alerts.filter(scope="provider").to_dicts()[0]
    assert (incident["site_count"], incident["region"], incident["area"]) == (3, "North", "North")


def test_an_alert_of_a_site_moves_into_that_of_its_provider_and_comes_back_never() -> None:
    known = look(NONE, 1, seen("a1", "high"))
    rows = [seen(c, "high", hit=True) for c in ("a1", "b1", "c1")]
    known = look(known, 2, *rows)
    assert short(known) == [("site", "A", 1, 2, "high", 1), ("provider", "Acme", 2, None, "high", 3)]
    closed, taking = known.alerts.sort("opened_utc").to_dicts()
    assert (closed["close_reason"], closed["merged_into"]) == ("merged", taking["alert_id"])
    # The incident is over, one store is still down: it stays where it is.
    known = look(known, 3, seen("a1", "critical"), seen("b1", "over"), seen("c1", "over"))
    assert short(known)[1] == ("provider", "Acme", 2, None, "critical", 3)
    known = look(known, 4, seen("a1", "over"))
    assert short(known)[1] == ("provider", "Acme", 2, 4, "critical", 3)


def test_an_alert_moves_into_that_of_its_own_rule() -> None:
    both, many = ("outage", "west_outage"), ("a1", "b1", "c1")
    known = look(NONE, 1, *(seen(c, "high", rule=r) for c in many for r in both))
    known = look(known, 2, *(seen(c, "high", hit=True, rule=r) for c in many for r in both))
    rules = dict(known.alerts.select("alert_id", "rule").iter_rows())
    merged = known.alerts.filter(close_reason="merged")
    assert merged.height == 6
    assert [rules[into] for into in merged["merged_into"]] == merged["rule"].to_list()


def test_a_site_with_another_circuit_in_breach_keeps_its_alert() -> None:
    known = look(NONE, 1, seen("a1", "high"), seen("a2", "high"))
    known = look(known, 2, seen("a1", "high", hit=True), seen("a2", "high"), seen("b1", "high", hit=True))
    assert short(known) == [("site", "A", 1, None, "high", 2), ("provider", "Acme", 2, None, "high", 2)]
    assert known.alerts.filter(scope="site")["open_circuit_count"].to_list() == [1]


def test_a_circuit_that_is_unknown_does_not_move() -> None:
    known = look(
        look(NONE, 1, seen("a1", "high")), 2, seen("a1", "?", hit=True), seen("b1", "high", hit=True)
    )
    assert short(known) == [("site", "A", 1, None, "high", 1), ("provider", "Acme", 2, None, "high", 1)]


def test_maintenance_silences_until_something_outside_of_it_is_in_breach() -> None:
    def flags(known: Alerts) -> list[tuple]:
        return [(r["silenced"], number(r["announced_utc"])) for r in known.alerts.to_dicts()]

    known = look(NONE, 1, seen("a1", "high", silenced=True))
    assert flags(known) == [(True, None)]
    known = look(known, 2, seen("a1", "high", silenced=True), seen("a2", "high"))
    assert flags(known) == [(False, 2)]
    known = look(known, 3, seen("a1", "high", silenced=True), seen("a2", "over"))
    assert flags(known) == [(True, 2)]
    known = look(known, 4, seen("a1", "high"))
    assert flags(known) == [(False, 2)]
    late = look(look(NONE, 1, seen("a1", "high", silenced=True)), 2, seen("a1", "?"))
    assert flags(late) == [(True, None)], "the window is over, and nothing bad was seen since"
    assert flags(look(late, 3, seen("a1", "over"))) == [(False, None)]
    assert flags(look(late, 3, seen("a1", "high"))) == [(False, 3)]
    over = look(look(NONE, 1, seen("a1", "high", silenced=True)), 2, seen("a1", "over", silenced=True))
    assert flags(over) == [(False, None)]


def test_a_circuit_or_rule_that_is_no_more_closes_what_it_had_open() -> None:
    known = look(NONE, 1, seen("a1", "high"))
    found = step(known, pl.DataFrame([seen("b1", "?")], schema=OBSERVED), START + 2 * LOOK)
    assert found.alerts.select("closed_utc", "close_reason").row(0) == (START + 2 * LOOK, "gone")
    other = step(known, pl.DataFrame([seen("a1", "high", rule="dead")], schema=OBSERVED), START + 2 * LOOK)
    assert sorted(other.alerts["rule"]) == ["dead", "outage"]


def test_the_platform_is_a_place_of_its_own() -> None:
    row = {"rule": "disk_low", "signal": "disk_low", "subject": "disk", "severity": "critical", "recovered": False,
           "scope": "platform", "in_incident": False, "silenced": False, "text": "5 % left"}  # fmt: skip
    found = step(NONE, pl.DataFrame([row], schema=OBSERVED), START)
    (alert,) = found.alerts.to_dicts()
    assert (alert["scope"], alert["subject"], alert["text"]) == ("platform", "disk", "5 % left")
    assert (alert["circuit_count"], alert["site_count"], alert["region"]) == (0, 0, None)
    assert alert["since_utc"] == START
    later = {**row, "value": 4.0, "text": "4 % left"}
    again = step(found, pl.DataFrame([later], schema=OBSERVED), START + LOOK)
    assert again.alerts.equals(found.alerts), (
        "what was told when it opened stays, or each look would publish anew"
    )


def test_a_kill_between_the_two_writes_is_made_up_for() -> None:
    before = look(NONE, 1, seen("a1", "high"))
    opened = look(before, 2, seen("a1", "high"), seen("b1", "high"))
    half = Alerts(before.alerts, opened.breaches)
    assert short(look(half, 3, seen("a1", "high"), seen("b1", "high"))) == [
        ("site", "A", 1, None, "high", 1),
        ("site", "B", 3, None, "high", 1),
    ]
    closed = look(before, 2, seen("a1", "over"))
    half = Alerts(before.alerts, closed.breaches)
    assert short(look(half, 3, seen("a1", "over"))) == [("site", "A", 1, 3, "high", 1)]


def test_a_clock_that_stands_still_or_goes_back_makes_no_row_twice() -> None:
    known = NONE
    for state in ("high", "over", "high", "over"):
        known = look(known, 1, seen("a1", state), seen("a2", "high"))
    assert len(short(known)) == 1
    for state in ("over", "high", "over", "high"):
        known = look(known, 0, seen("a1", state), seen("a2", state))
    assert known.alerts["alert_id"].n_unique() == len(short(known)) == 3


# --- against a reference -------------------------------------------------------------------------------


@dataclass
class Plain:
    """An alert as a person would keep it."""

    place: tuple
    opened: int
    inside: set[str] = field(default_factory=set)
    ever: set[str] = field(default_factory=set)
    severity: int = 0
    closed: int | None = None
    announced: int | None = None
    silenced: bool = False
    quiet: set[str] = field(default_factory=set)


def plainly(looks: list[dict[str, dict[str, Any]]]) -> list[Plain]:
    alerts: list[Plain] = []
    for n, rows in enumerate(looks, start=1):
        open_now = [a for a in alerts if a.closed is None]
        for alert in open_now:
            for circuit in sorted(alert.inside):
                row = rows.get(circuit)
                moved = row and alert.place[0] == "site" and row["in_incident"] and row["severity"]
                if row is None or row["recovered"] or moved:
                    alert.inside.discard(circuit)
        taken = {c for a in open_now for c in a.inside}
        for circuit, row in rows.items():
            if row["severity"] is None:
                continue
            if circuit not in taken:
                of_provider = ("provider", row["provider"], row["area"])
                place = of_provider if row["in_incident"] else ("site", row["site_id"])
                found = next((a for a in alerts if a.closed is None and a.place == place), None)
                if found is None:
                    found = Plain(place, n)
                    alerts.append(found)
                found.inside.add(circuit)
                found.ever.add(circuit)
            for alert in alerts:
                if alert.closed is None and circuit in alert.inside:
                    alert.severity = max(alert.severity, LEVELS.index(row["severity"]))
        for alert in alerts:
            if alert.closed is not None:
                continue
            if not alert.inside:
                alert.closed, alert.silenced = n, False
                continue
            for circuit in alert.inside:
                if rows[circuit]["silenced"]:
                    alert.quiet.add(circuit)
                elif rows[circuit]["severity"]:
                    alert.quiet.discard(circuit)
            alert.silenced = alert.inside <= alert.quiet
            if not alert.silenced and alert.announced is None:
                alert.announced = n
    return alerts


ROW = st.tuples(st.sampled_from(["?", "?", "high", "critical", "over", "over"]), st.booleans(), st.booleans())
LOOKS = st.lists(st.dictionaries(st.sampled_from(sorted(SITES)), ROW), min_size=1, max_size=8)


@settings(max_examples=60, deadline=None)
@given(LOOKS)
@example([{"a2": ("high", False, False)}, {"a2": ("critical", True, False)}])
def test_it_is_what_a_plain_reference_finds(drawn: list[dict[str, tuple[str, bool, bool]]]) -> None:
    looks = [{c: seen(c, *row) for c, row in one.items()} for one in drawn]
    known = NONE
    for n, rows in enumerate(looks, start=1):
        known = step(known, pl.DataFrame(list(rows.values()), schema=OBSERVED), START + n * LOOK)
    found = [
        (
            ("site", r["site_id"]) if r["scope"] == "site" else ("provider", r["provider"], r["area"]),
            number(r["opened_utc"]), number(r["closed_utc"]), r["severity"], r["circuit_count"],
            r["open_circuit_count"], number(r["announced_utc"]), r["silenced"],
        )
        for r in known.alerts.to_dicts()
    ]  # fmt: skip
    expected = [
        (a.place, a.opened, a.closed, LEVELS[a.severity], len(a.ever), len(a.inside), a.announced, a.silenced)
        for a in plainly(looks)
    ]
    assert sorted(found, key=str) == sorted(expected, key=str)
