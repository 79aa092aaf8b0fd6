"""The thresholds file, its mistakes, and which levels are in force where and when."""

from __future__ import annotations

from datetime import UTC, date, datetime

import polars as pl
import pytest

from mistwan_dagster.catalog.thresholds import DEFAULT_THRESHOLDS
from mistwan_dagster.errors import UserError
from mistwan_dagster.kpi.thresholds import Thresholds, load_thresholds, with_thresholds

EXAMPLE = """
default:    {utilization: [70, 80, 90], loss: [0.1, 0.5, 1.0], jitter: [10, 30, 50], latency: [50, 100, 150]}
region:     {West: [{valid_from: 2025-01-01, utilization: [60, null, null]}]}
store_type: {Flagship: [{valid_from: 2025-03-01, latency: [40, 80, 120]}]}
"""


def load(tmp_path, text: str) -> Thresholds:
    path = tmp_path / "thresholds.yaml"
    path.write_text(text, encoding="utf-8")
    return load_thresholds(path)


def levels(thresholds: Thresholds, region, store_type, hour: datetime, measure="utilization") -> tuple:
    frame = pl.LazyFrame(
        {"region": [region], "store_type": [store_type], "hour_utc": [hour]},
        schema={"region": pl.String, "store_type": pl.String, "hour_utc": pl.Datetime("us", "UTC")},
    )
    columns = [f"threshold_{measure}_{level}" for level in ("warning", "high", "critical")]
    found = with_thresholds(frame, thresholds).select(columns).collect().row(0)
    assert found == thresholds.levels(region, store_type, hour.date())[measure]
    return found


def at(*when: int) -> datetime:
    return datetime(*when, tzinfo=UTC)


def test_without_a_file_the_defaults_hold():
    assert dict(load_thresholds(None).default) == DEFAULT_THRESHOLDS
    assert levels(load_thresholds(None), "West", None, at(2025, 1, 1)) == (70, 80, 90)


def test_the_documented_example(tmp_path):
    found = load(tmp_path, EXAMPLE)
    assert levels(found, "West", "(none)", at(2024, 12, 31, 23)) == (70, 80, 90)
    assert levels(found, "West", "(none)", at(2025, 1, 1)) == (60, 80, 90)
    assert levels(found, "East", "(none)", at(2025, 6, 1)) == (70, 80, 90)
    assert levels(found, "East", "Flagship", at(2025, 2, 28, 23), "latency") == (50, 100, 150)
    assert levels(found, "East", "Flagship", at(2025, 3, 1), "latency") == (40, 80, 120)
    assert levels(found, "West", "Flagship", at(2025, 3, 1)) == (60, 80, 90)
    assert levels(found, None, None, at(2025, 3, 1)) == (70, 80, 90)


def test_the_narrower_rule_wins_level_by_level(tmp_path):
    found = load(
        tmp_path,
        """
        default: {utilization: [71, null, null]}
        region: {West: [{valid_from: 2025-01-01, utilization: [60, 65, null]}]}
        store_type: {Kiosk: [{valid_from: 2025-01-01, utilization: [null, 75, null]}]}
        """,
    )
    assert levels(found, "West", "Kiosk", at(2025, 1, 1)) == (60, 75, 90)
    assert levels(found, "East", "Kiosk", at(2025, 1, 1)) == (71, 75, 90)


def test_later_overrides_build_on_earlier_ones_in_any_order_of_the_file(tmp_path):
    found = load(
        tmp_path,
        """
        region:
          West:
            - {valid_from: 2025-06-01, utilization: [null, 75, null]}
            - {valid_from: 2025-01-01, utilization: [60, null, null]}
        """,
    )
    assert levels(found, "West", None, at(2025, 5, 31, 23)) == (60, 80, 90)
    assert levels(found, "West", None, at(2025, 6, 1)) == (60, 75, 90)


