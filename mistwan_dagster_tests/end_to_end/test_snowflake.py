"""The same lake in both warehouses through the commands: same rows, same figures; and what an hour costs."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from dataclasses import replace

from polars.testing import assert_frame_equal

from mistwan_dagster.catalog.tables import TABLES
from mistwan_dagster.catalog.views import VIEWS
from mistwan_dagster.orchestration.warehouses import open_reader
from mistwan_dagster.settings import Settings
from mistwan_dagster.warehouse.port import Reader
from mistwan_dagster_tests.warehouse.fake_snowflake import Proxy, served

from .conftest import Cli

MOST_STATEMENTS_A_TABLE = 12
MOST_STATEMENTS_AN_HOUR = 100
"""Of what schedules run for an hour of data, and as many again for what they run once a day."""
OF_THE_BACKEND = {"load_ledger"}
TABLE = re.compile(rf"\b({'|'.join(sorted(set(TABLES) - OF_THE_BACKEND, key=len, reverse=True))})\b")
AS_SCHEDULED = """
from mistwan_dagster.orchestration import launch
from mistwan_dagster.orchestration.platform import Platform
from mistwan_dagster.orchestration.staleness import STAGES
from mistwan_dagster.orchestration.stage import ranges
platform = Platform.open()
with launch.instance(platform) as opened:
    for name, stage in STAGES.items():
        due = [] if stage.so_far_once_a_day else stage.stale(platform)
        for span in ranges(due, stage.end, stage.most_a_run):
            launch.require_success(launch.run_span(opened, name, *span))
"""


def test_snowflake_is_filled_as_duckdb_is_and_an_hour_takes_few_statements(cli: Cli) -> None:
    with served() as port, Proxy(port).running() as proxy:
        on_snowflake = replace(cli, settings=cli.settings | _settings(proxy.port))
        assert "warehouse init" in on_snowflake.run("query", "SELECT 1").stderr
        on_snowflake.ok("warehouse", "init")
        assert on_snowflake.ok("warehouse", "diff") == "no differences\n"
        on_snowflake.ok("collect")
        on_snowflake.ok("backfill", "--start", "2025-03-04T06:00Z", "--end", "2025-03-04T09:00Z")
        on_snowflake.ok("collect", "--start", "2025-03-04T09:00Z", "--end", "2025-03-04T10:00Z")
        proxy.statements.clear()
        subprocess.run([sys.executable, "-c", AS_SCHEDULED], env=on_snowflake.environment(), check=True)
        assert {"fact_circuit_hour", "agg_circuit_window", "agg_circuit_period"} <= set(
            _few(proxy.statements)
        )
        proxy.statements.clear()
        on_snowflake.ok("aggregate", "all")
        assert "circuit_id" in on_snowflake.ok("top", "--period", "3h", "--format", "csv")
        assert {"agg_circuit_period", "agg_circuit_rolling_13m"} <= set(_few(proxy.statements))
        assert on_snowflake.rows("SELECT count(*) AS n FROM dim_hour") == [{"n": 4}]
        cli.ok("aggregate", "all")
        _alike(cli, on_snowflake)


def _settings(port: int) -> dict[str, str]:
    return {
        "MISTWAN_WAREHOUSE": "snowflake", "SNF_ACCOUNT": "org-acc", "SNF_USER": "loader",
        "SNF_PASSWORD": "not-a-real-one", "SNF_HOST": "127.0.0.1", "SNF_PORT": str(port), "SNF_PROTOCOL": "http",
        # What is served in one process shares its databases.
        "SNF_DATABASE": "END_TO_END",
    }  # fmt: skip


def _few(statements: list[str]) -> Counter[str]:
    """Statements by table that they change, few."""
    # fakesnow has the connector ask again for each file of a PUT; those requests name no folder.
    statements = [s for s in statements if not s.startswith("PUT") or "*" in s]
    print(len(statements), Counter(s.split()[0] for s in statements))
    changes = [s for s in statements if s.startswith(("DELETE", "INSERT"))]
    by_table = Counter(match[1] for s in changes if (match := TABLE.search(s)))
    print(by_table.most_common())
    assert max(by_table.values()) <= MOST_STATEMENTS_A_TABLE
    assert len(statements) < MOST_STATEMENTS_AN_HOUR
    return by_table


def _alike(duckdb: Cli, snowflake: Cli) -> None:
    def reader(cli: Cli) -> Reader:
        given = {k.lower(): v for k, v in cli.settings.items()}
        return open_reader(Settings(_env_file=None, mistwan_home=cli.home, **given))  # type: ignore[arg-type]

    duck, snow = reader(duckdb), reader(snowflake)
    for name in [*TABLES, *VIEWS]:
        if name in OF_THE_BACKEND:
            continue
        sql = f"SELECT * FROM {name}"
        assert_frame_equal(snow.query(sql), duck.query(sql), check_row_order=False, rel_tol=1e-9)
