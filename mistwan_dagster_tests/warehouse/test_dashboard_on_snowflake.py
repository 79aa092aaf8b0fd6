"""The dashboard on Snowflake: each page shows what it shows on DuckDB, with as few queries over the wire."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any, ClassVar

import flask
import polars as pl

from mistwan_dagster.catalog.tables import TABLES
from mistwan_dagster.dashboard.context import QuotaState
from mistwan_dagster.dashboard.serve import make_server
from mistwan_dagster.kpi.thresholds import load_thresholds
from mistwan_dagster.orchestration.warehouses import snowflake
from mistwan_dagster.settings import Settings
from mistwan_dagster.warehouse.port import Load, Reader
from mistwan_dagster.warehouse.snowflake_reader import SnowflakeReader
from mistwan_dagster.warehouse.snowflake_schema import STATE
from mistwan_dagster_tests.dashboard.conftest import organization
from mistwan_dagster_tests.dashboard.made import NEWEST, frame, publish
from mistwan_dagster_tests.dashboard.test_pages import MOST_QUERIES, PAGES, render
from mistwan_dagster_tests.warehouse.conftest import Backend
from mistwan_dagster_tests.warehouse.fake_snowflake import Proxy

VERSION = f"SELECT version FROM {STATE}"


class Bound(SnowflakeReader):
    """A reader that keeps what was asked, to see that values are bound and never written into the text."""

    asked: ClassVar[list[str]] = []

    def query(
        self, sql: str, parameters: list[Any] | None = None, version: int | None = None
    ) -> pl.DataFrame:
        self.asked.append(sql)
        return super().query(sql, parameters, version)


def serving(reader: Reader) -> flask.Flask:
    now = (NEWEST + timedelta(minutes=20)).replace(tzinfo=UTC)
    return make_server(reader, lambda: now, load_thresholds(None), lambda: QuotaState(1200, 4500, 3300))


def test_pages_show_the_same_on_both_with_six_queries_at_most_and_none_when_asked_again(
    snowflake_backend: Backend,
    snowflake_settings: Callable[..., Settings],
    snowflake_port: int,
    tmp_path: Path,
) -> None:
    rows = organization()
    snowflake_backend.warehouse(run_id="").load(
        [Load(TABLES[t], frame(t, found)) for t, found in rows.items()]
    )
    duck = serving(publish(tmp_path / "duck", rows))
    with Proxy(snowflake_port).running() as proxy:
        for name, told in PAGES:
            reader = Bound(*snowflake(snowflake_settings(proxy.port), "read"))
            server = serving(reader)
            proxy.statements.clear()
            reader.asked.clear()
            text = render(server, name, **told)
            page = "-".join([name, *told.values()])
            assert text == render(duck, name, **told), page
            assert '"nothing broken"' not in text
            assert [
                (v, q) for q in reader.asked for k, v in told.items() if f"'{v}'" in q and k != "path_table"
            ] == [], page
            queries = [s for s in proxy.statements if not s.startswith(VERSION)]
            assert len(reader.asked) == len(queries) <= MOST_QUERIES, page
            # Which version it shows: asked before the first and after each answer.
            assert len(proxy.statements) <= 2 * len(queries) + 2, page
            render(server, name, **told)
            assert len(reader.asked) == len(queries)
