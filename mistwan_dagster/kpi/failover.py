"""Failovers: episodes in which another circuit carried a site's traffic instead of its primary.

Belongs here: finding the episodes and what took over. Does not belong here: outages themselves (`outages.py`),
the quality during an episode (`failover_quality.py`), what snapshots and events tell of the active circuit
(`sightings.py`).
"""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl

from mistwan_dagster.catalog.columns import INSTANT
from mistwan_dagster.catalog.tables import FACT_FAILOVER
from mistwan_dagster.kpi.failover_quality import episode_quality
from mistwan_dagster.kpi.roles import acting_role
from mistwan_dagster.kpi.steps import MAX_GAP, step_function
from mistwan_dagster.kpi.stretches import MICROS_PER_MINUTE

PROOF_MINUTES = 1.0
_EPISODE = ["site_id", "from_circuit_id", "begin", "finish", "cause"]
_CAUSES = {"link": "link_down", "reachability": "unreachable"}


def failovers(
    outages: pl.LazyFrame,
    circuit_hours: pl.LazyFrame,
    dim_circuit: pl.LazyFrame,
    observed_until: datetime,
    active: pl.LazyFrame | None = None,
    samples: pl.LazyFrame | None = None,
) -> pl.LazyFrame:
    """`fact_failover` of all primaries in `outages` and `active`, sorted by its key.

    `outages`: fact_circuit_outage of all circuits of the sites. `circuit_hours`: fact_circuit_hour of the
    hours that the episodes touch and `failover_quality.NORM_DAYS` before. `dim_circuit`: all versions; the newest
    tells site and role. `active`: circuit_id, t, active, is_event, what snapshots and events of a cluster said
    about which circuit carries the traffic. `samples`: of the quality of backups. `observed_until`: end of the last
    hour computed.

    - The primary down or unreachable: outages that touch are one episode, its cause that of the first.
      While it lasts (null end), so does the failover. Traffic that `active` still shows elsewhere
      afterwards prolongs it.
    - The primary neither, but another circuit active instead of it, within `MAX_GAP`: steered. Its edges are
      those of events, else lie between snapshots, in the middle.
    - Either way another circuit must have been up and reachable in that time, as its minutes and outages
      prove, or have been seen active. Minutes unknown might all lie in the episode, so they prove nothing;
      without proof no row.
    - to_circuit_id: the one seen active most often, else the proven one with most bytes in the hours touched.
    - Quality: see `failover_quality.episode_quality`.
    """
    circuits = _newest(dim_circuit).collect()
    hours = circuit_hours.filter(pl.col("hour_utc") < observed_until).collect()
    down = _bounded(outages, observed_until).collect()
    seen = _seen(active, circuits, down) if active is not None else None
    episodes = _episodes(down, circuits, seen).collect()
    chosen = _backups(episodes, circuits, hours, down, seen)
    taken = episodes.lazy().join(chosen, on=["from_circuit_id", "begin"])
    return _facts(taken, episode_quality(taken, hours.lazy(), samples), observed_until)


def _newest(dim_circuit: pl.LazyFrame) -> pl.LazyFrame:
    newest = dim_circuit.sort("valid_from").group_by("circuit_id").agg(pl.col("site_id", "role").last())
    return (
        newest.filter(pl.col("site_id").is_not_null()).with_columns(acting_role("site_id")).sort("circuit_id")
    )


def _bounded(outages: pl.LazyFrame, observed_until: datetime) -> pl.LazyFrame:
    """Outages with an end, that of what was observed when they last."""
    finish = pl.col("end_utc").fill_null(pl.lit(observed_until).cast(INSTANT))
    return outages.select("circuit_id", "kind", begin="start_utc", finish=finish).filter(
        pl.col("begin") < pl.col("finish")
    )


def _primaries(circuits: pl.DataFrame) -> pl.LazyFrame:
    return circuits.lazy().filter(pl.col("role") == "primary").select("site_id", from_circuit_id="circuit_id")


