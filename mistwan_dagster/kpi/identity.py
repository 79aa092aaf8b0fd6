"""Which circuit a row is about: circuit ids, physical ports, interface names and the WAN test.

Belongs here: reading `if_stat`/`if2_stat`, resolving interface names to ports, deciding what a WAN port is.
Does not belong here: counters, states, attributes of a circuit (`dimensions.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import polars as pl

INTERFACE_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "mac": pl.String,
    "node": pl.String,
    "name": pl.String,
    "port_id": pl.String,
    "port_usage": pl.String,
    "wan_name": pl.String,
    "wan_type": pl.String,
    "provider": pl.String,
    "up": pl.Boolean,
    "redundancy_state": pl.String,
}
_decode = msgspec.json.Decoder().decode


def node_or_null(column: str = "node") -> pl.Expr:
    """The node, with an empty string as null: cloud answers write both for a gateway that is no cluster."""
    node = pl.col(column)
    return pl.when(node != "").then(node)


def circuit_id() -> pl.Expr:
    """`mac:port_id`, or `mac:node:port_id` where the row has a node. Reads columns mac, node, port_id."""
    return circuit_id_of(pl.col("mac"), pl.col("node"), pl.col("port_id")).alias("circuit_id")


def circuit_id_of(mac: pl.Expr, node: pl.Expr, port: pl.Expr) -> pl.Expr:
    """`circuit_id` of any three expressions; null without mac or port."""
    with_node = pl.concat_str(mac, node, port, separator=":")
    return pl.when(node != "").then(with_node).otherwise(pl.concat_str(mac, port, separator=":"))


def with_site(rows: pl.LazyFrame, circuits: pl.LazyFrame | pl.DataFrame) -> pl.LazyFrame:
    """Rows whose `site_id` is told, or that of the circuits of their gateway; the others are left out.

    Reads mac and site_id of the rows, device_mac and site_id of `circuits`.
    """
    sites = circuits.lazy().group_by(mac="device_mac").agg(_site=pl.col("site_id").min())
    joined = rows.join(sites, on="mac", how="left", maintain_order="left")
    filled = joined.with_columns(pl.coalesce("site_id", "_site").alias("site_id"))
    return filled.drop("_site").drop_nulls("site_id")


def physical_port(port: pl.Expr) -> pl.Expr:
    """The port without its unit suffix: `xe-0/2/0.671` -> `xe-0/2/0`. Null stays null."""
    return port.str.splitn(".", 2).struct.field("field_0")


def is_lte(port: pl.Expr) -> pl.Expr:
    """Whether a port id names an LTE modem, in any case of letters."""
    return port.str.to_lowercase().str.starts_with("lte")


def interface_map(device_stats: pl.LazyFrame | pl.DataFrame) -> pl.DataFrame:
    """Logical interfaces of each gateway, from its newest row that has any.

    Takes device rows (with `slot_utc` when there are several per device). Returns `INTERFACE_SCHEMA`: one
    row for the interface's own name and one for its `wan_name` when that is another; `port_id` is physical.
    `node` is null except on a cluster, where `if_stat` is node0 and `if2_stat` node1. A wan_name that two
    ports of a node share names neither and is left out. An entry that is not an object, or JSON that does
    not parse, is skipped.
    """
    latest = _latest_interfaces(device_stats)
    rows = [row for device in latest.iter_rows() for row in _interface_rows(*device)]
    columns = zip(*rows, strict=True) if rows else ((),) * len(INTERFACE_SCHEMA)
    frame = pl.DataFrame(
        [pl.Series(n, c, dtype=INTERFACE_SCHEMA[n]) for n, c in zip(INTERFACE_SCHEMA, columns, strict=True)]
    )
    shared = pl.col("port_id").n_unique().over("mac", "node", "name") > 1
    by_wan_name = pl.col("name") == pl.col("wan_name")
    return frame.filter(~(shared & by_wan_name)).unique(
        ["mac", "node", "name"], keep="first", maintain_order=True
    )


def _latest_interfaces(device_stats: pl.LazyFrame | pl.DataFrame) -> pl.DataFrame:
    """Finds the newest rows before it reads their JSON: a day of slots holds a gigabyte of it."""
    frame = device_stats.lazy()
    order = "slot_utc" if "slot_utc" in frame.collect_schema().names() else "received_at"
    told = frame.filter(pl.col("if_stat").is_not_null() | pl.col("if2_stat").is_not_null())
    newest = told.group_by("mac").agg(pl.col(order).max())
    return (
        told.select("mac", "is_ha", "if_stat", "if2_stat", order)
        .join(newest, on=["mac", order], how="semi", nulls_equal=True)
        .unique("mac", keep="last", maintain_order=True)
        .sort("mac")
        .drop(order)
        .collect()
    )


def _interface_rows(
    mac: str, is_ha: bool | None, if_stat: str | None, if2_stat: str | None
) -> Iterator[tuple[Any, ...]]:
    """Interface names first, so that a name outranks another interface's wan_name."""
    first, second = _interfaces(if_stat), _interfaces(if2_stat)
    cluster = bool(is_ha) or bool(second)
    for node, interfaces in (("node0" if cluster else None, first), ("node1", second)):
        named = []
        for name, value in interfaces.items():
            if not isinstance(value, dict):
                continue
            attributes = _attributes(name, value)
            yield (mac, node, name, *attributes)
            wan_name = attributes[2]
            if wan_name and wan_name != name:
                named.append((mac, node, wan_name, *attributes))
        yield from named


