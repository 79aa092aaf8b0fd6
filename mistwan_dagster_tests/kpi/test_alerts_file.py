"""The alerts file: what it may say, and one clear line for what it may not."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from mistwan_dagster.catalog.columns import LEVELS
from mistwan_dagster.errors import UserError
from mistwan_dagster.kpi.alerts_file import AlertRule, PlatformRule, Route, load_alerts

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
WHOLE = """\
rules:
  dead: {of: down, warning: {minutes: 5}, critical: {hours: 1}, recovered_after: {minutes: 20}}
  slow: {of: [loss, latency], high: {hours: 2}}
platform:
  disk_low: {free_pct: 5}
  quota_low: null
targets:
  noc: {url_env: MISTWAN_ALERT_URL_NOC}
  mail: {url_env: MISTWAN_ALERT_URL_MAIL}
routes:
  - {to: noc, severities: [critical], regions: [West, North], scopes: site, rules: [dead, disk_low]}
  - {to: [mail, noc, mail]}
"""
TO_NOC = "targets: {noc: {url_env: MISTWAN_ALERT_URL_NOC}}\nroutes: ["


def load(tmp_path: Path, text: str):
    path = tmp_path / "alerts.yaml"
    path.write_text(text, encoding="utf-8")
    return load_alerts(path)


def test_a_whole_file(tmp_path: Path) -> None:
    config = load(tmp_path, WHOLE)
    assert config.rules == (
        AlertRule("dead", ("down",), {"warning": 5 * MINUTE, "critical": HOUR}, 20 * MINUTE),
        AlertRule("slow", ("loss", "latency"), {"high": 2 * HOUR}, HOUR),
    )
    assert [(r.is_live, r.looks_back) for r in config.rules] == [(True, HOUR), (False, 2 * HOUR)]
    assert config.platform["disk_low"] == PlatformRule("disk_low", "critical", 5)
    assert config.platform["slots_late"] == PlatformRule("slots_late", "high", 20)
    assert "quota_low" not in config.platform
    assert config.targets == {"noc": "MISTWAN_ALERT_URL_NOC", "mail": "MISTWAN_ALERT_URL_MAIL"}
    assert config.routes == (
        Route(("noc",), ("critical",), ("site",), ("West", "North"), ("dead", "disk_low")),
        Route(("mail", "noc")),
    )


@pytest.mark.parametrize("text", [None, "", "rules:\nroutes:\n"])
def test_without_rules_the_defaults_hold_and_nobody_is_told(tmp_path: Path, text: str | None) -> None:
    config = load_alerts(None) if text is None else load(tmp_path, text)
    assert [r.name for r in config.rules] == ["outage", "quality", "congestion"]
    assert config.rules[0].after == {"high": 15 * MINUTE, "critical": HOUR}
    assert (config.routes, config.targets) == ((), {})


def test_null_is_as_if_it_were_not_written(tmp_path: Path) -> None:
    (rule,) = load(
        tmp_path, "rules: {x: {of: down, high: {minutes: 5}, critical: null, recovered_after: null}}"
    ).rules
    assert rule == AlertRule("x", ("down",), {"high": 5 * MINUTE}, 10 * MINUTE)


def test_no_rules_at_all_may_be_wanted(tmp_path: Path) -> None:
    assert load(tmp_path, "rules: {}").rules == ()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("rule: {}", "the file: unknown key rule, expected rules, platform, targets, routes"),
        ("rules: [1]", "rules must be a mapping, not a list"),
        ("rules: {a b: {of: down, high: {minutes: 1}}}", "rules.a b: a name has letters"),
        (
            "rules: {x: {of: dwon, high: {minutes: 1}}}",
            "rules.x.of: unknown 'dwon', expected down, unreachable",
        ),
        ("rules: {x: {high: {minutes: 1}}}", "rules.x.of: is empty"),
        ("rules: {x: {of: down}}", "rules.x: says for no severity how long"),
        ("rules: {x: {of: [down, loss], high: {hours: 1}}}", "rules.x.of: .* make two rules"),
        ("rules: {x: {of: loss, high: {minutes: 15}}}", "rules.x.high: measures are known by the hour"),
        ("rules: {x: {of: loss, high: {hours: 1.5}}}", "rules.x.high: measures are known by the hour"),
        ("rules: {x: {of: down, high: {minutes: 0}}}", "rules.x.high.minutes: 0 must be above 0"),
        (
            "rules: {x: {of: down, high: {hours: 13}}}",
            "rules.x.high.hours: 13 must be above 0, at most 12 hours",
        ),
        (
            "rules: {x: {of: down, high: {minutes: 99999999999999}}}",
            "rules.x.high.minutes: 99999999999999 must be above 0, at most 12 hours",
        ),
        (
            "rules: {x: {of: down, high: {hours: .inf}}}",
            "rules.x.high.hours: inf must be above 0, at most 12",
        ),
        (
            "rules: {x: {of: down, high: {minutes: 1.0e-9}}}",
            "rules.x.high.minutes: 1e-09 must be above 0, at most",
        ),
        (
            f"rules: {{x: {{of: loss, high: {{hours: {10**400}}}}}}}",
            "rules.x.high.hours: 10+ must be above 0, at most 168 hours",
        ),
        (
            "rules: {x: {of: down, high: {minutes: 1}, critical: 0}}",
            "rules.x.critical must be a mapping, not 0",
        ),
        (
            "rules: {x: {of: down, high: {minutes: 1}, critical: {}}}",
            "rules.x.critical: expected minutes or hours",
        ),
        (
            "rules: {x: {of: down, high: {minutes: 1}, recovered_after: {}}}",
            "rules.x.recovered_after: expected min",
        ),
        ("rules: {x: {of: down, high: null}}", "rules.x: says for no severity how long"),
        ("rules: {x: {of: down, high: {minutes: .nan}}}", "rules.x.high.minutes: nan is no number"),
        ("rules: {x: {of: down, high: {minutes: ten}}}", "rules.x.high.minutes: 'ten' is no number"),
        ("rules: {x: {of: down, high: {minutes: 1, hours: 1}}}", "rules.x.high: expected minutes or hours"),
        ("rules: {x: {of: down, high: 15}}", "rules.x.high must be a mapping, not 15"),
        ("rules: {x: {of: down, hgih: {minutes: 1}}}", "rules.x: unknown key hgih"),
        (
            "rules: {disk_low: {of: down, high: {minutes: 1}}}",
            "rules.disk_low: is the name of an alert of the platf",
        ),
        ("rules: {x: {of: down, high: {minutes: 1}}, x: {}}", "line 1: no valid YAML: 'x' stands twice"),
        ("platform: {disc_low: {}}", "platform: unknown key disc_low"),
        (
            "platform: {disk_low: {free_pct: 101}}",
            "platform.disk_low.free_pct: 101 is no number from 0 to 100",
        ),
        (
            f"platform: {{slots_late: {{minutes: {10**400}}}}}",
            "platform.slots_late.minutes: 10+ is no number from 0 on",
        ),
        ("platform: {disk_low: {severity: bad}}", "platform.disk_low.severity: unknown 'bad'"),
        ("platform: {run_failed: {minutes: 1}}", "platform.run_failed: unknown key minutes"),
        ("targets: {n o: {url_env: MISTWAN_ALERT_URL_X}}", "targets.n o: a name has letters"),
        (
            "targets: {noc: {url_env: MIST_API_TOKEN}}",
            "targets.noc: expected {url_env: MISTWAN_ALERT_URL_...}",
        ),
        ("routes: [{to: noc}]", "route 1: no target is declared"),
        ("routes: {to: noc}", "routes must be a list"),
        (
            "targets: {a: {url_env: MISTWAN_ALERT_URL_A}}\nroutes: [{to: a}, {to: b}]",
            "route 2.to: unknown 'b', exp",
        ),
        ("targets: {a: {url_env: MISTWAN_ALERT_URL_A}}\nroutes: [{}]", "route 1.to: is empty"),
        (
            "targets: {a: {url_env: MISTWAN_ALERT_URL_A}}\nroutes: [{to: a, rules: [x]}]",
            "route 1.rules: unknown 'x', expected outage, quality, congestion, slots_late",
        ),
        (
            f"{TO_NOC}{{to: noc, scopes: [platform], regions: [West]}}]",
            "route 1: matches no alert, as those of the",
        ),
        (f"{TO_NOC}{{to: noc, rules: [disk_low], regions: [West]}}]", "route 1: matches no alert"),
        (f"{TO_NOC}{{to: noc, rules: [disk_low], scopes: [site]}}]", "route 1: matches no alert"),
        (f"{TO_NOC}{{to: noc, rules: [outage], scopes: [platform]}}]", "route 1: matches no alert"),
        ("a: [", "line 1: no valid YAML"),
    ],
)
def test_what_is_wrong_is_one_line_that_names_the_place(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(UserError, match=rf"^alerts file {tmp_path}/alerts.yaml: {told}") as caught:
        load(tmp_path, text)
    assert caught.value.exit_code == 2
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("entry", ["{url: json://secret}", "json://secret", "{url_env: json://secret}"])
def test_a_url_written_into_the_file_is_refused_and_not_repeated(tmp_path: Path, entry: str) -> None:
    with pytest.raises(UserError, match="the URL itself is a secret") as caught:
        load(tmp_path, f"targets: {{noc: {entry}}}")
    assert "json" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("targets: 'slack://A/B?x=a secret'", "targets must be a mapping, not text"),
        ("targets: [slack://A/secret]", "targets must be a mapping, not a list"),
        (
            "targets: {'slack://A/secret': {url_env: MISTWAN_ALERT_URL_A}}",
            "targets.(a URL) a name has letters",
        ),
        (f"{TO_NOC}{{to: 'slack://A/secret'}}]", "route 1.to: unknown '(a URL) expected noc"),
        (f"{TO_NOC}slack://A/secret]", "route 1 must be a mapping, not text"),
        (f"{TO_NOC}{{slack://A/secret: 1}}]", "route 1: unknown key (a URL) expected to"),
        ("'json://secret': 1", "the file: unknown key (a URL) expected rules"),
        ("json://secret", "the file must be a mapping, not text"),
    ],
)
def test_a_url_at_any_other_place_is_not_repeated(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(UserError, match=re.escape(told)) as caught:
        load(tmp_path, text)
    assert "secret" not in str(caught.value)


def test_a_missing_file_names_the_setting(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="does not exist: mend MISTWAN_ALERTS_FILE"):
        load_alerts(tmp_path / "none.yaml")


def test_every_level_can_have_a_time(tmp_path: Path) -> None:
    times = ", ".join(f"{level}: {{hours: {i}}}" for i, level in enumerate(LEVELS, start=1))
    (rule,) = load(tmp_path, f"rules: {{x: {{of: utilization, {times}}}}}").rules
    assert rule.after == {level: i * HOUR for i, level in enumerate(LEVELS, start=1)}
