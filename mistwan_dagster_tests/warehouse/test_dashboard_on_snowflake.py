"""The dashboard on Snowflake: each page shows what it shows on DuckDB, with as few statements over the wire."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

import flask
import polars as pl

from mistwan_dagster.catalog.tables import TABLES
from mistwan_dagster.dashboard.context import QuotaState
from mistwan_dagster.dashboard.serve import make_server
from mistwan_dagster.kpi.thresholds import load_thresholds
from mistwan_dagster.settings import Settings
from mistwan_dagster.warehouse.port import Load, Reader
from mistwan_dagster_tests.dashboard.conftest import organization
from mistwan_dagster_tests.dashboard.made import NEWEST, frame, publish
from mistwan_dagster_tests.dashboard.test_pages import MOST_QUERIES, PAGES, render
from mistwan_dagster_tests.warehouse.conftest import Backend
from mistwan_dagster_tests.warehouse.fake_snowflake import Proxy


@dataclass
class Bound:
    """A reader that keeps what was asked, to see that values are bound and never written into the text."""

    reader: Reader
    asked: list[tuple[str, list[Any]]] = field(default_factory=list)

    def query(self, sql: str, parameters: list[Any] | None = None) -> pl.DataFrame:
        self.asked.append((sql, parameters or []))
        return self.reader.query(sql, parameters)

    def version(self) -> int | None:
        return self.reader.version()


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
    snowflake_backend.warehouse().load([Load(TABLES[t], frame(t, found)) for t, found in rows.items()])
    duck = serving(publish(tmp_path / "duck", rows))
    seen: dict[str, int] = {}
    with Proxy(snowflake_port).running() as proxy:
        for name, told in PAGES:
            reader = Bound(Backend(snowflake_settings(proxy.port)).reader())
            server = serving(reader)
            reader.version()
            proxy.statements.clear()
            text = render(server, name, **told)
            page = "-".join([name, *told.values()])
            assert text == render(duck, name, **told), page
            assert '"nothing broken"' not in text
            seen[page] = len(proxy.statements)
            for value in told.values():
                assert not any(f"'{value}" in sql for sql, _ in reader.asked), page
            render(server, name, **told)
            assert len(proxy.statements) == seen[page]
    print(seen)
    assert max(seen.values()) <= MOST_QUERIES