def test_effective_lists_every_version_of_a_combination(tmp_path):
    sites = pl.DataFrame(
        {"region": ["West", "West", "East"], "store_type": ["Flagship", "Flagship", "(none)"]}
    )
    found = load(tmp_path, EXAMPLE).effective(sites)
    columns = ["region", "valid_from", "utilization_warning", "latency_warning"]
    assert found.select(columns).rows() == [
        ("West", date(1, 1, 1), 70, 50),
        ("West", date(2025, 1, 1), 60, 50),
        ("West", date(2025, 3, 1), 60, 40),
        ("East", date(1, 1, 1), 70, 50),
    ]


def test_rows_and_order_stay(tmp_path):
    frame = pl.LazyFrame(
        {
            "region": ["West", "x", None] * 3,
            "store_type": ["Flagship"] * 9,
            "hour_utc": [at(2025, 3, 1)] * 9,
            "n": range(9),
        }
    )
    found = with_thresholds(frame, load(tmp_path, EXAMPLE)).collect()
    assert found["n"].to_list() == list(range(9))
    assert found.columns[4:] == [
        f"threshold_{m}_{level}" for m in DEFAULT_THRESHOLDS for level in ("warning", "high", "critical")
    ]
    assert found["threshold_utilization_warning"].to_list() == [60, 70, 70] * 3


@pytest.mark.parametrize("text", ["", "# nothing\n", "default:\nregion:\nstore_type: {}\n"])
def test_an_empty_file_is_the_defaults(tmp_path, text):
    assert load(tmp_path, text) == Thresholds()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("default: {utilization: [70, 80, 90]", "line 1: no valid YAML"),
        ("default: {loss: [1, 2, 3]}\n\nregion: : x", "line 3: no valid YAML"),
        ("default: {}\ndefault: {}", "line 2: no valid YAML: 'default' stands twice"),
        ("[1, 2]", "must be a mapping"),
        ("defaults: {}", "unknown key defaults"),
        ("default: {bandwidth: [1, 2, 3]}", "unknown key bandwidth"),
        ("default: {loss: [1, 2]}", "loss must be three numbers"),
        ("default: {loss: 5}", "loss must be three numbers"),
        ("default: {loss: [1, 2, three]}", "'three' is no number"),
        ("default: {loss: [1, 2, true]}", "True is no number"),
        ("default: {loss: [1, 2, .nan]}", "nan is no number"),
        ("default: {loss: [-1, 2, 3]}", "-1 is no number of 0 or more"),
        ("default: {loss: [3, 2, 1]}", "default: loss levels [3, 2, 1] do not ascend"),
        ("region: {West: {valid_from: 2025-01-01}}", "region West must be a list"),
        ("region: {West: [{loss: [1, 2, 3]}]}", "region West, override 1: valid_from is missing"),
        ("region: {West: [{valid_from: soon, loss: [1, 2, 3]}]}", "valid_from soon is no date"),
        ("region: {West: [{valid_from: 2025-02-30}]}", "no valid YAML"),
        ("region: {West: [{valid_from: 2025-01-01, speed: [1, 2, 3]}]}", "unknown key speed"),
        (
            "region: {West: [{valid_from: 2025-01-01}, {valid_from: 2025-01-01}]}",
            "two overrides are valid from 2025-01-01",
        ),
        (
            "region: {West: [{valid_from: 2025-01-01, utilization: [85, null, null]}]}",
            "region West, from 2025-01-01: utilization levels [85, 80, 90] do not ascend",
        ),
        (
            "region: {West: [{valid_from: 2025-01-01, loss: [0.4, null, null]}]}\n"
            "store_type: {Kiosk: [{valid_from: 2025-02-01, loss: [null, 0.3, null]}]}",
            "region West, store type Kiosk, from 2025-02-01: loss levels [0.4, 0.3, 1] do not ascend",
        ),
    ],
)
def test_a_wrong_file_is_one_clear_line(tmp_path, text, words):
    with pytest.raises(UserError) as raised:
        load(tmp_path, text)
    assert raised.value.exit_code == 2
    assert words in str(raised.value)
    assert "thresholds.yaml" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_an_unreadable_file(tmp_path):
    for path, words in ((tmp_path / "none.yaml", "does not exist"), (tmp_path, "cannot be read")):
        with pytest.raises(UserError, match=words) as raised:
            load_thresholds(path)
        assert raised.value.exit_code == 2
