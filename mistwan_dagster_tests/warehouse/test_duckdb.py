import errno
import shutil
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from threading import Barrier

import duckdb
import polars as pl
import pytest

from mistwan_dagster.catalog.tables import DIM_HOUR, DIM_ORG
from mistwan_dagster.errors import UserError
from mistwan_dagster.warehouse.duckdb import SCHEMA_VERSION, DuckDBWarehouse, PublishedDuckDB, open_file
from mistwan_dagster.warehouse.port import Load

HOUR = datetime(2025, 1, 1, 10, tzinfo=UTC)
NEXT = HOUR + timedelta(hours=1)


def hours(*starts: datetime) -> pl.DataFrame:
    return pl.DataFrame(
        {"hour_utc": starts, "day": [date(2025, 1, 1)] * len(starts), "iso_week": "w", "month": "m"},
        schema=DIM_HOUR.schema,
    )


def test_readers_keep_their_copy_and_see_only_what_is_published(tmp_path: Path) -> None:
    warehouse, reader = DuckDBWarehouse(tmp_path), PublishedDuckDB(tmp_path)
    with pytest.raises(UserError, match="nothing is published"):
        reader.query("SELECT 1")
    warehouse.load([Load(DIM_HOUR, hours(HOUR), HOUR, NEXT)])
    warehouse.publish()
    held = open_file(tmp_path / "serve-1.duckdb", read_only=True)
    warehouse.load([Load(DIM_HOUR, hours(HOUR, NEXT), HOUR, NEXT + timedelta(hours=1))])
    assert reader.query("SELECT count(*) FROM dim_hour").item() == 1
    for expected in (2, 3, 4, 5):
        assert warehouse.publish() == expected
    assert held.execute("SELECT count(*) FROM dim_hour").fetchall() == [(1,)]
    assert reader.query("SELECT count(*) FROM dim_hour").item() == 2
    assert sorted(p.name for p in tmp_path.glob("serve-*")) == [
        "serve-3.duckdb",
        "serve-4.duckdb",
        "serve-5.duckdb",
    ]


def test_many_threads_may_read_at_once(tmp_path: Path) -> None:
    DuckDBWarehouse(tmp_path).publish()
    reader, together = PublishedDuckDB(tmp_path), Barrier(8)

    def ask(number: int) -> int:
        together.wait()
        return sum(reader.query("SELECT count(*) + ? FROM range(100000)", [number]).item() for _ in range(5))

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, range(8))) == [5 * (100000 + n) for n in range(8)]


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("SELEC 1", "syntax error"),
        ("SELECT * FROM nowhere", "nowhere"),
        ("DROP TABLE dim_hour", "read-only"),
        ("SELECT * FROM read_text('/etc/hostname')", "disabled"),
        ("ATTACH '/tmp/x.duckdb'", "disabled|read-only|Permission"),
    ],
)
def test_wrong_or_reaching_sql_is_one_clear_line(tmp_path: Path, sql: str, reason: str) -> None:
    warehouse = DuckDBWarehouse(tmp_path)
    warehouse.publish()
    with pytest.raises(UserError, match=reason) as caught:
        PublishedDuckDB(tmp_path).query(sql)
    assert "\n" not in str(caught.value)


def test_a_file_of_another_version_or_kind_is_refused_untouched(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(path)) as other:
        other.execute("CREATE TABLE mistwan_schema AS SELECT 99 AS version")
    with pytest.raises(UserError, match=rf"version 99.*version {SCHEMA_VERSION}:.*move the file away"):
        DuckDBWarehouse(tmp_path).load([])
    path.unlink()
    with duckdb.connect(str(path)) as other:
        other.execute("CREATE TABLE payroll AS SELECT 1 AS salary")
    with pytest.raises(UserError, match="something else"):
        DuckDBWarehouse(tmp_path).load([])
    path.write_text("this is not a database at all, but long enough to be read as one" * 100)
    with pytest.raises(UserError, match="cannot be opened as a warehouse"):
        DuckDBWarehouse(tmp_path).load([])
    assert path.read_text().startswith("this is not a database")


def test_definitions_are_renewed_when_they_are_others_and_only_then(tmp_path: Path) -> None:
    warehouse = DuckDBWarehouse(tmp_path)
    warehouse.load([Load(DIM_HOUR, hours(HOUR), HOUR, NEXT)])
    before = warehouse.path.read_bytes()
    warehouse.load([])
    assert warehouse.path.read_bytes() == before
    for change in (
        "COMMENT ON TABLE mistwan_schema IS 'of an earlier program'; CREATE OR REPLACE VIEW v_circuit_now AS SELECT 1",
        "DROP VIEW v_circuit_now CASCADE",
        f"DROP TABLE {DIM_ORG.name} CASCADE",
    ):
        with duckdb.connect(str(warehouse.path)) as other:
            other.execute(change)
        warehouse.publish()
        reader = PublishedDuckDB(tmp_path)
        assert "circuit_id" in reader.query("SELECT * FROM v_circuit_now").columns
        assert reader.query(f"SELECT count(*) FROM {DIM_ORG.name}").item() == 0


def test_a_file_that_was_cut_short_while_it_was_made_is_made_anew(tmp_path: Path) -> None:
    warehouse = DuckDBWarehouse(tmp_path)
    assert warehouse.is_new
    (tmp_path / "warehouse.new").write_bytes(b"\0" * 4096)
    (tmp_path / "warehouse.new.wal").write_bytes(b"half")
    warehouse.load([Load(DIM_HOUR, hours(HOUR), HOUR, NEXT)])
    assert not warehouse.is_new
    assert [p.name for p in tmp_path.glob("warehouse*")] == ["warehouse.duckdb"]


def test_a_full_disk_is_one_clear_line_and_readers_keep_what_they_have(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse = DuckDBWarehouse(tmp_path)
    warehouse.load([Load(DIM_HOUR, hours(HOUR), HOUR, NEXT)])
    warehouse.publish()
    warehouse.load([Load(DIM_HOUR, hours(HOUR, NEXT), HOUR, NEXT + timedelta(hours=1))])

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "copyfile", full)
        with pytest.raises(UserError, match=r"disk full while writing .*nothing is lost"):
            warehouse.publish()
    reader = PublishedDuckDB(tmp_path)
    assert reader.query("SELECT count(*) FROM dim_hour").item() == 1
    assert warehouse.publish() == 2
    assert reader.query("SELECT count(*) FROM dim_hour").item() == 2
