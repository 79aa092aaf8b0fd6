"""The workbook that goes to a provider: its month in figures, its outages, its incidents.

Belongs here: which published rows a provider gets, and in what form. Does not belong here: how they are computed
(`kpi/sla.py`, `kpi/provider_scorecard.py`).
"""

from __future__ import annotations

import io
import re
from datetime import datetime
from pathlib import Path

import polars as pl

from mistwan_dagster.catalog.tables import (
    RPT_CARRIER_INCIDENT,
    RPT_PROVIDER_SCORECARD,
    RPT_SLA_OUTAGE,
    Table,
)
from mistwan_dagster.errors import UserError
from mistwan_dagster.exchange import neutral_text, workbook
from mistwan_dagster.kpi.calendar import period_end
from mistwan_dagster.lake.files import replace_file
from mistwan_dagster.warehouse.port import Reader


def export_sla(reader: Reader, provider: str, month: str, target: Path) -> int:
    """Write the sheets summary, outages and incidents of one provider and month; returns the outages.

    Outages and incidents are those that began in the month (UTC), the ones that the summary counts. Raises UserError
    (exit 2) for a month or file name that is none, and for a provider without a scorecard in the month, naming those
    that have one.
    """
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", month):
        raise UserError(f"{month!r} is no month: write 2025-01", exit_code=2)
    if target.suffix.lower() != ".xlsx" or not target.absolute().parent.is_dir():
        raise UserError(f"cannot write {target}: name a .xlsx file in a folder that exists", exit_code=2)
    begin = datetime.fromisoformat(f"{month}-01T00:00:00")
    score = reader.query(
        f"SELECT * FROM {RPT_PROVIDER_SCORECARD.name} WHERE provider = ? AND month = ?", [provider, month]
    )
    if score.is_empty():
        raise _no_scorecard(reader, provider, month)
    outages = reader.query(
        f"SELECT * FROM {RPT_SLA_OUTAGE.name} WHERE provider = ? AND month = ? ORDER BY start_utc, circuit_id",
        [provider, month],
    )
    incidents = reader.query(
        f"SELECT * FROM {RPT_CARRIER_INCIDENT.name} WHERE provider = ? AND start_utc >= ? AND start_utc < ? "
        "ORDER BY start_utc, area",
        [provider, begin, period_end(begin, "month")],
    )
    sheets = {"summary": _in_words(score, RPT_PROVIDER_SCORECARD), "outages": outages, "incidents": incidents}
    content = _workbook(sheets, begin)
    replace_file(target, lambda temporary: _write(temporary, content))
    return outages.height


def _workbook(sheets: dict[str, pl.DataFrame], created: datetime) -> bytes:
    """The same bytes for the same rows: it does not tell when it was made."""
    target = io.BytesIO()
    with workbook(target, datetime_format="yyyy-mm-dd hh:mm:ss") as book:
        book.book.set_properties({"created": created})
        for name, frame in sheets.items():
            neutral_text(frame).to_pandas().to_excel(book, sheet_name=name, index=False)
            book.sheets[name].autofit()
    return target.getvalue()


def _write(target: Path, content: bytes) -> None:
    target.write_bytes(content)


def _no_scorecard(reader: Reader, provider: str, month: str) -> UserError:
    known = reader.query(
        f"SELECT provider FROM {RPT_PROVIDER_SCORECARD.name} WHERE month = ? ORDER BY provider", [month]
    )
    names = ", ".join(known["provider"])
    mend = (
        f"{month} has {names}"
        if names
        else f"no provider has one in {month}: run `mistwan aggregate monthly`"
    )
    return UserError(f"provider {provider!r} has no scorecard in {month}; {mend}", exit_code=2)


def _in_words(score: pl.DataFrame, table: Table) -> pl.DataFrame:
    """One line per figure, with its unit and meaning, for readers without the data dictionary. Unknown is empty."""
    values = score.row(0, named=True)
    rows = [
        (column.name, _shown(values[column.name]), column.unit, column.meaning) for column in table.columns
    ]
    return pl.DataFrame(rows, schema=["figure", "value", "unit", "meaning"], orient="row")


def _shown(value: object) -> str | None:
    if value is None:
        return None
    return f"{value:.3f}" if isinstance(value, float) else str(value)
