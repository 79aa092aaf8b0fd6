"""Alarms: the newest version of each, the circuit it is about, counts by site and hour, sites in trouble.

Belongs here: what alarm rows tell. Does not belong here: device events (`events.py`), reading and storing. Alarms
may be delayed or suppressed by settings of a site, so no minute of an outage is taken from them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import polars as pl

from mistwan_dagster.catalog.alarm_tables import FACT_ALARM, FACT_ALARM_SITE_HOUR
from mistwan_dagster.catalog.columns import NONE
from mistwan_dagster.kpi.events import locate
from mistwan_dagster.kpi.samples import from_epoch
from mistwan_dagster.kpi.stretches import minutes

OPEN, RESOLVED, CRITICAL = "open", "resolved", "critical"
PORT_KEYS = ("port_id", "port_ids", "interface", "interfaces")
"""Undocumented keys that name ports or interfaces, as text or a list of texts."""
_LOCATION = {"id": pl.String, "mac": pl.String, "node": pl.String, "port_id": pl.String, "text": pl.String}
_decode = msgspec.json.Decoder().decode


def newest_versions(alarms: pl.LazyFrame) -> pl.LazyFrame:
    """One row an alarm id: the version with the newest `last_seen`, among equal ones the last received.

    `first_seen` is the earliest `timestamp` that any version tells. Order of rows and repeats do not matter.
    """
    columns = [c for c in alarms.collect_schema().names() if c != "id"]
    # Further columns settle what time does not, so that the same versions always give the same row.
    order = ["last_seen", "received_at", "resolved_time", "count", "acked", "status"]
    return (
        alarms.sort("id", *order, nulls_last=False, maintain_order=True)
        .group_by("id", maintain_order=True)
        .agg(pl.col(columns).last(), first_seen=pl.col("timestamp").min())
    )


def alarm_facts(alarms: pl.LazyFrame, circuits: pl.DataFrame, interfaces: pl.DataFrame) -> pl.LazyFrame:
    """Rows of `fact_alarm`, each alarm once, from all its stored versions.

    `circuits`: circuit_id, device_mac, node, port_id; `interfaces`: as `identity.interface_map` gives them.
    The circuit is told by port or interface, else by the text; it is null when the alarm names several
    gateways or ports, none, or one that is no circuit's. A status that is not told is resolved when a time of
    resolution is, else null. A resolution told for a time before the alarm gives no duration.
    """
    newest = newest_versions(alarms).collect(engine="in-memory")
    locations = pl.DataFrame(
        [_location(*row) for row in newest.select("id", "gateways", "extra").iter_rows()],
        schema=_LOCATION, orient="row",
    )  # fmt: skip
    about = locate(locations.lazy(), circuits, interfaces).select("id", "mac", "text", "circuit_id")
    resolved = from_epoch(pl.col("resolved_time"))
    first = from_epoch(pl.col("first_seen"))
    facts = (
        newest.lazy()
        .join(about, on="id", how="left")
        .select(
            "site_id", "severity", "acked", "circuit_id", "text",
            alarm_id="id", alarm_type="type", alarm_group="group", device_mac="mac", alarm_count="count",
            first_seen_utc=first,
            last_seen_utc=from_epoch(pl.col("last_seen")),
            status=pl.coalesce("status", pl.when(resolved.is_not_null()).then(pl.lit(RESOLVED))),
            resolved_utc=resolved,
            duration_minutes=pl.when(resolved >= first).then(minutes(first, resolved)),
            acked_utc=from_epoch(pl.col("acked_time")),
            read_utc="received_at",
        )
    )  # fmt: skip
    return FACT_ALARM.conform(facts).sort("first_seen_utc", "alarm_id")


def _location(id_: str, gateways: str | None, extra: str | None) -> tuple[str | None, ...]:
    """id, mac, node, port_id, text of an alarm; mac and port are null unless it names exactly one."""
    macs = {mac.replace(":", "").lower() for mac in _texts(_decode(gateways) if gateways else None)}
    told: Any = _decode(extra) if extra else {}
    ports = sorted({text for key in PORT_KEYS for text in _texts(told.get(key))})
    text, node = (next(_texts(told.get(key)), None) for key in ("text", "node"))
    mac = next(iter(macs)) if len(macs) == 1 else None
    if len(ports) > 1:
        return id_, mac, node, None, None
    return id_, mac, node, ports[0] if ports else None, text


def _texts(value: Any) -> Iterator[str]:
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, str) and item:
            yield item


def alarm_site_hours(facts: pl.LazyFrame, observed: pl.LazyFrame) -> pl.LazyFrame:
    """Rows of `fact_alarm_site_hour` from rows of `fact_alarm`.

    `observed`: hour_utc, observed_minutes (minutes of the hour that were read). An hour that is not in it was
    read for 0 minutes: its alarms came with the reading of others. What an alarm does not tell is `(none)`.
    """
    named = facts.with_columns(
        pl.col("site_id", "alarm_type", "severity").fill_null(NONE),
        hour_utc=pl.col("first_seen_utc").dt.truncate("1h"),
    )
    counted = named.group_by("site_id", "hour_utc", "alarm_type", "severity").agg(
        alarm_count=pl.len(),
        occurrence_count=pl.col("alarm_count").fill_null(1).sum(),
        open_count=(pl.col("status") == OPEN).fill_null(False).sum(),
        acked_count=pl.col("acked").fill_null(False).sum(),
    )
    joined = counted.join(observed, on="hour_utc", how="left").with_columns(
        pl.col("observed_minutes").fill_null(0.0)
    )
    key = FACT_ALARM_SITE_HOUR.key
    return FACT_ALARM_SITE_HOUR.conform(joined).sort("hour_utc", *[k for k in key if k != "hour_utc"])


def troubled_sites(device_stats: pl.LazyFrame, alarms: pl.LazyFrame) -> list[str]:
    """Sites with a disconnected gateway or an alarm that is critical and open, sorted.

    Takes the newest device rows, and versions of alarms. An alarm without status counts as not open.
    """
    away = device_stats.filter(pl.col("status") == "disconnected").select("site_id")
    critical = newest_versions(alarms).filter(
        (pl.col("severity") == CRITICAL) & (pl.col("status") == OPEN) & pl.col("resolved_time").is_null()
    )
    both = pl.concat([away, critical.select("site_id")]).drop_nulls().unique().sort("site_id")
    return both.collect(engine="in-memory")["site_id"].to_list()
