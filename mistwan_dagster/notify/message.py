"""What a receiver is told of an alert, in words.

Belongs here: title and text. Does not belong here: sending (`sender.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from mistwan_dagster.catalog.columns import NONE

SHOWN = 10
"""Circuits that are named; the others are counted."""
UNITS = {
    "down": "min",
    "unreachable": "min",
    "offline": "min",
    "utilization": "%",
    "loss": "%",
    "jitter": "ms",
    "latency": "ms",
}
REPEATED = "May reach you twice: the sender was stopped while it sent this."


@dataclass(frozen=True)
class Message:
    """One message. `key` is the same each time that it is sent; `alert_id` is the same for all of an alert."""

    key: str
    alert_id: str
    event: str
    severity: str
    title: str
    body: str


@dataclass(frozen=True)
class Names:
    """Names of sites and circuits by their ids."""

    sites: Mapping[str, str]
    circuits: Mapping[str, str]


def message(
    key: str,
    alert: Mapping[str, Any],
    breaches: pl.DataFrame,
    names: Names,
    event: str,
    severity: str,
    repeated: bool,
) -> Message:
    """The message of an event. `alert`: its row of fact_alert; `breaches`: its rows of fact_alert_breach."""
    said = severity.upper() if event != "closed" else "CLOSED"
    where = _place(alert, names)
    lines = [f"{event.capitalize()}: {alert['rule']} at {where}, severity {severity}."]
    lines += [f"In breach since {_time(alert['since_utc'])}, alert opened {_time(alert['opened_utc'])}."]
    if event == "closed":
        lines.append(_closed(alert))
    if alert["text"]:
        lines.append(alert["text"])
    if alert["scope"] != "platform":
        lines += _circuits(breaches, names)
    lines.append(f"Alert {alert['alert_id']}")
    if repeated:
        lines.append(REPEATED)
    title = f"[{said}] {alert['rule']}: {where}"
    return Message(key, alert["alert_id"], event, severity, title, "\n".join(lines))


def trial_message(target: str) -> Message:
    """What `mistwan alerts test` sends."""
    text = f"This is a test of the target {target!r} of the alerts file. Nothing is wrong."
    return Message("test", "test", "test", "warning", f"[TEST] mistwan: {target}", text)


def _time(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M} UTC"


def _place(alert: Mapping[str, Any], names: Names) -> str:
    if alert["scope"] == "platform":
        return f"platform, {alert['subject']}"
    if alert["scope"] == "provider":
        size = f"{alert['circuit_count']} circuits at {alert['site_count']} sites"
        return f"{alert['provider']}, {alert['area']} ({size})"
    region = f" ({alert['region']})" if alert["region"] not in (None, NONE) else ""
    return f"{names.sites.get(alert['site_id'], alert['site_id'])}{region}"


def _closed(alert: Mapping[str, Any]) -> str:
    why = {
        "recovered": "recovered",
        "merged": f"goes on in the alert {alert['merged_into']} of its provider",
        "gone": "its circuits or its rule are no more",
    }[alert["close_reason"]]
    return f"Closed {_time(alert['closed_utc'])}: {why}."


def _circuits(breaches: pl.DataFrame, names: Names) -> list[str]:
    """Those still part of it, or all when none is: with signal, figure when it joined, provider."""
    left = breaches.filter(pl.col("left_utc").is_null())
    rows = (left if left.height else breaches).sort("joined_utc", "subject", "signal")
    lines = [f"- {_circuit(row, names)}" for row in rows.head(SHOWN).iter_rows(named=True)]
    more = rows.height - SHOWN
    return [*lines, *([f"- and {more} more"] if more > 0 else [])]


def _circuit(row: Mapping[str, Any], names: Names) -> str:
    figure = "" if row["value"] is None else f" {row['value']:.4g} {UNITS.get(row['signal'], '')}".rstrip()
    site = names.sites.get(row["site_id"], row["site_id"])
    circuit = names.circuits.get(row["subject"], row["subject"])
    provider = f", {row['provider']}" if row["provider"] else ""
    return f"{site}, {circuit}{provider}: {row['signal']}{figure}, {row['severity']}"
