"""A simulated Mist cloud in a process of its own, its clock and its truth, for benchmarks.

Belongs here: starting it, setting it, asking it past the call budget. Does not belong here: what is measured.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks.servers import free_port
from mistwan_dagster.catalog.endpoint import Endpoint, Paging
from mistwan_dagster.simulator.server import SIM_TOKEN


@dataclass(frozen=True)
class Cloud:
    """A cloud that is being served."""

    base_url: str
    org_id: str

    def settings(self, home: Path) -> dict[str, str]:
        """Environment of a platform that reads this cloud."""
        return {
            "MISTWAN_HOME": str(home),
            "MIST_API_BASE_URL": self.base_url,
            "MIST_API_TOKEN": SIM_TOKEN,
            "MIST_ORG_ID": self.org_id,
            "MISTWAN_CIRCUITS_FILE": str(home / "circuits.csv"),
        }

    def set_clock(self, now: datetime) -> None:
        """The clock then stands still."""
        self._control("clock", {"now": now.isoformat()})

    def set_faults(self, **rates: float) -> None:
        """Switch faults on, as `simulator.faults` names them."""
        self._control("faults", dict(rates))

    def calls(self) -> dict[str, int]:
        """Admitted calls by route since its start."""
        found: dict[str, int] = self._control("info")["calls"]
        return found

    def used(self) -> int:
        """Calls of the token that it counted in this clock hour."""
        return int(self._control("quota")["used"])

    def rows(self, endpoint: Endpoint, start: datetime, end: datetime) -> list[dict[str, Any]]:
        """All rows of an event search, asked for past the call budget."""
        span = {"start": str(int(start.timestamp())), "end": str(int(end.timestamp())), "limit": "1000"}
        path: str | None = f"{self._path(endpoint)}?{urllib.parse.urlencode({**endpoint.arguments, **span})}"
        found: list[dict[str, Any]] = []
        with self._uncounted():
            while path:
                body, _ = self._get(path)
                found += body["results"]
                path = body.get("next")
        return found

    def total(self, endpoint: Endpoint) -> int:
        """Rows that it holds now of a paged endpoint of the organization, asked for past the call budget."""
        query = urllib.parse.urlencode({**endpoint.arguments, "limit": "1"})
        with self._uncounted():
            body, headers = self._get(f"{self._path(endpoint)}?{query}")
        return int(headers["X-Page-Total"] if endpoint.paging is Paging.PAGE else body["total"])

    def _path(self, endpoint: Endpoint) -> str:
        return endpoint.path.format(org_id=self.org_id)

    @contextmanager
    def _uncounted(self) -> Iterator[None]:
        used = self.used()
        try:
            yield
        finally:
            self._control("quota", {"used": used})

    def _get(self, path: str) -> tuple[Any, Any]:
        request = urllib.request.Request(
            self.base_url + path, headers={"Authorization": f"Token {SIM_TOKEN}"}
        )
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.load(answer), answer.headers

    def _control(self, name: str, body: dict[str, Any] | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"{self.base_url}/_sim/{name}", data, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.load(answer)


@contextmanager
def served(sites: int) -> Iterator[Cloud]:
    """A cloud of so many sites, until the block ends."""
    port = free_port()
    base_url = f"http://127.0.0.1:{port}"
    process = subprocess.Popen(
        [sys.executable, "-m", "mistwan_dagster.cli", "simulate", "--port", str(port), "--sites", str(sites)]
    )
    try:
        yield Cloud(base_url, _wait(base_url))
    finally:
        process.terminate()
        process.wait(10)


def _wait(base_url: str) -> str:
    for _ in range(600):
        try:
            with urllib.request.urlopen(f"{base_url}/_sim/info", timeout=2) as answer:
                return str(json.load(answer)["org_id"])
        except OSError:
            time.sleep(0.1)
    raise SystemExit("the simulated cloud did not start")
