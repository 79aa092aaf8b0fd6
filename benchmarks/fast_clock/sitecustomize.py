"""On PYTHONPATH, a process and all that it starts live in a time that passes faster than the machine's.

`FAST_CLOCK` is "<monotonic second at which it began> <Unix second that it told then> <how many times faster>"; without
it nothing happens. Only who asks for the time of day is deceived: waits and monotonic clocks are not. Nor is gRPC,
which makes deadlines of the time of day, and its C core waits for them by the machine's clock.
"""

import os
import time

if "FAST_CLOCK" in os.environ:
    from importlib import import_module
    from types import SimpleNamespace

    import time_machine

    BEGAN, START, RATE = map(float, os.environ["FAST_CLOCK"].split())
    MAKE_DEADLINES = ("grpc._channel", "grpc._server", "grpc._cython.cygrpc")
    monotonic = time.monotonic

    def _time_ns(_: time_machine.Traveller) -> int:
        return int((START + (monotonic() - BEGAN) * RATE) * 1e9)

    time_machine.Traveller.time_ns = _time_ns  # type: ignore[method-assign, assignment]
    time_machine.travel(START).start()
    machine_time = SimpleNamespace(**{**vars(time), "time": time_machine.escape_hatch.time.time})
    for name in MAKE_DEADLINES:
        vars(import_module(name))["time"] = machine_time
