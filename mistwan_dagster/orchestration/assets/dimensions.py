"""Sites, circuits and hours: versioned from the newest snapshots."""

from datetime import UTC, datetime

import dagster as dg
import polars as pl

from mistwan_dagster.catalog.endpoints import (
    DEVICE_STATS,
    INVENTORY,
    PATH_STATS,
    PORT_STATS,
    SITEGROUPS,
    SITES,
)
from mistwan_dagster.catalog.tables import DIM_CIRCUIT, DIM_SITE, Table
from mistwan_dagster.kpi.circuits_file import unknown_circuits
from mistwan_dagster.kpi.dimensions import (
    discover_circuits,
    discover_sites,
    of_removed_gateways,
    with_active_paths,
)
from mistwan_dagster.kpi.identity import interface_map
from mistwan_dagster.kpi.samples import path_samples
from mistwan_dagster.kpi.versions import apply_versions, retire
from mistwan_dagster.lake.raw import SLOT
from mistwan_dagster.orchestration.assets.raw import raw_key
from mistwan_dagster.orchestration.episodes import whole_table
from mistwan_dagster.orchestration.metadata import table_description, table_metadata
from mistwan_dagster.orchestration.partitions import OWNER, newest_partition
from mistwan_dagster.orchestration.platform import Platform, PlatformResource

GROUP = "dimensions"


def _replace(platform: Platform, table: Table, renewed: pl.DataFrame) -> pl.DataFrame:
    """Write it when it changed."""
    after, before = table.conform(renewed.lazy()).collect(), platform.kpi.read(table.name)
    if before is None or not after.equals(before):
        platform.kpi.write(table.name, after)
    return after


def _as_of(snapshot: pl.DataFrame, platform: Platform) -> datetime:
    slot = snapshot["slot_utc"].max() if snapshot.height else None
    return slot if isinstance(slot, datetime) else platform.settings.now().astimezone(UTC)


@dg.asset(
    key=DIM_SITE.name,
    description=table_description(DIM_SITE),
    deps=[newest_partition(raw_key(e)) for e in (SITES, SITEGROUPS)],
    group_name=GROUP,
    kinds={"polars", "parquet"},
    owners=[OWNER],
    metadata=table_metadata(DIM_SITE),
)
def dim_site(platform: PlatformResource) -> dg.MaterializeResult[None]:
    """Regions and store types come from the prefixes of the site groups."""
    parts = platform.open()
    before = parts.settings.now() + SLOT
    sites = parts.raw.latest_snapshot(SITES, before).collect()
    groups = parts.raw.latest_snapshot(SITEGROUPS, before).collect()
    observed = discover_sites(
        sites, groups, parts.settings.mistwan_region_prefix, parts.settings.mistwan_store_type_prefix
    )
    versions = apply_versions(whole_table(parts, DIM_SITE), observed, "site_id", _as_of(sites, parts))
    frame = _replace(parts, DIM_SITE, versions)
    return dg.MaterializeResult(
        metadata={"dagster/row_count": frame.height, "sites": frame.filter("is_current").height}
    )


@dg.asset(
    key=DIM_CIRCUIT.name,
    description=table_description(DIM_CIRCUIT),
    deps=[newest_partition(raw_key(e)) for e in (PORT_STATS, PATH_STATS, DEVICE_STATS, INVENTORY)],
    group_name=GROUP,
    kinds={"polars", "parquet"},
    owners=[OWNER],
    metadata=table_metadata(DIM_CIRCUIT),
)
def dim_circuit(context: dg.AssetExecutionContext, platform: PlatformResource) -> dg.MaterializeResult[None]:
    """WAN ports with role, provider and bandwidth; the circuits file outranks what the API tells."""
    parts = platform.open()
    before = parts.settings.now() + SLOT
    ports = parts.raw.latest_snapshot(PORT_STATS, before).collect()
    devices = parts.raw.latest_snapshot(DEVICE_STATS, before).collect()
    interfaces = interface_map(devices)
    known = whole_table(parts, DIM_CIRCUIT)
    found = discover_circuits(ports, devices, interfaces, parts.circuits_file, known)
    paths = path_samples(parts.raw.latest_snapshot(PATH_STATS, before), devices, interfaces, found)
    observed = with_active_paths(found, paths)
    gateways, as_of = parts.raw.latest_snapshot(INVENTORY, before).collect(), _as_of(ports, parts)
    versions = apply_versions(known, observed, "circuit_id", as_of)
    removed = of_removed_gateways(versions, observed, gateways)
    frame = _replace(parts, DIM_CIRCUIT, retire(versions, removed, "circuit_id", as_of))
    current = frame.filter("is_current")
    unknown = unknown_circuits(parts.circuits_file, current) if parts.circuits_file is not None else []
    for message in unknown[:20]:
        context.log.warning(message)
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": frame.height,
            "circuits": current.height,
            "circuits_of_removed_gateways": removed.len(),
            "without_bandwidth": current["bandwidth_down_mbps"].null_count(),
            "without_role": current["role"].null_count(),
            "in_circuits_file_but_not_in_org": len(unknown),
            "gateways_owned": gateways.height,
            "gateways_without_a_site": gateways["site_id"].null_count(),
            "gateways_without_a_circuit": len(set(gateways["mac"]) - set(current["device_mac"])),
        }
    )


DIMENSION_ASSETS = [dim_site, dim_circuit]
