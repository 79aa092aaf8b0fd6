"""Headers, sign-in, and hostile URLs, filters and names: nothing of it is run, nothing breaks."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from urllib.parse import quote, urlencode

import flask
import plotly
import pytest

from mistwan_dagster.dashboard.scripts import PLOTLY_PATH
from mistwan_dagster.dashboard.sign_in import Proxy, check_reach
from mistwan_dagster.errors import UserError
from mistwan_dagster_tests.dashboard.asking import ask_page, ask_rows
from mistwan_dagster_tests.dashboard.conftest import CIRCUIT, organization, serving
from mistwan_dagster_tests.dashboard.made import Counting, publish

SECRET = "a-secret-of-the-proxy"
HOSTILE = (
    "<script>alert(1)</script>", "' OR 1=1 --", '"; DROP TABLE dim_site; --', "=HYPERLINK(\"http://evil\")", "%", "_",
    "!", "\u202etxt.exe", "\x00", "\ud800", "../../etc/passwd", "{{7*7}}", "x" * 5000, "ﷺ", "%00", "CURRENT",
)  # fmt: skip


@pytest.mark.parametrize(
    "path", ["/", "/_dash-layout", "/healthz", "/metrics", "/export/dim_site.csv", "/export/x.exe"]
)
def test_every_answer_has_the_security_headers(server: flask.Flask, path: str) -> None:
    headers = server.test_client().get(path).headers
    policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["frame-ancestors"] == policy["base-uri"] == policy["form-action"] == "'none'"
    assert policy["script-src"].startswith("'self'")
    assert "unsafe" not in policy["script-src"]
    assert "http" not in headers["Content-Security-Policy"]
    assert (headers["X-Content-Type-Options"], headers["X-Frame-Options"]) == ("nosniff", "DENY")
    assert headers["Referrer-Policy"] == "same-origin"


def test_the_page_loads_nothing_from_elsewhere(server: flask.Flask) -> None:
    text = server.test_client().get("/").text
    assert not [link for link in re.findall(r'(?:src|href)="([^"]*)"', text) if "//" in link]
    assert "sha256-" in server.test_client().get("/").headers["Content-Security-Policy"]


def test_hostile_places_ranges_and_filters_are_harmless(reader: Counting, server: flask.Flask) -> None:
    client = server.test_client()
    client.get("/")
    names = ("region", "range", "from", "to", "tz", "n", "filter", "sort")
    for text in HOSTILE:
        part = quote(text.encode(errors="surrogatepass"), safe="")
        search = "?" + "&".join(f"{name}={part}" for name in names)
        for path in (
            "/",
            f"/site/{part}",
            f"/circuit/{part}",
            f"/region/{part}",
            f"/table/{part}",
            "/table/dim_site",
        ):
            answer = ask_page(client, path, search, headers={"Cookie": f"mistwan-zone={part}"})
            assert answer.status_code == 200, path
        filters = {c: {"filterType": "text", "type": "contains", "filter": text} for c in ("site_name", text)}
        asked = {"startRow": text, "filterModel": filters, "sortModel": [{"colId": text, "sort": text}]}
        assert ask_rows(client, "dim_site", asked).status_code == 200
        query = urlencode({"filter": json.dumps(filters), "sort": text}, errors="surrogatepass")
        assert client.get(f"/export/dim_site.csv?{query}").status_code in (200, 400)
        assert "Content-Disposition" not in client.get(f"/export/{part}.csv").headers
    assert reader.query("SELECT count(*) FROM dim_site").item() == 2
    assert not [sql for sql in reader.statements if any(text in sql for text in HOSTILE if len(text) > 1)]


@pytest.mark.parametrize("search", [
    "?range=own&from=0001-01-01&to=9999-12-31", "?range=own&from=1000-01-01&to=2999-12-31", f"?n={'9' * 5000}",
    "?range=own&from=2025-03-01&to=9999-12-31", "?path_circuit=other&path_site=2&path_site=3", "?n=-1&n=2&tz=",
])  # fmt: skip
def test_ranges_of_millennia_and_odd_numbers_are_the_default(server: flask.Flask, search: str) -> None:
    client = server.test_client()
    client.get("/")
    for path in ("/", "/site/1", f"/circuit/{quote(CIRCUIT, safe='')}"):
        answer = ask_page(client, path, search)
        assert answer.status_code == 200
        assert "nothing broken" not in answer.text


@pytest.mark.parametrize("request_", [
    [], "x", {"filterModel": [1], "sortModel": {"a": 1}, "startRow": -5}, {"startRow": 10**30},
    {"filterModel": {"site_id": {"conditions": [{"conditions": [None, {"type": "contains"}]}], "operator": "; DROP"}}},
    {"filterModel": {"lat": {"type": "inRange", "filter": "nan", "filterTo": "1e999"}}},
    {"filterModel": {"valid_from": {"type": "equals", "dateFrom": "9999-12-31"}}},
    {"sortModel": [{"colId": "site_id; DROP TABLE dim_site", "sort": "desc"}, {"colId": ["a"], "sort": "asc"}]},
])  # fmt: skip
def test_grid_requests_of_any_shape_are_answered(server: flask.Flask, request_: object) -> None:
    client = server.test_client()
    client.get("/")
    assert ask_rows(client, "dim_site", request_).status_code in (200, 204)
    assert ask_rows(client, "dim_site", request_, "x' OR 1").status_code in (200, 204)


@pytest.mark.parametrize(
    "name", ["duckdb_tables()", "mistwan_schema", "'/etc/passwd'", "dim_site; DROP TABLE x", ["a"], None]
)
def test_only_declared_tables_can_be_asked_for(reader: Counting, server: flask.Flask, name: object) -> None:
    client = server.test_client()
    client.get("/")
    answer = ask_rows(client, name, {"startRow": 0})
    assert answer.status_code == 200
    assert "There is no such table" in answer.text
    assert reader.statements == []


def test_names_with_markup_stay_text_and_formulas_are_neutralised_in_files(tmp_path: Path) -> None:
    tables = organization()
    tables["dim_site"][0]["site_name"] = "<img src=x onerror=alert(1)>"
    client = serving(publish(tmp_path, tables)).test_client()
    client.get("/")
    page = ask_page(client, "/site/1")
    assert page.mimetype == "application/json"
    assert "'=HYPERLINK(evil)" in client.get("/export/dim_site.csv").text


def test_behind_a_proxy_only_its_requests_with_a_user_are_answered(reader: Counting) -> None:
    client = serving(reader, proxy=Proxy(SECRET)).test_client()
    own, user = {"X-Mistwan-Proxy-Secret": SECRET}, {"X-Forwarded-User": "ann@example.com"}
    assert client.get("/", headers=user).status_code == 403
    assert client.get("/", headers={**user, "X-Mistwan-Proxy-Secret": "ä" + SECRET}).status_code == 403
    assert client.get("/", headers=own).status_code == 401
    assert client.get("/", headers={**own, **user}).status_code == 200
    assert "ann@example.com" in client.get("/_dash-layout", headers={**own, **user}).text
    for path in ("/export/dim_site.csv", "/_dash-layout", "/assets/style.css"):
        assert client.get(path, headers=user).status_code == 403
    assert ask_page(client, "/", headers=user).status_code == 403
    assert client.get("/healthz").status_code == 200
    assert client.get("/metrics").status_code == 403
    assert client.get("/metrics", headers={"Authorization": f"Bearer {SECRET}"}).status_code == 200
    assert client.get("/", headers={"Authorization": f"Bearer {SECRET}"}).status_code == 403
    assert SECRET not in repr(Proxy(SECRET))


@pytest.mark.parametrize(("host", "proxy", "anonymous", "fine"), [
    ("127.0.0.1", None, False, True), ("::1", None, False, True), ("127.8.8.8", None, False, True),
    ("0.0.0.0", None, False, False), ("::", None, False, False), ("wan.example", None, False, False),
    ("0.0.0.0", Proxy(SECRET), False, True), ("0.0.0.0", None, True, True), ("127.0.0.1", Proxy("short"), False, False),
])  # fmt: skip
def test_beyond_loopback_a_proxy_secret_or_the_flag_is_needed(
    host: str, proxy: Proxy | None, anonymous: bool, fine: bool
) -> None:
    if fine:
        check_reach(host, proxy, anonymous)
    else:
        with pytest.raises(UserError, match="MISTWAN_PROXY_SECRET") as caught:
            check_reach(host, proxy, anonymous)
        assert caught.value.exit_code == 2


def test_the_smaller_plotly_is_of_the_version_of_the_full_one(server: flask.Flask) -> None:
    sent = server.test_client().get(PLOTLY_PATH, headers={"Accept-Encoding": "gzip"})
    assert sent.headers["Content-Encoding"] == "gzip"
    assert len(sent.data) < 600_000
    full = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
    versions = [
        re.search(rb"v(\d+\.\d+\.\d+)", text[:200])
        for text in (gzip.decompress(sent.data), full.read_bytes())
    ]
    assert versions[0] is not None
    assert versions[0][1] == versions[1][1]
