"""Loss, jitter and latency of each overlay path in each minute.

Belongs here: the quality of a path that is up, as a function of (path, minute, load). Does not belong here:
whether it is up (`snapshot.py`), averages (`insights.py`).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mistwan_dagster.simulator.noise import Bools, Floats, Ints, uniform
from mistwan_dagster.simulator.places import HUBS
from mistwan_dagster.simulator.topology import Topology

BUSY_SHARE = 0.75
"""Above this share of its bandwidth a circuit delays and drops."""


class Quality:
    """Quality of all paths. `path` arguments are index arrays, `minute` is epoch minutes; they broadcast."""

    def __init__(self, topology: Topology) -> None:
        self.seed = topology.seed
        circuits = [topology.circuits[p.circuit] for p in topology.paths]
        own = uniform(self.seed, 31, np.arange(len(circuits)))
        bad = np.array([c.is_bad for c in circuits], dtype=bool)
        hub = np.array([HUBS[p.hub].extra_latency_ms for p in topology.paths])
        line = np.array([c.tariff.latency_ms for c in circuits])
        self.latency_ms: Floats = line * (0.8 + 0.5 * own) + hub + np.where(bad, 85.0, 0.0)
        self.jitter_ms: Floats = 0.08 * line + 1.5 * own + np.where(bad, 24.0, 0.0)
        self.loss_pct: Floats = np.where(own < 0.8, 0.0, 0.06 * own) + np.where(bad, 1.1, 0.0)

    def at(
        self, path: npt.ArrayLike, minute: npt.ArrayLike, load: npt.ArrayLike
    ) -> tuple[Floats, Floats, Floats]:
        """Latency ms, jitter ms, loss percent of a path that is up; `load` is the used share of bandwidth."""
        p, m = np.asarray(path, dtype=np.int64), np.asarray(minute, dtype=np.int64)
        busy = np.clip((np.asarray(load) - BUSY_SHARE) / (1 - BUSY_SHARE), 0, 2)
        first, second, third = (uniform(self.seed, key, p, m) for key in (32, 33, 34))
        latency = self.latency_ms[p] * (0.94 + 0.14 * first) + 55 * busy * (0.7 + 0.6 * second)
        jitter = self.jitter_ms[p] * (0.6 + 0.8 * second) + 14 * busy * first
        spike = np.where(third > 0.985, 2.5 * first, 0.0)
        loss = self.loss_pct[p] * (0.4 + 1.2 * third) + 1.3 * busy * second + spike
        loss = np.asarray(np.minimum(loss, 100.0), dtype=np.float64)
        return np.round(latency, 3), np.round(jitter, 3), np.round(loss, 4)

    def is_told(self, path: npt.ArrayLike, minute: npt.ArrayLike) -> Bools:
        """False for the few minutes in which an up path comes without figures."""
        return np.asarray(uniform(self.seed, 35, path, minute) > 0.008)


def mean_opinion_score(latency: Floats, jitter: Floats, loss: Floats) -> Floats:
    """Score 1..4.5 by the usual simplified E-model."""
    effective = latency + 2 * jitter + 10
    rating = np.where(effective < 160, 93.2 - effective / 40, 93.2 - (effective - 120) / 10) - 2.5 * loss
    rating = np.clip(rating, 0, 100)
    score = 1 + 0.035 * rating + 7e-6 * rating * (rating - 60) * (100 - rating)
    return np.asarray(np.round(np.clip(score, 1, 4.5), 2))


def epoch_minute(t: npt.ArrayLike) -> Ints:
    """Epoch minutes of an instant."""
    return np.floor(np.asarray(t, dtype=np.float64) / 60).astype(np.int64)
