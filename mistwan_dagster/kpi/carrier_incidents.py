"""Carrier incidents: circuits of one provider in one area hit at the same time.

Belongs here: what counts as hit, and when enough circuits are. Does not belong here: areas (`areas.py`), outages
(`outages.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from mistwan_dagster.catalog.columns import INSTANT, QUALITY_MEASURES
from mistwan_dagster.catalog.reporting import INCIDENT_MIN_CIRCUITS, INCIDENT_MIN_SHARE_PCT
from mistwan_dagster.catalog.tables import RPT_CARRIER_INCIDENT
from mistwan_dagster.kpi.calendar import HOUR
from mistwan_dagster.kpi.stretches import levels, merged, minutes, shared

MIN_SITES = 2
"""A fault of one store, whatever it takes with it, is no incident of a carrier."""
FRESH = timedelta(hours=48)
"""A circuit that has been hit for longer, or was not seen up for as long before, is a chronic case and adds nothing."""
BAD_SEVERITIES = ("high", "critical")
_AREA = ["provider", "area"]


@dataclass(frozen=True)
class IncidentRule:
    """How many circuits of a provider in an area, and what share of them, make an incident."""

    min_circuits: int = INCIDENT_MIN_CIRCUITS
    min_share_pct: float = INCIDENT_MIN_SHARE_PCT


def carrier_incidents(
    outages: pl.LazyFrame,
    circuit_hours: pl.LazyFrame,
    areas: pl.DataFrame,
    rule: IncidentRule,
    observed_until: datetime,
) -> pl.LazyFrame:
    """`rpt_carrier_incident`, sorted by its key.

    `outages`: fact_circuit_outage; one that lasts reaches to `observed_until`. `circuit_hours`: fact_circuit_hour,
    severities and minutes, from FRESH before on. `areas`: circuit_id, site_id, provider, area.

    A circuit is hit while it is down or unreachable, and in hours in which its loss, jitter or latency is of severity
    high or critical, for FRESH from the begin of each stretch of such time. An outage counts only if the circuit was
    up in the hour of its begin or at most FRESH before: a line that never worked fails with nobody.

    An incident is a stretch in which, at each instant, at least `min_circuits` circuits of a provider and area are hit,
    at least `min_share_pct` of the provider's circuits there, at MIN_SITES sites or more; a value on a limit
    is enough. Its kind is down when all circuits hit in it were only down, degraded when all were only degraded, else
    mixed. An incident that reaches `observed_until` lasts. Hours of which nothing is known hit nobody;
    `unobserved_circuit_count` tells of how many circuits nothing was known in all hours of the incident.
    """
    members, hours = areas.lazy(), circuit_hours
    hit = _hit(outages, hours, members, observed_until).collect()
    found = _enough(hit.lazy(), members, rule).collect()
    return _described(found.lazy(), hit.lazy(), hours, members, observed_until)


def _hit(
    outages: pl.LazyFrame, hours: pl.LazyFrame, members: pl.LazyFrame, observed_until: datetime
) -> pl.LazyFrame:
    """provider, area, site_id, circuit_id, start, end, down, degraded: fresh, disjoint per circuit."""
    finish = pl.coalesce("end_utc", pl.lit(observed_until).cast(INSTANT))
    worked = hours.filter(pl.col("up_minutes") > 0).select("circuit_id", _worked="hour_utc").sort("_worked")
    down = (
        outages.sort("start_utc")
        .join_asof(
            worked,
            left_on="start_utc",
            right_on="_worked",
            by="circuit_id",
            tolerance=FRESH,
            check_sortedness=False,
        )
        .filter(pl.col("_worked").is_not_null())
        .select("circuit_id", start="start_utc", end=finish, down=pl.lit(True))
    )
    bad = pl.any_horizontal(pl.col(f"{m}_severity").is_in(BAD_SEVERITIES) for m in QUALITY_MEASURES)
    degraded = hours.filter(bad).select(
        "circuit_id", start="hour_utc", end=pl.col("hour_utc") + HOUR, down=pl.lit(False)
    )
    every = pl.concat([down, degraded]).join(members, on="circuit_id")
    kinds = [pl.col("down").any(), (~pl.col("down")).any().alias("degraded")]
    stretches = merged(every, [*_AREA, "site_id", "circuit_id"], kinds)
    return stretches.with_columns(end=pl.min_horizontal("end", pl.col("start") + FRESH))


def _enough(hit: pl.LazyFrame, members: pl.LazyFrame, rule: IncidentRule) -> pl.LazyFrame:
    """provider, area, start, end, peak_circuit_count of the stretches in which the rule is met."""
    size = members.group_by(_AREA).agg(_size=pl.len())
    both = pl.concat(
        [
            hit.select(*_AREA, "start", "end", _circuits=1, _sites=0),
            merged(hit, [*_AREA, "site_id"]).select(*_AREA, "start", "end", _circuits=0, _sites=1),
        ]
    )
    swept = levels(both, _AREA, {"circuits": pl.col("_circuits"), "sites": pl.col("_sites")})
    met = (
        (pl.col("circuits") >= rule.min_circuits)
        & (pl.col("sites") >= MIN_SITES)
        & (100 * pl.col("circuits") >= rule.min_share_pct * pl.col("_size"))
    )
    peak = pl.col("circuits").max().alias("peak_circuit_count")
    return merged(swept.join(size, on=_AREA).filter(met), _AREA, [peak])


def _described(
    found: pl.LazyFrame,
    hit: pl.LazyFrame,
    hours: pl.LazyFrame,
    members: pl.LazyFrame,
    observed_until: datetime,
) -> pl.LazyFrame:
    key = [*_AREA, "start_utc"]
    incidents = found.with_columns(start_utc="start")
    involved = shared(hit, found, _AREA).join(incidents.select(*key, _end="end"), on=_AREA)
    involved = involved.filter((pl.col("start") >= pl.col("start_utc")) & (pl.col("start") < pl.col("_end")))
    only_down, only_degraded = (~pl.col("degraded")).all(), (~pl.col("down")).all()
    counts = involved.group_by(key).agg(
        circuit_count=pl.col("circuit_id").n_unique().cast(pl.Int64),
        site_count=pl.col("site_id").n_unique().cast(pl.Int64),
        kind=pl.when(only_down)
        .then(pl.lit("down"))
        .when(only_degraded)
        .then(pl.lit("degraded"))
        .otherwise(pl.lit("mixed")),
    )
    size = members.group_by(_AREA).agg(area_circuit_count=pl.len().cast(pl.Int64))
    over = pl.col("end") < observed_until
    rows = (
        incidents.join(counts, on=key)
        .join(size, on=_AREA)
        .join(_unobserved(incidents, hours, members), on=key, how="left")
        .with_columns(
            end_utc=pl.when(over).then("end"),
            duration_minutes=pl.when(over).then(minutes(pl.col("start"), pl.col("end"))),
            peak_share_pct=100 * pl.col("peak_circuit_count") / pl.col("area_circuit_count"),
        )
    )
    return RPT_CARRIER_INCIDENT.conform(rows).sort(RPT_CARRIER_INCIDENT.key)


def _unobserved(incidents: pl.LazyFrame, hours: pl.LazyFrame, members: pl.LazyFrame) -> pl.LazyFrame:
    """Circuits of the area without a known minute in the hours that the incident touches."""
    key = [*_AREA, "start_utc"]
    pairs = incidents.select(*key, "end").join(members, on=_AREA)
    known = hours.filter(pl.col("up_minutes") + pl.col("down_minutes") > 0).select("circuit_id", "hour_utc")
    touched = (
        pairs.join(known, on="circuit_id")
        .filter((pl.col("hour_utc") < pl.col("end")) & (pl.col("hour_utc") + HOUR > pl.col("start_utc")))
        .group_by(key)
        .agg(_observed=pl.col("circuit_id").n_unique())
    )
    return (
        pairs.group_by(key)
        .agg(_all=pl.col("circuit_id").n_unique())
        .join(touched, on=key, how="left")
        .select(
            *key,
            unobserved_circuit_count=pl.col("_all").cast(pl.Int64)
            - pl.col("_observed").fill_null(0).cast(pl.Int64),
        )
    )
