"""Who lives in fast time is told it, and waits by the machine's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from datetime import UTC, datetime

from benchmarks.soak_daemon import FAST_CLOCK, RATE, Clock

ASK = """
import json, time
from datetime import UTC, datetime
from grpc import _channel, _server
from grpc._cython import cygrpc
grpc = [module.time.time() for module in (_channel, _server, cygrpc)]
began = datetime.now(UTC), time.monotonic()
print(json.dumps([began[0].isoformat(), began[1], time.time(), time.time_ns(), grpc]))
"""
"""Of gRPC, that each of its parts which makes deadlines is told the machine's time."""


def told(environment: dict[str, str]) -> tuple[datetime, float, float, int, list[float]]:
    done = subprocess.run(
        [sys.executable, "-c", ASK],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    now, monotonic, seconds, nanoseconds, grpc = json.loads(done.stdout)
    return datetime.fromisoformat(now), monotonic, seconds, nanoseconds, grpc


def test_its_time_is_that_of_the_clock_which_passes_faster() -> None:
    clock = Clock(time.monotonic() - 60, datetime(2031, 5, 6, 7, tzinfo=UTC))
    began = time.time()
    now, monotonic, seconds, nanoseconds, grpc = told(clock.environment())
    expected = clock.start.timestamp() + (monotonic - clock.began) * RATE
    assert (monotonic - clock.began) >= 60
    assert 0 <= expected - now.timestamp() <= RATE  # read one after the other
    assert now.timestamp() <= seconds <= nanoseconds / 1e9 + 1e-3
    assert all(began <= machine_time <= time.time() for machine_time in grpc)


def test_without_its_setting_time_is_the_machines() -> None:
    began = time.time()
    now, _, seconds, _, _ = told({"PYTHONPATH": str(FAST_CLOCK)})
    assert began <= now.timestamp() <= seconds <= time.time()
