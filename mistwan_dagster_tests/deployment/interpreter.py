"""This environment's commands for processes of another user."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

COMMANDS = ("mistwan", "dagster", "dagster-daemon", "dagster-webserver")


def _others_can_run(python: Path) -> bool:
    """Whether another user can run, and look up, this interpreter with its packages."""
    argv = ["setpriv", "--reuid=10001", "--regid=10001", "--clear-groups", "--", str(python), "-c"]
    program = "import os, sys, mistwan_dagster; os.stat(sys.executable)"
    libraries = {"LD_LIBRARY_PATH": str(python.parent)}
    return (
        subprocess.run([*argv, program], cwd="/", env=libraries, capture_output=True, check=False).returncode
        == 0
    )


def commands_for_others(folder: Path) -> Path | None:
    """A folder of this environment's commands that other users can run; None when there is none, or we are not root.

    An interpreter in root's own home is out of their reach: then a copy of it runs the same packages.
    """
    own = Path(sys.executable).parent
    if os.geteuid() != 0:
        return None
    if _others_can_run(own / "python"):
        return own
    base, version = Path(sys.base_prefix), f"python3.{sys.version_info.minor}"
    left_out = shutil.ignore_patterns("test", "idlelib", "ensurepip", "config-*", "site-packages")
    shutil.copytree(base / "lib" / version, folder / "lib" / version, ignore=left_out)
    (folder / "bin").mkdir()
    python = folder / "bin" / "python"
    shutil.copy(base / "bin" / version, python)
    for library in (base / "lib").glob("libpython3*.so*"):
        shutil.copy(library, folder / "bin")
    packages = folder / "lib" / version / "site-packages"
    packages.mkdir()
    (packages / "all.pth").write_text(f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n")
    for name in COMMANDS:
        script = folder / "bin" / name
        script.write_text((own / name).read_text().replace(str(own / "python"), str(python)))
        script.chmod(0o755)
    return folder / "bin" if _others_can_run(python) else None
