"""Hours of a hand-made lake: they come out the same one by one and many at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from mistwan_dagster.catalog.endpoints import DEVICE_EVENTS, DEVICE_STATS, PATH_STATS, PORT_STATS
from mistwan_dagster.catalog.tables import DIM_CIRCUIT, FACT_CIRCUIT_OUTAGE
from mistwan_dagster.lake.files import write_parquet
from mistwan_dagster.lake.raw import HOUR
from mistwan_dagster.lake.slots import SLOT_COLUMN
from mistwan_dagster.orchestration.hourly import STATUS, chunks, compute_measured, compute_outages
from mistwan_dagster.orchestration.platform import Platform
from mistwan_dagster.settings import Settings

BEGIN, END = datetime(2025, 3, 3, 20, tzinfo=UTC), datetime(2025, 3, 5, 22, tzinfo=UTC)
LOST = datetime(2025, 3, 3, 21, 30, tzinfo=UTC)
"""From then on nobody answers on a line whose link stays up; nothing is told of it any more."""
PORT = {"mac": "aa", "port_id": "ge-0/0/1", "port_usage": "wan", "up": True}
CIRCUIT = {"circuit_id": "aa:ge-0/0/1", "site_id": "s", "device_mac": "aa", "port_id": "ge-0/0/1", "role": "primary",
           "is_current": True, "valid_from": BEGIN}  # fmt: skip


@pytest.fixture
def platform(tmp_path: Path) -> Platform:
    found = Platform(Settings(mistwan_home=tmp_path, mistwan_now=END + HOUR, _env_file=None))
    found.kpi.write(DIM_CIRCUIT.name, pl.DataFrame([CIRCUIT], schema=DIM_CIRCUIT.schema))
    slot = BEGIN
    while slot <= END:
        rows: list[dict[str, Any]] = [{**PORT, "timestamp": slot.timestamp(), "slot_utc": slot}]
        for endpoint, told in ((PORT_STATS, rows), (PATH_STATS, []), (DEVICE_STATS, [])):
            frame = pl.DataFrame(told, schema={**endpoint.schema, **SLOT_COLUMN})
            write_parquet(frame, found.raw.slot_path(endpoint, slot))
        slot += timedelta(minutes=10)
    event = {"mac": "aa", "type": "GW_ARP_UNRESOLVED", "timestamp": LOST.timestamp(), "port_id": "ge-0/0/1"}
    assert found.raw.add_events(DEVICE_EVENTS, "walk", 1, pl.DataFrame([event], schema=DEVICE_EVENTS.schema))
    return found


def status(platform: Platform) -> pl.DataFrame:
    found = platform.kpi.scan_hours(STATUS, BEGIN, END)
    assert found is not None
    return found.sort("hour_utc").collect()


def test_no_piece_of_a_span_goes_over_midnight(platform: Platform) -> None:
    third, fourth = (datetime(2025, 3, day, tzinfo=UTC) for day in (4, 5))
    pieces = list(chunks(platform, BEGIN, END + HOUR))
    assert pieces == [(BEGIN, third, True), (third, fourth, True), (fourth, END + HOUR, True)]


def test_a_line_that_nobody_answers_on_for_days_is_unreachable_until_somebody_does(
    platform: Platform,
) -> None:
    for hour in range(int((END - BEGIN) / HOUR)):
        compute_measured(platform, BEGIN + hour * HOUR, BEGIN + (hour + 1) * HOUR)
    one_by_one = status(platform)
    compute_measured(platform, BEGIN, END)
    assert_frame_equal(status(platform), one_by_one)
    last = one_by_one.row(-1, named=True)
    assert (last["up_minutes"], last["reachable_minutes"]) == (60, 0)
    compute_outages(platform, None)
    outages = platform.kpi.read(FACT_CIRCUIT_OUTAGE.name)
    assert outages is not None
    assert outages.select("kind", "start_utc", "end_utc").rows() == [("reachability", LOST, None)]
