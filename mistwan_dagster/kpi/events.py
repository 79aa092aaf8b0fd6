"""Device events as evidence: which circuit or gateway an event is about, and what it says of its state.

Belongs here: event types, reading a locator out of an event's text, duplicates and folded rows. Does not
belong here: what events and snapshots together tell (`steps.py`, `status.py`).
"""

from __future__ import annotations

import polars as pl

from mistwan_dagster.catalog.tables import FACT_DEVICE_EVENT
from mistwan_dagster.kpi.identity import node_or_null, resolve_ports, with_site
from mistwan_dagster.kpi.samples import from_epoch

LINK_STATES = {"GW_PORT_DOWN": False, "GW_PORT_UP": True}
REACH_STATES = {
    "GW_ARP_UNRESOLVED": False,
    "GW_ARP_RESOLVED": True,
    "GW_DHCP_UNRESOLVED": False,
    "GW_DHCP_RESOLVED": True,
}
CONNECTION_STATES = {"GW_DISCONNECTED": False, "GW_DISCONNECTED_LONG": False, "GW_CONNECTED": True}
STILL_DISCONNECTED = "GW_DISCONNECTED_LONG"
"""Says that the gateway has been away for long, so nothing of the instant before."""
REBOOTS = ("GW_RESTARTED", "GW_RESTART_BY_USER", "GW_RESTARTED_BY_USER", "GW_UPGRADED")
PORT_SWITCH_OVER = "GW_PORT_RG_STATE_CHANGED"
_NEW_STATE = r"(?i)\bfrom\s+\S+\s+to\s+(\w+)"
_ACTIVE_STATES = {"primary": True, "active": True, "secondary": False, "standby": False, "backup": False}

_PATH_IN_TEXT = r"(?i)\bpeer path \[[^,\]]*,[^,\]]*,[^,\]]*,([^,\]]+)"
"""`peer path [<peer router>,<peer ip>,<local router>,<local interface>,<vlan>]`."""
# Junos writes `ifName ge-0/0/1`, session smart routers `interface ge-0-1`.
_NAMED_IN_TEXT = (r"(?i)\bifName[\s=:]+(\S+)", r"(?i)\binterface[\s=:]+(\S+)", _PATH_IN_TEXT)
_AROUND_NAME = "\"'()[]<>,.;:"
_ADMIN_DOWN = r"(?i)\bifAdminStatus\W*(?:down|2)\b"


def link_events(
    device_events: pl.LazyFrame | pl.DataFrame, circuits: pl.DataFrame, interfaces: pl.DataFrame
) -> pl.LazyFrame:
    """Link changes: circuit_id, mac, t, state (false: down), count, admin (true: switched off, not a fault).

    `circuits`: circuit_id, device_mac, node, port_id; `interfaces`: as `identity.interface_map` gives them.
    The port is the row's, else named in its text; unit suffixes, interface and WAN names are resolved.
    Without node on a cluster the event counts when only one circuit of the gateway has the port. One event
    per circuit, type and instant, with the largest count; rows that match no circuit are left out.
    """
    located = locate(_typed(device_events, LINK_STATES), circuits, interfaces)
    admin = (pl.col("text").str.contains(_ADMIN_DOWN) & ~pl.col("state")).fill_null(False)
    return (
        located.filter(pl.col("circuit_id").is_not_null())
        .group_by("circuit_id", "mac", "t", "state")
        .agg(pl.col("count").max(), admin=admin.any())
        .sort("circuit_id", "t", "state")
    )


def reach_events(
    device_events: pl.LazyFrame | pl.DataFrame, circuits: pl.DataFrame, interfaces: pl.DataFrame
) -> pl.LazyFrame:
    """Whether the provider's first hop answers (ARP, DHCP): circuit_id, t, state, count; located and
    de-duplicated like `link_events`."""
    located = locate(_typed(device_events, REACH_STATES), circuits, interfaces)
    return (
        located.filter(pl.col("circuit_id").is_not_null())
        .group_by("circuit_id", "t", "state")
        .agg(pl.col("count").max())
        .sort("circuit_id", "t", "state")
    )


def connection_events(device_events: pl.LazyFrame | pl.DataFrame) -> pl.LazyFrame:
    """Cloud contact lost and back: mac, t, state, count, is_event (false: tells nothing of before)."""
    turned = pl.col("type") != STILL_DISCONNECTED
    return (
        _typed(device_events, CONNECTION_STATES)
        .group_by("mac", "t", "state")
        .agg(pl.col("count").max(), is_event=turned.any())
        .sort("mac", "t", "state")
    )


def reboots(device_events: pl.LazyFrame | pl.DataFrame) -> pl.LazyFrame:
    """Instants at which a gateway restarted and its counters began anew: mac, t, each once."""
    return _dated(device_events, REBOOTS).select("mac", "t").unique().sort("mac", "t")


