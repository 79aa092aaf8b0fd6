"""Commands that serve until they are interrupted: simulator, dashboard, daemon and its parts, demo. Thin."""

from __future__ import annotations

import signal
from enum import StrEnum
from typing import Annotated

import typer

from mistwan_dagster.errors import UserError
from mistwan_dagster.progress import say

server_app = typer.Typer(add_completion=False)


class WarehouseKind(StrEnum):
    """What `demo` fills."""

    DUCKDB = "duckdb"
    SNOWFLAKE_LOCAL = "snowflake-local"


@server_app.command()
def simulate(
    port: Annotated[int, typer.Option(min=1, max=65535, help="port on loopback")] = 8800,
    sites: Annotated[int, typer.Option(min=1, help="number of sites")] = 40,
    seed: Annotated[int, typer.Option(help="another seed is another world")] = 1,
    settings: Annotated[
        bool, typer.Option("--settings", help="first print what belongs into .env to collect from it")
    ] = False,
) -> None:
    """The simulated Mist cloud alone. Its token stands in no log, unless `--settings` is asked for."""
    from mistwan_dagster.listening import listening
    from mistwan_dagster.simulator.server import SIM_TOKEN, serve
    from mistwan_dagster.simulator.world import World

    world = World(seed=seed, sites=sites)
    with listening("127.0.0.1", port) as listener:
        base_url = f"http://127.0.0.1:{port}"
        if settings:
            print(f"MIST_API_BASE_URL={base_url}\nMIST_API_TOKEN={SIM_TOKEN}")
            print(f"MIST_ORG_ID={world.org_id}", flush=True)
        say(f"simulated cloud of {sites} sites on {base_url} (Ctrl-C ends it)")
        serve(world, listener)


@server_app.command()
def dashboard(
    host: Annotated[str, typer.Option(help="address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="port to listen on")] = 8050,
    debug: Annotated[
        bool, typer.Option("--debug", help="Dash's development server instead of gunicorn")
    ] = False,
    allow_anonymous: Annotated[
        bool, typer.Option("--allow-anonymous", help="listen beyond loopback without a proxy that signs in")
    ] = False,
    allow_empty: Annotated[
        bool, typer.Option("--allow-empty", help="start although nothing is published yet")
    ] = False,
) -> None:
    """The NOC dashboard on the published warehouse."""
    from mistwan_dagster.dashboard.context import QuotaState
    from mistwan_dagster.dashboard.serve import check_published, make_server, serve
    from mistwan_dagster.dashboard.sign_in import Proxy, check_reach
    from mistwan_dagster.logs import log_service
    from mistwan_dagster.mist.quota import Purpose
    from mistwan_dagster.orchestration.platform import Platform
    from mistwan_dagster.orchestration.warehouses import open_reader

    platform = Platform.open()
    log_service(platform.settings.logs, "dashboard")

    def quota() -> QuotaState | None:
        try:
            ledger = platform.quota
            return QuotaState(ledger.used(), ledger.budget, ledger.left(Purpose.LIVE))
        except UserError:  # no token here: a dashboard may run where nothing is collected
            return None

    settings = platform.settings
    secret, redis_url = settings.mistwan_proxy_secret, settings.redis_url
    proxy = Proxy(secret.get_secret_value(), settings.mistwan_user_header) if secret else None
    check_reach(host, proxy, allow_anonymous)
    reader = open_reader(settings, keep_open=True)
    if not allow_empty:
        check_published(reader)
    server = make_server(
        reader,
        settings.now,
        platform.thresholds,
        quota,
        availability_target_pct=settings.mistwan_availability_target_pct,
        redis_url=redis_url.get_secret_value() if redis_url else None,
        cache_folder=settings.state / "dashboard-cache",
        proxy=proxy,
        dagster_url=settings.mistwan_dagster_url,
    )
    serve(server, host, port, debug, say)


CodeServerAt = Annotated[
    str | None,
    typer.Option("--code-server", metavar="HOST:PORT", help="find the graph there, and run it there"),
]


@server_app.command()
def metrics(
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="serve them here; without, print them once")
    ] = None,
    host: Annotated[str, typer.Option(help="address to listen on")] = "127.0.0.1",
) -> None:
    """Figures of the platform itself for Prometheus: collection, quota, freshness, loads, runs."""
    from mistwan_dagster.orchestration.metrics import exposition, registry

    if port is None:
        print(exposition(), end="")
        return
    from prometheus_client import start_http_server

    from mistwan_dagster.logs import log_service
    from mistwan_dagster.settings import load_settings

    log_service(load_settings().logs, "metrics")
    try:
        server, serving = start_http_server(port, host, registry())
    except OSError as error:
        raise UserError(
            f"cannot listen on {host} port {port} ({error.strerror}): stop what uses it, or choose another --port"
        ) from None
    # The first process of a container, which this may be, does not end of a signal that it does not handle.
    signal.signal(signal.SIGTERM, lambda *_: server.shutdown())
    say(f"metrics on http://{host}:{port}/metrics (Ctrl-C ends it)")
    serving.join()


