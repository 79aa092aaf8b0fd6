"""`dim_threshold`: versions of every level, and the levels an old hour is judged by."""

from __future__ import annotations

from datetime import UTC, date, datetime

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from mistwan_dagster.catalog.columns import LEVELS, MEASURES
from mistwan_dagster.catalog.tables import DIM_THRESHOLD
from mistwan_dagster.kpi.contract import violations
from mistwan_dagster.kpi.threshold_versions import EPOCH, threshold_dimension
from mistwan_dagster.kpi.thresholds import Override, Thresholds, with_thresholds

WEST = pl.DataFrame({"region": ["West"], "store_type": ["Flagship"]})


def at(year: int, month: int, day: int, hour: int = 0) -> datetime:
    return datetime(year, month, day, hour, tzinfo=UTC)


def versions(thresholds: Thresholds, measure: str, level: str, region: str = "West") -> list[tuple]:
    found = threshold_dimension(thresholds, WEST)
    assert violations(found.lazy(), DIM_THRESHOLD) == {}
    mine = found.filter(region=region, measure=measure, level=level)
    return mine.select("value", "valid_from", "valid_to").rows()


def test_the_defaults_have_one_version_for_each_place_and_for_no_place() -> None:
    found = threshold_dimension(Thresholds(), WEST)
    assert found.height == 2 * len(MEASURES) * len(LEVELS)
    assert set(found["region"]) == {"West", "(none)"}
    assert versions(Thresholds(), "loss", "high", "(none)") == [(0.5, EPOCH, None)]


def test_an_override_opens_a_version_of_the_levels_it_changes_and_ends_the_one_before() -> None:
    thresholds = Thresholds(
        region={"West": (Override(date(2025, 1, 1), {"utilization": (60.0, None, None)}),)},
        store_type={"Flagship": (Override(date(2025, 3, 1), {"utilization": (65.0, None, None)}),)},
    )
    assert versions(thresholds, "utilization", "warning") == [
        (70, EPOCH, at(2025, 1, 1)), (60, at(2025, 1, 1), at(2025, 3, 1)), (65, at(2025, 3, 1), None),
    ]  # fmt: skip
    assert versions(thresholds, "utilization", "high") == [(80, EPOCH, None)]
    assert versions(thresholds, "utilization", "warning", "(none)") == [(70, EPOCH, None)]


def test_overrides_from_before_the_epoch_are_in_force_from_it() -> None:
    early = tuple(
        Override(date(year, 1, 1), {"loss": (0.2, value, 1.0)}) for year, value in ((1950, 0.3), (1960, 0.4))
    )
    assert versions(Thresholds(region={"West": early}), "loss", "high") == [(0.4, EPOCH, None)]


def test_begun_forgets_what_begins_later_and_nothing_else() -> None:
    first, second = (Override(date(2025, m, 1), {"loss": (0.2, 0.5, 1.0)}) for m in (1, 6))
    thresholds = Thresholds(region={"West": (first, second)}, store_type={"Kiosk": (second,)})
    assert thresholds.begun(date(2024, 12, 31)) == Thresholds()
    assert thresholds.begun(date(2025, 5, 31)) == Thresholds(region={"West": (first,)})
    assert thresholds.begun(date(2025, 6, 1)) == thresholds


overrides = st.lists(
    st.tuples(
        st.dates(date(2025, 1, 1), date(2025, 1, 20)),
        st.tuples(*(st.sampled_from([None, low, low + 1.0, low + 2.0]) for low in (10.0, 20.0, 30.0))),
    ),
    max_size=4, unique_by=lambda entry: entry[0],
).map(lambda found: tuple(Override(day, {"latency": levels}) for day, levels in sorted(found)))  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(overrides, overrides, st.integers(0, 24 * 25))
def test_the_version_that_holds_is_what_the_hour_is_judged_by(by_region, by_type, hours) -> None:
    thresholds = Thresholds(region={"West": by_region}, store_type={"Flagship": by_type})
    hour = datetime.fromtimestamp(at(2024, 12, 31).timestamp() + 3600 * hours, UTC)
    found = threshold_dimension(thresholds, WEST)
    begun = (pl.col("valid_from") <= hour) & (hour < pl.col("valid_to")).fill_null(True)
    holds = found.filter(begun, region="West")
    assert holds.height == len(MEASURES) * len(LEVELS)
    row = WEST.lazy().with_columns(hour_utc=pl.lit(hour, pl.Datetime("us", "UTC")))
    judged = with_thresholds(row, thresholds).collect().row(0, named=True)
    assert {(m, v): x for m, v, x in holds.select("measure", "level", "value").iter_rows()} == {
        (m, v): judged[f"threshold_{m}_{v}"] for m in MEASURES for v in LEVELS
    }
