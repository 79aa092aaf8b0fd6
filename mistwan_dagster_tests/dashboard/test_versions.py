"""Publishes while pages are made: no error, and never two versions in one page."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import flask
import pytest
from dash import html

from mistwan_dagster.dashboard.context import PageView, page
from mistwan_dagster_tests.dashboard.asking import ask_page, ask_rows
from mistwan_dagster_tests.dashboard.conftest import CIRCUIT, organization, serving
from mistwan_dagster_tests.dashboard.made import Counting, publish, site


def publish_counted(folder: Path, number: int) -> Counting:
    """Version `number`: as many more sites, and as much utilization in every region."""
    tables = organization()
    tables["dim_site"] += [site(f"extra{i}") for i in range(number)]
    for row in tables["agg_region_window"]:
        row["utilization_avg_pct"] = float(number)
    return publish(folder, tables)


def counted(view: PageView, between: Callable[[], None]) -> html.Div:
    """A page of two figures of different tables, with something done between its two questions."""
    sites = view.published.ask("SELECT count(*) FROM dim_site").item() - 2
    between()
    level = view.published.ask("SELECT max(utilization_avg_pct) FROM agg_region_window").item()
    return html.Div(f"sites {sites} level {level:.0f}")


def shown(server: flask.Flask, between: Callable[[], None]) -> tuple[str, str, str]:
    """Version of the page and of its banner, and its two figures."""
    with server.test_request_context("/"):
        made = page(lambda view: counted(view, between))()
    store, banner, body = made.children
    return str(store.data), re.findall(r"version (\d+)", str(banner))[0], body.children["props"]["children"]


@pytest.mark.parametrize("meanwhile", [1, 4], ids=["the copy is still there", "the copy is gone"])
def test_a_publish_in_the_middle_of_a_page_does_not_mix_versions(tmp_path: Path, meanwhile: int) -> None:
    server = serving(publish_counted(tmp_path, 1))
    todo = list(range(2, 2 + meanwhile))

    def between() -> None:
        while todo:
            publish_counted(tmp_path, todo.pop(0))

    version = "1" if meanwhile == 1 else "5"
    assert shown(server, between) == (version, version, f"sites {version} level {version}")
    last = str(1 + meanwhile)
    assert shown(server, between) == (last, last, f"sites {last} level {last}")


def test_pages_and_grids_under_load_while_versions_are_published(tmp_path: Path) -> None:
    server = serving(publish_counted(tmp_path, 1))
    server.test_client().get("/")
    paths = ("/", "/overview", "/site/1", f"/circuit/{CIRCUIT.replace('/', '%2F')}", "/region/North")

    def reader(number: int) -> set[str]:
        seen = set()
        client = server.test_client()
        for i in range(12):
            version, of_banner, figures = shown(server, lambda: None)
            assert version == of_banner
            assert figures == f"sites {version} level {version}"
            seen.add(version)
            answer = ask_page(client, paths[(i + number) % len(paths)])
            assert answer.status_code == 200
            assert "nothing broken" not in answer.text
            block = ask_rows(client, "dim_site", {"startRow": 0}, int(version))
            assert block.status_code == 200
        return seen

    with ThreadPoolExecutor(5) as pool:
        readers = [pool.submit(reader, i) for i in range(4)]
        for number in range(2, 9):
            publish_counted(tmp_path, number)
        assert {v for done in readers for v in done.result()} <= {str(i) for i in range(1, 9)}
    assert shown(server, lambda: None)[2] == "sites 8 level 8"


def test_a_grid_goes_on_with_the_version_of_its_page_and_follows_when_that_is_gone(tmp_path: Path) -> None:
    server = serving(publish_counted(tmp_path, 1))
    client = server.test_client()
    client.get("/")
    publish_counted(tmp_path, 2)
    old = ask_rows(client, "dim_site", {"startRow": 0}, 1).json
    assert old["response"]['{"name":"dim_site","type":"grid"}']["getRowsResponse"]["rowCount"] == 3
    for number in (3, 4, 5):
        publish_counted(tmp_path, number)
    new = ask_rows(
        client, "dim_site", {"startRow": 0, "sortModel": [{"colId": "region", "sort": "asc"}]}, 1
    ).json
    assert new["response"]['{"name":"dim_site","type":"grid"}']["getRowsResponse"]["rowCount"] == 3 + 4
    assert new["sideUpdate"]["published"]["data"] == 5


def test_a_rebuilt_warehouse_that_counts_from_one_again_is_not_answered_from_the_old_answers(
    tmp_path: Path,
) -> None:
    reader = publish_counted(tmp_path / "warehouse", 1)
    server = serving(reader)
    assert shown(server, lambda: None)[2] == "sites 1 level 1"
    (tmp_path / "warehouse").rename(tmp_path / "old")
    publish_counted(tmp_path / "warehouse", 7)
    assert reader.version() == 1
    assert shown(server, lambda: None)[2] == "sites 7 level 7"
