"""What both warehouses promise: spans are replaced whole, in one transaction, once."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from mistwan_dagster.catalog.tables import AGG_CIRCUIT_PERIOD, DIM_HOUR, LOAD_LEDGER, TABLES, Table
from mistwan_dagster.catalog.views import VIEWS
from mistwan_dagster.errors import UserError
from mistwan_dagster.settings import Settings
from mistwan_dagster.warehouse.port import Load
from mistwan_dagster_tests.warehouse.conftest import Backend

HOUR = datetime(2025, 1, 1, 10, tzinfo=UTC)
ONE = timedelta(hours=1)
NEXT = HOUR + ONE


def hours(*starts: datetime, month: str = "m") -> pl.DataFrame:
    return pl.DataFrame(
        {"hour_utc": starts, "day": [date(2025, 1, 1)] * len(starts), "iso_week": "w", "month": month},
        schema=DIM_HOUR.schema,
    )


def rows_of(backend: Backend) -> list[tuple[datetime, str]]:
    return backend.reader().query("SELECT hour_utc, month FROM dim_hour ORDER BY 1").rows()


def naive(*instants: datetime, month: str = "m") -> list[tuple[datetime, str]]:
    return [(i.replace(tzinfo=None), month) for i in instants]


def test_a_load_replaces_its_span_and_nothing_else(backend: Backend) -> None:
    warehouse = backend.warehouse()
    with pytest.raises(UserError, match="nothing is published"):
        backend.reader().query("SELECT 1")
    assert warehouse.is_new
    warehouse.load([Load(DIM_HOUR, hours(HOUR, NEXT), HOUR, NEXT + ONE)])
    for _ in range(2):
        assert warehouse.load([Load(DIM_HOUR, hours(HOUR, month="n"), HOUR, NEXT)])["dim_hour"].rows == 1
    first = warehouse.publish()
    assert not warehouse.is_new
    assert rows_of(backend) == naive(HOUR, month="n") + naive(NEXT)
    warehouse.load([Load(DIM_HOUR, hours(), HOUR, NEXT)])
    assert warehouse.publish() > first
    assert rows_of(backend) == naive(NEXT)


def test_many_spans_of_one_table_go_in_one_load(backend: Backend) -> None:
    warehouse = backend.warehouse()
    spans = [HOUR + ONE * n for n in range(20)]
    done = warehouse.load([Load(DIM_HOUR, hours(s), s, s + ONE) for s in spans])
    warehouse.publish()
    assert done["dim_hour"].rows == 20
    assert rows_of(backend) == naive(*spans)


def test_kinds_of_period_do_not_delete_one_another(backend: Backend) -> None:
    warehouse = backend.warehouse()
    key = {"site_id": "s", "circuit_id": "c", "period_start_utc": HOUR}
    for period, flaps in (("day", 1), ("month", 2), ("day", 3)):
        rows = pl.DataFrame([{**key, "period": period, "flap_count": flaps}]).lazy()
        frame = AGG_CIRCUIT_PERIOD.conform(rows).collect()
        warehouse.load([Load(AGG_CIRCUIT_PERIOD, frame, HOUR, NEXT, ("period", period))])
    warehouse.publish()
    found = backend.reader().query("SELECT period, flap_count FROM agg_circuit_period ORDER BY 1")
    assert found.rows() == [("day", 3), ("month", 2)]


def test_an_empty_value_where_none_may_be_loads_nothing_at_all(backend: Backend) -> None:
    warehouse = backend.warehouse()
    warehouse.load([Load(DIM_HOUR, hours(HOUR), HOUR, NEXT)])
    null_key = hours(NEXT).with_columns(pl.lit(None, dtype=pl.String).alias("month"))
    with pytest.raises(UserError, match=r"dim_hour: month is empty in 1 of 1 rows"):
        warehouse.load([Load(DIM_HOUR, hours(), HOUR, NEXT), Load(DIM_HOUR, null_key, NEXT, NEXT + ONE)])
    warehouse.publish()
    assert rows_of(backend) == naive(HOUR)


def test_what_is_there_already_is_not_loaded_again(backend: Backend) -> None:
    warehouse, whole = backend.warehouse(), Load(DIM_HOUR, hours(HOUR, NEXT), HOUR, NEXT + ONE)
    first, again = warehouse.load([whole])["dim_hour"], warehouse.load([whole])["dim_hour"]
    assert (first.rows, first.spans_skipped, first.bytes > 0) == (2, 0, True)
    assert (again.rows, again.spans_skipped, again.bytes) == (2, 1, 0)
    # A part of the span becomes another; then the ledger no longer says that the whole is there.
    warehouse.load([Load(DIM_HOUR, hours(), HOUR, NEXT)])
    assert warehouse.load([whole])["dim_hour"].spans_skipped == 0
    warehouse.publish()
    assert rows_of(backend) == naive(HOUR, NEXT)


def test_the_ledger_tells_spans_rows_runs_and_content(backend: Backend) -> None:
    backend.warehouse("run-a").load([Load(DIM_HOUR, hours(HOUR), HOUR, NEXT)])
    backend.warehouse("run-b").load([Load(TABLES["dim_org"], TABLES["dim_org"].empty())])
    backend.warehouse("run-c").publish()
    found = backend.reader().query("SELECT * FROM load_ledger ORDER BY table_name")
    assert found.select("table_name", "span_start_utc", "row_count", "run_id").rows() == [
        ("dim_hour", HOUR.replace(tzinfo=None), 1, "run-a"),
        ("dim_org", datetime(1970, 1, 1), 0, "run-b"),
    ]
    assert found["content_hash"].str.len_chars().to_list() == [64, 64]


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("SELEC 1", "syntax error"),
        ("SELECT * FROM nowhere", "(?i)nowhere"),
        ("DROP TABLE dim_hour", "read-only"),
        ("DELETE FROM dim_hour", "read-only"),
    ],
)
def test_wrong_sql_is_one_clear_line(backend: Backend, sql: str, reason: str) -> None:
    backend.warehouse().publish()
    with pytest.raises(UserError, match=reason) as caught:
        backend.reader().query(sql)
    assert "\n" not in str(caught.value)


def test_parameters_are_bound(backend: Backend) -> None:
    warehouse = backend.warehouse()
    warehouse.load([Load(DIM_HOUR, hours(HOUR, NEXT, month="it's"), HOUR, NEXT + ONE)])
    warehouse.publish()
    sql = "SELECT count(*) AS n FROM dim_hour WHERE hour_utc < ? AND month = ? AND day = ?"
    found = backend.reader().query(sql, [NEXT, "it's", date(2025, 1, 1)])
    assert found.to_dict(as_series=False) == {"n": [1]}


def made_up(table: Table, rows: int = 3) -> pl.DataFrame:
    """Rows with a value of each type in each column, nulls where they may be; keys differ."""

    def value(index: int, column_type: object, nullable: bool) -> object:
        if nullable and index == rows - 1:
            return None
        if column_type == pl.String:
            return f"é'{index}"
        if column_type == pl.Float64:
            return 0.1 + index * 1e9
        if column_type == pl.Int64:
            return 3 + index * 10**12
        if column_type == pl.Boolean:
            return index % 2 == 0
        if column_type == pl.Date:
            return date(2025, 1, 1 + index)
        return datetime(2025, 1, 1, 10, 0, index, 123456, tzinfo=UTC)

    return pl.DataFrame(
        {c.name: [value(i, c.dtype, c.nullable) for i in range(rows)] for c in table.columns},
        schema=table.schema,
    )


def test_both_warehouses_answer_alike(snowflake_backend: Backend) -> None:
    """The same rows in every table: each table and view has the same columns, types and figures in both."""
    settings = Settings(_env_file=None, mistwan_home=snowflake_backend.settings.home)  # type: ignore[call-arg]
    both = [Backend(settings), snowflake_backend]
    loads = [Load(t, made_up(t)) for t in TABLES.values() if t is not LOAD_LEDGER]
    for one in both:
        one.warehouse().load(loads)
        one.warehouse().publish()
    for name in [*TABLES, *VIEWS]:
        if name == "load_ledger":
            continue
        duck, snow = (one.reader().query(f"SELECT * FROM {name}") for one in both)
        assert_frame_equal(snow, duck, check_row_order=False)
        assert name in VIEWS or duck.height == 3
