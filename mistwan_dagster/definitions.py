"""Where Dagster finds the graph: `dagster dev -m mistwan_dagster.definitions`."""

from mistwan_dagster.orchestration.build import defs

__all__ = ["defs"]
