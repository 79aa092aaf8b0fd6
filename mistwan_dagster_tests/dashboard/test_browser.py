"""The dashboard in real Chromium. Without one these tests are skipped, except in CI, where that is a failure."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from urllib.parse import unquote

import pytest
from playwright.sync_api import Browser, expect

from mistwan_dagster_tests.dashboard.browser import PATHS, open_page
from mistwan_dagster_tests.dashboard.conftest import CIRCUIT, organization
from mistwan_dagster_tests.dashboard.made import LAST, hour, publish


def test_from_now_to_the_circuit_and_back_every_step_is_a_url(chromium: Browser, address: str) -> None:
    page, errors = open_page(chromium, address)
    page.goto("/?tz=mine&n=5")
    expect(page.get_by_role("heading", name="Congested now")).to_be_visible()
    page.get_by_role("link", name="Store 1").first.click()
    expect(page).to_have_url(re.compile(r"/site/1\?tz=mine&n=5$"))
    page.get_by_role("link", name="Acme ge-0/0/0").first.click()
    expect(page.get_by_role("heading", name="Acme ge-0/0/0")).to_be_visible()
    page.get_by_role("link", name="3 h", exact=True).click()
    expect(page.get_by_text("by hour").first).to_be_visible()
    expect(page).to_have_url(re.compile(r"range=3h&tz=mine&n=5$"))
    expect(page.get_by_text("10 Mar 2025 10:00 to 10 Mar 2025 13:00 Europe/Rome").first).to_be_visible()
    page.go_back()
    page.go_back()
    expect(page.get_by_role("heading", name="Circuits side by side")).to_be_visible()
    page.get_by_label("Breadcrumbs").get_by_role("link", name="North").click()
    expect(page.get_by_role("heading", name="Region North")).to_be_visible()
    expect(page.locator(".ag-center-cols-container").get_by_role("link", name="Store 1")).to_be_visible()
    page.get_by_label("Breadcrumbs").get_by_role("link", name="Overview").click()
    expect(page.get_by_role("heading", name="Top offenders")).to_be_visible()
    assert errors == []


def test_a_grid_filters_on_the_server_and_its_url_and_files_follow(chromium: Browser, address: str) -> None:
    page, errors = open_page(chromium, address)
    page.goto("/table/fact_circuit_hour")
    expect(page.get_by_text("87 rows pass the filter")).to_be_visible()
    page.get_by_label("region Filter Input").fill("south")
    expect(page.get_by_text("30 rows pass the filter")).to_be_visible()
    assert '"filter":"south"' in unquote(page.url)
    page.reload()
    expect(page.get_by_text("30 rows pass the filter")).to_be_visible()
    with page.expect_download() as waiting:
        page.get_by_role("link", name="CSV").click()
    assert len(Path(waiting.value.path()).read_text().splitlines()) == 31
    page.get_by_label("region Filter Input").fill("atlantis")
    expect(page.get_by_text("The filter leaves no row")).to_be_visible()
    assert errors == []


def test_the_theme_changes_everything_and_is_remembered(chromium: Browser, address: str) -> None:
    page, _ = open_page(chromium, address, color_scheme="dark")
    page.goto("/table/dim_site")
    expect(page.locator("body")).to_have_attribute("data-ag-theme-mode", "dark")
    page.get_by_role("button", name="Light or dark").click()
    expect(page.locator("html")).to_have_attribute("data-mantine-color-scheme", "light")
    expect(page.locator("body")).to_have_attribute("data-ag-theme-mode", "light")
    page.reload()
    expect(page.locator("body")).to_have_attribute("data-ag-theme-mode", "light")


def test_search_by_keyboard_alone(chromium: Browser, address: str) -> None:
    page, errors = open_page(chromium, address)
    page.goto("/overview")
    expect(page.get_by_role("heading", name="Regions")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("/")
    page.keyboard.type("store 1")
    expect(page.get_by_role("option").first).to_contain_text("Store 1 (North)")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/site/1$"))
    expect(page.get_by_role("heading", name="Store 1")).to_be_visible()
    assert errors == []


def test_a_page_is_asked_for_again_only_when_another_version_is_published(
    chromium: Browser, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mistwan_dagster.dashboard.app.POLL_S", 3)  # later than the first page
    page, errors = open_page(chromium, address)
    page.goto("/?region=North")
    expect(page.get_by_text("Data as of 10 Mar 12:00 UTC")).to_be_visible()
    expect(page.locator(".banner")).to_contain_text("version 1")
    expect(page.get_by_text("hour to 10 Mar 12:00 UTC").first).to_be_visible()
    page.evaluate("document.querySelector('.page').dataset.mark = 'first'")
    with page.expect_response("**/_dash-update-component*"):
        pass
    with page.expect_response("**/_dash-update-component*"):
        pass
    assert page.locator(".page").get_attribute("data-mark") == "first"
    tables = organization()
    tables["fact_circuit_hour"].append(hour(CIRCUIT, "1", LAST + timedelta(hours=1), utilization_pct=1.0))
    publish(tmp_path, tables)
    expect(page.get_by_text("hour to 10 Mar 13:00 UTC").first).to_be_visible()
    assert page.locator(".page").get_attribute("data-mark") is None
    assert page.url.endswith("/?region=North")
    assert errors == []


@pytest.mark.parametrize("width", [360, 3840])
def test_no_page_scrolls_sideways_from_phone_to_wall(chromium: Browser, address: str, width: int) -> None:
    page, errors = open_page(chromium, address, viewport={"width": width, "height": 800})
    for path in PATHS:
        page.goto(path)
        expect(page.locator(".page h1")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
    assert errors == []


def test_own_dates_are_chosen_in_the_calendar(chromium: Browser, address: str) -> None:
    page, errors = open_page(chromium, address)
    page.goto(f"/circuit/{CIRCUIT}?range=own&from=2025-03-09&to=2025-03-09")
    expect(page.get_by_text("09 Mar 2025 00:00 to 10 Mar 2025 00:00 UTC, by hour").first).to_be_visible()
    page.get_by_label("Own range of UTC days").click()
    page.get_by_label("10 March 2025", exact=True).click()
    page.get_by_label("10 March 2025", exact=True).click()
    expect(page).to_have_url(re.compile("range=own&from=2025-03-10&to=2025-03-10"))
    expect(page.get_by_text("10 Mar 2025 00:00 to 11 Mar 2025 00:00 UTC, by hour").first).to_be_visible()
    assert errors == []


def test_a_printed_page_has_no_controls(chromium: Browser, address: str) -> None:
    page, _ = open_page(chromium, address, color_scheme="dark")
    page.goto("/overview")
    expect(page.get_by_role("heading", name="Regions")).to_be_visible()
    page.emulate_media(media="print")
    expect(page.locator("#search")).to_be_hidden()
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == "rgb(255, 255, 255)"
