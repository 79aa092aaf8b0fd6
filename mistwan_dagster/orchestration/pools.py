"""Pools: what only one run at a time may do, whatever its job and lane.

Belongs here: their names, and that the instance knows them before a step asks for a place in one. Does not belong
here: lanes, which hold whole runs back (`jobs`).
"""

from __future__ import annotations

from contextlib import suppress

import dagster as dg
from sqlalchemy.exc import IntegrityError

WAREHOUSE_POOL = "warehouse"
"""One load at a time: DuckDB takes one writer."""
LAKE_POOL = "lake"
"""One at a time of what deletes or compacts raw files."""
EPISODES_POOL = "episodes"
"""One at a time of what replaces a table of outages, failovers or incidents whole: of runs over different hours at the
same time the last one finds the hours of all."""
DIVE_POOL = "sle_dive"
"""One deep-dive at a time: two would read the same sites."""
POOLS = (WAREHOUSE_POOL, LAKE_POOL, EPISODES_POOL, DIVE_POOL)


def limit_pools(instance: dg.DagsterInstance) -> None:
    """Give each pool that has no limit of its own one place; a limit that somebody set in the UI stays.

    A run does so before its first step: its resources are there before the executor in its process claims a place.
    (Executors with step processes claim before; their first run takes Dagster's way below.)

    Dagster makes a missing limit of its default at the first claim. On PostgreSQL the second of two runs that do so
    at the same time fails, and after the default was changed every run does (dagster-io/dagster#33552): a failed
    INSERT is followed by an UPDATE in the transaction that it ended. Limits that were set never take that way.
    """
    storage = instance.event_log_storage
    if not storage.supports_global_concurrency_limits:
        return
    own = {pool.name for pool in storage.get_pool_limits() if not pool.from_default}
    for pool in POOLS:
        if pool not in own:
            with suppress(IntegrityError):  # another run made it since
                storage.set_concurrency_slots(pool, 1)
