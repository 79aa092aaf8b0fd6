"""`mistwan api` as its user runs it: tokens by command, a server over HTTP, refusals."""

from __future__ import annotations

import contextlib
import signal
import time
from pathlib import Path

import pytest
import requests

from mistwan_dagster.api.serve import check_reach
from mistwan_dagster.api.tokens import TokenFile
from mistwan_dagster.errors import UserError
from mistwan_dagster_tests.dashboard.made import publish
from mistwan_dagster_tests.dashboard.test_serve import free_port
from mistwan_dagster_tests.end_to_end.conftest import Cli

from .conftest import NOW, rows

PATIENCE_S = 60


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    made = Cli(tmp_path / "home")
    publish(made.home / "warehouse", rows())
    return made


def test_a_token_made_by_command_opens_a_served_api_until_it_is_revoked(cli: Cli) -> None:
    token = cli.ok("api", "token", "--name", "bi", "--scope", "read:facts", "--days", "7").strip()
    assert cli.ok("api", "tokens").startswith("bi: read:facts, until 20")
    port = free_port()
    with cli.start("api", "--port", str(port)) as server:
        try:
            address, headers = f"http://127.0.0.1:{port}", {"Authorization": f"Bearer {token}"}
            until = time.monotonic() + PATIENCE_S
            while time.monotonic() < until and server.poll() is None:
                with contextlib.suppress(requests.ConnectionError):
                    if requests.get(f"{address}/healthz", timeout=5).ok:
                        break
            rows_of = f"{address}/v1/tables/fact_circuit_hour"
            assert requests.get(rows_of, timeout=5).status_code == 401
            told = requests.get(rows_of, headers=headers, timeout=5).json()
            assert len(told["rows"]) == 40
            assert cli.ok("api", "revoke", "bi") == "token 'bi' is revoked\n"
            assert requests.get(rows_of, headers=headers, timeout=5).status_code == 401
        finally:
            server.send_signal(signal.SIGINT)
            out, err = server.communicate(timeout=PATIENCE_S)
    assert f"read API on http://127.0.0.1:{port}" in err
    assert token not in out + err


@pytest.mark.parametrize("more", [(), ("--allow-anonymous",)])
def test_beyond_loopback_a_token_is_needed(cli: Cli, more: tuple[str, ...]) -> None:
    done = cli.run("api", "--host", "0.0.0.0", "--port", str(free_port()), *more)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "make a token first" in done.stderr


def test_a_token_file_that_is_lost_closes_the_api_and_the_mend_is_named(cli: Cli) -> None:
    cli.ok("api", "token", "--name", "bi", "--scope", "read:all")
    (cli.home / "state" / "api-tokens.json").unlink()
    done = cli.run("api", "--port", str(free_port()))
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert f"there is no token file {cli.home}/state/api-tokens.json: make a token" in done.stderr
    assert "`mistwan api token --name reader --scope read:all`" in done.stderr
    assert "--allow-anonymous" in done.stderr


def test_who_may_reach_what(tmp_path: Path) -> None:
    tokens = TokenFile(tmp_path / "tokens.json")
    check_reach("127.0.0.1", tokens, allow_anonymous=True)
    tokens.add("bi", ["read:all"], NOW, None)
    for host in ("127.0.0.1", "::1", "0.0.0.0"):
        check_reach(host, tokens, allow_anonymous=False)
    tokens.revoke("bi")
    check_reach("localhost", tokens, allow_anonymous=False)
    with pytest.raises(UserError, match="make a token first"):
        check_reach("0.0.0.0", tokens, allow_anonymous=True)
    tokens.path.write_text("{")
    with pytest.raises(UserError, match="is no token file"):
        check_reach("localhost", tokens, allow_anonymous=True)