@server_app.command()
def daemon(
    ui: Annotated[bool, typer.Option("--ui/--no-ui", help="also serve the Dagster UI on loopback")] = True,
    port: Annotated[int, typer.Option(help="port of the UI")] = 3000,
    code_server: CodeServerAt = None,
) -> None:
    """Everything by itself: slots, KPIs, history and repairs, by schedules and sensors, until interrupted."""
    from mistwan_dagster.orchestration import services

    server = services.CodeServer.parse(code_server) if code_server else None
    services.become_daemon(port if ui else None, server)


@server_app.command("code-server")
def code_server_(
    host: Annotated[str, typer.Option(help="address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="port to listen on")] = 4000,
) -> None:
    """The graph for a daemon and a UI that run elsewhere; executes their runs. Whoever reaches it can start runs."""
    from mistwan_dagster.orchestration import services

    services.become_code_server(host, port)


@server_app.command()
def webserver(
    host: Annotated[str, typer.Option(help="address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="port to listen on")] = 3000,
    code_server: CodeServerAt = None,
    allow_anonymous: Annotated[
        bool, typer.Option("--allow-anonymous", help="listen beyond loopback, though the UI has no log-in")
    ] = False,
) -> None:
    """Dagster's UI alone, for a daemon that runs elsewhere."""
    from mistwan_dagster.dashboard.sign_in import is_loopback
    from mistwan_dagster.orchestration import services

    if not is_loopback(host) and not allow_anonymous:
        raise UserError(
            f"--host {host} would let anyone who reaches it start and stop runs: keep it on loopback behind a proxy "
            "that signs users in, or pass --allow-anonymous",
            exit_code=2,
        )
    server = services.CodeServer.parse(code_server) if code_server else None
    services.become_webserver(host, port, server)


@server_app.command()
def demo(
    sites: Annotated[int, typer.Option(min=1, help="number of simulated sites")] = 40,
    hours: Annotated[int, typer.Option(min=1, max=336, help="hours of history")] = 48,
    seed: Annotated[int, typer.Option(help="another seed is another world")] = 1,
    serve: Annotated[
        bool, typer.Option("--serve/--no-serve", help="go on collecting, with dashboard and Dagster UI")
    ] = True,
    warehouse: Annotated[
        WarehouseKind, typer.Option(help="warehouse to fill: DuckDB, or a local stand-in for Snowflake")
    ] = WarehouseKind.DUCKDB,
) -> None:
    """Simulated org, backfill, live collection, answers; with --serve dashboard (8050) and Dagster UI (3000)."""
    from mistwan_dagster.demo import run_demo

    run_demo(sites, hours, seed, serve, say, warehouse.value)