def switch_over_events(
    device_events: pl.LazyFrame | pl.DataFrame, circuits: pl.DataFrame, interfaces: pl.DataFrame
) -> pl.LazyFrame:
    """Switch-overs of a cluster: circuit_id, t, active (the port's redundancy group became primary), each once.

    The new state stands in the text, `... from <old> to <new>`; a text that tells neither state is left out, and so
    is an event that names no port of a circuit: that of a whole node does not say which of its ports carried what.
    """
    found = locate(_dated(device_events, (PORT_SWITCH_OVER,)), circuits, interfaces)
    became = pl.col("text").str.extract(_NEW_STATE).str.to_lowercase()
    return (
        found.select("circuit_id", "t", active=became.replace_strict(_ACTIVE_STATES, default=None))
        .drop_nulls()
        .unique()
        .sort("circuit_id", "t", "active")
    )


def device_event_facts(
    device_events: pl.LazyFrame | pl.DataFrame, circuits: pl.DataFrame, interfaces: pl.DataFrame
) -> pl.LazyFrame:
    """Rows of `fact_device_event`, each event once.

    Rows about one circuit with the same type and instant are one event, told with and without port id: the
    row with port id stays, with the largest count; but paths of a circuit are told apart by their text. Rows
    without gateway, type or time are left out. A row that tells no site has that of the gateway's circuits, and
    is left out when there are none. `circuits` also has site_id.
    `circuit_id` is null when the event names no port of a circuit, or one that two nodes have.
    """
    dated = with_site(_dated(device_events, None), circuits)
    located = locate(dated, circuits, interfaces, keep_told=True)
    count = pl.col("count").max()
    order = [pl.col("told_port").is_null(), -pl.col("count"), pl.col("text")]
    path = pl.when(pl.col("text").str.contains(_PATH_IN_TEXT)).then("text")
    concerned = pl.coalesce(path, "circuit_id", "told_port", "text", pl.lit(""))
    once = (
        located.with_columns(concerned=concerned)
        .sort("mac", "type", "t", *order, nulls_last=True)
        .group_by("mac", "type", "t", "concerned", maintain_order=True)
        .agg(pl.all().exclude("count").first(), count)
    )
    facts = once.select(
        "site_id",
        "circuit_id",
        "node",
        "text",
        device_mac="mac",
        event_type="type",
        locator=pl.coalesce("told_port", "text", pl.lit("")),
        event_utc="t",
        event_count="count",
        hour_utc=pl.col("t").dt.truncate("1h"),
    )
    unique = facts.unique(FACT_DEVICE_EVENT.key, keep="first", maintain_order=True)
    return FACT_DEVICE_EVENT.conform(unique)


def _dated(device_events: pl.LazyFrame | pl.DataFrame, types: tuple[str, ...] | None) -> pl.LazyFrame:
    """Rows of the given types (None: all) with gateway and instant `t`; `count` is at least 1."""
    rows = device_events.lazy()
    if types is not None:
        rows = rows.filter(pl.col("type").is_in(types))
    return rows.with_columns(
        t=from_epoch(pl.col("timestamp")), count=pl.max_horizontal(pl.col("count"), pl.lit(1, pl.Int64))
    ).filter(pl.all_horizontal(pl.col("mac", "type", "t").is_not_null()))


def _typed(device_events: pl.LazyFrame | pl.DataFrame, states: dict[str, bool]) -> pl.LazyFrame:
    state = pl.col("type").replace_strict(states, return_dtype=pl.Boolean)
    return _dated(device_events, tuple(states)).with_columns(state=state)


def locate(
    events: pl.LazyFrame, circuits: pl.DataFrame, interfaces: pl.DataFrame, keep_told: bool = False
) -> pl.LazyFrame:
    """Rows with the physical `port_id` and the `circuit_id` they are about (null: none or several).

    Reads mac, node, port_id (a port, interface or WAN name) and text, which is searched when there is no port.
    Device events, alarms and clients are placed by it. `keep_told` adds `told_port`, the port as it was told.
    """
    told = pl.when(pl.col("port_id") != "").then("port_id")
    in_text = [pl.col("text").str.extract(p).str.strip_chars(_AROUND_NAME) for p in _NAMED_IN_TEXT]
    named = events.with_columns(
        node_or_null(),
        told_port=told,
        port_id=pl.coalesce(told, *(pl.when(n != "").then(n) for n in in_text)),
    )
    known = circuits.lazy().select(
        pl.col("circuit_id").alias("circuit"), "port_id", node_or_null(), mac="device_mac"
    )
    only = (
        known.group_by("mac", "port_id")
        .agg(pl.col("circuit").unique().alias("only"), pl.col("node").first().alias("only_node"))
        .filter(pl.col("only").list.len() == 1)
        .with_columns(pl.col("only").list.first())
    )
    exact = known.unique(["mac", "node", "port_id"], keep="first")
    other_node = (pl.col("node") != pl.col("only_node")).fill_null(False)
    located = (
        resolve_ports(named, interfaces)
        .join(exact, on=["mac", "node", "port_id"], how="left", nulls_equal=True)
        .join(only, on=["mac", "port_id"], how="left")
        .with_columns(circuit_id=pl.coalesce("circuit", pl.when(~other_node).then("only")))
        .drop("circuit", "only", "only_node")
    )
    return located if keep_told else located.drop("told_port")
