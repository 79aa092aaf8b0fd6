"""Every table of lake and warehouse: columns, key, grain, partition column and meaning.

Belongs here: declarations only. DDL, casts, contract checks, Dagster column schemas and
`docs/data_dictionary.md` are derived from them elsewhere. Adding a column means adding it here, then
running `make generate`.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from mistwan_dagster.catalog.columns import (
    ACTIVE_STATE,
    CIRCUIT_ID,
    DEVICE_MAC,
    HOUR_UTC,
    INSTANT,
    MEASURES,
    NODE,
    PORT_ID,
    QUALITY_MEASURES,
    REGION,
    ROLE,
    SEVERITIES,
    SITE_ID,
    Column,
    exceedance_columns,
    minutes_columns,
    statistic_columns,
)


@dataclass(frozen=True)
class Table:
    """A declared table. `span` is the column by which a period is deleted and inserted (None: whole table)."""

    name: str
    meaning: str
    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    span: str | None = None

    @property
    def schema(self) -> dict[str, pl.DataType | type[pl.DataType]]:
        """Column name -> Polars dtype, in declared order."""
        return {column.name: column.dtype for column in self.columns}

    def column(self, name: str) -> Column:
        """The declared column of that name; KeyError if there is none."""
        return {c.name: c for c in self.columns}[name]

    def empty(self) -> pl.DataFrame:
        """No rows, declared columns."""
        return pl.DataFrame(schema=self.schema)

    def conform(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """Declared columns in declared order and type; a declared column that is absent becomes null.

        Raises at collect when a value cannot be cast (strict casts: a wrong type must not turn into null).
        """
        present = set(frame.collect_schema().names())
        return frame.select(
            (pl.col(c.name) if c.name in present else pl.lit(None)).cast(c.dtype).alias(c.name)
            for c in self.columns
        )


VERSION_COLUMNS = (
    Column("valid_from", INSTANT, "first instant at which this version holds", nullable=False),
    Column("valid_to", INSTANT, "first instant at which it no longer holds; null for the current version"),
    Column("is_current", pl.Boolean, "true for the version in force now", nullable=False),
)

DIM_SITE = Table(
    "dim_site",
    "Stores, one row a version",
    "site x version",
    ("site_id", "valid_from"),
    (
        SITE_ID,
        Column("site_name", pl.String, "name of the site in Mist"),
        REGION,
        Column(
            "store_type", pl.String, "name of the store-type sitegroup without prefix, `(none)` without one"
        ),
        Column("timezone", pl.String, "IANA time zone of the site"),
        Column("lat", pl.Float64, "latitude", "deg", -90, 90),
        Column("lng", pl.Float64, "longitude", "deg", -180, 180),
        *VERSION_COLUMNS,
    ),
)

DIM_CIRCUIT = Table(
    "dim_circuit",
    "WAN circuits, one row a version; down, disabled and unknown ports keep their row",
    "circuit x version",
    ("circuit_id", "valid_from"),
    (
        CIRCUIT_ID,
        SITE_ID,
        DEVICE_MAC.required(),
        NODE,
        PORT_ID.required(),
        Column("wan_name", pl.String, "name of the WAN interface in the gateway's configuration"),
        Column("wan_type", pl.String, "broadband, dsl or lte as Mist says; null when it does not"),
        Column("provider", pl.String, "internet provider: circuits file, else the ISP that Mist detected"),
        ROLE,
        ACTIVE_STATE,
        Column(
            "port_state",
            pl.String,
            "up, down, disabled; null when Mist did not say",
            allowed=("up", "down", "disabled"),
        ),
        Column("bandwidth_down_mbps", pl.Float64, "contracted download; null when unknown", "Mbps", 0),
        Column("bandwidth_up_mbps", pl.Float64, "contracted upload; null when unknown", "Mbps", 0),
        Column(
            "bandwidth_source",
            pl.String,
            "where the bandwidth comes from: circuits file, shaping of the gateway template, or link speed",
            allowed=("file", "shaping", "link"),
        ),
        *VERSION_COLUMNS,
    ),
)

DIM_HOUR = Table(
    "dim_hour",
    "Hours and the calendar periods that contain them (UTC)",
    "hour",
    ("hour_utc",),
    (
        HOUR_UTC,
        Column("day", pl.Date, "UTC day", nullable=False),
        Column("iso_week", pl.String, "ISO week, for example 2025-W01", nullable=False),
        Column("month", pl.String, "month, for example 2025-01", nullable=False),
    ),
    span="hour_utc",
)

SOURCE = Column(
    "source", pl.String, "where the traffic figures come from", allowed=("live", "insights_1h", "import")
)
SEVERITY_COLUMNS = (
    *(
        Column(
            f"{m}_severity",
            pl.String,
            f"level that the hour's {words} reaches; null when unknown",
            allowed=SEVERITIES,
        )
        for m, (_, words) in MEASURES.items()
    ),
    Column("severity", pl.String, "worst of the four; null when all are unknown", allowed=SEVERITIES),
)

FACT_CIRCUIT_HOUR = Table(
    "fact_circuit_hour",
    "The KPIs of one circuit in one hour; hours in which a port was disabled throughout have no row",
    "site x circuit x hour",
    ("site_id", "circuit_id", "hour_utc"),
    (
        SITE_ID,
        CIRCUIT_ID,
        HOUR_UTC,
        REGION,
        ROLE,
        Column("rx_bytes", pl.Float64, "bytes received in the covered seconds", "B", 0),
        Column("tx_bytes", pl.Float64, "bytes sent in the covered seconds", "B", 0),
        Column(
            "utilization_pct",
            pl.Float64,
            "100 * max(rx / down capacity, tx / up capacity); null without bandwidth or traffic; "
            "may exceed 100",
            "%",
            0,
        ),
        Column("utilization_peak_pct", pl.Float64, "highest utilization of one sampling interval", "%", 0),
        *minutes_columns(60),
        Column(
            "reachable_minutes",
            pl.Float64,
            "minutes the link was up and the provider answered (ARP, DHCP or a peer path); "
            "null without any such evidence",
            "min",
            0,
            60,
        ),
        Column(
            "status_hourly",
            pl.String,
            "Up when up in any part of the hour, Down when down and never up, else Unknown",
            allowed=("Up", "Down", "Unknown"),
        ),
        Column("flap_count", pl.Int64, "link transitions in the hour, folded repeats counted", "", 0),
        *statistic_columns(
            QUALITY_MEASURES,
            ("avg", "max", "p95"),
            "of the samples of all up peer paths in the hour (p95: nearest rank, null below 20 samples)",
        ),
        Column("quality_sample_count", pl.Int64, "samples behind the quality figures", "", 0),
        *SEVERITY_COLUMNS,
        Column("counter_reset", pl.Boolean, "a counter reset makes the bytes a lower bound"),
        Column("coverage_pct", pl.Float64, "share of the hour that the traffic figures cover", "%", 0, 100),
        SOURCE,
        ACTIVE_STATE,
    ),
    span="hour_utc",
)

PATH_KEY_COLUMNS = (
    DEVICE_MAC.required(),
    Column("node", pl.String, "node of an HA cluster, empty otherwise", nullable=False),
    PORT_ID.required(),
    Column("peer_mac", pl.String, "MAC of the peer", nullable=False),
    Column("peer_port_id", pl.String, "port of the peer, empty when not told", nullable=False),
    Column("vpn_name", pl.String, "name of the VPN, empty when not told", nullable=False),
)

FACT_PATH_HOUR = Table(
    "fact_path_hour",
    "Quality of one overlay path in one hour, over its up samples",
    "peer path x hour",
    (*(c.name for c in PATH_KEY_COLUMNS), "hour_utc"),
    (
        SITE_ID,
        Column("circuit_id", pl.String, "circuit that carries the path; null when its port matches none"),
        *PATH_KEY_COLUMNS,
        Column("peer_router_name", pl.String, "name of the peer"),
        HOUR_UTC,
        *statistic_columns(QUALITY_MEASURES, ("avg", "max", "p95"), "of the path's up samples"),
        Column("mos_avg", pl.Float64, "mean opinion score", "", 0, 5),
        Column("up_pct", pl.Float64, "share of samples in which the path was up", "%", 0, 100),
        Column(
            "active_pct", pl.Float64, "share of samples in which the path carried the traffic", "%", 0, 100
        ),
        Column("sample_count", pl.Int64, "samples with a new source time", "", 0),
    ),
    span="hour_utc",
)

FACT_CIRCUIT_OUTAGE = Table(
    "fact_circuit_outage",
    "Stretches in which a circuit was down (link) or up but unreachable (reachability)",
    "circuit x kind x start",
    ("circuit_id", "kind", "start_utc"),
    (
        SITE_ID,
        CIRCUIT_ID,
        Column("start_utc", INSTANT, "first instant of the outage", nullable=False),
        Column("end_utc", INSTANT, "first instant after it; null while it lasts"),
        Column("kind", pl.String, "link or reachability", nullable=False, allowed=("link", "reachability")),
        Column(
            "evidence",
            pl.String,
            "what tells its start: an event, a snapshot, or inference between two",
            nullable=False,
            allowed=("event", "snapshot", "inferred"),
        ),
        Column("duration_minutes", pl.Float64, "length; null while it lasts", "min", 0),
    ),
)

FACT_FAILOVER = Table(
    "fact_failover",
    "Episodes in which a site's traffic ran over another circuit because its primary was down or steered away",
    "site x start",
    ("site_id", "start_utc", "from_circuit_id"),
    (
        SITE_ID,
        Column("start_utc", INSTANT, "the primary stopped carrying the traffic", nullable=False),
        Column("end_utc", INSTANT, "the primary carried it again; null while the failover lasts"),
        Column("from_circuit_id", pl.String, "the primary", nullable=False),
        Column("to_circuit_id", pl.String, "the circuit that took over", nullable=False),
        Column(
            "cause",
            pl.String,
            "why: the primary's link was down, it was unreachable, or traffic was steered",
            allowed=("link_down", "unreachable", "steered"),
        ),
        Column("duration_minutes", pl.Float64, "length; null while it lasts", "min", 0),
        *statistic_columns(QUALITY_MEASURES, ("avg",), "of the backup in the hours of the failover"),
        *(
            Column(
                f"primary_{c.name}",
                c.dtype,
                f"{c.meaning} (primary, the 24 hours before)",
                c.unit,
                c.low,
                c.high,
            )
            for c in statistic_columns(QUALITY_MEASURES, ("avg",), "of the primary")
        ),
    ),
)

FACT_DEVICE_EVENT = Table(
    "fact_device_event",
    "Device events of gateways as Mist told them, each once",
    "event",
    ("device_mac", "event_type", "locator", "event_utc"),
    (
        SITE_ID,
        DEVICE_MAC.required(),
        Column("event_type", pl.String, "Mist event type, for example GW_PORT_DOWN", nullable=False),
        Column(
            "locator",
            pl.String,
            "port id, else the event's text, else empty (part of the natural key)",
            nullable=False,
        ),
        Column("event_utc", INSTANT, "instant of the event", nullable=False),
        Column("circuit_id", pl.String, "circuit that it concerns; null when none or ambiguous"),
        NODE,
        Column("event_count", pl.Int64, "repeats folded into the row", "", 1),
        Column("text", pl.String, "text of the event"),
        HOUR_UTC,
    ),
    span="hour_utc",
)


def _aggregate_columns() -> tuple[Column, ...]:
    return (
        *statistic_columns(
            ("utilization",), ("avg", "max", "p95"), "over the observed hours (p95: linear interpolation)"
        ),
        *statistic_columns(QUALITY_MEASURES, ("avg", "max"), "over the hours observed"),
        *exceedance_columns(),
        Column(
            "availability_pct",
            pl.Float64,
            "100 * up / (up + down) minutes; null when both are 0",
            "%",
            0,
            100,
        ),
        Column("flap_count", pl.Int64, "link transitions", "", 0),
        Column("observed_hours", pl.Int64, "hours with a utilization", "h", 0),
        *minutes_columns(None),
        Column("total_minutes", pl.Float64, "up + down + unknown minutes", "min", 0),
    )


CIRCUIT_COUNT = Column("circuit_count", pl.Int64, "circuits pooled", "", 0)
WINDOW_COLUMNS = (
    Column("as_of_utc", INSTANT, "end of the window, not included", nullable=False),
    Column("window_hours", pl.Int64, "3, 12 or 24", "h", nullable=False),
)
PERIOD_COLUMNS = (
    Column(
        "period", pl.String, "day, week (ISO) or month, UTC", nullable=False, allowed=("day", "week", "month")
    ),
    Column("period_start_utc", INSTANT, "start of the period", nullable=False),
)

AGG_CIRCUIT_WINDOW = Table(
    "agg_circuit_window",
    "Figures of the last 3, 12 and 24 hours, half-open: 3 h as of 12:00 are 09, 10, 11",
    "circuit x as-of hour x window",
    ("circuit_id", "as_of_utc", "window_hours"),
    (SITE_ID, CIRCUIT_ID, REGION, ROLE, *WINDOW_COLUMNS, *_aggregate_columns()),
    span="as_of_utc",
)
AGG_CIRCUIT_PERIOD = Table(
    "agg_circuit_period",
    "Figures of a UTC day, ISO week or month",
    "circuit x period",
    ("circuit_id", "period", "period_start_utc"),
    (SITE_ID, CIRCUIT_ID, REGION, ROLE, *PERIOD_COLUMNS, *_aggregate_columns()),
    span="period_start_utc",
)
AGG_REGION_WINDOW = Table(
    "agg_region_window",
    "Windows pooled over a region's circuit hours, not averages of averages",
    "region x as-of hour x window",
    ("region", "as_of_utc", "window_hours"),
    (REGION.required(), *WINDOW_COLUMNS, CIRCUIT_COUNT, *_aggregate_columns()),
    span="as_of_utc",
)
AGG_REGION_PERIOD = Table(
    "agg_region_period",
    "Periods pooled over a region's circuit hours",
    "region x period",
    ("region", "period", "period_start_utc"),
    (REGION.required(), *PERIOD_COLUMNS, CIRCUIT_COUNT, *_aggregate_columns()),
    span="period_start_utc",
)
LOAD_LEDGER = Table(
    "load_ledger",
    "What was loaded when: one row a table and span, replaced by each load",
    "table x span",
    ("table_name", "span_start_utc"),
    (
        Column("table_name", pl.String, "loaded table", nullable=False),
        Column("span_start_utc", INSTANT, "start of the span; 1970-01-01 for whole tables", nullable=False),
        Column("row_count", pl.Int64, "rows of the span", "", 0),
        Column("loaded_at_utc", INSTANT, "end of the load"),
    ),
)

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        DIM_SITE, DIM_CIRCUIT, DIM_HOUR, FACT_CIRCUIT_HOUR, FACT_PATH_HOUR, FACT_CIRCUIT_OUTAGE, FACT_FAILOVER,
        FACT_DEVICE_EVENT, AGG_CIRCUIT_WINDOW, AGG_CIRCUIT_PERIOD, AGG_REGION_WINDOW, AGG_REGION_PERIOD,
        LOAD_LEDGER,
    )
}  # fmt: skip
