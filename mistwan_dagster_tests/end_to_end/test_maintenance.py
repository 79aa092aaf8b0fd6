"""The daily job on what real commands collected from a cloud whose answers change: drift, compaction, retention."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import dagster as dg
import pytest

from mistwan_dagster.catalog.endpoints import PORT_STATS
from mistwan_dagster.orchestration import launch
from mistwan_dagster.orchestration.platform import Platform
from mistwan_dagster.simulator.server import Running

from .conftest import NOW, Cli


@contextmanager
def at(cli: Cli, cloud: Running, monkeypatch: pytest.MonkeyPatch, now: datetime) -> Iterator[Platform]:
    """Commands, cloud and this process at an instant."""
    cloud.clock.set(now)
    cli.settings["MISTWAN_NOW"] = now.isoformat()
    with monkeypatch.context() as patched:
        for name, value in cli.environment().items():
            patched.setenv(name, value)
        yield Platform.open()


def maintain(platform: Platform) -> dict[str, dict[str, Any]]:
    """Run the job; metadata by asset."""
    with launch.instance(platform) as opened:
        outcome = launch.run_job(opened, "maintenance", {})
        launch.require_success(outcome)
        events = opened.get_records_for_run(
            outcome.run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION
        ).records
    found = [e.event_log_entry.asset_materialization for e in events]
    return {m.asset_key.to_user_string(): {k: v.value for k, v in m.metadata.items()} for m in found if m}


def test_a_changed_release_is_reported_and_old_days_are_compacted_and_deleted(
    cli: Cli, cloud: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = timedelta(days=1)
    with at(cli, cloud, monkeypatch, NOW) as platform:
        cli.ok("collect")
        assert "no drift report yet" in cli.ok("check")
        done = maintain(platform)
        assert done["rpt_schema_drift"]["new_in_24_hours"] == 0
        ports = platform.raw.scan_snapshots(PORT_STATS, NOW - day, NOW + day).collect().height
        assert cli.rows("SELECT count(*) AS n FROM rpt_schema_drift") == [{"n": 0}]

    cloud.release.added = {"sfp_vendor": {"secret": "x"}}
    cloud.release.dropped, cloud.release.as_text = ("full_duplex",), ("speed",)
    with at(cli, cloud, monkeypatch, NOW + day) as platform:
        cli.ok("collect")
        done = maintain(platform)
        assert done["rpt_schema_drift"]["new_in_24_hours"] >= 2
        checked = cli.run("check").stdout
        assert "FAIL  collection: device_stats 0 of 287 slots whole" in checked, (
            "nothing was collected for a day"
        )
        assert "schema: new in 24 h: " in checked
        assert "port_stats.sfp_vendor new (object)" in checked
        assert "port_stats.speed type_changed (string)" in checked
        assert "full_duplex" not in checked, "the day may still tell it"
        refused = platform.raw.quarantined(PORT_STATS, (NOW + day).date())
        stored = platform.raw.scan_snapshots(PORT_STATS, NOW, NOW + 2 * day).collect()
        assert stored.height + refused.height == ports
        assert set(refused["reason"]) == {"speed: string where a number is expected"}
        assert stored["full_duplex"].null_count() == stored.height

    with at(cli, cloud, monkeypatch, NOW + 4 * day) as platform:
        before = stored.sort("mac", "port_id")
        done = maintain(platform)
        assert done["raw_compaction"]["day_files"] > 0
        (speed,) = cli.rows("SELECT * FROM rpt_schema_drift WHERE field_path = 'speed'")
        assert (speed["kind"], speed["row_count"], speed["endpoint"]) == (
            "type_changed",
            refused.height,
            "port_stats",
        )
        missing = cli.rows(
            "SELECT endpoint, row_count FROM rpt_schema_drift WHERE field_path = 'full_duplex'"
        )
        assert missing == [{"endpoint": "port_stats", "row_count": stored.height}]
        assert "secret" not in repr(cli.rows("SELECT * FROM rpt_schema_drift"))
        checked = cli.run("check").stdout
        assert "no field came" in checked
        assert "port_stats was not collected in 24 h, last " in checked
        again = maintain(platform)
        assert (again["raw_compaction"]["day_files"], again["raw_compaction"]["redundant_files_deleted"]) == (
            0,
            0,
        )
        compacted = platform.raw.scan_snapshots(PORT_STATS, NOW, NOW + 2 * day).collect()
        assert compacted.sort("mac", "port_id").equals(before)

    with at(cli, cloud, monkeypatch, NOW + 40 * day) as platform:
        done = maintain(platform)
        assert done["raw_retention"]["files"] > 0
        assert not list(platform.raw.root.glob("raw/port_stats/hour=*"))
        assert platform.raw.partition_hours(PORT_STATS) == []
        assert cli.rows("SELECT DISTINCT field_path FROM rpt_schema_drift WHERE field_path = 'speed'")
        cli.ok("collect")
        cli.ok("aggregate")