def _seen(active: pl.LazyFrame, circuits: pl.DataFrame, down: pl.DataFrame) -> pl.DataFrame:
    """Sightings of the traffic: site_id, from_circuit_id (primary), t, is_event, away, to_circuit_id (null
    unless away).

    Away needs both: the primary said not to be active, and another circuit of the site active lately.
    Sightings while the primary was down say nothing of steering but tell what took over.
    """
    told = active.filter(pl.col("active").is_not_null()).join(circuits.lazy(), on="circuit_id").sort("t")
    primary = told.filter(pl.col("role") == "primary").select(
        "site_id", "t", "active", "is_event", from_circuit_id="circuit_id"
    )
    others = told.filter("active").select("site_id", "t", to_circuit_id="circuit_id")
    paired = primary.join_asof(
        others, on="t", by="site_id", strategy="nearest", tolerance=MAX_GAP / 2, check_sortedness=False
    )
    elsewhere = pl.col("to_circuit_id").is_not_null() & (pl.col("to_circuit_id") != pl.col("from_circuit_id"))
    away = ~pl.col("active") & elsewhere
    told_all = paired.filter(pl.col("active") | away).select(
        "site_id",
        "from_circuit_id",
        "t",
        "is_event",
        away=away,
        to_circuit_id=pl.when(away).then("to_circuit_id"),
    )
    return told_all.join(_down_at(told_all, down), on=["from_circuit_id", "t"], how="left").collect()


def _down_at(sightings: pl.LazyFrame, down: pl.DataFrame) -> pl.LazyFrame:
    spans = down.lazy().select("begin", "finish", from_circuit_id="circuit_id")
    hit = sightings.join(spans, on="from_circuit_id").filter(pl.col("t").is_between("begin", "finish"))
    return hit.select("from_circuit_id", "t", in_outage=pl.lit(True)).unique()


def _steered(seen: pl.DataFrame) -> pl.LazyFrame:
    """Stretches between sightings in which the traffic was away, none of them made of an outage alone."""
    points = (
        seen.lazy()
        .filter(pl.col("in_outage").is_null())
        .select(
            "t",
            "is_event",
            pl.lit(None, INSTANT).alias("since"),
            entity="from_circuit_id",
            state="away",
            count=pl.lit(1, pl.Int64),
        )
    )
    away = step_function(points).intervals.filter("state")
    return away.select(from_circuit_id="entity", begin="start", finish="end", cause=pl.lit("steered"))


def _episodes(down: pl.DataFrame, circuits: pl.DataFrame, seen: pl.DataFrame | None) -> pl.LazyFrame:
    """site_id, from_circuit_id, begin, finish, cause; those of one primary do not touch."""
    lost = down.lazy().select(
        "begin", "finish", from_circuit_id="circuit_id", cause=pl.col("kind").replace_strict(_CAUSES)
    )
    every = [lost] if seen is None else [lost, _after_outages(_steered(seen), lost)]
    ordered = pl.concat(every, how="diagonal").join(_primaries(circuits), on="from_circuit_id")
    ordered = ordered.sort("from_circuit_id", "begin", "finish")
    reached = pl.col("finish").cum_max().over("from_circuit_id")
    fresh = (pl.col("from_circuit_id") != pl.col("from_circuit_id").shift(1)) | (
        pl.col("begin") > pl.col("reached").shift(1)
    )
    return (
        ordered.with_columns(reached=reached)
        .with_columns(episode=fresh.fill_null(True).cum_sum())
        .group_by("episode", maintain_order=True)
        .agg(pl.col("site_id", "from_circuit_id", "begin", "cause").first(), pl.col("finish").max())
        .select(_EPISODE)
    )


def _after_outages(steered: pl.LazyFrame, lost: pl.LazyFrame) -> pl.LazyFrame:
    """A steered stretch that begins just before an outage of its primary begins with it: the middle between
    two snapshots must not seem to come before the event that moved the traffic."""
    first = (
        steered.join(lost.select("from_circuit_id", lost="begin", found="finish"), on="from_circuit_id")
        .filter((pl.col("lost") <= pl.col("begin") + MAX_GAP / 2) & (pl.col("found") >= pl.col("begin")))
        .group_by("from_circuit_id", "begin")
        .agg(pl.col("lost").min())
    )
    later = pl.max_horizontal("begin", "lost")
    return (
        steered.join(first, on=["from_circuit_id", "begin"], how="left")
        .with_columns(begin=later)
        .drop("lost")
    )


