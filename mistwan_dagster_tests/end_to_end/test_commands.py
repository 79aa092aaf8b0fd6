"""Every command as its user runs it, against a simulated cloud that stands at 2025-03-04 10:07."""

from __future__ import annotations

import tomllib
from pathlib import Path

import polars as pl

from mistwan_dagster.kpi.circuits_file import read_circuits_file
from mistwan_dagster.simulator.server import Running

from .conftest import NOW, Cli


def test_from_the_api_to_the_answer(cli: Cli, cloud: Running, tmp_path: Path) -> None:
    assert cli.run("circuits").stderr == "mistwan: no circuits are known yet: run `mistwan collect` first\n"
    assert cli.ok("collect") == "collected slot 2025-03-04T10:05Z\n"
    (tmp_path / "draft.csv").write_text(cli.ok("circuits"))
    own = read_circuits_file(tmp_path / "circuits.csv").rows()
    assert sorted(read_circuits_file(tmp_path / "draft.csv").rows(), key=repr) == sorted(own, key=repr)
    out = cli.ok("backfill", "--start", "2025-03-04T04:00:00Z", "--end", "2025-03-04T10:00:00Z")
    assert "history of 2025-03-04T04:00Z to 2025-03-04T10:00Z collected" in out

    hours = cli.rows("SELECT DISTINCT hour_utc FROM fact_circuit_hour ORDER BY 1")
    assert [h["hour_utc"][:13] for h in hours] == [f"2025-03-04T{h:02}" for h in range(4, 10)]
    broken = cli.rows(
        "SELECT count(*) AS n FROM fact_circuit_hour "
        "WHERE abs(up_minutes + down_minutes + unknown_minutes - 60) > 1e-6 OR utilization_pct = 'nan'::DOUBLE"
    )
    assert broken == [{"n": 0}]

    span = (NOW.replace(hour=4, minute=0, second=0), NOW.replace(minute=0, second=0))
    truth = cloud.world.truth_circuit_hours(*span)
    facts = pl.DataFrame(
        cli.rows("SELECT circuit_id, hour_utc, utilization_pct, source FROM fact_circuit_hour")
    )
    joined = facts.with_columns(pl.col("hour_utc").str.to_datetime(time_unit="us", time_zone="UTC")).join(
        truth, on=["circuit_id", "hour_utc"], suffix="_true"
    )
    both = joined.drop_nulls(["utilization_pct", "utilization_pct_true"])
    assert both.height > 50
    assert set(both["source"]) == {"insights_1h"}
    assert (both["utilization_pct"] - both["utilization_pct_true"]).abs().max() < 0.2

    scored = cli.rows(
        "SELECT hour_utc, count(DISTINCT site_id) AS n FROM fact_site_sle_hour GROUP BY 1 ORDER BY 1"
    )
    assert [(h["hour_utc"][:13], h["n"]) for h in scored] == [(f"2025-03-04T{h:02}", 5) for h in range(4, 10)]
    detail = "SELECT state, count(*) AS n FROM sle_coverage GROUP BY 1"
    assert cli.rows(detail) == [{"state": "missing", "n": 15}]
    assert "detail of sites and metrics: 15 fresh" in cli.run("full-cycle").stderr
    assert cli.rows(detail) == [{"state": "fresh", "n": 15}]

    windows = cli.rows(
        "SELECT DISTINCT window_hours, max(observed_hours) AS most FROM agg_circuit_window GROUP BY 1"
    )
    assert {(w["window_hours"], w["most"]) for w in windows} == {(3, 3), (12, 6), (24, 6)}
    assert cli.rows("SELECT DISTINCT period FROM agg_circuit_period ORDER BY 1") == [
        {"period": "day"}, {"period": "month"}, {"period": "week"},
    ]  # fmt: skip

    pooled = cli.rows(
        "SELECT r.n AS regions, p.n AS providers FROM "
        "(SELECT sum(total_minutes) AS n FROM agg_region_period WHERE period = 'day') r, "
        "(SELECT sum(total_minutes) AS n FROM agg_provider_period WHERE period = 'day') p"
    )[0]
    assert 0 < pooled["providers"] <= pooled["regions"]
    assert cli.rows("SELECT count(DISTINCT measure || level) AS n FROM dim_threshold") == [{"n": 12}]
    circuits = {
        f["circuit_id"] for f in facts.filter(pl.col("hour_utc").str.starts_with("2025-03-04T09")).to_dicts()
    }
    now = cli.rows("SELECT circuit_id, hour_utc, utilization_pct, trend_reason FROM rpt_congestion_now")
    assert {r["circuit_id"] for r in now} == circuits
    assert {r["hour_utc"][:13] for r in now} == {"2025-03-04T09"}
    assert {r["trend_reason"] for r in now} <= {"unobserved", "too few weeks"}
    worst = cli.rows(
        "SELECT circuit_id, value FROM rpt_top_offenders WHERE period = '3h' AND measure = 'utilization_max_pct' "
        "AND rank = 1"
    )
    highest = cli.rows(
        "SELECT circuit_id, utilization_max_pct AS value FROM agg_circuit_window WHERE window_hours = 3 "
        "AND as_of_utc = (SELECT max(as_of_utc) FROM agg_circuit_window) ORDER BY 2 DESC NULLS LAST, 1 LIMIT 1"
    )
    assert worst == highest

    checked = cli.ok("check")
    assert "FAIL" not in checked
    assert "version" in checked
    target = tmp_path / "facts.csv"
    assert cli.ok("export", "fact_circuit_hour", "--output", str(target)).startswith(str(target))
    assert pl.read_csv(target).height == facts.height
    assert cli.ok("aggregate").startswith("nothing to compute")


