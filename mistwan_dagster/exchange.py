"""Frames to and from people's files and terminals: the only place where pandas is used.

Belongs here: CSV, XLSX, Parquet, tables on the terminal. Does not belong here: what the columns mean.
"""

from __future__ import annotations

import io
import re
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from mistwan_dagster.catalog.tables import TABLES
from mistwan_dagster.catalog.views import VIEWS
from mistwan_dagster.errors import UserError
from mistwan_dagster.warehouse.port import Reader

if TYPE_CHECKING:
    import pandas as pd

FORMULA_START = ("=", "+", "-", "@", "\t", "\r")
SHEET_ROWS = 1_048_575
STAMP = "%Y-%m-%dT%H:%M:%S%.fZ"
"""Naive UTC times for programs."""


def print_frame(frame: pl.DataFrame, output: str) -> None:
    """Rows on stdout as a table, CSV or JSON (a list of objects; times as ISO 8601 UTC)."""
    if output == "csv":
        sys.stdout.write(frame.write_csv(datetime_format=STAMP))
    elif output == "json":
        print(json_rows(frame))
    else:
        with pl.Config(
            tbl_rows=-1, tbl_cols=-1, tbl_width_chars=-1, fmt_str_lengths=60, tbl_hide_dataframe_shape=True,
            tbl_hide_column_data_types=True, tbl_formatting="MARKDOWN", float_precision=2,
        ):  # fmt: skip
            print(frame)


def json_rows(frame: pl.DataFrame) -> str:
    """Rows as a JSON list of objects; times as ISO 8601 UTC."""
    stamped = frame.with_columns(
        pl.col(n).dt.strftime(STAMP) for n, t in frame.schema.items() if isinstance(t, pl.Datetime)
    )
    return stamped.write_json()


def export_table(reader: Reader, name: str, output: str, target: Path) -> int:
    """Write a published table or view to a file; returns rows. Raises UserError for unknown names."""
    if name not in TABLES and name not in VIEWS:
        known = ", ".join([*TABLES, *VIEWS])
        raise UserError(f"there is no table or view {name!r}; known are {known}", exit_code=2)
    frame = reader.query(f"SELECT * FROM {name}")
    if not target.parent.exists():
        raise UserError(f"cannot write {target}: its folder does not exist", exit_code=2)
    write_frame(frame, name, output, target)
    return frame.height


def write_frame(frame: pl.DataFrame, name: str, output: str, target: Path | io.BytesIO) -> None:
    """Write rows as parquet, csv or xlsx, every column; text is made harmless to spreadsheets in the latter two.

    Raises UserError when a sheet cannot hold the rows.
    """
    if output == "parquet":
        frame.write_parquet(target)
    elif output == "csv":
        neutral_text(frame).write_csv(target, datetime_format="%Y-%m-%dT%H:%M:%SZ")
    else:
        if frame.height > SHEET_ROWS:
            raise UserError(
                f"{name} has {frame.height} rows, a sheet takes {SHEET_ROWS}: export csv or parquet"
            )
        with workbook(target) as book:
            neutral_text(frame).to_pandas().to_excel(book, index=False, sheet_name=name[:31])


def workbook(target: Path | io.BytesIO, **options: Any) -> pd.ExcelWriter:
    """A workbook in which text is text: xlsxwriter makes formulas of `{=…}` and links of what looks like an address."""
    import pandas as pd

    as_text = {"strings_to_formulas": False, "strings_to_urls": False}
    return pd.ExcelWriter(target, engine="xlsxwriter", engine_kwargs={"options": as_text}, **options)


def neutral_text(frame: pl.DataFrame) -> pl.DataFrame:
    """Text that a spreadsheet would run as a formula gets a leading apostrophe."""
    text = [n for n, t in frame.schema.items() if t == pl.String]
    pattern = "^[" + re.escape("".join(FORMULA_START)) + "]"
    return frame.with_columns(
        pl.when(pl.col(n).str.contains(pattern)).then(pl.lit("'") + pl.col(n)).otherwise(pl.col(n)).alias(n)
        for n in text
    )


def read_table(path: Path) -> pl.DataFrame:
    """Rows of a CSV, XLSX or Parquet file. CSV and XLSX cells come as text (empty is null), untyped.

    Raises UserError naming the file when it is missing, unreadable or of another kind.
    """
    suffix = path.suffix.lower()
    try:
        if suffix == ".parquet":
            return pl.read_parquet(path)
        if suffix == ".csv":
            return pl.read_csv(io.BytesIO(path.read_bytes()), infer_schema=False, truncate_ragged_lines=False)
        if suffix in (".xlsx", ".xlsm"):
            import pandas as pd

            return _text(pd.read_excel(path, dtype=object))
    except FileNotFoundError:
        raise UserError(f"{path}: no such file", exit_code=2) from None
    except (OSError, ValueError, zipfile.BadZipFile, pl.exceptions.PolarsError) as error:
        reason = " ".join(str(error).split())[:200]
        raise UserError(f"{path} cannot be read as {suffix[1:]}: {reason}", exit_code=2) from None
    raise UserError(f"{path}: expected a file ending in .csv, .parquet or .xlsx", exit_code=2)


def _text(frame: object) -> pl.DataFrame:
    import pandas as pd

    assert isinstance(frame, pd.DataFrame)
    columns = {
        str(name): [
            None if pd.isna(v) else v.isoformat() if hasattr(v, "isoformat") else str(v) for v in frame[name]
        ]
        for name in frame.columns
    }
    return pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))