def _backups(
    episodes: pl.DataFrame,
    circuits: pl.DataFrame,
    hours: pl.DataFrame,
    down: pl.DataFrame,
    seen: pl.DataFrame | None,
) -> pl.LazyFrame:
    """from_circuit_id, begin, to_circuit_id of each episode that another circuit surely carried."""
    pairs = (
        episodes.lazy()
        .join(circuits.lazy().select("site_id", to_circuit_id="circuit_id"), on="site_id")
        .filter(pl.col("to_circuit_id") != pl.col("from_circuit_id"))
    )
    key = ["from_circuit_id", "begin", "to_circuit_id"]
    proven = _proven(pairs, hours, down)
    candidates = pairs.select(*key, "finish").join(proven, on=key, how="left")
    if seen is not None:
        sighted = (
            pairs.join(seen.lazy().filter("away"), on=["from_circuit_id", "to_circuit_id"])
            .filter(pl.col("t").is_between("begin", "finish"))
            .group_by(key)
            .agg(sightings=pl.len())
        )
        candidates = candidates.join(sighted, on=key, how="left")
    else:
        candidates = candidates.with_columns(sightings=pl.lit(None, pl.UInt32))
    able = candidates.filter(pl.col("up_for_sure").fill_null(False) | (pl.col("sightings") > 0))
    ranked = able.sort(
        "from_circuit_id", "begin", "sightings", "bytes", "to_circuit_id",
        descending=[False, False, True, True, False], nulls_last=True,
    )  # fmt: skip
    return ranked.unique(["from_circuit_id", "begin"], keep="first", maintain_order=True).select(key)


def _touched(rows: pl.LazyFrame, hours: pl.LazyFrame, circuit: str) -> pl.LazyFrame:
    """Rows with the hours of their `circuit` that [begin, finish) touches."""
    joined = rows.join(hours, left_on=circuit, right_on="circuit_id")
    hour_end = pl.col("hour_utc") + timedelta(hours=1)
    return joined.filter((pl.col("hour_utc") < pl.col("finish")) & (hour_end > pl.col("begin")))


def _overlap(begin: str, finish: str, other_begin: pl.Expr, other_finish: pl.Expr) -> pl.Expr:
    """Minutes that two stretches share."""
    shared = pl.min_horizontal(pl.col(finish), other_finish) - pl.max_horizontal(pl.col(begin), other_begin)
    return (shared.dt.total_microseconds() / MICROS_PER_MINUTE).clip(lower_bound=0)


def _proven(pairs: pl.LazyFrame, hours: pl.DataFrame, down: pl.DataFrame) -> pl.LazyFrame:
    """Whether the backup must have been up in an hour touched, beyond its own outages and unknown minutes.

    For a minute at least, or half of the time that a shorter episode touches the hour: a backup that goes down
    seconds after the primary took nothing over.
    """
    key = ["from_circuit_id", "begin", "to_circuit_id"]
    wanted = hours.lazy().select("circuit_id", "hour_utc", "unknown_minutes", "rx_bytes", "tx_bytes")
    touched = _touched(pairs, wanted, "to_circuit_id")
    hour, hour_end = pl.col("hour_utc"), pl.col("hour_utc") + timedelta(hours=1)
    spans = down.lazy().select(to_circuit_id="circuit_id", lost="begin", found="finish")
    out = (
        touched.join(spans, on="to_circuit_id")
        .with_columns(lost=pl.max_horizontal("lost", "begin"), found=pl.min_horizontal("found", "finish"))
        .with_columns(out=_overlap("lost", "found", hour, hour_end))
        .group_by(*key, "hour_utc")
        .agg(pl.col("out").sum())
    )
    shared = _overlap("begin", "finish", hour, hour_end)
    spare = shared - pl.col("out").fill_null(0) - pl.col("unknown_minutes").fill_null(60)
    needed = pl.min_horizontal(pl.lit(PROOF_MINUTES), shared / 2)
    sure = ((spare > 1e-9) & (spare >= needed)).fill_null(False)
    return (
        touched.join(out, on=[*key, "hour_utc"], how="left")
        .group_by(key)
        .agg(
            up_for_sure=sure.any(),
            bytes=(pl.col("rx_bytes").fill_null(0) + pl.col("tx_bytes").fill_null(0)).sum(),
        )
    )


def _facts(chosen: pl.LazyFrame, quality: pl.LazyFrame, observed_until: datetime) -> pl.LazyFrame:
    over = pl.col("finish") < observed_until
    lasted = (pl.col("finish") - pl.col("begin")).dt.total_microseconds() / MICROS_PER_MINUTE
    rows = chosen.join(quality, on=["from_circuit_id", "begin"], how="left").with_columns(
        start_utc="begin",
        end_utc=pl.when(over).then("finish"),
        duration_minutes=pl.when(over).then(lasted),
    )
    return FACT_FAILOVER.conform(rows).sort(FACT_FAILOVER.key)
