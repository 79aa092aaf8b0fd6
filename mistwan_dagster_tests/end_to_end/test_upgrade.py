"""A home that an earlier version wrote opens, is migrated, and says the same, also when all of it is computed again."""

from __future__ import annotations

from pathlib import Path

import pytest

from mistwan_dagster.catalog.columns import QUALITY_MEASURES, measure_column
from mistwan_dagster.catalog.tables import TABLES
from mistwan_dagster.orchestration import commands

from .figures import assert_same, published
from .previous_home import unpack

MAXIMA = tuple(measure_column(measure, "max") for measure in QUALITY_MEASURES)
CHANGED = {
    name: tuple(column for column in table.schema if column.endswith(MAXIMA))
    for name, table in TABLES.items()
    if name.startswith(("agg_", "rpt_"))
}
"""Table -> columns that mean something else since the version of the archive, each with its line in CHANGELOG.md."""


def test_an_earlier_home_opens_migrates_and_says_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli = unpack(tmp_path, as_it_was=True)
    assert cli.rows("SELECT count(*) AS n FROM fact_circuit_hour WHERE source = 'import'") == [{"n": 4}]
    before = {name: rows.drop(CHANGED.get(name, ())) for name, rows in published(cli.home).items()}
    assert before["fact_circuit_hour"].height > 20
    assert before["agg_circuit_rolling_13m"].height > 13
    assert before["fact_sle_histogram"].height > 0

    told = cli.run("warehouse", "diff")
    assert told.returncode == (0 if told.stdout == "no differences\n" else 1)
    cli.ok("warehouse", "migrate")
    assert cli.ok("warehouse", "diff") == "no differences\n"
    assert_same(published(cli.home), before)

    for name, value in cli.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("DAGSTER_HOME", "")
    monkeypatch.chdir(tmp_path)
    ran: list[str] = []
    for stage in ("hourly", "windows", "daily", "monthly"):
        commands.aggregate(stage, None, ran.append)
    assert {line.split(":")[0] for line in ran} == {"hourly", "windows", "daily", "monthly"}
    assert_same(published(cli.home), before)
