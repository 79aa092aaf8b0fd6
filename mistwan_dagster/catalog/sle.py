"""Service level expectations: the metrics and classifiers that are known by name.

Belongs here: names, where they apply, what they mean, and the spellings the cloud uses for the same metric.
Unknown names are no error anywhere: a cloud may tell more than is listed here, and it is kept. Does not belong
here: endpoints (`sle_endpoints`), tables (`sle_tables`), arithmetic.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SleMetric:
    """A metric: the scopes it can be asked for, and whether the deep-dive reads it (WAN metrics only)."""

    name: str
    scopes: tuple[str, ...]
    meaning: str
    deep_dive: bool = False
    other_spellings: tuple[str, ...] = ()


@dataclass(frozen=True)
class SleClassifier:
    """A reason for which a metric counts time as degraded."""

    name: str
    metric: str
    meaning: str


_GATEWAY, _SWITCH, _AP = ("site", "gateway"), ("site", "switch"), ("site", "ap")

SLE_METRICS: dict[str, SleMetric] = {
    m.name: m
    for m in (
        SleMetric("gateway-health", _GATEWAY, "Overall gateway health", deep_dive=True),
        SleMetric(
            "wan-link-health", _GATEWAY, "WAN circuit health (loss, jitter, latency)", deep_dive=True
        ),
        SleMetric(
            "application-health", _GATEWAY, "Application performance health",
            deep_dive=True, other_spellings=("application_health",),
        ),
        SleMetric("wan-link-health-v2", _GATEWAY, "WAN circuit health as newer clouds compute it"),
        SleMetric("gateway-bandwidth", _GATEWAY, "Bandwidth headroom of gateways"),
        SleMetric("switch_health", _SWITCH, "Switch health", other_spellings=("switch-health",)),
        SleMetric("switch_throughput", _SWITCH, "Switch throughput", other_spellings=("switch-throughput",)),
        SleMetric("coverage", _AP, "Wireless coverage"),
        SleMetric("capacity", _AP, "Wireless capacity"),
        SleMetric("throughput", _AP, "Wireless throughput"),
        SleMetric("time-to-connect", _AP, "Wireless connection time"),
        SleMetric("roaming", _AP, "Wireless roaming"),
    )
}  # fmt: skip
"""Known metrics by the name that is stored and asked for."""

SPELLINGS: dict[str, str] = {
    spelling: m.name for m in SLE_METRICS.values() for spelling in (m.name, *m.other_spellings)
}
"""Spelling as some cloud tells it -> the one name that is stored. Unknown names stay as they are."""

DEEP_DIVE_METRICS: tuple[str, ...] = tuple(m.name for m in SLE_METRICS.values() if m.deep_dive)

SLE_CLASSIFIERS: dict[str, SleClassifier] = {
    c.name: c
    for c in (
        SleClassifier("network-loss", "wan-link-health", "Packet loss"),
        SleClassifier("network-jitter", "wan-link-health", "Network jitter"),
        SleClassifier("network-latency", "wan-link-health", "Round-trip latency"),
        SleClassifier("interface-congestion", "wan-link-health", "Congested interface"),
        SleClassifier("interface-port-down", "wan-link-health", "Port down"),
        SleClassifier("isp-reachability-dhcp", "wan-link-health", "No DHCP lease from the provider"),
        SleClassifier("isp-reachability-arp", "wan-link-health", "The provider's first hop does not answer"),
        SleClassifier("cpu-usage", "gateway-health", "Gateway CPU"),
        SleClassifier("memory-usage", "gateway-health", "Gateway memory"),
        SleClassifier("disk-usage", "gateway-health", "Gateway disk"),
    )
}

FRESH_HOURS = 6
"""A site's detail that was read at most this long ago is fresh; older is stale."""
