"""Service level figures of each hour: how long each circuit, gateway and its clients were well served, and why not.

Belongs here: minutes looked at and degraded, by classifier, for the whole organization and one hour. Does not
belong here: answers (`sle_answers.py`).

Whether a link is down, the provider lost or the gateway out of contact is exact to the second; load and quality
are looked at every five minutes, each time for a twelfth of what is left of the hour. A minute counts for the
first reason that applies.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from mistwan_dagster.simulator.carried import covers, cut
from mistwan_dagster.simulator.incidents import Incidents, Kind
from mistwan_dagster.simulator.noise import Bools, Floats, Ints, uniform
from mistwan_dagster.simulator.quality import epoch_minute
from mistwan_dagster.simulator.world import World

HOUR_S, LOOK_S, LOOKS = 3600.0, 300.0, 12
KEPT_SITE_HOURS = 40_000
"""Figures remembered, in hours times sites: two weeks of a small organization, two days of a large one."""
CONGESTED_LOAD = 0.9
THRESHOLDS = {"network-loss": 1.0, "network-jitter": 30.0, "network-latency": 100.0}
"""Loss in percent, jitter and latency in ms; a value on the threshold is degraded."""

LINK, GATEWAY, APPLICATION = "wan-link-health", "gateway-health", "application-health"
CLASSIFIERS: dict[str, tuple[str, ...]] = {
    LINK: (
        "interface-port-down", "isp-reachability-dhcp", "isp-reachability-arp", "interface-congestion",
        "network-loss", "network-jitter", "network-latency",
    ),
    GATEWAY: ("gateway-disconnected", "cpu-usage", "memory-usage", "disk-usage"),
    APPLICATION: ("application-loss", "application-latency", "application-bandwidth"),
}  # fmt: skip
"""Metrics that the simulated cloud serves in detail, each with its classifiers in the order of precedence."""
UNITS = {LINK: "interface-minutes", GATEWAY: "gateway-minutes", APPLICATION: "user-minutes"}


@dataclass(frozen=True)
class HourFigures:
    """Of one hour, minutes: `total[metric]` per circuit or gateway, `degraded[metric]` with a column a classifier.

    wan-link-health is per circuit, the others are per gateway.
    """

    total: dict[str, Floats]
    degraded: dict[str, Floats]


class ServiceLevels:
    """Figures of any hour of a world, computed when asked for and remembered."""

    def __init__(self, world: World) -> None:
        self.world = world
        topology = world.topology
        self.gateway: Ints = world.carried.gateway
        self.has_lease: Bools = np.array([c.tariff.kind != "fibre" for c in topology.circuits], dtype=bool)
        self.counted: Bools = np.array([c.state != "disabled" for c in topology.circuits], dtype=bool)
        self.never_up: Bools = np.array([c.state == "down" for c in topology.circuits], dtype=bool)
        self.clients: Ints = 3 + (40 * uniform(topology.seed, 61, np.arange(len(topology.gateways)))).astype(
            np.int64
        )
        kept = max(48, min(400, KEPT_SITE_HOURS // len(topology.sites)))
        self.hour = lru_cache(maxsize=kept)(self._hour)

    def _hour(self, start_s: float) -> HourFigures:
        """Figures of the hour that begins at `start_s`; nothing is looked at before the organization's start."""
        incidents = self.world.incidents(start_s, start_s + HOUR_S)
        down, dark = (m[:, 0] for m in self.world.carried.seconds_in_bins(incidents, start_s, HOUR_S, 1))
        live = start_s >= self.world.start_s
        seen = np.where(self.counted & live, HOUR_S - np.minimum(dark, HOUR_S), 0)
        down = np.where(self.never_up, seen, np.minimum(down, seen))
        lost = np.minimum(self._lost_provider(incidents, start_s), seen - down)
        left = seen - down - lost
        busy, poor = self._looks(incidents, start_s)
        link = np.stack(
            [
                down,
                lost * self.has_lease,
                lost * ~self.has_lease,
                left * busy,
                *(left * share for share in poor),
            ],
            axis=1,
        )
        gateway_total, gateway = self._gateways(dark, busy, live, start_s)
        application_total, application = self._applications(gateway_total, gateway, busy, poor)
        return HourFigures(
            {LINK: seen / 60, GATEWAY: gateway_total, APPLICATION: application_total},
            {LINK: link / 60, GATEWAY: gateway, APPLICATION: application},
        )

    def _lost_provider(self, incidents: Incidents, start_s: float) -> Floats:
        lost = np.zeros(len(self.gateway))
        found = incidents.of(Kind.ISP)
        pieces = cut(found, start_s, HOUR_S, 1)
        np.add.at(lost, found.circuit[pieces.incident], pieces.high - pieces.low)
        return lost

    def _looks(self, incidents: Incidents, start_s: float) -> tuple[Floats, Floats]:
        """Per circuit the share of looks that met congestion, and of those with loss, jitter or latency."""
        observer = self.world.observer
        gateways = len(self.world.topology.gateways)
        busy, poor = np.zeros(len(self.gateway)), np.zeros((len(THRESHOLDS), len(self.gateway)))
        paths = np.arange(len(observer.path_circuit))
        for look in range(LOOKS):
            t = start_s + (look + 0.5) * LOOK_S
            current = incidents.where(covers(incidents, np.full(gateways, t)))
            load = observer.load(np.full(len(self.gateway), t), current)
            congested = load >= CONGESTED_LOAD
            busy += congested
            figures = observer.quality.at(paths, epoch_minute(t), load[observer.path_circuit])
            spared = congested
            limits = (THRESHOLDS[n] for n in CLASSIFIERS[LINK] if n in THRESHOLDS)
            for row, (values, limit) in enumerate(
                zip((figures[2], figures[1], figures[0]), limits, strict=True)
            ):
                bad = self._mean_by_circuit(values) >= limit
                poor[row] += bad & ~spared
                spared = spared | bad
        return busy / LOOKS, poor / LOOKS

    def _mean_by_circuit(self, values: Floats) -> Floats:
        """Mean over a circuit's paths; 0 on circuits that are not probed."""
        circuit = self.world.observer.path_circuit
        sums = np.bincount(circuit, values, len(self.gateway))
        return sums / np.maximum(np.bincount(circuit, minlength=len(self.gateway)), 1)

    def _gateways(self, dark: Floats, busy: Floats, live: bool, start_s: float) -> tuple[Floats, Floats]:
        """Gateway minutes: out of contact, then processor, memory and disk of what is left."""
        n = len(self.world.topology.gateways)
        away = np.zeros(n)
        np.maximum.at(away, self.gateway, np.minimum(dark, HOUR_S) / 60)
        hot = np.zeros(n)
        np.maximum.at(hot, self.gateway, busy)
        index = np.arange(n)
        left = 60 - away
        cpu = left * np.where(index % 2 == 0, 0.5 * hot, 0)
        memory = left * np.where(index % 29 == 7, 0.3 * uniform(self.world.seed, 62, index, int(start_s)), 0)
        disk = left * np.where(index % 41 == 3, 0.05, 0)
        total = np.full(n, 60.0 if live else 0.0)
        return total, np.stack([away, cpu, memory, disk], axis=1) * (total / 60)[:, None]

    def _applications(
        self, total: Floats, gateway: Floats, busy: Floats, poor: Floats
    ) -> tuple[Floats, Floats]:
        """User minutes while the gateway is in contact, by what its primary circuit was like."""
        primary = self.world.calendar.primary
        user_minutes = (total - gateway[:, 0]) * self.clients
        shares = [poor[0][primary], (poor[1] + poor[2])[primary], busy[primary]]
        return user_minutes, np.stack([user_minutes * 0.6 * np.minimum(s, 1) for s in shares], axis=1)
