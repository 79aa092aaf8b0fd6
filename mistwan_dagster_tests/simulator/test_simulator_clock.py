"""The clock and the numbers everything is made of."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import numpy as np

from mistwan_dagster.simulator.clock import Clock
from mistwan_dagster.simulator.noise import uniform


def test_a_set_clock_stands_still_and_can_be_released() -> None:
    clock = Clock(datetime(2025, 3, 12, 15))
    assert clock.now() == clock.now() == datetime(2025, 3, 12, 15, tzinfo=UTC)
    assert clock.advance(timedelta(minutes=5)) == datetime(2025, 3, 12, 15, 5, tzinfo=UTC)
    clock.set(datetime(2025, 3, 12, 15, tzinfo=timezone(timedelta(hours=2))))
    assert clock.epoch_s() == datetime(2025, 3, 12, 13, tzinfo=UTC).timestamp()
    clock.set(None)
    assert clock.is_real
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=30)


def test_uniform_numbers_are_uniform_and_depend_on_every_key() -> None:
    values = uniform(1, np.arange(20_000))
    assert values.min() >= 0
    assert values.max() < 1
    assert abs(values.mean() - 0.5) < 0.01
    assert abs(np.corrcoef(values[1:], values[:-1])[0, 1]) < 0.03
    assert (uniform(1, np.arange(20_000)) == values).all()
    assert not (uniform(2, np.arange(20_000)) == values).any()
    assert uniform(1, 2, 3) != uniform(1, 3, 2)
