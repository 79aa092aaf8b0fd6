"""Sites and circuits as they are now, from the latest snapshots and the circuits file.

Belongs here: discovery, and which source of an attribute outranks which. Does not belong here: versions
(`versions.py`), reading the circuits file (`circuits_file.py`).
"""

from __future__ import annotations

import msgspec
import polars as pl

from mistwan_dagster.catalog.columns import NONE
from mistwan_dagster.catalog.tables import DIM_CIRCUIT, DIM_SITE, VERSION_COLUMNS, Table
from mistwan_dagster.kpi.circuits_file import CIRCUITS_SCHEMA
from mistwan_dagster.kpi.identity import circuit_id, is_lte, wan_rows

_KEY = ["mac", "node", "port_id"]


def with_active_paths(circuits: pl.DataFrame, path_samples: pl.LazyFrame) -> pl.DataFrame:
    """Fills `active_state` where the port did not tell it: whether any path of the circuit that is up is active.

    `path_samples` of the latest slot. Circuits without paths that say so stay null.
    """
    told = path_samples.filter(pl.col("is_active").is_not_null() & pl.col("circuit_id").is_not_null())
    active = (pl.col("is_active") & pl.col("up").fill_null(False)).any()
    by_path = told.group_by("circuit_id").agg(_by_path=active)
    joined = circuits.join(by_path.collect(), on="circuit_id", how="left", maintain_order="left")
    return joined.with_columns(active_state=pl.coalesce("active_state", "_by_path")).drop("_by_path")


def _declared(table: Table) -> list[str]:
    versioned = {c.name for c in VERSION_COLUMNS}
    return [c.name for c in table.columns if c.name not in versioned]


def _newest(frame: pl.LazyFrame | pl.DataFrame, key: list[str]) -> pl.LazyFrame:
    """The row of the latest slot for each key; without slots, of the last arrival."""
    lazy = frame.lazy()
    order = "slot_utc" if "slot_utc" in lazy.collect_schema().names() else "received_at"
    return lazy.sort(order, maintain_order=True).unique(key, keep="last", maintain_order=True)


def discover_sites(
    sites: pl.LazyFrame | pl.DataFrame,
    sitegroups: pl.LazyFrame | pl.DataFrame,
    region_prefix: str,
    store_type_prefix: str,
) -> pl.DataFrame:
    """Sites with region and store type: the columns of `dim_site` without its versions, sorted by site_id.

    Region is the name, without prefix, of the site's group whose name begins with the prefix; store type
    likewise. Membership is what either side says: `site_ids` of the group or `sitegroup_ids` of the site.
    `(none)` without a group, the alphabetically first of several.
    """
    newest = _newest(sites, ["id"]).collect()
    groups = _newest(sitegroups, ["id"]).collect()
    members = _members(newest, groups)
    for column, prefix in (("region", region_prefix), ("store_type", store_type_prefix)):
        named = members.filter(pl.col("name").str.starts_with(prefix)).with_columns(
            pl.col("name").str.strip_prefix(prefix).str.strip_chars()
        )
        first = named.filter(pl.col("name") != "").group_by("site_id").agg(pl.col("name").min().alias(column))
        newest = newest.join(first, left_on="id", right_on="site_id", how="left")
        newest = newest.with_columns(pl.col(column).fill_null(NONE))
    return newest.rename({"id": "site_id", "name": "site_name"}).select(_declared(DIM_SITE)).sort("site_id")


def _members(sites: pl.DataFrame, groups: pl.DataFrame) -> pl.DataFrame:
    """(site_id, name of a group it is in), from both sides."""
    said_by_site = sites.select(site_id="id", group_id=_ids(sites["sitegroup_ids"]))
    said_by_site = said_by_site.explode("group_id").drop_nulls()
    named = said_by_site.join(groups.select(group_id="id", name="name"), on="group_id").select(
        "site_id", "name"
    )
    said_by_group = groups.select(site_id=_ids(groups["site_ids"]), name="name")
    return pl.concat([named, said_by_group.explode("site_id")]).drop_nulls().unique()


def _ids(texts: pl.Series) -> pl.Series:
    """Lists of ids from JSON arrays; what is no array holds none, what is no text in one is left out."""
    decoded = [None if text is None else msgspec.json.decode(text) for text in texts]
    lists = [[i for i in ids if isinstance(i, str)] if isinstance(ids, list) else [] for ids in decoded]
    return pl.Series(texts.name, lists, pl.List(pl.String))


