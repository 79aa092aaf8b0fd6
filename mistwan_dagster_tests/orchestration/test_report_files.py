"""Reports as assets and by command: partitions, schedules, and one delivery a partition also after a rerun."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from mistwan_dagster.orchestration.build import defs
from mistwan_dagster.orchestration.platform import PlatformResource
from mistwan_dagster.orchestration.schedules import REPORT_SCHEDULES
from mistwan_dagster_tests.dashboard.made import publish
from mistwan_dagster_tests.end_to_end.conftest import Cli
from mistwan_dagster_tests.reporting.conftest import rows


@pytest.fixture
def posted() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A place that Apprise can post to, and what came."""
    found: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            found.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"json://127.0.0.1:{server.server_address[1]}/", found
    server.shutdown()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, posted: tuple[str, list[dict[str, Any]]]) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MISTWAN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MISTWAN_REPORT_MAIL", posted[0])
    publish(tmp_path / "home" / "warehouse", rows())
    return tmp_path / "home"


def run(job: str, partition: str) -> None:
    with dg.instance_for_test() as instance:
        result = defs.resolve_job_def(job).execute_in_process(instance=instance, partition_key=partition)
        assert result.success


def test_a_partition_is_delivered_once_also_when_it_is_made_again(
    home: Path, posted: tuple[str, list[dict[str, Any]]]
) -> None:
    run("daily_report_files", "2024-02-29")
    first = {p.name: p.read_bytes() for p in (home / "reports" / "daily").iterdir()}
    run("daily_report_files", "2024-02-29")
    assert {p.name: p.read_bytes() for p in (home / "reports" / "daily").iterdir()} == first
    assert sorted(first) == ["wan-daily-2024-02-29.html", "wan-daily-2024-02-29.pdf"]
    run("monthly_report_files", "2024-02-01")
    daily, monthly = posted[1]
    assert daily["title"] == "WAN daily operations, Thursday, 29 February 2024"
    assert "Availability of circuits: 98.579 %" in daily["message"]
    assert len(daily["attachments"]) == 2
    assert monthly["title"] == "WAN monthly report, February 2024"
    assert len(monthly["attachments"]) == 4  # two formats, two providers


def tick(schedule: dg.ScheduleDefinition, at: datetime) -> tuple[list[str | None], str | None]:
    with (
        dg.instance_for_test() as instance,
        dg.build_schedule_context(
            instance=instance,
            scheduled_execution_time=at,
            resources={"platform": PlatformResource()},
            repository_def=defs.get_repository_def(),
        ) as context,
    ):
        data = schedule.evaluate_tick(context)
    return [r.partition_key for r in data.run_requests or []], data.skip_message


@pytest.mark.usefixtures("home")
def test_schedules_ask_for_the_day_and_month_that_are_over() -> None:
    daily, monthly = REPORT_SCHEDULES
    assert tick(daily, datetime(2024, 3, 1, 5, 12, tzinfo=UTC))[0] == ["2024-02-29"]
    assert tick(monthly, datetime(2024, 1, 2, 5, 32, tzinfo=UTC))[0] == ["2023-12-01"]


def test_while_nothing_is_published_there_is_nothing_to_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MISTWAN_HOME", str(tmp_path / "empty"))
    for schedule in REPORT_SCHEDULES:
        assert tick(schedule, datetime(2024, 3, 2, 5, 32, tzinfo=UTC)) == ([], "nothing is published yet")


def test_any_past_period_by_command(tmp_path: Path) -> None:
    cli = Cli(tmp_path / "home")
    publish(cli.home / "warehouse", rows())
    out = cli.ok("report", "daily", "--date", "2024-02-29", "--format", "pdf", "--out", str(tmp_path / "out"))
    assert out == f"{tmp_path}/out/daily/wan-daily-2024-02-29.pdf\n"
    assert (tmp_path / "out" / "daily" / "wan-daily-2024-02-29.pdf").read_bytes().startswith(b"%PDF-")
    names = [Path(line).name for line in cli.ok("report", "monthly", "--month", "2024-02").splitlines()]
    assert names[:2] == ["wan-monthly-2024-02.html", "wan-monthly-2024-02.pdf"]
    assert {Path(n).suffix for n in names[2:]} == {".xlsx"}
    for wrong, words in (
        (("--date", "2024-02-30"), "is no day"),
        (("--date", "2024-02-28", "--mail"), "MISTWAN_REPORT_MAIL is not set"),
    ):
        done = cli.run("report", "daily", *wrong)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1)
        assert words in done.stderr
