"""The default thresholds, declared once. Overrides come from the thresholds file (`kpi/thresholds.py`)."""

from __future__ import annotations

DEFAULT_THRESHOLDS: dict[str, tuple[float, float, float]] = {
    "utilization": (70.0, 80.0, 90.0),
    "loss": (0.1, 0.5, 1.0),
    "jitter": (10.0, 30.0, 50.0),
    "latency": (50.0, 100.0, 150.0),
}
"""Measure -> (warning, high, critical), in the measure's unit. A value on the threshold counts as above it."""