def discover_circuits(
    port_stats: pl.LazyFrame | pl.DataFrame,
    device_stats: pl.LazyFrame | pl.DataFrame,
    interfaces: pl.DataFrame,
    circuits_file: pl.DataFrame | None,
    known: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """WAN circuits as they are now: the columns of `dim_circuit` without its versions, sorted by circuit_id.

    `known`: `dim_circuit` so far, for what the rows do not tell (`_as_known`).

    A circuit is a WAN port (see `identity.wan_rows`) of the latest rows, whatever its state, or a WAN
    interface of a device whose port has no row. Gateways without a site have no circuits. Names, type and
    detected provider come from the device's `interfaces` (`identity.interface_map`); the file outranks them.

    Bandwidth: the file's pair when it has either value (`file`), else the link speed for both directions
    (`link`), except on LTE, where the speed of the port says nothing. Role: the file; else an LTE circuit
    is secondary. Else null: a port's name tells nothing, and what follows from the others is `roles.acting_role`.
    port_state and active_state are null when unsaid.
    """
    ports = _ports(port_stats, device_stats, interfaces)
    attributes = _attributes(interfaces)
    told = circuits_file if circuits_file is not None else pl.DataFrame(schema=CIRCUITS_SCHEMA)
    file = told.rename({"device_mac": "mac"}).select(*_KEY, pl.all().exclude(_KEY).name.prefix("file_"))
    frame = (
        ports.join(attributes, on=_KEY, how="left", nulls_equal=True)
        .join(file, on=_KEY, how="left", nulls_equal=True)
        .with_columns(circuit_id())
    )
    frame = _as_known(frame, known if known is not None else DIM_CIRCUIT.empty()).with_columns(lte=_lte())
    frame = frame.with_columns(
        provider=pl.coalesce("file_provider", "provider"),
        port_state=pl.when("disabled")
        .then(pl.lit("disabled"))
        .when("up")
        .then(pl.lit("up"))
        .when(~pl.col("up"))
        .then(pl.lit("down")),
        **_bandwidth(),
    )
    named = _with_role(frame).rename({"mac": "device_mac", "active": "active_state"})
    return named.select(_declared(DIM_CIRCUIT)).sort("circuit_id")


def of_removed_gateways(dim: pl.DataFrame, observed: pl.DataFrame, inventory: pl.DataFrame) -> pl.Series:
    """Ids of current circuits that were not observed and whose gateway a whole `inventory` has at no site any more.

    A gateway that is exchanged leaves its circuits behind; counted on as unknown, they would keep an outage of the site
    from ever being one. A cluster may be listed by the MAC of either node. An empty inventory says nothing.
    """
    if inventory.is_empty():
        return pl.Series("circuit_id", [], pl.String)
    placed = inventory.filter(pl.col("site_id").is_not_null())
    macs = pl.concat([placed["mac"], placed["vc_mac"]]).drop_nulls()
    gone = ~pl.col("device_mac").is_in(macs.implode()) & ~pl.col("circuit_id").is_in(
        observed["circuit_id"].implode()
    )
    return dim.filter("is_current").filter(gone)["circuit_id"]


def _ports(
    port_stats: pl.LazyFrame | pl.DataFrame,
    device_stats: pl.LazyFrame | pl.DataFrame,
    interfaces: pl.DataFrame,
) -> pl.DataFrame:
    """Latest WAN port rows, then WAN interfaces without one."""
    columns = [*_KEY, "site_id", "up", "disabled", "active", "speed", "lte_imsi"]
    rows = _newest(wan_rows(port_stats.lazy(), interfaces), _KEY).select(columns).collect()
    silent = interfaces.filter(pl.col("port_usage") == "wan").unique(_KEY, maintain_order=True).select(_KEY)
    silent = silent.join(rows, on=_KEY, how="anti", nulls_equal=True)
    # A cluster whose rows tell no node has the port already.
    nodeless = rows.filter(pl.col("node").is_null()).select("mac", "port_id")
    silent = silent.join(nodeless, on=["mac", "port_id"], how="anti")
    sites = _newest(device_stats, ["mac"]).select("mac", device_site_id="site_id").collect()
    both = pl.concat([rows, silent], how="diagonal").join(sites, on="mac", how="left")
    return both.with_columns(pl.coalesce("site_id", "device_site_id").alias("site_id")).drop_nulls("site_id")


def _attributes(interfaces: pl.DataFrame) -> pl.DataFrame:
    """wan_name, wan_type and provider of each port: the first told, WAN interfaces before others."""
    ordered = interfaces.sort(pl.col("port_usage").eq_missing("wan"), descending=True, maintain_order=True)
    told = (pl.col(c).drop_nulls().first() for c in ("wan_name", "wan_type", "provider"))
    return ordered.group_by(_KEY, maintain_order=True).agg(*told, has_interface=True)


def _as_known(frame: pl.DataFrame, dim: pl.DataFrame) -> pl.DataFrame:
    """What lasts and is not told now is as it was told last: an outage silences a port, and changes no contract.

    Name and type always. The provider while the line is not up or its interface is not told, as it may also come from
    the file, which can take it back; the speed of the link, which is 0 on a port that is down, while it is not up.
    Without this each outage would make a version without provider and bandwidth, and hours without utilization.
    """
    columns = ("wan_name", "wan_type", "provider", "bandwidth_down_mbps", "bandwidth_source")
    before = dim.filter("is_current").select("circuit_id", *(pl.col(c).alias(f"_{c}") for c in columns))
    joined = frame.join(before, on="circuit_id", how="left", maintain_order="left")
    down = pl.col("up").not_().fill_null(True)
    silent = down | pl.col("has_interface").is_null()
    linked_before = down & (pl.col("_bandwidth_source") == "link")
    return joined.with_columns(
        pl.coalesce("wan_name", "_wan_name"),
        pl.coalesce("wan_type", "_wan_type"),
        pl.coalesce("provider", pl.when(silent).then("_provider")),
        speed=pl.when(pl.col("speed") > 0).then("speed").when(linked_before).then("_bandwidth_down_mbps"),
    )


def _lte() -> pl.Expr:
    modem = pl.col("lte_imsi").is_not_null() & (pl.col("lte_imsi") != "")
    return is_lte(pl.col("port_id")) | (pl.col("wan_type") == "lte").fill_null(False) | modem


def _bandwidth() -> dict[str, pl.Expr]:
    down, up = pl.col("file_bandwidth_down_mbps"), pl.col("file_bandwidth_up_mbps")
    in_file = down.is_not_null() | up.is_not_null()
    linked = (pl.col("speed") > 0) & ~pl.col("lte")
    return {
        "bandwidth_down_mbps": pl.when(in_file).then(down).when(linked).then("speed"),
        "bandwidth_up_mbps": pl.when(in_file).then(up).when(linked).then("speed"),
        "bandwidth_source": pl.when(in_file).then(pl.lit("file")).when(linked).then(pl.lit("link")),
    }


def _with_role(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(role=pl.coalesce("file_role", pl.when("lte").then(pl.lit("secondary"))))
