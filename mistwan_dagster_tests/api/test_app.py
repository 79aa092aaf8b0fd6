"""The API over HTTP: rows, descriptions, versions, and who may read what."""

from __future__ import annotations

import csv
import io
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from mistwan_dagster.api.app import create_app
from mistwan_dagster.api.catalog import NAMES
from mistwan_dagster.api.tokens import TokenFile
from mistwan_dagster.catalog.tables import TABLES
from mistwan_dagster.warehouse.duckdb import DuckDBWarehouse, PublishedDuckDB

from .conftest import CIRCUITS, NOW

HOURS = "/v1/tables/fact_circuit_hour"


def test_rows_come_with_their_version_and_age_unknown_as_null_and_in_the_order_of_time(
    client: TestClient,
) -> None:
    answer = client.get(HOURS, params={"columns": "hour_utc,circuit_id,utilization_pct", "limit": 3})
    assert answer.status_code == 200
    assert answer.json() == {
        "table": "fact_circuit_hour",
        "version": 1,
        "data_as_of": "2025-03-10T12:00:00Z",
        "next": answer.json()["next"],
        "rows": [
            {"hour_utc": "2025-03-09T16:00:00Z", "circuit_id": CIRCUITS[0], "utilization_pct": None},
            {"hour_utc": "2025-03-09T16:00:00Z", "circuit_id": CIRCUITS[1], "utilization_pct": None},
            {"hour_utc": "2025-03-09T17:00:00Z", "circuit_id": CIRCUITS[0], "utilization_pct": 3.0},
        ],
    }
    assert answer.headers["X-Mistwan-Version"] == "1"
    assert answer.headers["X-Mistwan-Data-As-Of"] == "2025-03-10T12:00:00Z"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_the_link_of_each_page_leads_through_all_rows_once(client: TestClient) -> None:
    seen, address = (
        [],
        f"{HOURS}?columns=circuit_id,hour_utc&sort=-utilization_pct,role&limit=7&filter=flap_count:eq:1",
    )
    while address:
        answer = client.get(address)
        seen += [(r["circuit_id"], r["hour_utc"]) for r in answer.json()["rows"]]
        address = answer.links.get("next", {}).get("url")
    assert len(seen) == len(set(seen)) == 20


def test_csv_has_the_same_rows_and_text_that_a_spreadsheet_would_run_is_harmless(client: TestClient) -> None:
    answer = client.get(
        "/v1/tables/dim_site", params={"format": "csv", "limit": 1, "columns": "site_name,valid_from"}
    )
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert list(csv.DictReader(io.StringIO(answer.text))) == [
        {"site_name": "'=SUM(1)", "valid_from": "2025-01-01T00:00:00Z"}
    ]
    second = client.get(answer.links["next"]["url"])
    assert [r["site_name"] for r in csv.DictReader(io.StringIO(second.text))] == ["Store 2"]
    assert "next" not in second.links


@pytest.mark.parametrize(
    ("told", "circuits"),
    [
        ("circuit_id:eq:" + CIRCUITS[0], 20),
        ("circuit_id:contains:GE-0/0/", 40),
        ("circuit_id:contains:%", 0),
        ("utilization_pct:null", 8),
        ("utilization_pct:ne:1", 24),
        ("utilization_pct:in:1,2.0", 16),
        ("role:ne:secondary", 20),
        ("hour_utc:ge:2025-03-10T11:00:00+01:00", 4),
        ("hour_utc:lt:2025-03-10", 16),
    ],
)
def test_filters_mean_what_they_say(client: TestClient, told: str, circuits: int) -> None:
    assert len(client.get(HOURS, params={"filter": told}).json()["rows"]) == circuits


@pytest.mark.parametrize(
    ("told", "parameter", "words"),
    [
        ({"filter": "utilisation:ge:1"}, "filter", "there is no column 'utilisation'"),
        ({"filter": "utilization_pct"}, "filter", "write column:operator:value"),
        ({"filter": "utilization_pct:above:1"}, "filter", "write column:operator:value"),
        ({"filter": "utilization_pct:ge"}, "filter", "needs a value"),
        ({"filter": "utilization_pct:null:x"}, "filter", "null takes no value"),
        ({"filter": "utilization_pct:ge:nan"}, "filter", "'nan' is not a value of type Float64"),
        ({"filter": "flap_count:eq:9223372036854775808"}, "filter", "is not a value of type Int64"),
        ({"filter": "flap_count:contains:1"}, "filter", "no text"),
        ({"filter": "counter_reset:lt:true"}, "filter", "eq and ne"),
        ({"filter": "hour_utc:ge:yesterday"}, "filter", "is not a value of type Datetime"),
        ({"filter": "hour_utc:ge:0001-01-01T00:00:00+10:00"}, "filter", "is not a value of type Datetime"),
        ({"sort": "-hour_utc,1;DROP TABLE dim_site"}, "sort", "there is no column"),
        ({"columns": "hour_utc,*"}, "columns", "there is no column '*'"),
        ({"cursor": "bm9uc2Vuc2U"}, "cursor", "no cursor"),
        ({"limit": "0"}, "limit", "greater than or equal to 1"),
    ],
)
def test_a_parameter_that_cannot_be_meant_is_refused_by_name(
    client: TestClient, told: dict[str, str], parameter: str, words: str
) -> None:
    answer = client.get(HOURS, params=told)
    assert answer.status_code == 422
    (problem,) = answer.json()["detail"]
    assert problem["loc"] == ["query", parameter]
    assert words in problem["msg"]


