"""How figures are written for people, in pages and reports alike. Null is a dash, never 0."""

from __future__ import annotations

import math

UNKNOWN = "–"
NOISE_DIGITS = 9
"""Beyond these a figure is the noise of binary fractions, which must not cost a unit when it is rounded down."""


def number(value: float | None, digits: int = 0, unit: str = "", signed: bool = False) -> str:
    """A figure for people; null is a dash, never 0."""
    if value is None:
        return UNKNOWN
    text = f"{value:{'+' if signed else ''},.{digits}f}"
    return f"{text} {unit}".rstrip()


def percent(value: float | None, digits: int = 0) -> str:
    """A percentage rounded down, so that 100 % is shown only for all of it; between 99 and 100 with a digit more."""
    if value is None:
        return UNKNOWN
    shown = max(digits, 1) if 99 < value < 100 else digits
    scaled = round(value * 10**shown, NOISE_DIGITS)
    return f"{math.floor(scaled) / 10**shown:,.{shown}f} %"


def duration(minutes: float | None) -> str:
    """`3 d 4 h`, `2 h 05 min`, `7 min`."""
    if minutes is None:
        return UNKNOWN
    if 0 < minutes < 0.5:
        return "< 1 min"
    whole = round(minutes)
    if whole >= 2880:
        return f"{whole // 1440} d {whole % 1440 // 60} h"
    return f"{whole // 60} h {whole % 60:02d} min" if whole >= 60 else f"{whole} min"


def counted(count: int, one: str, many: str = "") -> str:
    """`1 circuit`, `2,431 circuits`."""
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"
