"""Asking the simulated cloud over HTTP, for the tests of this folder.

Belongs here: requests and walks. Does not belong here: expectations.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import requests

from mistwan_dagster.simulator.server import Running

NOW = datetime(2025, 3, 12, 15, 20, 7, tzinfo=UTC)
NOW_S = NOW.timestamp()


def get(sim: Running, path: str, token: str | None = None, **query: Any) -> requests.Response:
    headers = {"Authorization": f"Token {token or sim.token}"}
    return requests.get(sim.base_url + path, params=query, headers=headers, timeout=10)


def org(sim: Running, path: str, **query: Any) -> requests.Response:
    return get(sim, f"/api/v1/orgs/{sim.org_id}/{path}", **query)


def walk(sim: Running, path: str, **query: Any) -> tuple[list[dict], int, int]:
    """All rows by `next`, the total told and the number of pages."""
    answer = org(sim, path, **query).json()
    rows, pages = list(answer["results"]), 1
    while "next" in answer:
        assert answer["next"].startswith("/api/v1/orgs/")
        answer = get(sim, answer["next"]).json()
        rows, pages = rows + answer["results"], pages + 1
    return rows, answer["total"], pages


def key(row: dict) -> tuple:
    return row["mac"], row.get("node"), row["port_id"]
