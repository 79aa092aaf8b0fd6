"""The vendor's SDK reads the simulated cloud, paging included."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import mistapi
import pytest

from mistwan_dagster.simulator.clock import Clock
from mistwan_dagster.simulator.server import Running, running
from mistwan_dagster.simulator.world import World


class LoopbackSession(mistapi.APISession):
    """A session whose URLs lead to the simulated cloud."""

    base_url = ""

    def _url(self, uri: str) -> str:
        return self.base_url + uri


@pytest.fixture(scope="module")
def cloud() -> Iterator[Running]:
    with running(World(seed=3, sites=40), clock=Clock(datetime(2025, 3, 12, 15, tzinfo=UTC))) as sim:
        yield sim


@pytest.fixture
def session(cloud: Running, monkeypatch: pytest.MonkeyPatch) -> LoopbackSession:
    for name in ("MIST_APITOKEN", "MIST_HOST", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    session = LoopbackSession()
    session.base_url = cloud.base_url
    session.set_api_token(cloud.token, validate=False)
    return session


def test_the_sdk_pages_both_styles(cloud: Running, session: LoopbackSession) -> None:
    sites = mistapi.api.v1.orgs.sites.listOrgSites(session, cloud.org_id, limit=15)
    assert sites.status_code == 200
    assert len(mistapi.get_all(session, sites)) == 40
    ports = mistapi.api.v1.orgs.stats.searchOrgSwOrGwPorts(
        session, cloud.org_id, device_type="gateway", limit=100
    )
    rows = mistapi.get_all(session, ports)
    assert len(rows) == ports.data["total"] > 400


def test_the_sdk_reads_history_and_events(cloud: Running, session: LoopbackSession) -> None:
    device = mistapi.api.v1.orgs.stats.listOrgDevicesStats(session, cloud.org_id, type="gateway").data[0]
    bins = mistapi.api.v1.sites.insights.getSiteInsightMetricsForGateway(
        session,
        device["site_id"],
        device["id"],
        metrics="tx_bps,rx_bps",
        port_id="ge-0/0/0",
        interval="1h",
        duration="1d",
    )
    assert (bins.status_code, len(bins.data["rx_bps"])) == (200, 24)
    quality = mistapi.api.v1.sites.insights.getSiteInsightMetricsForDevice(
        session,
        device["site_id"],
        "wan_link_health",
        device["mac"],
        port_id="ge-0/0/0",
        duration="1d",
        interval="1h",
    )
    assert len(quality.data["avg_loss"]) == 24
    events = mistapi.api.v1.orgs.devices.searchOrgDeviceEvents(session, cloud.org_id, device_type="gateway")
    assert events.data["total"] > 0
    usage = mistapi.api.v1.self.usage.getSelfApiUsage(session)
    assert usage.data["requests"] >= 4
