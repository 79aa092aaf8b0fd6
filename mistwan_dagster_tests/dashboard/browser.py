"""Chromium for the tests: the paths of all pages, and opening one. The fixture is in `conftest`."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Browser, Page, expect

from mistwan_dagster_tests.dashboard.conftest import CIRCUIT

expect.set_options(timeout=30_000)
PATHS = (
    "/",
    "/overview",
    "/map",
    "/providers",
    "/region/North",
    "/site/1",
    "/service/1",
    f"/circuit/{CIRCUIT}",
    "/tables",
    "/table/fact_circuit_hour",
)


def open_page(chromium: Browser, address: str, **options: Any) -> tuple[Page, list[str]]:
    """A page, and the list into which its errors go."""
    page = chromium.new_context(base_url=address, timezone_id="Europe/Rome", **options).new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    return page, errors
