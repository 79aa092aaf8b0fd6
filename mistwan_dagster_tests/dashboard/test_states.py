"""What the pages say when data is old, missing or filtered away; and that their figures are those of `mistwan query`.

With MISTWAN_SCREENSHOTS set, the pictures of the README are renewed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from typer.testing import CliRunner

from mistwan_dagster.cli import app
from mistwan_dagster_tests.dashboard.browser import open_page
from mistwan_dagster_tests.dashboard.conftest import CIRCUIT, organization, served, serving
from mistwan_dagster_tests.dashboard.made import Counting, publish

PICTURES = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize(
    ("minutes", "word", "tone"), [(89, "fresh", "good"), (90, "late", "warning"), (150, "stale", "critical")]
)
def test_old_data_turns_the_banner(
    chromium: Browser, reader: Counting, minutes: int, word: str, tone: str
) -> None:
    with served(serving(reader, minutes)) as address:
        page, errors = open_page(chromium, address)
        page.goto("/overview")
        expect(page.locator(f".banner.{tone}")).to_contain_text(word)
        expect(page.locator(".banner")).to_contain_text("SLE deep-dives: 1 fresh, 1 stale, 0 missing")
        assert errors == []


def test_all_is_well_no_data_and_too_narrow_look_different(chromium: Browser, tmp_path: Path) -> None:
    tables = organization()
    for name in ("rpt_congestion_now", "rpt_chronic_offenders", "fact_alarm", "sle_coverage"):
        del tables[name]
    with served(serving(publish(tmp_path, tables))) as address:
        page, errors = open_page(chromium, address)
        page.goto("/?region=South%20East")
        expect(page.locator(".nothing.good", has_text="No circuit is at or above")).to_be_visible()
        expect(page.locator(".nothing.no-data", has_text="No alarm was read yet")).to_be_visible()
        expect(page.locator(".nothing.no-data", has_text="Cannot be said yet: what is usual")).to_be_visible()
        page.goto("/?region=Atlantis")
        expect(page.locator(".nothing.narrow", has_text="No circuit is in the region")).to_be_visible()
        assert errors == []


def test_the_figures_are_those_of_the_query_command(
    chromium: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MISTWAN_HOME", str(tmp_path))
    reader = publish(tmp_path / "warehouse", organization())

    def queried(sql: str) -> float:
        done = CliRunner().invoke(app, ["query", sql, "--format", "json"])
        assert done.exit_code == 0, done.output
        (row,) = json.loads(done.stdout)
        return float(row["n"])

    circuits, hour = "FROM v_circuit_state", "WHERE hour_utc = (SELECT max(hour_utc) FROM fact_circuit_hour)"
    expected: dict[str, tuple[str, Callable[[float], str]]] = {
        "Circuits up": (f"SELECT count(*) AS n {circuits} WHERE circuit_state = 'up'", "{:.0f}".format),
        "Average": (f"SELECT avg(utilization_pct) AS n FROM fact_circuit_hour {hour}", "{:.1f} %".format),
        "Maximum": (f"SELECT max(utilization_pct) AS n FROM fact_circuit_hour {hour}", "{:.1f} %".format),
        "VPN down": ("SELECT count(*) AS n FROM v_path_now WHERE path_state = 'down'", "{:.0f}".format),
        "Alarms": ("SELECT count(*) AS n FROM v_open_alarm", "{:.0f}".format),
        "SLE WAN": (
            "SELECT 100 * avg(score) AS n FROM sle_coverage WHERE metric = 'wan-link-health'", "{:.1f} %".format
        ),
    }  # fmt: skip
    with served(serving(reader)) as address:
        page, errors = open_page(chromium, address)
        page.goto("/")
        for label, (sql, form) in expected.items():
            tile = page.locator(".tile", has=page.get_by_text(label, exact=True))
            expect(tile.locator(".tile-value")).to_have_text(form(queried(sql)))
        assert errors == []


def test_a_small_table_leads_to_all_its_rows_and_to_a_file_of_the_region(
    chromium: Browser, address: str
) -> None:
    page, errors = open_page(chromium, address)
    page.goto("/?region=North")
    panel = page.locator(".panel", has=page.get_by_role("heading", name="Congested now"))
    with page.expect_download() as waiting:
        panel.get_by_role("link", name="Congested now as CSV").click()
    assert len(Path(waiting.value.path()).read_text().splitlines()) == 2
    panel.get_by_role("link", name="All rows").click()
    expect(page.get_by_text("1 rows pass the filter")).to_be_visible()
    assert "North" in page.url
    assert errors == []


def test_from_a_degraded_site_to_its_classifiers_and_from_the_map_to_the_site(
    chromium: Browser, address: str
) -> None:
    page, errors = open_page(chromium, address)
    page.goto("/")
    page.locator(".panel", has=page.get_by_role("heading", name="Degraded SLE sites")).get_by_role(
        "link", name="Store 1"
    ).click()
    expect(page).to_have_url(f"{address}/service/1")
    expect(page.get_by_role("heading", name="Classifiers: wan-link-health")).to_be_visible()
    page.get_by_role("link", name="Week").click()
    expect(page.get_by_role("link", name="Week")).to_have_class("chosen")
    page.get_by_role("link", name="Circuits", exact=True).click()
    expect(page).to_have_url(f"{address}/site/1?range=week")
    expect(page.get_by_role("heading", name="Failover history")).to_be_visible()
    page.goto("/map")
    page.locator(".scatterlayer .trace .points path").last.click(force=True)
    expect(page).to_have_url(f"{address}/site/1")
    assert errors == []


def test_rankings_are_chosen_by_figure_period_and_number(chromium: Browser, address: str) -> None:
    page, errors = open_page(chromium, address)
    page.goto("/overview")
    top = page.locator(".panel", has=page.get_by_role("heading", name="Top offenders"))
    expect(top.get_by_role("cell", name="17 h")).to_be_visible()
    top.get_by_role("link", name="flaps").click()
    expect(top.get_by_text("No offenders")).to_be_visible()
    top.get_by_role("link", name="13 months").click()
    expect(top.get_by_role("link", name="13 months")).to_have_class("chosen")
    page.get_by_role("link", name="5", exact=True).click()
    expect(page).to_have_url(f"{address}/overview?range=13m&n=5&by=flaps")
    page.go_back()
    page.go_back()
    page.go_back()
    expect(top.get_by_role("cell", name="17 h")).to_be_visible()
    assert errors == []


@pytest.mark.parametrize(
    ("name", "path", "scheme", "width"),
    [
        ("dashboard-now", "/", "light", 1400),
        ("dashboard-overview", "/overview", "light", 1400),
        ("dashboard-service", "/service/1", "light", 1400),
        ("dashboard-circuit-dark", f"/circuit/{CIRCUIT}", "dark", 1400),
        ("dashboard-phone", "/site/1", "light", 360),
    ],
)
def test_a_picture_of_each_kind_of_page(
    chromium: Browser, address: str, tmp_path: Path, name: str, path: str, scheme: str, width: int
) -> None:
    folder = PICTURES if os.environ.get("MISTWAN_SCREENSHOTS") else tmp_path
    page, errors = open_page(
        chromium, address, color_scheme=scheme, viewport={"width": width, "height": 1000}, reduced_motion="reduce"
    )  # fmt: skip
    page.goto(path)
    expect(page.locator(".page h1")).to_be_visible()
    expect(page.locator(".js-plotly-plot .main-svg").first).to_be_visible()
    page.wait_for_load_state("networkidle")
    page.screenshot(path=folder / f"{name}.png", full_page=width > 400)
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(16, 20, 24)"
    assert dark == (scheme == "dark")
    assert (folder / f"{name}.png").stat().st_size > 20_000
    assert errors == []
