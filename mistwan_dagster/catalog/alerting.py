"""Defaults of alerts, declared once, in the words of the alerts file that may override them."""

from __future__ import annotations

from typing import Any

from mistwan_dagster.catalog.columns import MEASURES, QUALITY_MEASURES

LIVE_SIGNALS = ("down", "unreachable", "offline")
"""States known to the minute: link down, provider silent while the link is up, gateway without contact to the cloud."""
SIGNALS = (*LIVE_SIGNALS, *MEASURES)
CARRIER_SIGNALS = (*LIVE_SIGNALS, *QUALITY_MEASURES)
"""Signals that a fault of the carrier explains. A full line is no fault of its carrier."""
LONGEST_LIVE_MINUTES = 12 * 60
"""The evidence of this time is read at each look, so a rule on a state cannot ask for more."""
LONGEST_HOURS = 7 * 24

DEFAULT_RULES: dict[str, Any] = {
    "outage": {
        "of": list(LIVE_SIGNALS),
        "high": {"minutes": 15},
        "critical": {"minutes": 60},
        "recovered_after": {"minutes": 10},
    },
    "quality": {
        "of": list(QUALITY_MEASURES),
        "high": {"hours": 3},
        "critical": {"hours": 2},
        "recovered_after": {"hours": 1},
    },
    "congestion": {
        "of": ["utilization"],
        "high": {"hours": 3},
        "critical": {"hours": 2},
        "recovered_after": {"hours": 1},
    },
}

PLATFORM_LIMITS: dict[str, str] = {
    "slots_late": "minutes",
    "hours_late": "minutes",
    "quota_low": "left_pct",
    "disk_low": "free_pct",
    "run_failed": "",
}
"""Alerts of the platform itself -> the key of their limit (none: it is a matter of yes or no)."""
DEFAULT_PLATFORM: dict[str, Any] = {
    "slots_late": {"severity": "high", "minutes": 20},
    "hours_late": {"severity": "high", "minutes": 150},
    "quota_low": {"severity": "high", "left_pct": 10},
    "disk_low": {"severity": "critical", "free_pct": 10},
    "run_failed": {"severity": "high"},
}
