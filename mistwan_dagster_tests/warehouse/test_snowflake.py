"""What a load into Snowflake refuses before it connects: spans of one table that overlap."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mistwan_dagster.catalog.tables import AGG_CIRCUIT_PERIOD, DIM_HOUR, Table
from mistwan_dagster.warehouse.port import Load
from mistwan_dagster.warehouse.snowflake import SnowflakeWarehouse
from mistwan_dagster.warehouse.snowflake_session import Target

START, DAY = datetime(2025, 1, 1, tzinfo=UTC), timedelta(days=1)


class Connected(Exception):
    """The loads were not refused."""


def connect() -> Any:
    raise Connected


WAREHOUSE = SnowflakeWarehouse(connect, Target("acme", "svc", "MISTWAN", "WAN"))


def load(first: int, last: int, kind: str = "", table: Table = AGG_CIRCUIT_PERIOD) -> Load:
    """Days [first, last) of one kind of period, or of all."""
    where = ("period", kind) if kind else None
    return Load(table, table.empty(), START + first * DAY, START + last * DAY, where)


@pytest.mark.parametrize("kinds", [("", ""), ("day", "day"), ("day", ""), ("", "day")])
def test_spans_that_share_time_and_kind_are_refused_whichever_is_of_all_kinds(kinds: tuple[str, str]) -> None:
    first, second = kinds
    with pytest.raises(ValueError, match="two loads of agg_circuit_period overlap at 2025-01-02"):
        WAREHOUSE.load([load(0, 2, first), load(1, 3, second)])


@pytest.mark.parametrize(
    "second",
    [load(1, 3, "week"), load(2, 3, "day"), load(0, 2, table=DIM_HOUR)],
    ids=["kind", "time", "table"],
)
def test_spans_of_another_kind_time_or_table_are_not(second: Load) -> None:
    with pytest.raises(Connected):
        WAREHOUSE.load([load(0, 2, "day"), second])
