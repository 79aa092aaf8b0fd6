"""Pools have their limit before a step asks for a place, also when two runs see to it at the same instant."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import dagster as dg
import pytest
from sqlalchemy import create_engine, text

from benchmarks import servers
from mistwan_dagster.orchestration import launch
from mistwan_dagster.orchestration.build import defs
from mistwan_dagster.orchestration.launch import POSTGRES_SETTING, POSTGRES_YAML
from mistwan_dagster.orchestration.platform import Platform
from mistwan_dagster.orchestration.pools import POOLS, WAREHOUSE_POOL, limit_pools
from mistwan_dagster_tests.deployment.stack import wait_for
from mistwan_dagster_tests.needed import require

INSERT = (
    'INSERT INTO concurrency_limits (concurrency_key, "limit", using_default_limit) VALUES (:key, 1, true)'
)
BLOCKED = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"


@pytest.fixture
def home() -> Iterator[Path]:
    """Where PostgreSQL's own user comes to, which pytest's folders do not let in."""
    with TemporaryDirectory(prefix="mistwan-pools-", dir="/tmp") as name:
        yield Path(name)


def limits(instance: dg.DagsterInstance) -> dict[str, tuple[int, bool]]:
    """Pool -> its limit, and whether that is only Dagster's default."""
    return {p.name: (p.limit, p.from_default) for p in instance.event_log_storage.get_pool_limits()}


def test_every_pool_of_the_graph_is_seen_to() -> None:
    used = {op.pool for job in defs.resolve_all_job_defs() for op in job.graph.iterate_op_defs() if op.pool}
    assert used == set(POOLS)


def test_a_run_sees_to_the_pools_and_leaves_what_somebody_set(on_sim: Platform) -> None:
    with launch.instance(on_sim) as opened:
        opened.event_log_storage.set_concurrency_slots(WAREHOUSE_POOL, 0)
        opened.event_log_storage.initialize_concurrency_limit_to_default("lake")
        launch.run_job(opened, "maintenance", {}, assets=[dg.AssetKey("rpt_schema_drift")])
        assert limits(opened) == dict.fromkeys(POOLS, (1, False)) | {WAREHOUSE_POOL: (0, False)}


def test_two_runs_that_make_the_same_pool_at_once_both_go_on(
    monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    """The other run's row is there, but not committed yet, when this one makes its own."""
    require(servers.POSTGRES, "PostgreSQL")
    (home / launch.CONFIG).write_text(launch.INSTANCE_YAML + POSTGRES_YAML, encoding="utf-8")
    home.chmod(0o755)
    with servers.postgres(home / "postgres") as server:
        monkeypatch.setenv(POSTGRES_SETTING, server.url)
        engine = create_engine(server.url)
        with dg.DagsterInstance.from_config(str(home)) as opened, ThreadPoolExecutor() as threads:
            with engine.begin() as other:
                other.execute(text(INSERT), {"key": WAREHOUSE_POOL})
                ours = threads.submit(limit_pools, opened)
                with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as looking:
                    wait_for("waiting for the other", lambda: looking.execute(text(BLOCKED)).scalar())
            ours.result()
            assert {name: limit for name, (limit, _) in limits(opened).items()} == dict.fromkeys(POOLS, 1)
            limit_pools(opened)
            assert limits(opened) == dict.fromkeys(POOLS, (1, False))
        engine.dispose()
