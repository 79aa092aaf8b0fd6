"""The cloud's definition lists: insight metrics, device events, alarms.

Belongs here: the answers of /const endpoints. Does not belong here: anything of one organization.
"""

from __future__ import annotations

from typing import Any

from mistwan_dagster.simulator.alarms import KINDS

INTERVALS = {"10m": {"interval": 600, "max_age": 86400}, "1h": {"interval": 3600, "max_age": 1209600}}
"""Bins that the cloud keeps, and for how many seconds."""

_METRICS = {
    "rx_bps": ("Average receive rate", "bps", ["gateway"]),
    "tx_bps": ("Average transmit rate", "bps", ["gateway"]),
    "max_rx_bps": ("Peak receive rate", "bps", ["gateway"]),
    "max_tx_bps": ("Peak transmit rate", "bps", ["gateway"]),
    "rx_bytes": ("Bytes received", "byte", ["gateway"]),
    "tx_bytes": ("Bytes sent", "byte", ["gateway"]),
    "wan_link_health": ("Latency, jitter and loss of a WAN link", "", ["device"]),
}

INSIGHT_METRICS: dict[str, Any] = {
    name: {
        "description": text,
        "unit": unit,
        "type": "timeseries",
        "scopes": scopes,
        "intervals": INTERVALS,
        "report_durations": {"1d": {"duration": 86400, "interval": 3600}},
        "params": {"port_id": {"required": True, "type": "string"}},
    }
    for name, (text, unit, scopes) in _METRICS.items()
}

_EVENTS = {
    "GW_PORT_DOWN": "Gateway port down",
    "GW_PORT_UP": "Gateway port up",
    "GW_ARP_UNRESOLVED": "Next-hop ARP unresolved",
    "GW_ARP_RESOLVED": "Next-hop ARP resolved",
    "GW_DHCP_UNRESOLVED": "DHCP lease lost",
    "GW_DHCP_RESOLVED": "DHCP lease obtained",
    "GW_VPN_PATH_DOWN": "Overlay path down",
    "GW_VPN_PATH_UP": "Overlay path up",
    "GW_DISCONNECTED": "Gateway disconnected",
    "GW_DISCONNECTED_LONG": "Gateway disconnected for long",
    "GW_CONNECTED": "Gateway connected",
    "GW_RESTARTED": "Gateway restarted",
    "GW_RESTART_BY_USER": "Gateway restarted by user",
    "GW_PORT_RG_STATE_CHANGED": "Port redundancy state changed",
    "GW_CONFIG_CHANGED_BY_USER": "Configuration changed",
}
DEVICE_EVENTS: list[dict[str, Any]] = [
    {"key": key, "display": text, "description": text, "group": "gateway", "example": {"type": key}}
    for key, text in _EVENTS.items()
]

_ALARMS = {
    "gateway_down": "Gateway offline",
    "vpn_path_down": "VPN path down",
    "gw_critical_port_down": "Critical port down",
    "bad_wan_uplink": "Bad WAN uplink",
    "device_down": "Device offline",
}
ALARM_DEFINITIONS: list[dict[str, Any]] = [
    {"key": key, "display": text, "group": KINDS[key][0], "severity": KINDS[key][1], "fields": ["gateways"]}
    for key, text in _ALARMS.items()
]
