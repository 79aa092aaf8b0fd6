"""`mistwan simulate` as its user runs it: the settings that it prints are enough to collect from it."""

from __future__ import annotations

from pathlib import Path

from mistwan_dagster_tests.dashboard.test_serve import free_port

from .conftest import Cli


def test_the_printed_settings_lead_to_the_simulated_organization(tmp_path: Path) -> None:
    port = str(free_port())
    process = Cli(tmp_path / "none").start(
        "simulate", "--port", port, "--sites", "2", "--seed", "7", "--settings"
    )
    try:
        assert process.stdout is not None
        assert process.stderr is not None
        printed = dict(process.stdout.readline().rstrip().split("=") for _ in range(3))
        assert process.stderr.readline() == (
            f"simulated cloud of 2 sites on http://127.0.0.1:{port} (Ctrl-C ends it)\n"
        )
        own = Cli(tmp_path / "home", printed)
        assert own.ok("collect").startswith("collected slot ")
        assert own.run("circuits").stdout.count("\n") > 2
        taken = own.run("simulate", "--port", port)
        assert (taken.returncode, taken.stderr.count("\n")) == (1, 1)
        assert f"cannot listen on 127.0.0.1 port {port}" in taken.stderr
    finally:
        process.terminate()
        process.communicate(timeout=60)
