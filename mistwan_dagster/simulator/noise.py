"""Random numbers as pure functions of their keys, so that any instant can be asked for in any order.

Belongs here: the hash. Does not belong here: what the numbers are used for.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


def uniform(*keys: npt.ArrayLike) -> Floats:
    """Uniform numbers in [0, 1) from integer keys, which broadcast (splitmix64 finalizer, key by key)."""
    with np.errstate(over="ignore"):
        h = np.asarray(0x9E3779B97F4A7C15, dtype=np.uint64)
        for key in keys:
            h = h ^ np.asarray(key).astype(np.int64).astype(np.uint64) * np.uint64(0xD6E8FEB86659FD93)
            h = (h ^ (h >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            h = (h ^ (h >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
            h = h ^ (h >> np.uint64(31))
    return (h >> np.uint64(11)).astype(np.float64) * 2.0**-53
