from datetime import timedelta
from pathlib import Path

from mistwan_dagster.dashboard.data import engineering
from mistwan_dagster_tests.dashboard.made import LAST, NEWEST, fleet

HOUR = timedelta(hours=1)


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


def test_worse_than_usual_and_chronic_circuits_are_listed_though_nothing_is_wrong_this_hour(
    tmp_path: Path,
) -> None:
    problems = engineering.problem_circuits(fleet(tmp_path))
    assert engineering.worse(problems).select("circuit_id", "change_pct", "usual_pct").rows() == [
        ("a:busy", 50.0, 30.0)
    ]
    chronic = engineering.chronic(problems)
    assert chronic.select("circuit_id", "chronic_reason", "bad_days", "chronic_reasons").rows() == [
        ("b:unheard", "flaps", 5, 2), ("a:busy", "loss", 3, 1),
    ]  # fmt: skip


def test_another_region_has_none_of_these(tmp_path: Path) -> None:
    problems = engineering.problem_circuits(fleet(tmp_path), "South")
    assert sorted(problems["circuit_id"]) == ["b:flapping", "b:unheard"]
