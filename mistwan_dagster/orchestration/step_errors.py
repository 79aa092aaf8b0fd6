"""Why a step failed, in a line that a person can act on. Commands print it, the log of runs keeps it."""

from __future__ import annotations

import dagster as dg


def reason(event: dg.DagsterEvent) -> str:
    """The step's own words: the first error of ours in the chain of causes, else the innermost; no traceback."""
    data = event.step_failure_data
    error = data.error
    if data.user_failure_data is not None and data.user_failure_data.description:
        return data.user_failure_data.description
    while error is not None:
        name, _, text = error.message.strip().partition(": ")
        if name.startswith("mistwan_dagster."):
            return text
        if error.cause is None:
            return error.message.strip()
        error = error.cause
    return f"{event.step_key} failed"
