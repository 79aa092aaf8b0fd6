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
    node = pl.col("node")
    with_node = pl.concat_str("mac", "node", "port_id", separator=":")
    return (
        pl.when(node != "")
        .then(with_node)
        .otherwise(pl.concat_str("mac", "port_id", separator=":"))
        .alias("circuit_id")
    )


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
    frame = pl.DataFrame(rows, schema=INTERFACE_SCHEMA, orient="row")
    shared = pl.col("port_id").n_unique().over("mac", "node", "name") > 1
    by_wan_name = pl.col("name") == pl.col("wan_name")
    return frame.filter(~(shared & by_wan_name)).unique(
        ["mac", "node", "name"], keep="first", maintain_order=True
    )


def _latest_interfaces(device_stats: pl.LazyFrame | pl.DataFrame) -> pl.DataFrame:
    frame = device_stats.lazy()
    order = "slot_utc" if "slot_utc" in frame.collect_schema().names() else "received_at"
    newest = frame.filter(pl.col("if_stat").is_not_null() | pl.col("if2_stat").is_not_null())
    return (
        newest.select("mac", "is_ha", "if_stat", "if2_stat", order)
        .sort(order, maintain_order=True)
        .unique("mac", keep="last", maintain_order=True)
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
        rows = [(name, *_attributes(name, value)) for name, value in interfaces.items()]
        yield from ((mac, node, *row) for row in rows)
        yield from ((mac, node, row[3], *row[1:]) for row in rows if row[3] and row[3] != row[0])


def _interfaces(text: str | None) -> dict[str, dict[str, Any]]:
    if not text:
        return {}
    try:
        value = _decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {}
    return {k: v for k, v in value.items() if isinstance(v, dict)} if isinstance(value, dict) else {}


def _attributes(name: str, value: dict[str, Any]) -> tuple[Any, ...]:
    """port_id, port_usage, wan_name, wan_type, provider, up, redundancy_state of one interface."""
    provider = value.get("servp_info")
    up = value.get("up")
    return (
        (_text(value.get("port_id")) or name).split(".")[0],
        (_text(value.get("port_usage")) or "").lower() or None,
        _text(value.get("wan_name")),
        (_text(value.get("wan_type")) or "").lower() or None,
        _text(provider.get("org")) if isinstance(provider, dict) else None,
        up if isinstance(up, bool) else None,
        _text(value.get("redundancy_state")),
    )


def _text(value: object) -> str | None:
    return value.strip() or None if isinstance(value, str) else None


def resolve_ports(frame: pl.LazyFrame, interfaces: pl.DataFrame) -> pl.LazyFrame:
    """The frame with `port_id` replaced by the physical port; rows, order and other columns stay.

    Reads mac, node, port_id. An interface or WAN name (in any case of letters) is looked up on the row's
    node, else on the whole device where all its nodes mean the same port. Anything else loses its unit
    suffix.
    """
    name = pl.col("name").str.to_lowercase()
    named = interfaces.lazy().with_columns(name).filter(pl.col("name") != pl.col("port_id"))
    on_node = named.unique(["mac", "node", "name"], keep="first", maintain_order=True)
    on_node = on_node.select("mac", "node", "name", _on_node="port_id")
    anywhere = (
        named.group_by("mac", "name")
        .agg(pl.col("port_id").unique())
        .filter(pl.col("port_id").list.len() == 1)
        .select("mac", "name", _anywhere=pl.col("port_id").list.first())
    )
    known = (
        frame.select("mac", "node", "port_id")
        .unique()
        .with_columns(name=pl.col("port_id").str.to_lowercase(), _node=node_or_null())
        .join(on_node.rename({"node": "_node"}), on=["mac", "_node", "name"], how="left", nulls_equal=True)
        .join(anywhere, on=["mac", "name"], how="left")
        .select(
            "mac",
            "node",
            "port_id",
            _physical=pl.coalesce("_on_node", "_anywhere", physical_port(pl.col("port_id"))),
        )
    )
    joined = frame.join(
        known, on=["mac", "node", "port_id"], how="left", nulls_equal=True, maintain_order="left"
    )
    return joined.with_columns(port_id="_physical").drop("_physical")


def wan_ports(
    port_stats: pl.LazyFrame | pl.DataFrame, device_stats: pl.LazyFrame | pl.DataFrame
) -> pl.LazyFrame:
    """Port rows that are WAN, with physical `port_id` and null instead of an empty node.

    WAN is what says `port_usage == "wan"`, an LTE port, or, where the row does not say its usage, a port that
    the device's interfaces call WAN. Rows that say another usage are not WAN unless LTE. Down, disabled and
    unknown ports are kept.
    """
    return wan_rows(port_stats.lazy(), interface_map(device_stats))


def wan_rows(port_stats: pl.LazyFrame, interfaces: pl.DataFrame) -> pl.LazyFrame:
    """`wan_ports` with the interfaces already read."""
    usage = pl.col("port_usage").str.to_lowercase()
    lte = is_lte(pl.col("port_id"))
    silent = pl.col("port_usage").is_null() | (pl.col("port_usage") == "")
    candidates = port_stats.filter((usage == "wan").fill_null(False) | lte | silent)
    called_wan = interfaces.lazy().filter(pl.col("port_usage") == "wan")
    called_wan = called_wan.select("mac", "port_id", _called_wan=True).unique()
    resolved = resolve_ports(candidates, interfaces).with_columns(node_or_null())
    marked = resolved.join(called_wan, on=["mac", "port_id"], how="left", maintain_order="left")
    said = (usage == "wan").fill_null(False) | is_lte(pl.col("port_id"))
    return marked.filter(said | pl.col("_called_wan").fill_null(False)).drop("_called_wan")
