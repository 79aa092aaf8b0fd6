"""Both warehouses behind one fixture: DuckDB, and Snowflake as fakesnow serves it over HTTP.

Snowflake is reached as in production: settings, Dagster's resource, the real connector.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from mistwan_dagster.catalog.tables import TABLES
from mistwan_dagster.orchestration.warehouses import open_reader, open_warehouse, snowflake
from mistwan_dagster.settings import Settings
from mistwan_dagster.warehouse.port import Reader, Warehouse
from mistwan_dagster.warehouse.snowflake_schema import STAGING, STATE, init
from mistwan_dagster.warehouse.snowflake_session import Session, in_session
from mistwan_dagster_tests.warehouse.fake_snowflake import abort_detached, served


@dataclass
class Backend:
    """A new, empty warehouse."""

    settings: Settings

    @property
    def name(self) -> str:
        return self.settings.mistwan_warehouse

    def warehouse(self, run_id: str = "run-1") -> Warehouse:
        return open_warehouse(self.settings, run_id)

    def reader(self) -> Reader:
        return open_reader(self.settings)


@pytest.fixture(scope="session")
def snowflake_port() -> Iterator[int]:
    """A served fakesnow; each test has a database of its own in it."""
    with served() as port:
        yield port


@pytest.fixture
def snowflake_settings(snowflake_port: int, tmp_path: Path) -> Callable[..., Settings]:
    """Settings of the tests' database, on any port (a proxy's, for example)."""

    def make(port: int = snowflake_port, **changes: object) -> Settings:
        given: dict[str, object] = {
            "mistwan_home": tmp_path, "mistwan_warehouse": "snowflake", "snf_account": "org-acc",
            "snf_user": "loader", "snf_password": "not-a-real-one", "snf_host": "127.0.0.1", "snf_port": port,
            "snf_protocol": "http", "snf_network_timeout_s": 1, "snf_login_timeout_s": 2,
        }  # fmt: skip
        return Settings(_env_file=None, **(given | changes))  # type: ignore[arg-type, call-arg]

    return make


def _empty(session: Session) -> None:
    for (name,) in session.rows("SELECT table_name FROM information_schema.tables"):
        if STAGING.match(name.lower()):  # another test cut this load off
            session.execute(f"DROP TABLE {name}")
    for table in TABLES:
        session.execute(f"DELETE FROM {table}")
    session.execute(f"UPDATE {STATE} SET version = 0")


@pytest.fixture
def snowflake_backend(snowflake_settings: Callable[..., Settings]) -> Backend:
    """Snowflake with its tables, empty. They are made once: a thousand columns take seconds."""
    settings = snowflake_settings()
    abort_detached()
    connection = snowflake(settings, "test")
    init(*connection)
    in_session(*connection, _empty)
    return Backend(settings)


@pytest.fixture(params=["duckdb", "snowflake"])
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Backend:
    """Each warehouse in turn."""
    if request.param == "snowflake":
        return request.getfixturevalue("snowflake_backend")
    return Backend(Settings(_env_file=None, mistwan_home=tmp_path))  # type: ignore[call-arg]
