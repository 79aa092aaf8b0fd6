"""A small home as an earlier version wrote it, for the tests of upgrade and recovery.

`python -m mistwan_dagster_tests.end_to_end.previous_home COMMIT` makes the archive anew with the program of a commit or
tag, against the simulated cloud of this one: run it after a release, commit the archive. It holds lake, fingerprints
and warehouse of two sites: a slot, six hours of history, one SLE deep-dive, and four imported hours of a year before.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from mistwan_dagster.simulator.clock import Clock
from mistwan_dagster.simulator.server import running
from mistwan_dagster.simulator.world import World
from mistwan_dagster.warehouse.duckdb import DuckDBWarehouse
from mistwan_dagster.warehouse.duckdb_schema import migrate
from mistwan_dagster_tests.end_to_end.conftest import NOW, Cli

ROOT = Path(__file__).resolve().parents[2]
ARCHIVE = ROOT / "mistwan_dagster_tests" / "data" / "previous_home.tar.xz"
LEFT_OUT = (
    "dagster",
    "logs",
    "lake/locks",
    "state/quota",
    "state/commands",
    "state/runs",
    "state/pending",
    "warehouse/writer",
)
IMPORTED = "site_id,circuit_id,hour_utc,utilization_pct,up_minutes,down_minutes,unknown_minutes\n" + "".join(
    f"old-site,old:ge-0/0/0,2024-02-29T{hour:02}:00:00Z,{used},60,0,0\n"
    for hour, used in enumerate((75, 95, 95, 10))
)


def unpack(folder: Path, *, as_it_was: bool = False) -> Cli:
    """The home below `folder`, with commands of this program that stand at the same instant, without a token.

    Its warehouse is brought up to this program's version unless it is wanted as it was.
    """
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(folder, filter="data")
    home = folder / "home"
    if not as_it_was:
        migrate(DuckDBWarehouse(home / "warehouse"))
    return Cli(home, {"MISTWAN_NOW": NOW.isoformat()})


def make(commit: str) -> None:
    """Fill a home with the program of a commit and pack it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        program, home = folder / "program", folder / "home"
        program.mkdir()
        packed = subprocess.run(["git", "archive", commit], cwd=ROOT, check=True, capture_output=True).stdout
        with tarfile.open(fileobj=io.BytesIO(packed)) as source:
            source.extractall(program, filter="data")
        old = folder / "old.csv"
        old.write_text(IMPORTED)
        with running(World(seed=3, sites=2), clock=Clock(NOW)) as cloud:
            circuits = folder / "circuits.csv"
            circuits.write_text(cloud.world.circuits_csv())
            settings = {
                "MIST_API_BASE_URL": cloud.base_url, "MIST_API_TOKEN": cloud.token, "MIST_ORG_ID": cloud.org_id,
                "MISTWAN_CIRCUITS_FILE": str(circuits), "MISTWAN_NOW": NOW.isoformat(), "MISTWAN_HOME": str(home),
            }  # fmt: skip
            for arguments in (
                ["collect"],
                ["backfill", "--start", "2025-03-04T04:00:00Z", "--end", "2025-03-04T10:00:00Z"],
                ["full-cycle"],
                ["import", str(old), "--table", "fact_circuit_hour"],
            ):
                subprocess.run(
                    [sys.executable, "-m", "mistwan_dagster.cli", *arguments],
                    cwd=program, env={**os.environ, **settings, "PYTHONPATH": str(program)}, check=True,
                )  # fmt: skip
        newest = (home / "warehouse" / "CURRENT").read_text().strip()

        def kept(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
            path = member.name.removeprefix("home/")
            superseded = path.startswith("warehouse/serve-") and path != f"warehouse/{newest}"
            member.uname = member.gname = ""
            member.uid = member.gid = 0
            return None if superseded or path.startswith(LEFT_OUT) else member

        with tarfile.open(ARCHIVE, "w:xz", preset=9) as archive:
            archive.add(home, "home", filter=kept)
    print(f"{ARCHIVE}: {ARCHIVE.stat().st_size} bytes")


if __name__ == "__main__":
    make(sys.argv[1])
