"""Which circuits share an area."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import polars as pl

from mistwan_dagster.catalog.tables import DIM_CIRCUIT, DIM_SITE
from mistwan_dagster.kpi.areas import AREA_SCHEMA, circuit_areas, with_past_circuits

JAN = datetime(2025, 1, 1, tzinfo=UTC)
# One degree of latitude is 111 km: b is 44 km from a, c another 44 km from b, d far away.
PLACES = {"a": (45.0, 7.0), "b": (45.4, 7.0), "c": (45.8, 7.0), "d": (50.0, 7.0), "e": (None, None)}


def areas(radius_km: float, sites: str = "abcde", **changed: dict[str, Any]) -> dict[str, str]:
    stores = [
        {"site_id": s, "site_name": f"Store {s}", "region": "North" if s < "d" else None, "lat": PLACES[s][0],
         "lng": PLACES[s][1], "valid_from": JAN, "is_current": True}
        for s in sites
    ]  # fmt: skip
    lines = [
        {"circuit_id": f"{s}1", "site_id": s, "provider": "Acme", "device_mac": "m", "port_id": "x",
         "port_state": "up", "valid_from": JAN, "is_current": True, **changed.get(s, {})}
        for s in sites
    ]  # fmt: skip
    found = circuit_areas(
        pl.DataFrame(lines, schema=DIM_CIRCUIT.schema),
        pl.DataFrame(stores, schema=DIM_SITE.schema),
        radius_km,
    )
    return dict(found.select("site_id", "area").iter_rows())


def test_sites_within_the_radius_are_one_area_also_over_others_and_the_first_names_it():
    assert areas(50) == {"a": "around Store a", "b": "around Store a", "c": "around Store a",
                         "d": "around Store d", "e": "(none)"}  # fmt: skip
    assert areas(40)["b"] == "around Store b"
    assert areas(50, "acde")["c"] == "around Store c"


def test_without_a_radius_an_area_is_a_region():
    assert areas(0) == {"a": "North", "b": "North", "c": "North", "d": "(none)", "e": "(none)"}


def test_each_provider_has_areas_of_its_own_and_disabled_or_nameless_circuits_none():
    found = areas(50, b={"provider": "Best"}, d={"port_state": "disabled"}, e={"provider": None})
    assert found == {"a": "around Store a", "b": "around Store b", "c": "around Store c"}


def test_a_circuit_that_is_no_more_stays_in_the_area_of_its_providers_others_at_the_site():
    now = pl.DataFrame([("new", "a", "Acme", "around a")], schema=AREA_SCHEMA, orient="row")
    base = {
        "device_mac": "m",
        "port_id": "x",
        "valid_from": JAN,
        "valid_to": JAN.replace(day=9),
        "is_current": False,
    }
    past = [
        {**base, "circuit_id": "old", "site_id": "a", "provider": "Acme"},
        {**base, "circuit_id": "other", "site_id": "a", "provider": "Best"},
        {**base, "circuit_id": "new", "site_id": "z", "provider": "Acme"},
        {**base, "circuit_id": "new", "site_id": "a", "provider": "Acme", "valid_from": JAN.replace(day=9),
         "valid_to": None, "is_current": True},
    ]  # fmt: skip
    found = with_past_circuits(now, pl.DataFrame(past, schema=DIM_CIRCUIT.schema))
    assert found.rows() == [*now.rows(), ("old", "a", "Acme", "around a")]
