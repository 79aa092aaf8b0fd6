"""Whatever is cut, killed or done twice at once: after loading again there is one copy of each row, and readers
never saw half a period."""

import os
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from threading import Barrier, Thread

import polars as pl
import pytest

from mistwan_dagster.catalog.tables import DIM_HOUR, FACT_SITE_HOUR, LOAD_LEDGER
from mistwan_dagster.errors import UserError
from mistwan_dagster.orchestration.warehouses import open_reader, open_warehouse
from mistwan_dagster.settings import Settings
from mistwan_dagster.warehouse.port import Load
from mistwan_dagster_tests.warehouse.conftest import Backend
from mistwan_dagster_tests.warehouse.fake_snowflake import Proxy, abort_detached

CUTS = os.environ.get("MISTWAN_TEST_CUTS", "few")
HOUR = datetime(2025, 1, 1, 10, tzinfo=UTC)
ONE = timedelta(hours=1)


def loads(month: str, rows: int) -> list[Load]:
    """Two tables of one period with as many rows each, told apart by a word."""
    starts = [HOUR + timedelta(minutes=n) for n in range(rows)]
    hours = pl.DataFrame(
        {"hour_utc": starts, "day": [date(2025, 1, 1)] * rows, "iso_week": "w", "month": month},
        schema=DIM_HOUR.schema,
    )
    sites = FACT_SITE_HOUR.conform(
        pl.LazyFrame(
            {"site_id": [f"{month}{n}" for n in range(rows)], "hour_utc": [HOUR] * rows, "region": month}
        )
    ).collect()
    return [Load(DIM_HOUR, hours, HOUR, HOUR + ONE), Load(FACT_SITE_HOUR, sites, HOUR, HOUR + ONE)]


def seen(settings: Settings) -> tuple[list[tuple[str, int]], list[tuple[str, int]]]:
    reader = open_reader(settings)
    hours = reader.query("SELECT month, count(*) AS n FROM dim_hour GROUP BY month ORDER BY month").rows()
    sites = reader.query(
        "SELECT region, count(*) AS n FROM fact_site_hour GROUP BY region ORDER BY region"
    ).rows()
    return hours, sites


OLD, NEW = ([("old", 3)], [("old", 3)]), ([("new", 5)], [("new", 5)])


def statements_of_a_load(port: int, make: Callable[..., Settings]) -> int:
    with Proxy(port).running() as proxy:
        open_warehouse(make(proxy.port), "run").load(loads("old", 3))
        return len(proxy.statements)


def test_a_connection_that_is_cut_at_any_statement(
    snowflake_backend: Backend, snowflake_settings: Callable[..., Settings], snowflake_port: int
) -> None:
    """Before or after the server did it, to the end of all attempts. `MISTWAN_TEST_CUTS=all`: at each statement."""
    direct = snowflake_backend.warehouse()
    count = statements_of_a_load(snowflake_port, snowflake_settings)
    # In an empty warehouse: look, PUT (and again for each of two files), CREATE, COPY, BEGIN, lock, 2 INSERT, ledger,
    # COMMIT, DROP. Where rows are replaced: 2 DELETE and one more of the ledger.
    assert count == 13
    count += 3
    direct.publish()
    for nth in range(count) if CUTS == "all" else (1, 7, 10, count - 2):
        for moment in ("before", "after") if CUTS == "all" or nth == count - 2 else ("before",):
            direct.load(loads("old", 3))
            with Proxy(snowflake_port).running() as proxy:
                cut = CutFrom(nth)
                setattr(proxy, moment, cut)
                try:
                    open_warehouse(snowflake_settings(proxy.port), "cut").load(loads("new", 5))
                except UserError as error:
                    told = str(error)
                    assert "cannot be reached" in told
                else:
                    assert nth >= count - 1  # only dropping the staging table may fail unseen
            committed = (moment == "after" and nth == count - 2) or nth > count - 2
            assert seen(snowflake_backend.settings) == (NEW if committed else OLD), (nth, moment)
            abort_detached()
            direct.load(loads("new", 5))
            assert seen(snowflake_backend.settings) == NEW


class CutFrom:
    """True from the nth statement on: the connection stays lost, whatever is tried again."""

    def __init__(self, nth: int) -> None:
        self.left = nth

    def __call__(self, _: str) -> bool:
        self.left -= 1
        return self.left < 0


def test_two_loads_of_one_period_at_once_leave_one_of_them_whole(snowflake_backend: Backend) -> None:
    snowflake_backend.warehouse().publish()
    together, failed = Barrier(2), list[BaseException]()

    def run(month: str) -> None:
        together.wait()
        try:
            snowflake_backend.warehouse(month).load(loads(month, 4))
        except UserError as error:
            failed.append(error)

    threads = [Thread(target=run, args=(month,)) for month in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(failed) < 2
    assert seen(snowflake_backend.settings) in [([(m, 4)], [(m, 4)]) for m in ("one", "two")]


def test_a_load_that_stops_between_delete_and_insert_is_not_seen(
    snowflake_backend: Backend, snowflake_settings: Callable[..., Settings], snowflake_port: int
) -> None:
    """As a kill would leave it: readers see the old rows while the transaction is open, and after it is aborted."""
    direct = snowflake_backend.warehouse()
    direct.load(loads("old", 3))
    direct.publish()
    during = list[object]()

    def look(sql: str) -> bool:
        if sql.startswith("INSERT INTO dim_hour"):
            during.append(seen(snowflake_backend.settings))
            return True
        return False

    with Proxy(snowflake_port).running() as proxy:
        proxy.before = look
        with pytest.raises(UserError, match="cannot be reached"):
            open_warehouse(snowflake_settings(proxy.port), "killed").load(loads("new", 5))
    assert during[0] == OLD
    abort_detached()
    assert seen(snowflake_backend.settings) == OLD
    direct.load(loads("new", 5))
    assert seen(snowflake_backend.settings) == NEW


def test_a_load_that_is_overtaken_begins_again(
    snowflake_backend: Backend, snowflake_settings: Callable[..., Settings], snowflake_port: int
) -> None:
    """Another load commits after this one has looked and found nothing: it must not trust what it saw."""
    direct = snowflake_backend.warehouse("first")
    direct.publish()
    locks = list[str]()

    def overtake(sql: str) -> bool:
        if sql.startswith("UPDATE mistwan_state"):
            locks.append(sql)
            if len(locks) == 1:
                direct.load(loads("old", 3))
        return False

    with Proxy(snowflake_port).running() as proxy:
        # The snapshot of a transaction in DuckDB begins with its first statement, as a lock wait in Snowflake ends.
        proxy.before = overtake
        open_warehouse(snowflake_settings(proxy.port), "second").load(loads("new", 5))
    assert len(locks) == 2
    assert seen(snowflake_backend.settings) == NEW


def test_rows_that_no_ledger_row_tells_of_are_replaced_all_the_same(snowflake_backend: Backend) -> None:
    """Somebody has emptied the ledger to have all loaded again."""
    direct = snowflake_backend.warehouse()
    direct.load(loads("old", 3))
    direct.load([Load(LOAD_LEDGER, LOAD_LEDGER.empty())])
    direct.load(loads("new", 5))
    direct.publish()
    assert seen(snowflake_backend.settings) == NEW