def test_full_cycle_collects_and_aggregates_and_repeats_without_new_rows(cli: Cli) -> None:
    for _ in range(2):
        assert "collected slot" in cli.ok("full-cycle")
    listed = sorted((cli.home / "lake" / "raw" / "port_stats").rglob("*.parquet"))
    assert [p.name for p in listed] == ["slot-1005.parquet"]


def test_the_version_is_that_of_the_project(cli: Cli) -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    assert cli.ok("--version") == f"mistwan {project['version']}\n"


def test_imported_history_reaches_windows_and_periods(cli: Cli, tmp_path: Path) -> None:
    rows = "".join(f"site,c:p,2024-02-29T{h:02}:00:00Z,{u},60,0,0\n" for h, u in enumerate([75, 95, 95, 10]))
    file = tmp_path / "old.csv"
    file.write_text(
        "site_id,circuit_id,hour_utc,utilization_pct,up_minutes,down_minutes,unknown_minutes\n"
        + rows
        + "site,c:p,,,,,\n"
    )
    assert "4 rows imported into fact_circuit_hour, 1 set aside" in cli.ok(
        "import", str(file), "--table", "fact_circuit_hour"
    )
    day = cli.rows(
        "SELECT utilization_warning_hours AS w, utilization_critical_run_hours AS r, observed_hours AS n, "
        "availability_pct AS a FROM agg_circuit_period WHERE period = 'day'"
    )
    assert day == [{"w": 3, "r": 2, "n": 4, "a": 100.0}]
    rolling = cli.rows(
        "SELECT as_of_utc, total_minutes FROM agg_circuit_rolling_13m "
        "WHERE start_utc <= TIMESTAMP '2024-02-01' ORDER BY 1"
    )
    assert [r["as_of_utc"][:10] for r in rolling] == [
        *(f"2024-{month:02}-01" for month in range(3, 13)), "2025-01-01", "2025-02-01", "2025-03-01",
    ]  # fmt: skip
    assert {r["total_minutes"] for r in rolling} == {240.0}
    top = cli.ok("top", "--measure", "utilization_max_pct", "--period", "day", "--format", "csv")
    assert top.splitlines()[1].startswith("1,,c:p,")
    refused = cli.run("top", "--measure", "speed")
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
