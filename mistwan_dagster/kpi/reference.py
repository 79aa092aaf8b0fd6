"""Snapshot rows of what changes seldom, in the columns of their tables.

Belongs here: organization, vocabularies, configured ports, gateways in detail, use of the API. Takes rows with
`slot_utc`; only the newest slot of what a row belongs to counts. Does not belong here: versions
(`versions.py`), reading and storing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import polars as pl

from mistwan_dagster.catalog.reference_tables import (
    DIM_GATEWAY_DETAIL,
    DIM_ORG,
    DIM_PORT_CONFIG,
    DIM_VOCABULARY,
    FACT_API_USAGE,
)
from mistwan_dagster.catalog.table import Table
from mistwan_dagster.kpi.samples import from_epoch

_decode = msgspec.json.Decoder().decode
KBITS_PER_MEGABIT = 1000


def keep_newest(before: pl.DataFrame, told: pl.DataFrame, group: str) -> pl.DataFrame:
    """`told` and, of `before`, the rows of groups that `told` does not speak of; columns of `before`.

    A group that is told again is replaced whole, so that what left it goes.
    """
    return pl.concat([before.join(told.select(group).unique(), on=group, how="anti"), told]).sort(group)


def _newest(rows: pl.LazyFrame, *group: str) -> pl.LazyFrame:
    """Rows of the newest slot of each group (of all rows when none is named)."""
    newest = pl.col("slot_utc").max()
    return rows.filter(pl.col("slot_utc") == (newest.over(*group) if group else newest))


def organization(rows: pl.LazyFrame) -> pl.DataFrame:
    """Rows of `dim_org`."""
    found = _newest(rows, "id").select(
        "msp_name",
        org_id="id",
        org_name="name",
        created_utc=from_epoch(pl.col("created_time")),
        modified_utc=from_epoch(pl.col("modified_time")),
        read_utc="received_at",
    )
    return _collected(found, DIM_ORG)


def vocabulary(rows: pl.LazyFrame, kind: str) -> pl.DataFrame:
    """Rows of `dim_vocabulary` of one kind, from whichever of the definition lists.

    `history_hours` is the longest `max_age` among a metric's intervals; null where none is told.
    """
    names = rows.collect_schema().names()
    text = {n: pl.col(n) if n in names else pl.lit(None, pl.String) for n in
            ("display", "description", "group", "severity", "unit", "intervals")}  # fmt: skip
    age = text["intervals"].map_elements(_longest_hours, return_dtype=pl.Float64)
    found = _newest(rows).select(
        kind=pl.lit(kind),
        name="key",
        display=pl.coalesce(text["display"], text["description"]),
        vocabulary_group=text["group"],
        severity=text["severity"],
        unit=text["unit"],
        history_hours=age,
        read_utc="received_at",
    )
    return _collected(found, DIM_VOCABULARY)


def _longest_hours(intervals: str) -> float | None:
    told: Any = _decode(intervals)
    intervals_told = told.values() if isinstance(told, dict) else ()
    ages = [_number(v.get("max_age")) for v in intervals_told if isinstance(v, dict)]
    known = [age for age in ages if age is not None]
    return max(known) / 3600 if known else None


def port_configs(rows: pl.LazyFrame) -> pl.DataFrame:
    """Rows of `dim_port_config`: an entry for each port that a gateway's configuration names.

    The name may be one port, a list (`ge-0/0/1,ge-0/0/2`: a row each) or `node0:ge-0/0/1` on a cluster.
    An entry that is not an object is skipped; a value of another type than expected is null.
    """
    newest = _newest(rows, "mac").select("site_id", "mac", "port_config", "received_at").collect()
    entries = [entry for row in newest.iter_rows() for entry in _port_entries(*row)]
    schema = DIM_PORT_CONFIG.schema
    frame = pl.DataFrame(entries, schema=list(schema.items()), orient="row")
    return frame.unique(DIM_PORT_CONFIG.key, keep="first", maintain_order=True)


def _port_entries(site_id: str, mac: str, text: str | None, read: Any) -> Iterator[tuple[Any, ...]]:
    config: Any = _decode(text) if text else None
    for names, entry in config.items() if isinstance(config, dict) else ():
        if not isinstance(entry, dict):
            continue
        shaping, paths = entry.get("traffic_shaping"), entry.get("vpn_paths")
        limit = _number(shaping.get("max_tx_kbps")) if isinstance(shaping, dict) else None
        preferences = [
            _number(p.get("preference"))
            for p in (paths.values() if isinstance(paths, dict) else ())
            if isinstance(p, dict)
        ]
        known = [int(p) for p in preferences if p is not None]
        for name in filter(None, (n.strip() for n in names.split(","))):
            yield (
                site_id, mac, name, _text(entry.get("usage")), _text(entry.get("name")), _text(entry.get("wan_type")),
                _flag(entry.get("disabled")), _flag(entry.get("critical")),
                None if limit is None else limit / KBITS_PER_MEGABIT, min(known) if known else None, read,
            )  # fmt: skip


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _number(value: Any) -> float | None:
    return float(value) if type(value) in (int, float) else None


def gateway_details(rows: pl.LazyFrame) -> pl.DataFrame:
    """Rows of `dim_gateway_detail`. Processor use is 100 less the idle share; null when that is not told."""
    found = _newest(rows, "mac").select(
        "site_id", "model", "version", "status", "config_status",
        device_mac="mac", device_name="name",
        last_seen_utc=from_epoch(pl.col("last_seen")),
        uptime_hours=pl.col("uptime") / 3600,
        cpu_used_pct=100 - pl.col("cpu_idle"),
        memory_used_pct="memory_usage",
        read_utc="received_at",
    )  # fmt: skip
    return _collected(found, DIM_GATEWAY_DETAIL)


def api_usage(rows: pl.LazyFrame) -> pl.DataFrame:
    """Rows of `fact_api_usage`: the newest reading of each hour."""
    found = _newest(rows.with_columns(hour_utc=pl.col("slot_utc").dt.truncate("1h")), "hour_utc").select(
        "hour_utc", "request_limit", request_count="requests", read_utc="received_at"
    )
    return _collected(found, FACT_API_USAGE)


def _collected(rows: pl.LazyFrame, table: Table) -> pl.DataFrame:
    return table.conform(rows).unique(table.key, keep="last", maintain_order=True).collect(engine="in-memory")
