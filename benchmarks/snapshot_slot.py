"""One snapshot slot, from HTTP to Parquet: client CPU as a ratio to the SDK's own parse, and peak memory.

33 port pages and 20 path pages of 1,000 rows are served over loopback by another process. Measured in one
run, each in a process of its own: (a) plain SDK calls that follow `next`, (b) what a collection does: walk, extract,
one durable Parquet file a page, then the whole slot as one file (`close`). `ratio` compares the fastest
run of each, `ratio_median` is over neighbouring pairs: on a busy machine look at both. Prints a line of JSON.
Run: `python benchmarks/snapshot_slot.py [--port-pages N] [--path-pages N] [--repeat N]`.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing as mp
import random
import resource
import statistics
import tempfile
import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

ORG = "5f1f39fc-0000-4000-8000-000000000001"
ROWS = 1000
NOW = 1_764_000_000.0


def port_row(rng: random.Random, n: int) -> dict[str, Any]:
    """A gateway port as the cloud tells it, with keys that no document lists."""
    wan = n % 3 == 0
    row: dict[str, Any] = {
        "org_id": ORG,
        "site_id": f"{n // 10:08x}-0000-4000-8000-{n:012x}",
        "mac": f"{0x5C5B35000000 + n // 10:012x}",
        "port_id": f"ge-0/0/{n % 10}",
        "port_usage": "wan" if wan else "lan",
        "port_desc": "",
        "device_type": "gateway",
        "port_mac": f"{0x5C5B36000000 + n:012x}",
        "up": rng.random() < 0.95,
        "disabled": False,
        "active": True,
        "unconfigured": False,
        "full_duplex": True,
        "speed": 1000,
        "rx_bytes": rng.randrange(10**13),
        "tx_bytes": rng.randrange(10**12),
        "rx_pkts": rng.randrange(10**10),
        "tx_pkts": rng.randrange(10**10),
        "rx_bps": rng.randrange(10**8) if rng.random() < 0.9 else None,
        "tx_bps": rng.randrange(10**8) if rng.random() < 0.9 else None,
        "rx_errors": 0,
        "tx_errors": 0,
        "rx_mcast_pkts": rng.randrange(10**6),
        "rx_bcast_pkts": rng.randrange(10**6),
        "last_flapped": NOW - rng.random() * 1e6,
        "timestamp": NOW - rng.random() * 300,
        "neighbor_system_name": f"sw-{n % 977}",
    }
    if wan:
        row |= {
            "latency": rng.random() * 80,
            "jitter": rng.random() * 9,
            "loss": rng.random(),
            "lte_imsi": "",
        }
    return row


def path_row(rng: random.Random, n: int) -> dict[str, Any]:
    """An overlay path as the cloud tells it."""
    return {
        "org_id": ORG,
        "site_id": f"{n // 6:08x}-0000-4000-8000-{n:012x}",
        "mac": f"{0x5C5B35000000 + n // 6:012x}",
        "port_id": f"ge-0/0/{n % 3}",
        "peer_mac": f"{0x5C5B3A000000 + n % 2:012x}",
        "peer_port_id": f"ge-0/0/{n % 2}",
        "peer_site_id": "00000000-0000-4000-8000-00000000000a",
        "router_name": f"store-{n // 6}",
        "peer_router_name": f"hub-{n % 2}",
        "vpn_name": "OrgOverlay",
        "type": "svr",
        "up": True,
        "is_active": n % 2 == 0,
        "latency": rng.random() * 80,
        "jitter": rng.random() * 9,
        "loss": rng.random(),
        "mos": 4.2,
        "mtu": 1500,
        "hop_count": 1,
        "uptime": rng.randrange(10**6),
        "last_seen": NOW - rng.random() * 300,
        "wan_name": f"wan{n % 3}",
    }


def bodies(path: str, make: Any, pages: int) -> dict[str, list[bytes]]:
    """Path -> its pages, linked by `next`."""
    rng = random.Random(7)
    out = []
    for page in range(pages):
        body: dict[str, Any] = {
            "results": [make(rng, page * ROWS + i) for i in range(ROWS)],
            "total": pages * ROWS,
            "limit": ROWS,
            "start": NOW - 300,
            "end": NOW,
        }
        if page + 1 < pages:
            body["next"] = f"{path}?limit={ROWS}&search_after={page + 1}"
        out.append(json.dumps(body).encode())
    return {path: out}


PORTS = f"/api/v1/orgs/{ORG}/stats/ports/search"
PATHS = f"/api/v1/orgs/{ORG}/stats/vpn_peers/search"


def serve(port_pages: int, path_pages: int, ready: Any) -> None:
    """Serve the prepared pages until killed; puts the port number on `ready`."""
    pages = {**bodies(PORTS, port_row, port_pages), **bodies(PATHS, path_row, path_pages)}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            body = pages[parts.path][int(parse_qs(parts.query).get("search_after", ["0"])[0])]
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    ready.put((server.server_port, sum(len(b) for group in pages.values() for b in group)))
    server.serve_forever()


def plain(base: str, out: Any) -> None:
    """(a) The SDK alone: a session as it comes, pointed at loopback; nothing is done with the rows."""
    import mistapi
    from mistapi.api.v1.orgs import stats

    class Plain(mistapi.APISession):
        def _url(self, uri: str) -> str:
            return base + uri

    session = Plain(console_log_level=0, show_cli_notif=False)
    session.set_api_token("benchmark-token-0000000000", validate=False)
    began = time.process_time()
    for answer in (
        stats.searchOrgSwOrGwPorts(session, ORG, device_type="gateway", limit=ROWS),
        stats.searchOrgPeerPathStats(session, ORG, limit=ROWS),
    ):
        while answer.next:
            answer = session.mist_get(answer.next)
    out.put((time.process_time() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss))


def whole(base: str, out: Any) -> None:
    """(b) What a collection does: quota, walk, extract, a Parquet file a page, the slot's file."""
    from pydantic import SecretStr

    from mistwan_dagster.catalog.endpoints import PATH_STATS, PORT_STATS
    from mistwan_dagster.lake.raw import RawLake, SlotReport
    from mistwan_dagster.mist.extract import extract
    from mistwan_dagster.mist.pager import walk
    from mistwan_dagster.mist.quota import Purpose, SqliteQuota
    from mistwan_dagster.mist.session import connect

    session = connect(SecretStr("benchmark-token-0000000000"), base)
    session.operation(PORT_STATS.function)
    steps = {"walk": 0.0, "extract": 0.0, "write": 0.0, "close": 0.0}
    with tempfile.TemporaryDirectory() as folder:
        quota = SqliteQuota(Path(folder) / "quota.sqlite", "benchmark")
        lake, slot = RawLake(Path(folder)), datetime.fromtimestamp(NOW, UTC)
        rows = 0
        began = mark = time.process_time()

        def lap(step: str) -> None:
            nonlocal mark
            now = time.process_time()
            steps[step] += now - mark
            mark = now

        for endpoint in (PORT_STATS, PATH_STATS):
            frames = []
            pages = walk(session, endpoint, ORG, quota=quota, purpose=Purpose.LIVE)
            for number, page in enumerate(pages, start=1):
                lap("walk")
                frames.append(extract(endpoint, page.rows, page.received_at).frame)
                lap("extract")
                lake.add_page(endpoint, slot, "walk", number, frames[-1])
                lap("write")
            report = SlotReport(endpoint.name, slot, True, 0, len(frames), None, 0)
            rows += lake.finish_slot(endpoint, report, frames)
            lap("close")
        spent = time.process_time() - began
        quota.close()
    out.put((spent, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, rows, steps))


