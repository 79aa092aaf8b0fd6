"""Failovers from the lake: outages, hourly facts, and what was said about the active circuit. No Dagster."""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl

from mistwan_dagster.catalog.tables import FACT_CIRCUIT_HOUR, FACT_CIRCUIT_OUTAGE, FACT_FAILOVER
from mistwan_dagster.kpi.failover import failovers
from mistwan_dagster.kpi.failover_quality import NORM_DAYS
from mistwan_dagster.kpi.sightings import SCHEMA
from mistwan_dagster.lake.raw import HOUR
from mistwan_dagster.orchestration.episodes import recompute_from, replace_recent, whole_table
from mistwan_dagster.orchestration.hourly import BACKUP_SAMPLES, SIGHTINGS, dim_circuit, observed_until
from mistwan_dagster.orchestration.platform import Platform

CONTEXT = timedelta(days=NORM_DAYS, hours=1)
"""A failover is measured against the figures of the days before it."""


def compute_failovers(platform: Platform, since: datetime | None) -> int:
    """Replace `fact_failover` from `since` less the look-back on (all of it when None); returns rows."""
    until = observed_until(platform)
    begin = _with_evidence(platform, recompute_from(since))
    circuits = dim_circuit(platform)
    lasting = pl.col("end_utc").is_null() | (pl.col("end_utc") >= begin)
    recent = whole_table(platform, FACT_CIRCUIT_OUTAGE).filter(lasting)
    facts = platform.kpi.scan_hours(FACT_CIRCUIT_HOUR.name, begin - CONTEXT, until)
    sightings = platform.kpi.scan_hours(SIGHTINGS, begin - HOUR, until)
    active = pl.LazyFrame(schema=SCHEMA) if sightings is None else sightings.select(*SCHEMA)
    samples = platform.kpi.scan_hours(BACKUP_SAMPLES, begin - HOUR, until)
    sites = _sites(recent, active, circuits)
    mine = circuits.filter(pl.col("site_id").is_in(sites.implode()))
    found = failovers(
        recent.lazy(),
        (FACT_CIRCUIT_HOUR.empty().lazy() if facts is None else facts).filter(
            pl.col("site_id").is_in(sites.implode())
        ),
        mine.lazy(),
        until,
        active,
        None if samples is None else samples.filter(pl.col("circuit_id").is_in(mine["circuit_id"].implode())),
    ).collect()
    return replace_recent(platform, FACT_FAILOVER, found, begin)


def _with_evidence(platform: Platform, begin: datetime) -> datetime:
    """`begin`, or the first hour with sightings when that is later: failovers before it cannot be found again."""
    labels = platform.kpi.labels(SIGHTINGS)
    first = datetime.fromisoformat(f"{labels[0]}:00:00+00:00") if labels else begin
    return max(begin, first)


def _sites(outages: pl.DataFrame, active: pl.LazyFrame, circuits: pl.DataFrame) -> pl.Series:
    """Sites that had an outage or traffic away from the primary: the only ones whose facts are read."""
    ids = pl.concat([outages["circuit_id"], active.select("circuit_id").collect()["circuit_id"]]).unique()
    return circuits.filter(pl.col("circuit_id").is_in(ids.implode()))["site_id"].unique()
