"""Tables of what changes seldom, as assets without partitions."""

from collections.abc import Callable

import dagster as dg

from mistwan_dagster.catalog.cloud_endpoints import ORG
from mistwan_dagster.catalog.endpoint import Endpoint
from mistwan_dagster.catalog.reference_tables import (
    DIM_GATEWAY_DETAIL,
    DIM_ORG,
    DIM_PORT_CONFIG,
    DIM_VOCABULARY,
)
from mistwan_dagster.catalog.site_endpoints import SITE_DEVICE_STATS, SITE_DEVICES
from mistwan_dagster.catalog.table import Table
from mistwan_dagster.orchestration import reference
from mistwan_dagster.orchestration.assets.raw import raw_key
from mistwan_dagster.orchestration.metadata import table_description, table_metadata
from mistwan_dagster.orchestration.partitions import OWNER, newest_partition
from mistwan_dagster.orchestration.platform import Platform, PlatformResource


def reference_asset(
    table: Table, sources: list[Endpoint], compute: Callable[[Platform], int]
) -> dg.AssetsDefinition:
    """A whole table that is renewed from the newest snapshots; what was not read again stays."""

    @dg.asset(
        key=table.name,
        description=table_description(table),
        deps=[newest_partition(raw_key(e)) for e in sources],
        group_name="reference",
        kinds={"polars", "parquet"},
        owners=[OWNER],
        metadata=table_metadata(table),
    )
    def renew(platform: PlatformResource) -> dg.MaterializeResult[None]:
        return dg.MaterializeResult(metadata={"dagster/row_count": compute(platform.open())})

    return renew


REFERENCE_ASSETS = [
    reference_asset(DIM_ORG, [ORG], reference.compute_org),
    reference_asset(DIM_VOCABULARY, list(reference.VOCABULARIES.values()), reference.compute_vocabulary),
]
"""Renewed with the hourly KPIs."""
SITE_TABLE_ASSETS = [
    reference_asset(DIM_PORT_CONFIG, [SITE_DEVICES], reference.compute_port_configs),
    reference_asset(DIM_GATEWAY_DETAIL, [SITE_DEVICE_STATS], reference.compute_gateway_details),
]
"""Renewed when sites were read on demand."""