def measured(job: Any, base: str) -> Any:
    """Result of `job` in a fresh process."""
    context = mp.get_context("spawn")
    out = context.Queue()
    process = context.Process(target=job, args=(base, out))
    process.start()
    result = out.get(timeout=300)
    process.join()
    return result


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port-pages", type=int, default=33)
    parser.add_argument("--path-pages", type=int, default=20)
    parser.add_argument("--repeat", type=int, default=5, help="alternating runs of each")
    options = parser.parse_args()
    context = mp.get_context("spawn")
    ready = context.Queue()
    server = context.Process(target=serve, args=(options.port_pages, options.path_pages, ready), daemon=True)
    server.start()
    try:
        port, size = ready.get(timeout=300)
        base = f"http://127.0.0.1:{port}"
        runs = [(measured(plain, base), measured(whole, base)) for _ in range(options.repeat)]
    finally:
        server.terminate()
    pairs = [b[0] / a[0] for a, b in runs]
    sdk = min(a[0] for a, _ in runs)
    ours = min((b for _, b in runs), key=lambda b: b[0])
    print(
        json.dumps(
            {
                "benchmark": "snapshot_slot",
                "rows": ours[2],
                "body_mb": round(size / 1e6, 1),
                "sdk_cpu_s": round(sdk, 3),
                "slot_cpu_s": round(ours[0], 3),
                "steps_cpu_s": {step: round(spent, 3) for step, spent in ours[3].items()},
                "ratio": round(ours[0] / sdk, 2),
                "ratio_median": round(statistics.median(pairs), 2),
                "ratio_of_each_pair": [round(pair, 2) for pair in pairs],
                "peak_rss_mb": round(max(b[1] for _, b in runs) / 1024),
                "sdk_peak_rss_mb": round(max(a[1] for a, _ in runs) / 1024),
            }
        )
    )


if __name__ == "__main__":
    main()
