"""Names, URLs and filters that would run, break out or deceive: they are shown or ignored, never obeyed."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any
from urllib.parse import quote

import openpyxl
import pytest
from playwright.sync_api import Browser, expect

from mistwan_dagster_tests.dashboard.browser import open_page
from mistwan_dagster_tests.dashboard.conftest import CIRCUIT, organization
from mistwan_dagster_tests.dashboard.made import Counting, publish

SCRIPT = "<script>window.hacked = 1</script><img src=x onerror='window.hacked = 1'>"
FORMULA = '=HYPERLINK("http://evil.example","click")'
QUOTES = "'\"; DROP TABLE dim_site; --"
TURNED = "\u202egnp.exe\u2066 Store"
REGION = "<b>N&'\"/../?a=b#c</b>"
BAD_SORT = '[{"colId":"1; DROP TABLE dim_site","sort":"desc"}]'
BAD_FILTER = '{"site_name":{"filterType":"text","type":"contains","filter":"\' OR 1=1 --"}}'
ANCHOR = "<a href='javascript:window.hacked = 1'>Acme</a>"


def hostile() -> dict[str, list[dict[str, Any]]]:
    """The organization with such names wherever a name comes from outside."""
    tables = organization()
    names = {"site_name": (SCRIPT, TURNED), "region": (REGION, QUOTES)}
    for rows in tables.values():
        for row in rows:
            if "region" in row:
                row["region"] = REGION if row["region"] == "North" else QUOTES
    for i, row in enumerate(tables["dim_site"]):
        row |= {column: values[i] for column, values in names.items()}
    for circuit, provider in zip(tables["dim_circuit"], (ANCHOR, FORMULA, SCRIPT), strict=True):
        circuit |= {"provider": provider, "wan_name": SCRIPT}
    for table, column, value in (
        ("fact_path_hour", "peer_router_name", SCRIPT), ("fact_path_hour", "vpn_name", FORMULA),
        ("fact_alarm", "text", SCRIPT), ("fact_sle_impacted_gateway", "device_name", SCRIPT),
        ("fact_sle_trend", "classifier", SCRIPT), ("rpt_provider_scorecard", "provider", FORMULA),
        ("fact_failover", "cause", SCRIPT), ("fact_alert", "rule", SCRIPT), ("fact_alert", "area", QUOTES),
    ):  # fmt: skip
        for row in tables[table]:
            row[column] = value
    tables["fact_sle_trend"] = tables["fact_sle_trend"][::2]
    return tables


@pytest.fixture
def reader(tmp_path: Path) -> Counting:
    return publish(tmp_path, hostile())


def test_names_are_shown_as_they_are_on_every_page(chromium: Browser, address: str) -> None:
    page, errors = open_page(chromium, address)
    page.on("dialog", lambda dialog: errors.append(dialog.message))
    for path in ("/", "/overview", "/map", "/providers", f"/region/{quote(REGION, safe='')}", "/site/1", "/service/1",
                 f"/circuit/{CIRCUIT}", "/table/v_circuit_state"):  # fmt: skip
        page.goto(path)
        expect(page.locator(".page h1")).to_be_visible()
        page.wait_for_load_state("networkidle")
        assert page.evaluate("window.hacked") is None, path
        assert page.locator(".page script, .page img[src=x], .page a[href^=javascript]").count() == 0, path
        assert page.locator("svg a").count() == 0, path
    page.goto("/site/1")
    expect(page.get_by_role("heading", level=1)).to_have_text(SCRIPT)
    page.get_by_label("Breadcrumbs").get_by_role("link", name=REGION).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Region {REGION}")
    page.goto("/")
    expect(page.locator(".page h1")).to_be_visible()
    page.get_by_role("textbox", name="Search site or circuit").fill("script")
    expect(page.get_by_role("option").first).to_contain_text(SCRIPT)
    assert page.evaluate("window.hacked") is None
    assert errors == []


def test_direction_marks_turn_their_own_cell_only(chromium: Browser, address: str) -> None:
    page, _ = open_page(chromium, address)
    page.goto("/site/2")
    expect(page.get_by_role("heading", level=1)).to_have_text(TURNED)
    bidi = "el => getComputedStyle(el).unicodeBidi"
    assert page.get_by_role("heading", level=1).evaluate(bidi) == "isolate"
    assert page.get_by_label("Breadcrumbs").locator("li").last.evaluate(bidi) == "isolate"


def test_files_of_such_names_hold_no_formula(chromium: Browser, address: str) -> None:
    page, _ = open_page(chromium, address)
    page.goto("/table/rpt_provider_scorecard")
    for output in ("CSV", "XLSX"):
        with page.expect_download() as waiting:
            page.get_by_role("link", name=output).click()
        target = Path(waiting.value.path())
        if output == "CSV":
            shown = next(csv.DictReader(target.open()))["provider"]
        else:
            copy = target.with_suffix(".xlsx")
            copy.write_bytes(target.read_bytes())
            sheet = openpyxl.load_workbook(copy).active
            assert sheet is not None
            shown = str(sheet["A2"].value)
            assert sheet["A2"].data_type == "s"
        assert shown == f"'{FORMULA}"


@pytest.mark.parametrize(
    ("path", "words"),
    [
        (f"/site/{quote(SCRIPT, safe='')}", "is known"),
        (f"/circuit/{quote(QUOTES, safe='')}", "is known"),
        (f"/region/{quote(SCRIPT, safe='')}", "has figures"),
        (f"/service/{quote(SCRIPT, safe='')}", "is known"),
        (f"/?region={quote(SCRIPT, safe='')}", "No circuit is in the region"),
        (f"/table/{quote(QUOTES, safe='')}", "there is no such table"),
        (f"/table/dim_site?filter={quote(SCRIPT, safe='')}&sort=%7B", "2 rows"),
        (f"/table/dim_site?sort={quote(BAD_SORT)}", "2 rows"),
        (f"/table/dim_site?filter={quote(BAD_FILTER)}",
         "The filter leaves no row"),
        ("/site/1?range=own&from=x&to=9999-99-99&tz=%2Fetc%2Fpasswd&n=-1&by=%27", "24 h"),
    ],
    ids=range(10),
)  # fmt: skip
def test_urls_and_filters_are_read_as_text(chromium: Browser, address: str, path: str, words: str) -> None:
    page, errors = open_page(chromium, address)
    page.goto(path)
    expect(page.locator(".page").get_by_text(words).first).to_be_visible()
    assert page.evaluate("window.hacked") is None
    assert errors == []
