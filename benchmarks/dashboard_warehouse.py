"""A published warehouse of the size that the dashboard has to bear, made by Polars.

3,208 sites, 10,000 circuits. Facts by hour, days, weeks and months of 13 months; windows of the last 8 days (the
product keeps one for each hour of the past; pages read the newest and that of a week before); paths and events of the
last days. Figures are random within the columns' bounds (hours: one random day, turned); a tenth of the hours has no
utilization. Belongs here: rows. Does not belong here: measuring (`dashboard`).
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import numpy as np
import polars as pl

from mistwan_dagster.catalog.columns import SEVERITIES
from mistwan_dagster.catalog.tables import TABLES, Table
from mistwan_dagster.warehouse.render import create_table, create_views

SITES, CIRCUITS, REGIONS, PROVIDERS = 3208, 10_000, 12, 9
NEWEST = datetime(2025, 6, 10, 12)
"""End of the newest hour, naive UTC."""
DAYS = 396
WINDOW_DAYS = 8
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ZONES = ("America/New_York", "America/Chicago", "America/Los_Angeles")


def random_column(name: str, dtype: object, size: int, rng: np.random.Generator) -> pl.Series:
    """Values that such a column may hold; two decimals, as they compress like real ones."""
    if name.endswith("severity"):
        return pl.Series(name, np.array(SEVERITIES)[rng.choice(4, size, p=(0.93, 0.04, 0.02, 0.01))])
    if name.endswith("run_hours") or name == "flap_count":
        return pl.Series(name, np.where(rng.random(size) < 0.03, rng.integers(1, 8, size), 0))
    if name.endswith(("_hours", "_count")) or dtype == pl.Int64:
        return pl.Series(name, rng.integers(0, 24, size))
    if name == "availability_pct":
        return pl.Series(name, np.where(rng.random(size) < 0.05, rng.uniform(80, 100, size).round(3), 100.0))
    if name.startswith("loss"):
        return pl.Series(name, rng.gamma(0.3, 0.2, size).round(3))
    if dtype == pl.Boolean:
        return pl.Series(name, rng.random(size) < 0.5)
    if dtype == pl.Float64:
        return pl.Series(name, (rng.beta(2, 5, size) * 100).round(2))
    return pl.Series(name, ["word"]).new_from_index(0, size)


def filled(table: Table, keys: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """`keys` with every other column of the table; instants that are not given stay null."""
    made: list[pl.Series] = []
    for column in table.columns:
        if column.name in keys.columns:
            made.append(keys[column.name])
        elif isinstance(column.dtype, pl.Datetime):
            instant = None if column.nullable else NEWEST
            made.append(
                pl.Series(column.name, [instant], dtype=pl.Datetime("us")).new_from_index(0, keys.height)
            )
        elif column.allowed:
            made.append(pl.Series(column.name, rng.choice(np.array(column.allowed), keys.height)))
        else:
            made.append(random_column(column.name, column.dtype, keys.height, rng))
    return pl.DataFrame(made)


def circuits() -> pl.DataFrame:
    """Ids of all circuits with site, region, provider and role, by site."""
    index = pl.Series("i", np.sort(np.arange(CIRCUITS) % SITES).astype(np.int64))
    frame = index.to_frame().with_columns(n=pl.int_range(pl.len()).over("i"))
    mac = pl.format("5c5b35{}", pl.col("i").cast(pl.String).str.zfill(6))
    site = pl.col("i").cast(pl.String).str.zfill(12)
    return frame.select(
        circuit_id=pl.format("{}:ge-0/0/{}", mac, "n"), device_mac=mac, port_id=pl.format("ge-0/0/{}", "n"),
        site_id=pl.format("978c48e6-6ef6-11e6-8bbf-{}", site), region=pl.format("Region {}", pl.col("i") % REGIONS),
        provider=pl.format("Carrier {}", (pl.col("i") * 7 + pl.col("n") * 3) % PROVIDERS),
        role=pl.when(pl.col("n") == 0).then(pl.lit("primary")).otherwise(pl.lit("secondary")), i="i", n="n",
    )  # fmt: skip


def at(keys: pl.DataFrame, column: str, instants: list[datetime]) -> pl.DataFrame:
    """Each row of `keys` at each instant, by instant."""
    return pl.DataFrame({column: instants}, schema={column: pl.Datetime("us")}).join(keys, how="cross")


def fact_hours(known: pl.DataFrame, start: datetime, count: int, rng: np.random.Generator) -> pl.DataFrame:
    """Hours of all circuits: a tenth without utilization, two of a hundred partly down."""
    keys = at(
        known.select("site_id", "circuit_id", "region", "role"),
        "hour_utc",
        [start + HOUR * i for i in range(count)],
    )
    down = np.where(rng.random(keys.height) < 0.02, rng.integers(1, 60, keys.height), 0).astype(float)
    return filled(TABLES["fact_circuit_hour"], keys, rng).with_columns(
        down_minutes=pl.Series(down), up_minutes=60 - pl.Series(down), unknown_minutes=pl.lit(0.0),
        reachable_minutes=pl.lit(60.0), status_hourly=pl.lit("Up"), coverage_pct=pl.lit(100.0), source=pl.lit("live"),
        utilization_pct=pl.when(pl.Series(rng.random(keys.height)) < 0.9).then("utilization_pct"),
        counter_reset=pl.lit(False),
    )  # fmt: skip


def dimensions(known: pl.DataFrame, rng: np.random.Generator) -> Iterator[tuple[str, pl.DataFrame]]:
    """Sites and circuits, all current."""
    sites = known.filter(pl.col("n") == 0)
    version = {"valid_from": pl.lit(NEWEST - DAY * DAYS), "is_current": pl.lit(True)}
    yield "dim_site", filled(TABLES["dim_site"], sites.select(
        "site_id", "region", pl.format("Store {}", "i").alias("site_name"), pl.lit("Standard").alias("store_type"),
        pl.Series("timezone", np.array(ZONES)[rng.integers(0, 3, sites.height)]),
        pl.Series("lat", rng.uniform(30, 47, sites.height)), pl.Series("lng", rng.uniform(-122, -72, sites.height)),
        **version,
    ), rng)  # fmt: skip
    yield "dim_circuit", filled(TABLES["dim_circuit"], known.select(
        "circuit_id", "site_id", "device_mac", "port_id", "provider", "role", wan_name=pl.format("wan{}", "n"),
        wan_type=pl.lit("broadband"), node=pl.lit(None, pl.String), active_state=pl.col("n") == 0,
        port_state=pl.lit("up"), bandwidth_down_mbps=pl.lit(200.0), bandwidth_up_mbps=pl.lit(20.0),
        bandwidth_source=pl.lit("file"), **version,
    ), rng)  # fmt: skip


def aggregates(known: pl.DataFrame, rng: np.random.Generator) -> Iterator[tuple[str, pl.DataFrame]]:
    """Days, weeks, months and windows of circuits, sites, regions and providers."""
    midnight = NEWEST.replace(hour=0)
    days = [midnight - DAY * i for i in reversed(range(DAYS))]
    periods = {
        "day": days, "week": [d for d in days if d.weekday() == 0], "month": [d for d in days if d.day == 1]
    }  # fmt: skip
    hours = [NEWEST - HOUR * i for i in reversed(range(24 * WINDOW_DAYS))]
    owners = {
        "circuit": known.select("site_id", "circuit_id", "region", "role"),
        "region": known.select("region").unique(maintain_order=True),
        "provider": known.select("provider").unique(maintain_order=True),
        "site": known.filter(pl.col("n") == 0).select("site_id", "region"),
    }
    for owner, keys in owners.items():
        for table in (f"agg_{owner}_period", f"agg_{owner}_period_business"):
            if table not in TABLES:
                continue
            for period, starts in periods.items():
                for i in range(0, len(starts), 30):
                    one = at(keys, "period_start_utc", starts[i : i + 30]).with_columns(period=pl.lit(period))
                    yield table, minutes(filled(TABLES[table], one, rng), 1440)
        if f"agg_{owner}_window" in TABLES:
            for window in (3, 12, 24):
                for i in range(0, len(hours), 24):
                    one = at(keys, "as_of_utc", hours[i : i + 24])
                    one = one.with_columns(window_hours=pl.lit(window, pl.Int64))
                    yield (
                        f"agg_{owner}_window",
                        minutes(filled(TABLES[f"agg_{owner}_window"], one, rng), window * 60),
                    )
        if f"agg_{owner}_rolling_13m" in TABLES:
            one = at(keys, "as_of_utc", periods["month"])
            yield f"agg_{owner}_rolling_13m", filled(TABLES[f"agg_{owner}_rolling_13m"], one, rng)


def minutes(frame: pl.DataFrame, total: int) -> pl.DataFrame:
    """Minutes that sum up, where the table has them."""
    if not {"up_minutes", "down_minutes", "unknown_minutes", "total_minutes"} <= set(frame.columns):
        return frame
    up = (pl.col("availability_pct") * total / 100).round(0)
    return frame.with_columns(
        up_minutes=up,
        down_minutes=total - up,
        unknown_minutes=pl.lit(0.0),
        total_minutes=pl.lit(float(total)),
    )


def happenings(known: pl.DataFrame, rng: np.random.Generator) -> Iterator[tuple[str, pl.DataFrame]]:
    """Outages, failovers, events, alarms, paths, SLE and reports."""

    def some(count: int, since: timedelta) -> tuple[pl.DataFrame, pl.Series]:
        rows = known[rng.integers(0, known.height, count).tolist()]
        ages = (
            pl.Series(rng.random(count) * since.total_seconds() * 1e6).cast(pl.Int64).cast(pl.Duration("us"))
        )
        return rows, pl.select(pl.lit(NEWEST) - ages).to_series()

    rows, start = some(40_000, DAY * DAYS)
    lasted = pl.Series(rng.integers(1, 300, rows.height)).cast(pl.Int64) * 60_000_000
    end = pl.select(
        pl.when(pl.Series(rng.random(rows.height)) > 0.004).then(start + lasted.cast(pl.Duration("us")))
    ).to_series()
    yield (
        "fact_circuit_outage",
        filled(
            TABLES["fact_circuit_outage"],
            rows.select(
                "site_id",
                "circuit_id",
                start_utc=start,
                end_utc=end,
                kind=pl.lit("link"),
                evidence=pl.lit("event"),
            ),
            rng,
        ),
    )
    yield "fact_failover", filled(TABLES["fact_failover"], rows[:9000].select(
        "site_id", start_utc=start[:9000], end_utc=end[:9000], from_circuit_id="circuit_id",
        to_circuit_id=pl.format("{}:ge-0/0/1", "device_mac"), cause=pl.lit("down"),
    ), rng)  # fmt: skip
    rows, start = some(300_000, DAY * 14)
    yield "fact_device_event", filled(TABLES["fact_device_event"], rows.select(
        "site_id", "device_mac", "circuit_id", event_type=pl.lit("GW_PORT_FLAP"), locator="port_id", event_utc=start,
        hour_utc=start.dt.truncate("1h"), node=pl.lit(None, pl.String),
    ).sort("hour_utc"), rng)  # fmt: skip
    rows, start = some(60_000, DAY * DAYS)
    yield "fact_alarm", filled(TABLES["fact_alarm"], rows.select(
        "site_id", "device_mac", "circuit_id", alarm_id=pl.int_range(pl.len()).cast(pl.String), first_seen_utc=start,
        last_seen_utc=start, read_utc=start, alarm_type=pl.lit("port_down"), alarm_group=pl.lit("infrastructure"),
        status=pl.when(pl.int_range(pl.len()) % 100 == 0).then(pl.lit("open")).otherwise(pl.lit("resolved")),
        severity=pl.when(pl.int_range(pl.len()) % 4 == 0).then(pl.lit("critical")).otherwise(pl.lit("warn")),
    ), rng)  # fmt: skip
    peers = pl.DataFrame({"peer_mac": ["hub1", "hub2", "hub3", "hub4"]}).with_columns(
        peer_port_id=pl.lit("ge-0/0/0"),
        vpn_name=pl.lit("OrgOverlay"),
        peer_router_name="peer_mac",
        node=pl.lit(""),
    )
    paths = known.select("site_id", "circuit_id", "device_mac", "port_id").join(peers, how="cross")
    for i in range(24):
        one = filled(TABLES["fact_path_hour"], at(paths, "hour_utc", [NEWEST - HOUR * (24 - i)]), rng)
        up = pl.Series(np.where(rng.random(one.height) < 0.01, 0.0, 100.0))
        yield "fact_path_hour", one.with_columns(up_pct=up)
    sites = known.filter(pl.col("n") == 0).select("site_id")
    metrics = pl.DataFrame({"metric": ["gateway-health", "wan-link-health", "application-health"]})
    for i in range(14):
        keys = at(
            sites.join(metrics, how="cross"),
            "hour_utc",
            [NEWEST - DAY * (14 - i) + HOUR * h for h in range(24)],
        )
        score = pl.Series(rng.beta(30, 1, keys.height).round(4))
        yield "fact_site_sle_hour", filled(TABLES["fact_site_sle_hour"], keys, rng).with_columns(score=score)
    covered = sites.join(metrics, how="cross").with_columns(hour_utc=pl.lit(NEWEST))
    yield "sle_coverage", filled(TABLES["sle_coverage"], covered, rng)
    latest = known.select("site_id", "circuit_id", "region", "role", hour_utc=pl.lit(NEWEST - HOUR))
    yield "rpt_congestion_now", filled(TABLES["rpt_congestion_now"], latest, rng)
    bad = known[:900].select(
        "site_id",
        "circuit_id",
        "region",
        "role",
        "provider",
        as_of_utc=pl.lit(NEWEST),
        reason=pl.lit("flaps"),
    )
    yield "rpt_chronic_offenders", filled(TABLES["rpt_chronic_offenders"], bad, rng)
    months = [datetime(2025, m, 1) for m in range(1, 7)]
    carriers = known.select("provider").unique(maintain_order=True)
    yield (
        "rpt_provider_scorecard",
        filled(TABLES["rpt_provider_scorecard"], at(carriers, "period_start_utc", months), rng),
    )
    primary = known.filter(pl.col("n") == 0).select("site_id", "region")
    for table in ("rpt_failover_readiness", "rpt_primary_secondary"):
        one = at(primary, "period_start_utc", months).with_columns(period=pl.lit("month"))
        yield table, filled(TABLES[table], one, rng)


def make_warehouse(folder: Path) -> Path:
    """The folder with its published copy 1; made once (some 10 minutes), taken again while the tables are the same."""
    tables = "".join(create_table(table, "duckdb") for table in TABLES.values()) + create_views()
    made_of = folder / "tables.sql"
    if (folder / "CURRENT").exists() and made_of.exists() and made_of.read_text(encoding="utf-8") == tables:
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / "serve-1.duckdb"
    for old in (target, folder / "CURRENT"):
        old.unlink(missing_ok=True)
    made_of.write_text(tables, encoding="utf-8")
    rng, known, begun = np.random.default_rng(7), circuits(), time.monotonic()
    connection = duckdb.connect(str(target), config={"memory_limit": "2GB"})
    for table in TABLES.values():
        connection.execute(create_table(table, "duckdb"))
    connection.execute(create_views())

    def put(table: str, frame: pl.DataFrame) -> None:
        connection.register("incoming", frame.to_arrow())
        connection.execute(f"INSERT INTO {table} SELECT * FROM incoming")
        connection.unregister("incoming")

    for made in (dimensions(known, rng), aggregates(known, rng), happenings(known, rng)):
        for name, frame in made:
            put(name, frame)
    print(f"aggregates and happenings after {time.monotonic() - begun:.0f} s", flush=True)
    first, day = NEWEST - DAY * (DAYS - 1), fact_hours(known, NEWEST, 24, rng)
    figures = day.drop("site_id", "circuit_id", "region", "role", "hour_utc")
    for i in range(DAYS - 1):
        cut = int(rng.integers(day.height))
        turned = pl.concat([figures[cut:], figures[:cut]], rechunk=True)
        ids = day.select(
            "site_id", "circuit_id", pl.col("hour_utc") + (first - NEWEST + DAY * i), "region", "role"
        )
        put("fact_circuit_hour", ids.hstack(turned).select(day.columns))
    connection.execute("CHECKPOINT")
    connection.close()
    (folder / "CURRENT").write_text("serve-1.duckdb\n", encoding="utf-8")
    print(f"made {target} in {time.monotonic() - begun:.0f} s", flush=True)
    return folder
