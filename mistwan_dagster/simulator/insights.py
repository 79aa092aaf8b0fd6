"""Series of fixed clock bins as the cloud keeps them: traffic and mean quality of one port.

Belongs here: the figures of each bin. Does not belong here: retention, paging, the answer (`series.py`).

A bin in which the gateway was out of contact for more than half of the time has no figure; otherwise the
figures are of its observed part (whole 5 minutes for traffic, minutes for quality).
"""

from __future__ import annotations

import numpy as np

from mistwan_dagster.simulator.carried import Carried, cut
from mistwan_dagster.simulator.incidents import DARK_KINDS, LINK_KINDS, LOSSY_KINDS, Incidents, Kind
from mistwan_dagster.simulator.noise import Bools, Floats
from mistwan_dagster.simulator.quality import Quality
from mistwan_dagster.simulator.snapshot import Observer
from mistwan_dagster.simulator.topology import Circuit

SUB_BIN_S = 300.0
MINUTE_S = 60.0


def traffic_series(
    carried: Carried, circuit: Circuit, start: float, width: float, bins: int, incidents: Incidents
) -> dict[str, Floats]:
    """`rx_bps, tx_bps, max_rx_bps, max_tx_bps` of each bin, bits/s; nan without data."""
    own = incidents.where(incidents.gateway == circuit.gateway)
    per_bin = int(width // SUB_BIN_S)
    rx, tx = carried.in_bins(np.array([circuit.index]), start, SUB_BIN_S, bins * per_bin, own)
    dark = _seconds(own.of(*DARK_KINDS), start, SUB_BIN_S, bins * per_bin).reshape(bins, per_bin)
    seen = dark <= 0
    enough = seen.sum(axis=1) * 2 >= per_bin
    series: dict[str, Floats] = {}
    for name, volume in (("rx_bps", rx), ("tx_bps", tx)):
        bps = np.where(seen, volume[0].reshape(bins, per_bin) * 8 / SUB_BIN_S, 0)
        series[name] = np.where(enough, bps.sum(axis=1) / np.maximum(seen.sum(axis=1), 1), np.nan)
        series[f"max_{name}"] = np.where(enough, bps.max(axis=1), np.nan)
    return series


def quality_series(
    observer: Observer, circuit: Circuit, start: float, width: float, bins: int, incidents: Incidents
) -> dict[str, Floats]:
    """`avg_latency, avg_jitter, avg_loss` over all up paths and told minutes of each bin; nan without any."""
    quality: Quality = observer.quality
    own = incidents.where(incidents.gateway == circuit.gateway)
    per_bin = int(width // MINUTE_S)
    at: Floats = start + np.arange(bins * per_bin, dtype=np.float64) * MINUTE_S
    dark = _covered(own.of(*DARK_KINDS), at)
    mine = own.where(own.circuit == circuit.index)
    circuit_up = ~_covered(mine.of(*LINK_KINDS, Kind.ISP), at) & ~dark & (circuit.state == "up")
    load = _load(observer.carried, circuit, at, own)
    sums, count = np.zeros((3, bins)), np.zeros(bins)
    for hub in (h for (c, h) in observer.path_of if c == circuit.index):
        path = observer.path_of[circuit.index, hub]
        broken = _covered(mine.of(Kind.PATH).where(mine.of(Kind.PATH).hub == hub), at)
        minute = np.floor(at / MINUTE_S).astype(np.int64)
        told = circuit_up & ~broken & quality.is_told(path, minute)
        for row, values in enumerate(quality.at(path, minute, load)):
            sums[row] += np.where(told, values, 0).reshape(bins, per_bin).sum(axis=1)
        count += told.reshape(bins, per_bin).sum(axis=1)
    seen = (~dark).reshape(bins, per_bin).sum(axis=1) * 2 >= per_bin
    means = np.where(seen & (count > 0), sums / np.maximum(count, 1), np.nan)
    return {f"avg_{name}": means[row] for row, name in enumerate(("latency", "jitter", "loss"))}


def _load(carried: Carried, circuit: Circuit, at: Floats, own: Incidents) -> Floats:
    """Used share of the circuit's bandwidth at each instant, as the snapshots compute it."""
    traffic = carried.traffic
    level = traffic.intensity(circuit.index, at, noisy=False)
    rx, tx = level * traffic.rx_rate[circuit.index], level * traffic.tx_rate[circuit.index]
    lossy = own.of(*LOSSY_KINDS)
    for c, moves, start, end in zip(
        lossy.circuit.tolist(), lossy.moves.tolist(), lossy.start, lossy.end, strict=True
    ):
        inside = (at >= start) & (at < end)
        if c == circuit.index:
            rx[inside], tx[inside] = 0, 0
        elif moves and carried.calendar.takeover[c] == circuit.index:
            moved = traffic.intensity(c, at[inside], noisy=False)
            rx[inside] += moved * carried.moved_rx[c]
            tx[inside] += moved * carried.moved_tx[c]
    return np.maximum(rx / carried.down_rate[circuit.index], tx / carried.up_rate[circuit.index])


def _covered(incidents: Incidents, at: Floats) -> Bools:
    inside = np.zeros(len(at), dtype=bool)
    for start, end in zip(incidents.start, incidents.end, strict=True):
        inside[np.searchsorted(at, start) : np.searchsorted(at, end)] = True
    return inside


def _seconds(incidents: Incidents, start: float, width: float, bins: int) -> Floats:
    seconds = np.zeros(bins)
    pieces = cut(incidents, start, width, bins)
    np.add.at(seconds, pieces.bin, pieces.high - pieces.low)
    return seconds
