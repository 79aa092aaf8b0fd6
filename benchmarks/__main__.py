"""`make bench`: every benchmark in one run, as ratios measured side by side."""

from __future__ import annotations

import subprocess
import sys

BENCHMARKS = (
    "hour",
    "rollups",
    "aggregates",
    "window_range",
    "snapshot_slot",
    "compaction",
    "commands",
    "dashboard",
)


def main() -> int:
    """Run each in its own process, so that none warms another's caches; non-zero when one misses its target."""
    codes = []
    for name in sys.argv[1:] or BENCHMARKS:
        print(f"== {name}", flush=True)
        codes.append(subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=False).returncode)
    return max(codes)


if __name__ == "__main__":
    sys.exit(main())