def test_a_cursor_serves_its_own_request_only(client: TestClient) -> None:
    cursor = client.get(HOURS, params={"limit": 1}).json()["next"]
    other = client.get(HOURS, params={"limit": 1, "sort": "role", "cursor": cursor})
    assert (other.status_code, other.json()["detail"][0]["loc"]) == (422, ["query", "cursor"])


def test_pages_stay_with_their_version_and_say_when_it_is_gone(
    tmp_path: Path, warehouse: Path, tokens: TokenFile
) -> None:
    folder = shutil.copytree(warehouse, tmp_path / "copy")
    app = create_app(PublishedDuckDB(folder, keep_open=True), tokens, lambda: NOW, allow_anonymous=True)
    client = TestClient(app, base_url="http://localhost")
    first = client.get(HOURS, params={"limit": 30}).json()
    writer = DuckDBWarehouse(folder)
    writer.publish()
    second = client.get(HOURS, params={"limit": 30, "cursor": first["next"]}).json()
    assert (second["version"], len(second["rows"]), second["next"]) == (1, 10, None)
    assert client.get(HOURS, params={"limit": 1}).json()["version"] == 2
    assert client.get(HOURS, params={"limit": 1, "version": 1}).json()["version"] == 1
    for _ in range(3):
        writer.publish()
    gone = client.get(HOURS, params={"limit": 30, "cursor": first["next"]})
    assert gone.status_code == 410
    assert gone.json() == {"detail": "that version is no longer kept: begin again without cursor and version"}
    assert client.get(HOURS, params={"version": 99}).status_code == 410


def test_columns_tell_units_and_meanings_of_the_catalog(client: TestClient) -> None:
    told = client.get(f"{HOURS}/columns").json()
    assert (told["kind"], told["group"], told["key"]) == (
        "table",
        "facts",
        ["site_id", "circuit_id", "hour_utc"],
    )
    assert [c["name"] for c in told["columns"]] == [c.name for c in TABLES["fact_circuit_hour"].columns]
    columns = {c["name"]: c for c in told["columns"]}
    assert columns["up_minutes"] == {
        "name": "up_minutes", "type": "number", "unit": "min", "meaning": "minutes the link was known to be up",
        "nullable": True, "low": 0.0, "high": 60.0, "allowed": [],
    }  # fmt: skip
    assert (columns["hour_utc"]["type"], columns["hour_utc"]["nullable"]) == ("date-time", False)


def test_a_view_is_told_like_a_table(client: TestClient) -> None:
    told = client.get("/v1/tables/v_outage/columns").json()
    assert (told["kind"], told["key"]) == ("view", ["circuit_id", "kind", "start_utc"])
    columns = {c["name"]: c for c in told["columns"]}
    assert columns["duration_minutes"]["unit"] == "min"
    assert columns["provider"]["meaning"] is None  # tables do not agree on it
    (row,) = client.get("/v1/tables/v_outage").json()["rows"]
    assert (row["duration_minutes"], row["provider"]) == (30.0, "Acme")


def test_every_declared_name_answers(client: TestClient) -> None:
    assert [t["name"] for t in client.get("/v1/tables").json()["tables"]] == list(NAMES)
    for name in NAMES:
        answer = client.get(f"/v1/tables/{name}", params={"limit": 1})
        assert answer.status_code == 200, (name, answer.text)


def test_the_description_names_the_row_of_each_table(client: TestClient) -> None:
    told = client.get("/v1/openapi.json").json()
    assert told["openapi"].startswith("3.1")
    row = told["components"]["schemas"]["fact_circuit_hour"]["properties"]
    assert row["latency_p95_ms"]["x-unit"] == "ms"
    assert row["hour_utc"] == {
        "type": "string", "format": "date-time", "description": "start of the hour, UTC"
    }  # fmt: skip
    assert row["status_hourly"]["enum"] == ["Up", "Down", "Unknown", None]


