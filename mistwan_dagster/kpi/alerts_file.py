"""The alerts file: which breach makes an alert, and who is told.

Belongs here: rules, routes, reading and checking the file. Does not belong here: what is breached (`alerts_hours.py`,
`alerts_states.py`), secrets: the file names the environment variable that holds a receiver's URL.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from mistwan_dagster.catalog.alert_tables import SCOPES
from mistwan_dagster.catalog.alerting import (
    DEFAULT_PLATFORM,
    DEFAULT_RULES,
    LIVE_SIGNALS,
    LONGEST_HOURS,
    LONGEST_LIVE_MINUTES,
    PLATFORM_LIMITS,
    SIGNALS,
)
from mistwan_dagster.catalog.columns import LEVELS
from mistwan_dagster.kpi.yaml_file import YamlFile

URL_VARIABLE = re.compile(r"MISTWAN_ALERT_URL_[A-Z0-9_]+")
"""Variables that a file may name: no other secret can be sent to a receiver by mistake."""
NAME = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True)
class AlertRule:
    """Which signals, for how long by severity, make an alert, and how long they must be over to close it."""

    name: str
    signals: tuple[str, ...]
    after: Mapping[str, timedelta]
    recovered_after: timedelta

    @property
    def is_live(self) -> bool:
        """Whether it is judged by the minute, from the newest slots, and not by computed hours."""
        return self.signals[0] in LIVE_SIGNALS

    @property
    def looks_back(self) -> timedelta:
        """The time that it has to see."""
        return max(*self.after.values(), self.recovered_after)


@dataclass(frozen=True)
class PlatformRule:
    """One alert of the platform itself: its severity and its limit, in minutes or percent."""

    name: str
    severity: str
    limit: float


@dataclass(frozen=True)
class Route:
    """Targets that are told of alerts which match all of it; None: any."""

    targets: tuple[str, ...]
    severities: tuple[str, ...] = LEVELS
    scopes: tuple[str, ...] = SCOPES
    regions: tuple[str, ...] | None = None
    rules: tuple[str, ...] | None = None

    @property
    def can_match(self) -> bool:
        """Whether there can be such an alert: those of the platform have its scope, and no region."""
        of_platform = {rule in PLATFORM_LIMITS for rule in self.rules} if self.rules else {True, False}
        elsewhere = set(self.scopes) - {"platform"}
        return (True in of_platform and "platform" in self.scopes and self.regions is None) or (
            False in of_platform and bool(elsewhere)
        )


@dataclass(frozen=True)
class AlertConfig:
    """Rules, alerts of the platform, routes, and target -> variable with its URL."""

    rules: tuple[AlertRule, ...] = ()
    platform: Mapping[str, PlatformRule] = field(default_factory=dict)
    routes: tuple[Route, ...] = ()
    targets: Mapping[str, str] = field(default_factory=dict)


def load_alerts(path: Path | str | None) -> AlertConfig:
    """What the file says; without one the default rules, and nobody who is told.

    `rules` replaces the default rules; `platform` changes the entries that it names, null switches one off. Raises
    UserError (exit 2) that names the file, the entry and the mend: unreadable, unknown key, signal, severity or target,
    a time that is none, a rule without a severity, or one that mixes states and measures.
    """
    file = YamlFile(path or "(defaults)", "alerts", "MISTWAN_ALERTS_FILE")
    content = file.mapping("the file", file.content({}) if path else {})
    file.only("the file", content, ("rules", "platform", "targets", "routes"))
    rules = file.mapping("rules", _given(content, "rules", DEFAULT_RULES))
    platform = DEFAULT_PLATFORM | file.mapping("platform", _given(content, "platform", {}))
    targets = _targets(file, file.mapping("targets", _given(content, "targets", {})))
    found = tuple(_rule(file, str(name), entry) for name, entry in rules.items())
    file.only("platform", platform, PLATFORM_LIMITS)
    own = {n: _platform(file, n, entry) for n, entry in platform.items() if entry is not None}
    both = [r.name for r in found if r.name in PLATFORM_LIMITS]
    if both:
        raise file.wrong(f"rules.{both[0]}: is the name of an alert of the platform, choose another")
    routes = _given(content, "routes", [])
    if not isinstance(routes, list):
        raise file.wrong("routes must be a list, each with `to`: - {to: noc, severities: [critical]}")
    known = [*(r.name for r in found), *PLATFORM_LIMITS]
    told = tuple(_route(file, f"route {i}", r, list(targets), known) for i, r in enumerate(routes, start=1))
    return AlertConfig(found, own, told, targets)


def _given(content: dict[Any, Any], key: str, default: Any) -> Any:
    value = content.get(key)
    return default if value is None else value


def _rule(file: YamlFile, name: str, value: object) -> AlertRule:
    where = f"rules.{name}"
    entry = file.mapping(where, value)
    if not NAME.fullmatch(name):
        raise file.wrong(f"{where}: a name has letters, digits, - and _ only")
    file.only(where, entry, ("of", "recovered_after", *LEVELS))
    signals = _words(file, f"{where}.of", entry.get("of"), SIGNALS)
    if len({s in LIVE_SIGNALS for s in signals}) > 1:
        raise file.wrong(
            f"{where}.of: {', '.join(LIVE_SIGNALS)} are judged by the minute, the others by the hour: make two rules"
        )
    live = signals[0] in LIVE_SIGNALS
    given = {level: entry[level] for level in LEVELS if entry.get(level) is not None}
    after = {level: _time(file, f"{where}.{level}", time, live) for level, time in given.items()}
    if not after:
        raise file.wrong(f"{where}: says for no severity how long, expected e.g. high: {{minutes: 15}}")
    recovered = _given(entry, "recovered_after", {"minutes": 10} if live else {"hours": 1})
    return AlertRule(name, signals, after, _time(file, f"{where}.recovered_after", recovered, live))


def _time(file: YamlFile, where: str, value: object, live: bool) -> timedelta:
    entry = file.mapping(where, value)
    file.only(where, entry, ("minutes", "hours"))
    if len(entry) != 1:
        raise file.wrong(f"{where}: expected minutes or hours, one of them")
    ((unit, number),) = entry.items()
    if isinstance(number, bool) or not isinstance(number, int | float) or number != number:
        raise file.wrong(f"{where}.{unit}: {number!r} is no number")
    longest = timedelta(minutes=LONGEST_LIVE_MINUTES) if live else timedelta(hours=LONGEST_HOURS)
    is_within = 0 < number <= longest / timedelta(**{unit: 1})  # a timedelta overflows far beyond it
    time = timedelta(**{unit: number}) if is_within else timedelta(0)
    if not time:
        raise file.wrong(
            f"{where}.{unit}: {number} must be above 0, at most {longest / timedelta(hours=1):g} hours"
        )
    if not live and (unit != "hours" or number != int(number)):
        raise file.wrong(f"{where}: measures are known by the hour, expected whole hours, e.g. {{hours: 2}}")
    return time


def _words(file: YamlFile, where: str, value: object, allowed: Iterable[str] | None) -> tuple[str, ...]:
    """One word or a list of them, each at most once."""
    words = value if isinstance(value, list) else [] if value is None else [value]
    if not words:
        raise file.wrong(f"{where}: is empty, expected one of {', '.join(allowed or ['a name'])}")
    for word in words:
        if not isinstance(word, str) or (allowed is not None and word not in allowed):
            raise file.wrong(f"{where}: unknown {word!r}, expected {', '.join(allowed or ['a name'])}")
    return tuple(dict.fromkeys(words))


def _platform(file: YamlFile, name: str, value: object) -> PlatformRule:
    where, key = f"platform.{name}", PLATFORM_LIMITS[name]
    entry = DEFAULT_PLATFORM[name] | file.mapping(where, value)
    file.only(where, entry, ["severity", key] if key else ["severity"])
    if entry["severity"] not in LEVELS:
        raise file.wrong(f"{where}.severity: unknown {entry['severity']!r}, expected {', '.join(LEVELS)}")
    limit = entry[key] if key else 0
    high = 100.0 if key.endswith("pct") else sys.float_info.max
    if isinstance(limit, bool) or not isinstance(limit, int | float) or not 0 <= limit <= high:
        raise file.wrong(f"{where}.{key}: {limit!r} is no number from 0{' to 100' if high == 100 else ' on'}")
    return PlatformRule(name, entry["severity"], float(limit))


def _targets(file: YamlFile, value: dict[Any, Any]) -> dict[str, str]:
    found = {}
    for name, entry in value.items():
        where = f"targets.{name}"
        if not NAME.fullmatch(str(name)):
            raise file.wrong(f"{where}: a name has letters, digits, - and _ only")
        variable = entry.get("url_env") if isinstance(entry, dict) and len(entry) == 1 else None
        if not isinstance(variable, str) or not URL_VARIABLE.fullmatch(variable):
            # Not shown: who mistakes the entry writes the URL itself here.
            raise file.wrong(
                f"{where}: expected {{url_env: MISTWAN_ALERT_URL_...}}, the environment variable that holds the URL "
                "(the URL itself is a secret and does not belong here)"
            )
        found[str(name)] = variable
    return found


def _route(file: YamlFile, where: str, value: object, targets: list[str], rules: list[str]) -> Route:
    entry = file.mapping(where, value)
    file.only(where, entry, ("to", "severities", "scopes", "regions", "rules"))
    if not targets:
        raise file.wrong(
            f"{where}: no target is declared, add targets: {{noc: {{url_env: MISTWAN_ALERT_URL_NOC}}}}"
        )

    def words(key: str, allowed: Iterable[str] | None) -> tuple[str, ...] | None:
        return None if entry.get(key) is None else _words(file, f"{where}.{key}", entry[key], allowed)

    route = Route(
        _words(file, f"{where}.to", entry.get("to"), targets),
        words("severities", LEVELS) or LEVELS,
        words("scopes", SCOPES) or SCOPES,
        words("regions", None),
        words("rules", rules),
    )
    if not route.can_match:
        raise file.wrong(
            f"{where}: matches no alert, as those of the platform have the scope platform and no region, and no others "
            "have that scope: change scopes, regions or rules"
        )
    return route