def _interfaces(text: str | None) -> dict[str, Any]:
    if not text:
        return {}
    try:
        value = _decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {}
    return value if isinstance(value, dict) else {}


def _attributes(name: str, value: dict[str, Any]) -> tuple[Any, ...]:
    """port_id, port_usage, wan_name, wan_type, provider, up, redundancy_state of one interface."""
    get = value.get
    provider, up = get("servp_info"), get("up")
    usage, wan_type = _text(get("port_usage")), _text(get("wan_type"))
    return (
        (_text(get("port_id")) or name).partition(".")[0],
        usage and usage.lower(),
        _text(get("wan_name")),
        wan_type and wan_type.lower(),
        _text(provider.get("org")) if isinstance(provider, dict) else None,
        up if isinstance(up, bool) else None,
        _text(get("redundancy_state")),
    )


def _text(value: object) -> str | None:
    return (value.strip() or None) if isinstance(value, str) else None


def resolve_ports(frame: pl.LazyFrame, interfaces: pl.DataFrame) -> pl.LazyFrame:
    """The frame with `port_id` replaced by the physical port; rows, order and other columns stay.

    Reads mac, node, port_id. An interface or WAN name (in any case of letters) is looked up on the row's
    node, else on the whole device where all its nodes mean the same port. Anything else loses its unit
    suffix.
    """
    key = ["mac", "node", "port_id"]
    known = physical_ports(frame.select(key).unique(), interfaces)
    joined = frame.join(known, on=key, how="left", nulls_equal=True, maintain_order="left")
    return joined.with_columns(port_id="physical").drop("physical")


def physical_ports(ports: pl.LazyFrame, interfaces: pl.DataFrame) -> pl.LazyFrame:
    """Distinct (mac, node, port_id, ...) with the port that `resolve_ports` means as column `physical`."""
    name = pl.col("name").str.to_lowercase()
    named = interfaces.lazy().with_columns(name).filter(pl.col("name") != pl.col("port_id"))
    on_node = named.unique(["mac", "node", "name"], keep="first", maintain_order=True)
    on_node = on_node.select("mac", "name", _node="node", _on_node="port_id")
    anywhere = (
        named.group_by("mac", "name")
        .agg(_anywhere=pl.col("port_id").first(), _ports=pl.col("port_id").n_unique())
        .filter(pl.col("_ports") == 1)
        .drop("_ports")
    )
    return (
        ports.with_columns(name=pl.col("port_id").str.to_lowercase(), _node=node_or_null())
        .join(on_node, on=["mac", "_node", "name"], how="left", nulls_equal=True)
        .join(anywhere, on=["mac", "name"], how="left")
        .with_columns(physical=pl.coalesce("_on_node", "_anywhere", physical_port(pl.col("port_id"))))
        .drop("_on_node", "_anywhere", "name", "_node")
    )


def wan_rows(port_stats: pl.LazyFrame, interfaces: pl.DataFrame) -> pl.LazyFrame:
    """Port rows that are WAN, with physical `port_id`, null instead of an empty node, and `circuit_id`.

    WAN is what says `port_usage == "wan"`, an LTE port, or, where the row does not say its usage, a port that
    the device's interfaces call WAN. Rows that say another usage are not WAN unless LTE. Down, disabled and
    unknown ports are kept. Decided once per distinct port, not once per row.
    """
    key = ["mac", "node", "port_id", "port_usage"]
    called_wan = interfaces.lazy().filter(pl.col("port_usage") == "wan")
    called_wan = called_wan.select("mac", physical="port_id", _called_wan=True).unique()
    usage = pl.col("port_usage").str.to_lowercase()
    silent = usage.is_null() | (usage == "")
    lte = is_lte(pl.col("port_id")) | is_lte(pl.col("physical"))
    wan = (usage == "wan") | lte | (silent & pl.col("_called_wan"))
    ports = (
        physical_ports(port_stats.select(key).unique(), interfaces)
        .join(called_wan, on=["mac", "physical"], how="left")
        .filter(wan.fill_null(False))
        .select(*key, _node=node_or_null(), _port="physical")
    )
    named = ports.with_columns(
        circuit_id=circuit_id_of(pl.col("mac"), pl.col("_node"), pl.col("_port")),
    )
    joined = port_stats.join(named, on=key, nulls_equal=True)
    return joined.with_columns(node="_node", port_id="_port").drop("_node", "_port")