def signed(app: FastAPI, token: str | None) -> TestClient:
    headers = {} if token is None else {"Authorization": f"Bearer {token}".encode()}
    return TestClient(app, base_url="http://api.example.net", headers=headers)


def test_a_token_opens_its_scopes_until_it_ends_or_is_revoked(warehouse: Path, tokens: TokenFile) -> None:
    facts = tokens.add("facts", ["read:facts"], NOW, NOW + timedelta(days=1))
    one = tokens.add("one", ["read:rpt_provider_scorecard"], NOW, None)
    clock = [NOW]
    app = create_app(PublishedDuckDB(warehouse, keep_open=True), tokens, lambda: clock[0])
    assert signed(app, facts).get(HOURS).status_code == 200
    assert signed(app, facts).get("/v1/tables/dim_site").status_code == 403
    assert signed(app, facts).get("/v1/tables/dim_site/columns").status_code == 403
    assert signed(app, facts).get("/v1/tables/nonsense").status_code == 404
    assert [t["name"] for t in signed(app, one).get("/v1/tables").json()["tables"]] == [
        "rpt_provider_scorecard"
    ]
    assert signed(app, one).get("/v1/tables/rpt_provider_scorecard").status_code == 200
    for wrong in (None, "", "mistwan_wrong", facts[:-1], "é"):
        answer = signed(app, wrong).get(HOURS)
        assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert signed(app, None).get("/healthz").status_code == 200
    clock[0] = NOW + timedelta(days=1)
    assert signed(app, facts).get(HOURS).status_code == 401
    tokens.revoke("one")
    assert signed(app, one).get("/v1/tables").status_code == 401
    tokens.path.unlink()  # a file that is taken away closes the API, it does not open it
    assert signed(app, None).get("/v1/tables").status_code == 401


def test_a_token_file_that_cannot_be_read_opens_nothing(
    warehouse: Path, tokens: TokenFile, caplog: pytest.LogCaptureFixture
) -> None:
    token = tokens.add("all", ["read:all"], NOW, None)
    app = create_app(PublishedDuckDB(warehouse, keep_open=True), tokens, lambda: NOW)
    tokens.path.write_text("{")
    answer = signed(app, token).get(HOURS)
    assert (answer.status_code, answer.json()) == (
        503, {"detail": "the warehouse cannot be asked now: the server's log says why"},
    )  # fmt: skip
    assert "is no token file" in caplog.text
    assert token not in caplog.text


def test_without_a_token_file_nothing_is_told_unless_anonymous_reading_is_allowed(
    warehouse: Path, tokens: TokenFile
) -> None:
    """A plain proxy on this machine sends the loopback name, whoever asks."""
    app = create_app(PublishedDuckDB(warehouse, keep_open=True), tokens, lambda: NOW)
    client = TestClient(app, base_url="http://127.0.0.1:8060")
    for path in ("/v1/tables", HOURS, f"{HOURS}/columns"):
        assert client.get(path).status_code == 401
    assert client.get("/healthz").status_code == 200


def test_anonymous_reading_is_for_names_of_this_machine_until_a_token_is_made(
    app: FastAPI, tokens: TokenFile
) -> None:
    assert TestClient(app, base_url="http://localhost:8060").get("/v1/tables").status_code == 200
    assert TestClient(app, base_url="http://rebound.example.net").get("/v1/tables").status_code == 400
    tokens.add("one", ["read:all"], NOW, None)
    assert TestClient(app, base_url="http://localhost:8060").get("/v1/tables").status_code == 401


def test_where_there_is_a_token_file_allowing_anonymous_reading_changes_nothing(
    warehouse: Path, tokens: TokenFile
) -> None:
    tokens.add("one", ["read:all"], NOW, None)
    app = create_app(PublishedDuckDB(warehouse, keep_open=True), tokens, lambda: NOW, allow_anonymous=True)
    tokens.path.unlink()
    assert TestClient(app, base_url="http://127.0.0.1:8060").get("/v1/tables").status_code == 401


def test_what_is_not_published_is_said_and_paths_stay_private(tmp_path: Path, tokens: TokenFile) -> None:
    app = create_app(PublishedDuckDB(tmp_path / "none"), tokens, lambda: NOW, allow_anonymous=True)
    client = TestClient(app, base_url="http://localhost")
    for path in ("/healthz", "/v1/tables", HOURS, f"{HOURS}/columns"):
        answer = client.get(path)
        assert (answer.status_code, answer.json()) == (503, {"detail": "nothing is published yet"})
    assert client.get("/v1/openapi.json").status_code == 200
    assert client.post(HOURS).status_code == 405
