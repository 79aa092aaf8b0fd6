import random
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from mistwan_dagster.catalog.tables import FACT_CIRCUIT_HOUR
from mistwan_dagster.errors import UserError
from mistwan_dagster.kpi.calendar import period_start
from mistwan_dagster.lake.raw import HOUR
from mistwan_dagster.orchestration.importing import import_file
from mistwan_dagster.orchestration.platform import Platform
from mistwan_dagster.orchestration.rollups import compute_periods, compute_rolling, compute_windows
from mistwan_dagster.settings import Settings

HEAD = "site_id,circuit_id,hour_utc,utilization_pct,up_minutes,down_minutes,unknown_minutes,counter_reset\n"


@pytest.fixture
def platform(tmp_path: Path) -> Platform:
    return Platform(Settings(mistwan_home=tmp_path / "home", _env_file=None))


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "old.csv"
    path.write_text(text)
    return path


def test_good_rows_are_kept_and_bad_ones_counted_by_reason(platform: Platform, tmp_path: Path) -> None:
    path = write(
        tmp_path,
        HEAD
        + "s,c:p,2025-01-01T10:00:00Z,55.5,59,1,0,true\n"
        + "s,c:p,2025-01-01 11:00,,,,,\n"
        + "s,c:p,2025-01-01T12:00:00Z,lots,60,0,0,\n"
        + "s,c:p,2025-01-01T13:30:00Z,1,60,0,0,\n"
        + "s,,2025-01-01T14:00:00Z,1,60,0,0,\n"
        + "s,c:p,2025-01-01T15:00:00Z,1,60,5,0,\n"
        + "s,c:p,2025-01-01T10:00:00Z,1,60,0,0,\n",
    )
    report = import_file(platform, path, "fact_circuit_hour")
    assert report.rows == 2
    assert report.refused == {
        "utilization_pct is not a Float64": 1,
        "hour_utc is not the start of an hour": 1,
        "circuit_id is empty": 1,
        "up, down and unknown minutes do not add up to 60": 1,
        "duplicate key": 1,
    }
    assert report.quarantine is not None
    assert pl.read_parquet(report.quarantine).height == 5
    first = platform.kpi.read("fact_circuit_hour", "2025-01-01T10")
    second = platform.kpi.read("fact_circuit_hour", "2025-01-01T11")
    assert first is not None
    assert second is not None
    row = first.row(0, named=True)
    assert (row["utilization_pct"], row["up_minutes"], row["counter_reset"]) == (55.5, 59.0, True)
    assert (row["source"], row["region"]) == ("import", "(none)")
    unknown = second.row(0, named=True)
    assert (unknown["utilization_pct"], unknown["up_minutes"], unknown["unknown_minutes"]) == (
        None,
        0.0,
        60.0,
    )
    assert report.spans == [(datetime(2025, 1, 1, 10, tzinfo=UTC), datetime(2025, 1, 1, 12, tzinfo=UTC))]


def test_computed_rows_win_and_a_second_import_replaces_the_first(platform: Platform, tmp_path: Path) -> None:
    hour = datetime(2025, 1, 1, 10, tzinfo=UTC)
    live = {
        "site_id": "s",
        "circuit_id": "c:live",
        "hour_utc": hour,
        "utilization_pct": 1.0,
        "source": "live",
    }
    frame = FACT_CIRCUIT_HOUR.conform(pl.LazyFrame([live])).collect()
    platform.kpi.write("fact_circuit_hour", frame, "2025-01-01T10")
    for value in (50, 60):
        rows = "".join(f"s,{c},2025-01-01T10:00:00Z,{value},60,0,0,\n" for c in ("c:live", "c:old"))
        import_file(platform, write(tmp_path, HEAD + rows), "fact_circuit_hour")
    stored = platform.kpi.read("fact_circuit_hour", "2025-01-01T10")
    assert stored is not None
    assert dict(stored.select("circuit_id", "utilization_pct").iter_rows()) == {"c:live": 1.0, "c:old": 60.0}


@pytest.mark.parametrize(
    ("text", "table", "message"),
    [
        ("site_id,circuit_id\ns,c\n", "fact_circuit_hour", "column hour_utc is missing"),
        (HEAD.replace("counter_reset", "mood") + "\n", "fact_circuit_hour", "unknown column mood"),
        (HEAD, "dim_site", "--table dim_site is not importable"),
        (HEAD, "payroll", "--table payroll is not a table"),
    ],
)
def test_wrong_files_and_tables_are_refused(
    platform: Platform, tmp_path: Path, text: str, table: str, message: str
) -> None:
    with pytest.raises(UserError, match=message) as caught:
        import_file(platform, write(tmp_path, text), table)
    assert caught.value.exit_code == 2


def test_imported_hours_give_the_aggregates_of_the_same_hours_computed_live(tmp_path: Path) -> None:
    rng, start = random.Random(5), datetime(2025, 1, 31, tzinfo=UTC)
    rows = []
    for number in range(48):
        for circuit in "ab":
            up = rng.choice([60.0, 45.5, 0.0])
            rows.append({
                "site_id": "s", "circuit_id": circuit, "hour_utc": start + HOUR * number, "region": "West",
                "utilization_pct": rng.choice([None, rng.random() * 120, 70.0]), "role": "primary",
                "latency_avg_ms": rng.choice([None, 49.999999999, 50.0]), "latency_max_ms": rng.choice([None, 150.1]),
                "up_minutes": up, "down_minutes": rng.choice([0.0, 60.0 - up]), "flap_count": rng.choice([None, 2]),
                "source": "live",
            })  # fmt: skip
            rows[-1]["unknown_minutes"] = 60.0 - up - rows[-1]["down_minutes"]
    facts = pl.DataFrame(rows, schema=FACT_CIRCUIT_HOUR.schema)
    platforms = {
        name: Platform(Settings(mistwan_home=tmp_path / name, _env_file=None))
        for name in ("live", "csv", "parquet")
    }
    platforms["live"].kpi.write_hours(FACT_CIRCUIT_HOUR.name, facts, start, start + HOUR * 48)
    facts.write_csv(tmp_path / "old.csv")
    facts.sample(fraction=1, shuffle=True, seed=1).write_parquet(tmp_path / "old.parquet")
    for kind in ("csv", "parquet"):
        report = import_file(platforms[kind], tmp_path / f"old.{kind}", FACT_CIRCUIT_HOUR.name)
        assert (report.rows, report.refused) == (96, {})
    for platform in platforms.values():
        compute_windows(platform, start + HOUR * 20, start + HOUR * 30)
        for period in ("day", "week", "month"):
            compute_periods(platform, period, period_start(start, period), start + HOUR * 48)
        compute_rolling(platform, datetime(2025, 1, 1, tzinfo=UTC), datetime(2025, 3, 1, tzinfo=UTC))
    root = platforms["live"].kpi.root
    computed = [path.relative_to(root) for path in root.rglob("agg_*/*.parquet")]
    assert len(computed) == 3 * (10 + 5 + 2)
    for path in computed:
        for kind in ("csv", "parquet"):
            assert_frame_equal(
                pl.read_parquet(root / path),
                pl.read_parquet(platforms[kind].kpi.root / path),
                check_exact=True,
            )
