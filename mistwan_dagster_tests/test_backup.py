"""What a backup holds: all that cannot be had again, and never less than before."""

from __future__ import annotations

import os
import stat
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from mistwan_dagster.api.tokens import TokenFile
from mistwan_dagster.backup import back_up
from mistwan_dagster.catalog.tables import DIM_HOUR
from mistwan_dagster.errors import UserError
from mistwan_dagster.lake.files import write_text
from mistwan_dagster.settings import Settings
from mistwan_dagster.warehouse.duckdb import DuckDBWarehouse, PublishedDuckDB
from mistwan_dagster.warehouse.port import Load

FIRST = "lake/raw/port_stats/hour=2025-03-04T09/slot-0900.parquet"
SECOND = "lake/kpi/fact_circuit_hour/2025-03-04T09.parquet"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    home = tmp_path / "home"
    for name in (FIRST, SECOND, "state/computed/hourly/2025-03-04T09", "state/quota.sqlite", "dagster/dagster.yaml",
                 "lake/locks/port_stats.lock", "dagster/storage/runs.db"):  # fmt: skip
        write_text(name, home / name)
    write_text("half", home / "lake/kpi/fact_circuit_hour/.2025-03-04T10.parquet.1-aa")
    hour = datetime(2025, 3, 4, 9, tzinfo=UTC)
    row = pl.DataFrame(
        {"hour_utc": [hour], "day": [hour.date()], "iso_week": "w", "month": "m"}, schema=DIM_HOUR.schema
    )
    warehouse = DuckDBWarehouse(home / "warehouse")
    warehouse.load([Load(DIM_HOUR, row)])
    warehouse.publish()
    return Settings(mistwan_home=home, _env_file=None)


def names(folder: Path) -> set[str]:
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}


def test_it_lies_as_the_home_does_and_is_read_as_one(settings: Settings, tmp_path: Path) -> None:
    target = tmp_path / "backup"
    assert back_up(settings, target).files == 5
    assert names(target) == {
        FIRST, SECOND, "state/computed/hourly/2025-03-04T09", "dagster/dagster.yaml",
        "warehouse/serve-1.duckdb", "warehouse/CURRENT",
    }  # fmt: skip
    assert PublishedDuckDB(target / "warehouse").query("SELECT count(*) FROM dim_hour").item() == 1
    for name in (FIRST, SECOND):
        assert (target / name).stat().st_mtime_ns == (settings.home / name).stat().st_mtime_ns


def test_the_hashes_of_tokens_are_in_it_where_they_are_in_the_home_for_their_owner_alone(
    settings: Settings, tmp_path: Path
) -> None:
    now = datetime(2025, 3, 4, tzinfo=UTC)
    tokens = TokenFile(settings.api_tokens_file)
    token = tokens.add("bi", ["read:all"], now, None)
    back_up(settings, tmp_path / "backup")
    copy = tmp_path / "backup" / "state" / "api-tokens.json"
    assert TokenFile(copy).find(token, now) is not None
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert token not in copy.read_text()
    tokens.revoke("bi")
    back_up(settings, tmp_path / "backup")
    assert TokenFile(copy).tokens() == []
    elsewhere = settings.model_copy(update={"mistwan_api_tokens_file": tmp_path / "elsewhere.json"})
    TokenFile(elsewhere.api_tokens_file).add("bi", ["read:all"], now, None)
    back_up(elsewhere, tmp_path / "other")
    assert "api-tokens.json" not in {Path(n).name for n in names(tmp_path / "other")}


def test_the_second_copies_what_is_new_and_keeps_what_was_lost(settings: Settings, tmp_path: Path) -> None:
    target = tmp_path / "backup"
    back_up(settings, target)
    (settings.home / FIRST).unlink()
    write_text("computed again", settings.home / SECOND)
    DuckDBWarehouse(settings.warehouse).publish()
    copied = back_up(settings, target)
    assert (copied.files, copied.kept) == (2, 2)
    assert (target / FIRST).read_text() == FIRST
    assert (target / SECOND).read_text() == "computed again"
    assert {n for n in names(target) if n.startswith("warehouse/")} == {
        "warehouse/serve-2.duckdb",
        "warehouse/CURRENT",
    }
    assert PublishedDuckDB(target / "warehouse").version() == 2


def test_what_says_that_figures_are_computed_goes_before_them(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    replace = Path.replace

    def noting(self: Path, target: Path) -> Path:
        seen.append(Path(target).relative_to(tmp_path / "backup").as_posix())
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", noting)
    back_up(settings, tmp_path / "backup")
    assert seen[:3] == ["state/computed/hourly/2025-03-04T09", SECOND, FIRST]


def test_a_file_that_goes_meanwhile_is_left_out(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    walk = os.walk

    def sweeping(folder: Path) -> object:
        for found in walk(folder):
            yield found[0], found[1], [*found[2], "gone.parquet"]

    monkeypatch.setattr(os, "walk", sweeping)
    assert back_up(settings, tmp_path / "backup").files == 5


def test_wrong_places_are_one_clear_line(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="lies in MISTWAN_HOME") as caught:
        back_up(settings, settings.home / "backup")
    assert caught.value.exit_code == 2
    with pytest.raises(UserError, match="nothing to back up"):
        back_up(Settings(mistwan_home=tmp_path / "nowhere", _env_file=None), tmp_path / "backup")
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="is a file: name a folder"):
        back_up(settings, tmp_path / "file")
