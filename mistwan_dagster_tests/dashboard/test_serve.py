import socket
import urllib.request
from pathlib import Path

import pytest

from mistwan_dagster.errors import UserError
from mistwan_dagster.listening import check_port
from mistwan_dagster_tests.dashboard.conftest import organization
from mistwan_dagster_tests.dashboard.made import publish
from mistwan_dagster_tests.end_to_end.conftest import Cli


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    return Cli(tmp_path / "home")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_without_a_published_warehouse_the_command_says_what_to_do(cli: Cli) -> None:
    done = cli.run("dashboard", "--port", str(free_port()))
    assert done.returncode == 1
    assert done.stderr.strip().startswith("mistwan: nothing is published yet")
    assert done.stderr.count("\n") == 1


def test_a_taken_port_is_one_clear_line(cli: Cli) -> None:
    publish(cli.home / "warehouse", organization())
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = cli.run("dashboard", "--port", str(port))
    assert done.returncode == 1
    assert f"cannot listen on 127.0.0.1 port {port}" in done.stderr
    assert done.stderr.count("\n") == 1


def test_an_address_that_is_not_this_machine_is_refused() -> None:
    with pytest.raises(UserError, match=r"cannot listen on 192\.0\.2\.1 port 8050"):
        check_port("192.0.2.1", 8050)


@pytest.mark.parametrize("more", [[], ["--debug"]], ids=["gunicorn", "debug"])
def test_the_command_serves_on_loopback_without_a_token_and_ends_on_request(
    cli: Cli, more: list[str]
) -> None:
    publish(cli.home / "warehouse", organization())
    port = free_port()
    process = cli.start("dashboard", "--port", str(port), *more)
    try:
        assert process.stderr is not None
        assert process.stderr.readline() == f"dashboard on http://127.0.0.1:{port} (Ctrl-C ends it)\n"
        if more:  # the development server tells when it listens
            while "Running on" not in process.stderr.readline():
                assert process.poll() is None
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=60) as answer:
            assert answer.status == 200
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/_dash-layout", headers={"Accept-Encoding": "gzip"}
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            assert answer.headers["Content-Encoding"] == "gzip"
    finally:
        process.terminate()
        process.communicate(timeout=60)
    assert process.returncode in (0, -15)
