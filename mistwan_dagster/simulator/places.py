"""Names, places, products and tariffs of which simulated organizations are made.

Belongs here: static vocabulary. Does not belong here: which site gets what (`topology.py`).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """A city with its time zone; `offset_h` is the standard offset that traffic follows (no summer time)."""

    city: str
    timezone: str
    offset_h: int
    lat: float
    lng: float


REGIONS: dict[str, tuple[Place, ...]] = {
    "North": (
        Place("Minneapolis", "America/Chicago", -6, 44.98, -93.27),
        Place("Milwaukee", "America/Chicago", -6, 43.04, -87.91),
    ),
    "South": (
        Place("Houston", "America/Chicago", -6, 29.76, -95.37),
        Place("Atlanta", "America/New_York", -5, 33.75, -84.39),
    ),
    "East": (
        Place("Boston", "America/New_York", -5, 42.36, -71.06),
        Place("Newark", "America/New_York", -5, 40.74, -74.17),
    ),
    "West": (
        Place("Sacramento", "America/Los_Angeles", -8, 38.58, -121.49),
        Place("Portland", "America/Los_Angeles", -8, 45.52, -122.68),
    ),
    "Central": (
        Place("Denver", "America/Denver", -7, 39.74, -104.99),
        Place("Omaha", "America/Chicago", -6, 41.26, -95.93),
    ),
}
STORE_TYPES = ("Flagship", "Standard", "Express")


@dataclass(frozen=True)
class Tariff:
    """What an access line of one kind may be: providers (name, AS number) and bandwidths (down, up Mbps)."""

    kind: str
    wan_type: str
    providers: tuple[tuple[str, str], ...]
    bandwidths: tuple[tuple[float, float], ...]
    latency_ms: float


BROADBAND = Tariff(
    "broadband",
    "broadband",
    (("Comet Broadband", "64501"), ("Northline Cable", "64502"), ("Harbor Cable", "64503")),
    ((100, 20), (200, 20), (300, 30), (500, 50)),
    24.0,
)
FIBRE = Tariff(
    "fibre",
    "broadband",
    (("Union Fibre", "64511"), ("Metro Fibre", "64512")),
    ((100, 100), (200, 200), (500, 500)),
    11.0,
)
DSL = Tariff(
    "dsl",
    "dsl",
    (("Sierra DSL", "64521"), ("Comet Broadband", "64501")),
    ((25, 5), (50, 10), (80, 20)),
    36.0,
)
LTE = Tariff(
    "lte",
    "lte",
    (("Astra Mobile", "64531"), ("Vega Wireless", "64532")),
    ((50, 20), (25, 10)),
    55.0,
)
BAD_PROVIDER = ("Sierra DSL", "64521")
"""The provider of the chronically bad cluster in region West."""

MODELS = {"svr": ("SSR120", "SSR130"), "ipsec": ("SRX320", "SRX345")}
VERSIONS = {"svr": "6.2.5-5r2", "ipsec": "22.4R3-S2.11"}


@dataclass(frozen=True)
class Hub:
    """A data-centre gateway at the far end of the overlay paths; no device of the stores."""

    name: str
    mac: str
    port_id: str
    ip: str
    extra_latency_ms: float


HUBS = (
    Hub("hub-east-1", "5c5b36f00001", "ge-0/0/1", "198.51.100.1", 4.0),
    Hub("hub-west-1", "5c5b36f00002", "ge-0/0/1", "203.0.113.1", 13.0),
)
