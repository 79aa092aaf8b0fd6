import csv
import io
import json
from typing import Any

import flask
import openpyxl
import pytest

from mistwan_dagster_tests.dashboard.conftest import CIRCUIT


def get(server: flask.Flask, path: str, **query: Any) -> Any:
    return server.test_client().get(path, query_string={k: json.dumps(v) for k, v in query.items()})


def rows_of(answer: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(answer.text)))


def test_a_file_has_the_filtered_rows_in_order_and_every_column_filled(server: flask.Flask) -> None:
    answer = get(
        server,
        "/export/fact_circuit_hour.csv",
        filter={"circuit_id": {"filterType": "text", "type": "equals", "filter": CIRCUIT}},
        sort=[{"colId": "hour_utc", "sort": "desc"}],
    )
    found = rows_of(answer)
    assert len(found) == 27
    assert [r["hour_utc"] for r in found] == sorted((r["hour_utc"] for r in found), reverse=True)
    assert found[0]["hour_utc"] == "2025-03-10T11:00:00Z"
    told = {
        k: found[0][k] for k in ("site_id", "circuit_id", "region", "utilization_pct", "severity", "role")
    }
    assert told == {"site_id": "1", "circuit_id": CIRCUIT, "region": "North", "utilization_pct": "95.0",
                    "severity": "critical", "role": "primary"}  # fmt: skip
    assert "attachment" in answer.headers["Content-Disposition"]


@pytest.mark.parametrize("output", ["csv", "xlsx"])
def test_text_that_a_spreadsheet_would_run_is_made_harmless(server: flask.Flask, output: str) -> None:
    answer = get(server, f"/export/v_site_now.{output}", sort=[{"colId": "site_id", "sort": "desc"}])
    if output == "csv":
        name = rows_of(answer)[0]["site_name"]
    else:
        sheet = openpyxl.load_workbook(io.BytesIO(answer.data)).active
        assert sheet is not None
        header = [c.value for c in sheet[1]]
        name = sheet[2][header.index("site_name")].value
        assert sheet.max_row == 3
    assert name == "'=HYPERLINK(evil)"


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/export/payroll.csv", 404, "there is no table or view 'payroll'"),
        ("/export/dim_site;DROP TABLE x.csv", 404, "there is no table or view"),
        ("/export/dim_site.exe", 404, "export as csv or xlsx"),
    ],
)
def test_a_wrong_export_is_one_line(server: flask.Flask, path: str, status: int, words: str) -> None:
    answer = server.test_client().get(path)
    assert answer.status_code == status
    assert words in answer.text
    assert answer.text.count("\n") == 1


def test_more_rows_than_a_sheet_takes_are_refused_with_the_way_out(
    server: flask.Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mistwan_dagster.dashboard.exports.SHEET_ROWS", 10)
    answer = get(server, "/export/fact_circuit_hour.csv")
    assert answer.status_code == 400
    assert "87 rows pass the filter, 10 can be exported here" in answer.text


def test_a_broken_filter_counts_as_none(server: flask.Flask) -> None:
    answer = server.test_client().get("/export/dim_site.csv?filter={broken&sort=7")
    assert len(rows_of(answer)) == 2
