"""Drift is shown, what is missing is added, and nothing is ever dropped."""

from mistwan_dagster.orchestration.warehouses import snowflake
from mistwan_dagster.warehouse.snowflake_schema import diff, init, migrate
from mistwan_dagster.warehouse.snowflake_session import in_session
from mistwan_dagster_tests.warehouse.conftest import Backend


def test_drift_is_shown_and_mended_without_losing_data(snowflake_backend: Backend) -> None:
    connection = snowflake(snowflake_backend.settings, "test")
    assert diff(*connection) == []
    for sql in (
        "DROP VIEW v_outage",
        "DROP TABLE dim_org",
        "ALTER TABLE dim_hour DROP COLUMN month",
        "ALTER TABLE dim_hour ADD COLUMN extra VARCHAR",
        "INSERT INTO dim_hour (hour_utc, day, iso_week, extra) VALUES ('2025-01-01', '2025-01-01', 'w', 'kept')",
        "CREATE TABLE mine (a FLOAT)",
    ):
        in_session(*connection, lambda s, sql=sql: s.execute(sql) and None)
    left = ["column dim_hour.extra is not declared", "table mine is not declared"]
    assert sorted(diff(*connection)) == sorted(
        ["view v_outage is missing", "table dim_org is missing", "column dim_hour.month is missing", *left]
    )
    done, by_hand = migrate(*connection)
    assert (sorted(done), sorted(by_hand)) == (["column dim_hour.month is missing"], left)
    assert sorted(diff(*connection)) == left
    kept = in_session(*connection, lambda s: s.rows("SELECT extra, month FROM dim_hour"))
    assert kept == [("kept", None)]
    for sql in ("DROP TABLE mine", "DROP TABLE dim_hour"):
        in_session(*connection, lambda s, sql=sql: s.execute(sql) and None)
    assert init(*connection) == ["table dim_hour created"]
