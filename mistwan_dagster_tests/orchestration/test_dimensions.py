"""The circuits as an asset: what a slot tells, beside what was known and what the inventory still has."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from mistwan_dagster.catalog.endpoint import Endpoint
from mistwan_dagster.catalog.endpoints import DEVICE_STATS, INVENTORY, PATH_STATS, PORT_STATS
from mistwan_dagster.catalog.tables import DIM_CIRCUIT
from mistwan_dagster.lake.files import write_parquet
from mistwan_dagster.lake.raw import SLOT
from mistwan_dagster.lake.slots import SLOT_COLUMN
from mistwan_dagster.orchestration.assets.dimensions import dim_circuit
from mistwan_dagster.orchestration.platform import Platform, PlatformResource

START = datetime(2025, 3, 4, 10, tzinfo=UTC)


@pytest.fixture
def platform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Platform:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MISTWAN_HOME", str(tmp_path))
    return Platform.open()


def slot(
    platform: Platform, number: int, ports: list[dict], inventory: list[str]
) -> dg.ExecuteInProcessResult:
    """What the asset makes of a slot with these ports, after a whole walk of an inventory with these gateways."""
    at = START + number * SLOT
    told: dict[str, tuple[Endpoint, list[dict]]] = {
        "ports": (PORT_STATS, ports),
        "paths": (PATH_STATS, []),
        "devices": (DEVICE_STATS, [{"mac": mac, "site_id": "s"} for mac in inventory]),
        "inventory": (INVENTORY, [{"mac": mac, "site_id": "s"} for mac in inventory]),
    }
    for endpoint, rows in told.values():
        stamped = [{"slot_utc": at, "received_at": at, **row} for row in rows]
        frame = pl.DataFrame(stamped, schema={**endpoint.schema, **SLOT_COLUMN})
        write_parquet(frame, platform.raw.slot_path(endpoint, at))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MISTWAN_NOW", at.isoformat())
        return dg.materialize([dim_circuit], resources={"platform": PlatformResource()})


def port(mac: str, up: bool = True, speed: float = 1000.0) -> dict:
    return {"mac": mac, "site_id": "s", "port_id": "p", "port_usage": "wan", "up": up, "speed": speed}


def versions(platform: Platform) -> list[tuple]:
    frame = platform.kpi.read(DIM_CIRCUIT.name)
    assert frame is not None
    return [
        (circuit, (begin - START) / SLOT, end and (end - START) / SLOT, now)
        for circuit, begin, end, now in frame.select(
            "circuit_id", "valid_from", "valid_to", "is_current"
        ).rows()
    ]


def test_circuits_of_an_exchanged_gateway_end_when_the_inventory_has_it_no_more(platform: Platform) -> None:
    assert slot(platform, 0, [port("aa")], ["aa"]).success
    assert slot(platform, 1, [port("bb")], ["aa", "bb"]).success
    assert versions(platform) == [("aa:p", 0, None, True), ("bb:p", 1, None, True)]
    done = slot(platform, 2, [port("bb")], ["bb"])
    assert versions(platform) == [("aa:p", 0, 2, False), ("bb:p", 1, None, True)]
    (event,) = done.asset_materializations_for_node("dim_circuit")
    assert event.metadata["circuits_of_removed_gateways"].value == 1
    assert slot(platform, 3, [port("bb")], ["bb"]).success
    assert slot(platform, 4, [port("aa"), port("bb")], ["aa", "bb"]).success
    assert versions(platform) == [("aa:p", 0, 2, False), ("aa:p", 4, None, True), ("bb:p", 1, None, True)]


def test_an_outage_makes_no_version(platform: Platform) -> None:
    for number, (up, speed) in enumerate([(True, 1000.0), (False, 0.0), (True, 1000.0)]):
        assert slot(platform, number, [port("aa", up, speed)], ["aa"]).success
    assert versions(platform) == [("aa:p", 0, None, True)]
    assert slot(platform, 3, [port("aa", speed=100.0)], ["aa"]).success
    assert versions(platform) == [("aa:p", 0, 3, False), ("aa:p", 3, None, True)]
