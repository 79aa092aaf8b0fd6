"""Known vulnerabilities among the packages that are shipped, at their locked versions.

Exit 0: all were asked for, none is known. 1: some are known. 3: the advisory service did not answer for all of them, so
nothing is known of the rest; that is never taken for a pass. Arguments go on to pip-audit.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
UNKNOWN = 3


def main(arguments: list[str]) -> int:
    """Export the lock file, ask, tell."""
    with tempfile.TemporaryDirectory() as folder:
        requirements, report = Path(folder) / "requirements.txt", Path(folder) / "report.json"
        export = ["export", "--frozen", "--no-dev", "--no-emit-project", "--no-hashes", "--quiet"]
        subprocess.run([ROOT / ".uv/bin/uv", *export, "-o", requirements], cwd=ROOT, check=True,
                       stdout=subprocess.DEVNULL)  # fmt: skip
        ask = ["-r", requirements, "--no-deps", "--disable-pip", "--vulnerability-service", "osv"]
        ask += ["--format", "json", "--output", report, "--progress-spinner", "off", *arguments]
        done = subprocess.run([sys.executable, "-m", "pip_audit", *ask], capture_output=True, text=True)
        try:
            told = json.loads(report.read_text(encoding="utf-8"))["dependencies"]
        except (OSError, ValueError, KeyError):
            reason = " ".join((done.stderr or done.stdout).split())[-300:]
            print(
                f"audit: NOTHING WAS AUDITED, the advisory service gave no answer: {reason}", file=sys.stderr
            )
            return UNKNOWN
    return tell(told)


def tell(packages: list[dict[str, Any]]) -> int:
    """One line for each finding and for each package that was not audited; the exit code."""
    found = [(p, v) for p in packages for v in p.get("vulns", [])]
    skipped = [p for p in packages if "skip_reason" in p]
    for package, vulnerability in found:
        mend = ", ".join(vulnerability.get("fix_versions", [])) or "no version yet"
        print(f"audit: {package['name']} {package['version']}: {vulnerability['id']}, mended in {mend}")
    for package in skipped:
        print(f"audit: {package['name']} WAS NOT AUDITED: {package['skip_reason']}", file=sys.stderr)
    print(f"audit: {len(packages) - len(skipped)} packages asked for, {len(found)} vulnerabilities known")
    if found:
        return 1
    return UNKNOWN if skipped or not packages else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
