"""The reports on Snowflake: word for word what they are on DuckDB."""

from __future__ import annotations

from pathlib import Path

from mistwan_dagster.catalog.tables import TABLES
from mistwan_dagster.reporting.asking import Pinned, consistently
from mistwan_dagster.reporting.daily import daily_report
from mistwan_dagster.reporting.daily_data import ask_day
from mistwan_dagster.reporting.document import Report
from mistwan_dagster.reporting.monthly import monthly_report
from mistwan_dagster.reporting.monthly_data import ask_month
from mistwan_dagster.warehouse.port import Load
from mistwan_dagster_tests.dashboard.made import frame, publish
from mistwan_dagster_tests.reporting.conftest import FEBRUARY, LEAP_DAY, RULES, rows
from mistwan_dagster_tests.warehouse.conftest import Backend


def told(pinned: Pinned) -> tuple[Report, Report]:
    day, month = ask_day(pinned, LEAP_DAY, RULES), ask_month(pinned, FEBRUARY)
    return daily_report(day, RULES), monthly_report(month, RULES)


def test_reports_say_the_same_on_both(snowflake_backend: Backend, tmp_path: Path) -> None:
    made = rows()
    snowflake_backend.warehouse(run_id="").load(
        [Load(TABLES[t], frame(t, found)) for t, found in made.items()]
    )
    on_snowflake = consistently(snowflake_backend.reader(), told)
    assert on_snowflake == consistently(publish(tmp_path / "duck", made), told)
