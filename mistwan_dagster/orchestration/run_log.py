"""What of a run is worth a line in the structured log: begin and end, failed steps, tables written, warnings.

Each line names run, job, partitions and lane, and who asked for the run. Belongs here: the choice, and the fields.
Dagster keeps every event of a run besides, for its UI.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import structlog
from dagster._core.storage.tags import (
    ASSET_PARTITION_RANGE_END_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
    PARTITION_NAME_TAG,
    SCHEDULE_NAME_TAG,
    SENSOR_NAME_TAG,
)

from mistwan_dagster.logs import open_log
from mistwan_dagster.orchestration.step_errors import reason

OWN_TAG = "mistwan/"
LONGEST_TEXT = 500
ENDS = {
    dg.DagsterEventType.RUN_SUCCESS: "run succeeded",
    dg.DagsterEventType.RUN_FAILURE: "run failed",
    dg.DagsterEventType.RUN_CANCELED: "run canceled",
}


def partitions_of(tags: Mapping[str, str]) -> str | None:
    """`2025-01-01T00` or `2025-01-01T00..2025-01-01T05`, as Dagster names them; None for a run without."""
    first, last = tags.get(ASSET_PARTITION_RANGE_START_TAG), tags.get(ASSET_PARTITION_RANGE_END_TAG)
    if first and last:
        return first if first == last else f"{first}..{last}"
    return tags.get(PARTITION_NAME_TAG)


def fields_of(run: dg.DagsterRun) -> dict[str, str]:
    """What stands in each line of a run."""
    fields = {"run_id": run.run_id, "job": run.job_name}
    partitions = partitions_of(run.tags)
    if partitions:
        fields["partition"] = partitions
    asked_by = run.tags.get(SCHEDULE_NAME_TAG) or run.tags.get(SENSOR_NAME_TAG)
    if asked_by:
        fields["asked_by"] = asked_by
    own = {tag.removeprefix(OWN_TAG): value for tag, value in run.tags.items() if tag.startswith(OWN_TAG)}
    return {**own, **fields}


def log_run(folder: Path, run: dg.DagsterRun, instance: dg.DagsterInstance) -> None:
    """Log the begin of a run, and from now on what of its events is worth a line."""
    log = open_log(folder, **fields_of(run))
    log.info("run started")
    instance.add_event_listener(run.run_id, _writer(log, time.monotonic()))


def _writer(log: structlog.BoundLogger, began: float) -> Callable[[dg.EventLogEntry], None]:
    told: set[str] = set()

    def write(entry: dg.EventLogEntry) -> None:
        event, step = entry.dagster_event, entry.step_key
        kind = event.event_type if event else None
        if event is None:
            if int(entry.level) >= logging.INFO:
                _at(log, int(entry.level))(entry.user_message, step=step)
        elif kind in ENDS:
            level = logging.INFO if kind is dg.DagsterEventType.RUN_SUCCESS else logging.ERROR
            _at(log, level)(ENDS[kind], seconds=round(time.monotonic() - began, 1))
        elif kind is dg.DagsterEventType.STEP_FAILURE:
            log.error("step failed", step=step, reason=" ".join(reason(event).split())[:LONGEST_TEXT])
        elif kind is dg.DagsterEventType.ASSET_MATERIALIZATION:
            made = event.step_materialization_data.materialization
            name = made.asset_key.to_user_string()
            if name not in told:  # a run over many partitions repeats it for each
                told.add(name)
                log.info("written", step=step, asset=name, **_figures(made.metadata))
        elif kind is dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            found = event.asset_check_evaluation_data
            if not found.passed:
                log.error("check failed", asset=found.asset_key.to_user_string(), check=found.check_name)

    return write


def _at(log: structlog.BoundLogger, level: int) -> Callable[..., Any]:
    if level >= logging.ERROR:
        return log.error
    return log.warning if level >= logging.WARNING else log.info


def _figures(metadata: Mapping[str, dg.MetadataValue[Any]]) -> dict[str, Any]:
    """Numbers and short texts of an asset's metadata, their names without Dagster's prefix."""
    plain = {name.split("/")[-1]: value.value for name, value in metadata.items()}
    return {
        name: value
        for name, value in plain.items()
        if isinstance(value, bool | int | float) or (isinstance(value, str) and len(value) <= LONGEST_TEXT)
    }
