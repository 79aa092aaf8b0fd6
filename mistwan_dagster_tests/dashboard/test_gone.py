"""Cache or warehouse gone: pages say so and go on by themselves when it is back. A real Redis, no browser."""

from __future__ import annotations

from pathlib import Path

import flask
import polars as pl
import pytest

from mistwan_dagster.dashboard import cache as module
from mistwan_dagster.dashboard.banner import CACHE_GONE
from mistwan_dagster.dashboard.cache import AnswerCache, ArrowSerializer
from mistwan_dagster_tests.dashboard.asking import ask_page
from mistwan_dagster_tests.dashboard.conftest import organization, serving
from mistwan_dagster_tests.dashboard.made import publish
from mistwan_dagster_tests.redis_server import RedisServer, redis_server

__all__ = ["redis_server"]


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TRIED_AGAIN_AFTER_S", 0.0)


def test_two_servers_share_answers_in_redis_and_a_new_version_is_asked_anew(
    tmp_path: Path, redis_server: RedisServer
) -> None:
    first, second = publish(tmp_path, organization()), publish(tmp_path, organization())
    one, other = (serving(r, redis_url=redis_server.url).test_client() for r in (first, second))
    assert ask_page(one, "/overview").status_code == ask_page(other, "/overview").status_code == 200
    assert (len(first.statements) > 0, second.statements) == (True, [])
    publish(tmp_path, organization())
    assert "version 3" in ask_page(other, "/overview").text
    assert len(second.statements) == len(first.statements)


def test_a_restarted_server_finds_its_answers_in_the_folder(tmp_path: Path) -> None:
    reader = publish(tmp_path, organization())
    ask_page(serving(reader, cache_folder=tmp_path / "cache").test_client(), "/site/1")
    reader.statements.clear()
    ask_page(serving(reader, cache_folder=tmp_path / "cache").test_client(), "/site/1")
    assert reader.statements == []


def test_without_redis_pages_are_right_and_say_so_until_it_is_back(
    tmp_path: Path, redis_server: RedisServer
) -> None:
    server = serving(publish(tmp_path, organization()), redis_url=redis_server.url)
    client = server.test_client()
    assert CACHE_GONE not in ask_page(client, "/overview").text
    redis_server.stop()
    text = ask_page(client, "/overview").text
    assert CACHE_GONE in ask_page(client, "/").text
    assert "Top offenders" in text
    health = client.get("/healthz")
    assert (health.status_code, health.json["cache"]) == (200, "unreachable")
    assert "mistwan_cache_up 0.0" in client.get("/metrics").text
    redis_server.start()
    ask_page(client, "/")
    assert CACHE_GONE not in ask_page(client, "/overview").text
    assert client.get("/healthz").json["cache"] == "ok"


def test_a_cache_folder_that_cannot_be_used_is_said_and_mended(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    client = serving(publish(tmp_path / "w", organization()), cache_folder=folder).test_client()
    ask_page(client, "/")
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()
    folder.write_text("a file in its place")
    ask_page(client, "/overview")
    assert CACHE_GONE in ask_page(client, "/").text
    folder.unlink()
    ask_page(client, "/overview")
    assert CACHE_GONE not in ask_page(client, "/").text


def test_a_warehouse_that_is_gone_is_said_on_the_page_and_shown_again_when_it_is_back(tmp_path: Path) -> None:
    folder = tmp_path / "warehouse"
    client = serving(publish(folder, organization())).test_client()
    assert "Congested now" in ask_page(client, "/").text
    folder.rename(tmp_path / "away")
    gone = ask_page(client, "/")
    assert (gone.status_code, "nothing broken" in gone.text) == (200, True)
    assert "nothing is published" in gone.text
    assert client.get("/healthz").status_code == 503
    assert "mistwan_warehouse_up 0.0" in client.get("/metrics").text
    assert client.get("/export/dim_site.csv").status_code == 400
    (tmp_path / "away").rename(folder)
    assert "Congested now" in ask_page(client, "/").text
    assert client.get("/healthz").json == {"status": "ok", "version": 1, "cache": "ok"}


def test_a_published_copy_that_is_gone_or_no_warehouse_is_named(tmp_path: Path) -> None:
    client = serving(publish(tmp_path, organization())).test_client()
    copy = tmp_path / "serve-1.duckdb"
    copy.rename(tmp_path / "kept")
    assert "serve-1.duckdb is gone" in ask_page(client, "/").text
    copy.write_text("no database")
    assert "cannot be opened as a warehouse" in ask_page(client, "/").text


def test_what_another_program_left_in_the_cache_is_not_run_and_counts_as_nothing(
    redis_server: RedisServer,
) -> None:
    cache = AnswerCache(flask.Flask("test"), redis_server.url, None)
    frame = pl.DataFrame({"a": [1, None], "b": ["ü", None]})
    cache.set("key", frame)
    kept = cache.get("key")
    assert kept is not None
    assert kept.equals(frame)
    assert ArrowSerializer().loads(b"\x80\x04cos\nsystem\n.") is None
