"""Serving a simulated Mist cloud: in a thread for tests and the demo, or until interrupted.

Belongs here: starting and stopping. Does not belong here: routes (`api`).
"""

from __future__ import annotations

import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import uvicorn

from mistwan_dagster.simulator.api import Api
from mistwan_dagster.simulator.clock import Clock
from mistwan_dagster.simulator.faults import Faults
from mistwan_dagster.simulator.gate import DEFAULT_QUOTA, Gate
from mistwan_dagster.simulator.release import Release
from mistwan_dagster.simulator.world import World

SIM_TOKEN = "simulated-mist-token-0000000000000000"
"""The token that the simulated cloud accepts by default. It opens nothing else."""


@dataclass(frozen=True)
class Running:
    """A simulated cloud that is being served."""

    base_url: str
    token: str
    org_id: str
    clock: Clock
    faults: Faults
    gate: Gate
    world: World
    calls: Counter[str]
    release: Release


@contextmanager
def running(
    world: World,
    clock: Clock | None = None,
    faults: Faults | None = None,
    token: str = SIM_TOKEN,
    quota: int = DEFAULT_QUOTA,
    more_tokens: tuple[str, ...] = (),
) -> Iterator[Running]:
    """Serve `world` in a thread on a free loopback port until the block ends. RuntimeError if it cannot."""
    clock, faults, gate = clock or Clock(), faults or Faults(), Gate((token, *more_tokens), quota)
    api = Api(world, clock, faults, gate)
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(
        api.app(), log_level="critical", access_log=False, lifespan="off", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        while not server.started:
            if not thread.is_alive():
                raise RuntimeError("the simulated cloud did not start")
            time.sleep(0.005)
        base_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        yield Running(base_url, token, world.org_id, clock, faults, gate, world, api.calls, api.release)
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        listener.close()


def serve(world: World, listener: socket.socket) -> None:
    """Serve `world` in real time on a socket that listens already, until interrupted."""
    api = Api(world, Clock(), Faults(), Gate((SIM_TOKEN,), DEFAULT_QUOTA))
    config = uvicorn.Config(api.app(), log_level="warning", access_log=False, lifespan="off")
    uvicorn.Server(config).run(sockets=[listener])
