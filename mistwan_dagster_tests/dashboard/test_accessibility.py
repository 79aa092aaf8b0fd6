"""Every page in both themes under axe-core: no finding that is serious or critical."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from mistwan_dagster_tests.dashboard.browser import PATHS, open_page

GRAVE = ("serious", "critical")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_a_serious_finding(chromium: Browser, address: str, scheme: str) -> None:
    page, errors = open_page(chromium, address, color_scheme=scheme, reduced_motion="reduce")
    found = {}
    for path in PATHS:
        page.goto(path)
        expect(page.locator(".page h1")).to_be_visible()
        page.wait_for_load_state("networkidle")
        for violation in Axe().run(page).response["violations"]:
            if violation["impact"] in GRAVE:
                nodes = [" ".join(map(str, node["target"])) for node in violation["nodes"]]
                found[path, violation["id"]] = nodes[:5]
    assert found == {}
    assert errors == []
