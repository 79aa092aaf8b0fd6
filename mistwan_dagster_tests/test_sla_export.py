"""The workbook for a provider, from a published warehouse."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import polars as pl
import pytest

from mistwan_dagster.catalog.tables import (
    RPT_CARRIER_INCIDENT,
    RPT_PROVIDER_SCORECARD,
    RPT_SLA_OUTAGE,
)
from mistwan_dagster.errors import UserError
from mistwan_dagster.sla_export import export_sla
from mistwan_dagster.warehouse.duckdb import DuckDBWarehouse, PublishedDuckDB
from mistwan_dagster.warehouse.port import Load

JANUARY = datetime(2025, 1, 1, tzinfo=UTC)


def outage(provider: str, day: int) -> dict:
    start = JANUARY + timedelta(days=day - 1)
    return {"provider": provider, "site_id": "s", "site_name": "=Store", "circuit_id": "c", "kind": "link",
            "month": f"{start:%Y-%m}", "start_utc": start, "lasted_minutes": 10.0}  # fmt: skip


@pytest.fixture
def reader(tmp_path: Path) -> PublishedDuckDB:
    scores = [{"provider": p, "month": "2025-01", "period_start_utc": JANUARY, "availability_pct": 99.12345,
               "outage_count": 2} for p in ("O'Acme", "Best")]  # fmt: skip
    incidents = [{"provider": "O'Acme", "area": a, "start_utc": JANUARY + timedelta(days=d)}
                 for a, d in (("North", 3), ("West", 40))]  # fmt: skip
    outages = [outage("O'Acme", 9), outage("O'Acme", 2), outage("O'Acme", 33), outage("Best", 3)]
    warehouse = DuckDBWarehouse(tmp_path)
    warehouse.load(
        [
            Load(RPT_PROVIDER_SCORECARD, pl.DataFrame(scores, schema=RPT_PROVIDER_SCORECARD.schema)),
            Load(RPT_CARRIER_INCIDENT, pl.DataFrame(incidents, schema=RPT_CARRIER_INCIDENT.schema)),
            Load(RPT_SLA_OUTAGE, pl.DataFrame(outages, schema=RPT_SLA_OUTAGE.schema)),
        ]
    )
    warehouse.publish()
    return PublishedDuckDB(tmp_path)


def test_a_provider_gets_its_own_month_and_nothing_else(reader: PublishedDuckDB, tmp_path: Path) -> None:
    target = tmp_path / "sla.xlsx"
    assert export_sla(reader, "O'Acme", "2025-01", target) == 2
    sheets = pd.read_excel(target, sheet_name=None)
    assert list(sheets) == ["summary", "outages", "incidents"]
    summary = sheets["summary"].set_index("figure")
    assert summary.loc["provider", "value"] == "O'Acme"
    assert float(summary.loc["availability_pct", "value"]) == 99.123
    assert summary.loc["availability_pct", "unit"] == "%"
    assert pd.isna(summary.loc["restore_mean_minutes", "value"])
    assert sheets["outages"]["start_utc"].dt.day.tolist() == [2, 9]
    assert set(sheets["outages"]["site_name"]) == {"'=Store"}
    assert sheets["incidents"]["area"].tolist() == ["North"]


@pytest.mark.parametrize(
    ("provider", "month", "file", "words"),
    [
        (
            "Acne",
            "2025-01",
            "a.xlsx",
            "provider 'Acne' has no scorecard in 2025-01; 2025-01 has Best, O'Acme",
        ),
        ("Best", "2025-02", "a.xlsx", "no provider has one in 2025-02: run `mistwan aggregate monthly`"),
        ("Best", "2025-13", "a.xlsx", "'2025-13' is no month: write 2025-01"),
        ("Best", "2025-01", "a.csv", "name a .xlsx file in a folder that exists"),
        ("Best", "2025-01", "no/a.xlsx", "name a .xlsx file in a folder that exists"),
    ],
)
def test_mistakes_are_named_with_their_mend(
    reader: PublishedDuckDB, tmp_path: Path, provider: str, month: str, file: str, words: str
) -> None:
    with pytest.raises(UserError) as raised:
        export_sla(reader, provider, month, tmp_path / file)
    assert words in str(raised.value)
    assert raised.value.exit_code == 2
