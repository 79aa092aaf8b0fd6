"""The services of `compose.yaml` as plain processes: their own commands, environments, users and health checks.

No engine is needed. What it would give is given here: a host name is loopback, a port is a free one, a volume or a
tmpfs is a folder, a read-only mount is one of another user. Started as root, a process gets the user, the lost
capabilities and the lack of new privileges that the file names, so that it can write to its folders and nowhere else.
"""

from __future__ import annotations

import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from threading import Event
from typing import Any, TypeVar

from benchmarks.servers import POSTGRES, free_port
from mistwan_dagster_tests.deployment.compose import image_environment, interpolated
from mistwan_dagster_tests.deployment.interpreter import commands_for_others

T = TypeVar("T")
PATIENCE_S = int(os.environ.get("MISTWAN_TEST_PATIENCE_S", "240"))
CONTAINER_PORTS = ("5432", "6379", "4000", "3000", "8050", "9108", "8060", "8800")


def wait_for(what: str, look: Callable[[], T | None], patience_s: float = PATIENCE_S) -> T:
    """What `look` gives as soon as it is not None; AssertionError when the patience ends."""
    deadline = time.monotonic() + patience_s
    while (found := look()) is None:
        assert time.monotonic() < deadline, f"{what} did not happen within {patience_s} s"
        Event().wait(0.25)
    return found


@dataclass
class Stack:
    """All services, in one folder that other users can reach."""

    folder: Path
    env_file: dict[str, str]
    commands: Path
    switches_users: bool
    were_healthy: set[str] = field(default_factory=set)
    ports: dict[str, str] = field(default_factory=lambda: {p: str(free_port()) for p in CONTAINER_PORTS})

    def __post_init__(self) -> None:
        self.file = interpolated(self.env_file)
        self.services = {name: Service(self, name, told) for name, told in self.file["services"].items()}

    def url(self, container_port: str) -> str:
        """Where a published port is reached."""
        return f"http://127.0.0.1:{self.ports[container_port]}"

    def volume(self, name: str) -> Path:
        """The folder that stands for a named volume."""
        return self.folder / "volumes" / name

    def up(self, *names: str) -> None:
        """Start these services, each after those that it waits for, as the engines do."""
        for name in names:
            service = self.services[name]
            if service.process is not None:
                continue
            for other, how in service.told.get("depends_on", {}).items():
                self.up(other)
                if how["condition"] == "service_healthy" and other not in self.were_healthy:
                    self.services[other].wait_healthy()
                    self.were_healthy.add(other)
            service.start()

    def down(self) -> None:
        """Kill what is left."""
        for service in self.services.values():
            service.kill()


@dataclass
class Service:
    """One service: what the file tells of it, and its process."""

    stack: Stack
    name: str
    told: dict[str, Any]
    process: subprocess.Popen[bytes] | None = None
    starts: int = 0

    @property
    def root(self) -> Path:
        """What stands for the root of the container."""
        return self.stack.folder / "roots" / self.name

    @property
    def log(self) -> Path:
        """What it printed."""
        return self.stack.folder / f"{self.name}.log"

    @cached_property
    def mounts(self) -> dict[str, Path]:
        """Path in the container -> folder, deepest first; a mount below another is a link in it.

        The image's own folder for data is there, too; where nothing is mounted it cannot be written to.
        """
        found = {}
        for text in sorted(self.told.get("volumes", []), key=lambda t: t.split(":")[1]):
            source, target = text.split(":")[:2]
            place, folder = self.root / target[1:], self.stack.volume(source.lstrip("./"))
            self._owned(folder)
            for outer, inside in list(found.items()):
                if target.startswith(f"{outer}/"):
                    place = inside / target.removeprefix(f"{outer}/")
            place.parent.mkdir(parents=True, exist_ok=True)
            if not place.exists():
                place.symlink_to(folder)
            found[target] = place
        if "build" in self.told:
            found.setdefault(image_environment()["MISTWAN_HOME"], self.root / "var/lib/mistwan")
        for text in self.told.get("tmpfs", []):
            place = self.root / text.split(":")[0][1:]
            place.mkdir(parents=True, exist_ok=True)
            place.chmod(0o1777)
            found[text.split(":")[0]] = place
        return dict(sorted(found.items(), reverse=True))

    def _owned(self, folder: Path) -> None:
        if not folder.exists():
            folder.mkdir(parents=True)
            if self.stack.switches_users:
                os.chown(folder, *self._user)

    @cached_property
    def _user(self) -> tuple[int, int]:
        user = self.told["user"]
        if ":" in user:
            uid, gid = user.split(":")
            return int(uid), int(gid)
        known = pwd.getpwnam(user)
        return known.pw_uid, known.pw_gid

    @property
    def reads_only(self) -> bool:
        """Whether every volume of it is mounted read-only."""
        volumes = [text.split(":") for text in self.told.get("volumes", [])]
        return bool(volumes) and all(len(v) > 2 and "ro" in v[2].split(",") for v in volumes)

    @cached_property
    def _told_there(self) -> re.Pattern[str]:
        """Finds what is different here: folders (longest first), addresses, ports."""
        folders = "|".join(map(re.escape, self.mounts))
        return re.compile(
            rf"(?<![\w/])(?P<folder>{folders})(?=[/:\s'\"]|$)|0\.0\.0\.0"
            rf"|(?:\b(?P<host>postgres|redis|code-location):)?\b(?P<port>{'|'.join(CONTAINER_PORTS)})\b"
        )

    def here(self, text: str) -> str:
        """A text of the file with this machine's folders, addresses and ports."""

        def place(found: re.Match[str]) -> str:
            if found["folder"]:
                return str(self.mounts[found["folder"]])
            if not found["port"]:
                return "127.0.0.1"
            return ("127.0.0.1:" if found["host"] else "") + self.stack.ports[found["port"]]

        return self._told_there.sub(place, text)

    @cached_property
    def environment(self) -> dict[str, str]:
        """What the container would have: of its image, the env file, and its own, in this order."""
        ours = "build" in self.told
        base = image_environment() if ours else {}
        told = (self.stack.env_file if "env_file" in self.told else {}) | self.told.get("environment", {})
        binaries = [str(self.stack.commands)] if ours else list(map(str, POSTGRES))
        known = {k: self.here(v) for k, v in (base | told).items()}
        tmp = str(self.mounts["/tmp"])
        of_this_machine = {"PATH": ":".join([*binaries, "/usr/bin:/bin"]), "TMPDIR": tmp, "LANG": "C.UTF-8"}
        if ours:
            of_this_machine["LD_LIBRARY_PATH"] = str(self.stack.commands)
        if self.name == "postgres":
            of_this_machine["PGDATA"] = self.here("/var/lib/postgresql/data")
        return known | of_this_machine

    def as_its_user(self, argv: list[str]) -> list[str]:
        """The command with the user, capabilities and privileges that the file leaves it."""
        if not self.stack.switches_users:
            return argv
        uid, gid = self._user
        limits = ["--no-new-privs"] if "no-new-privileges" in self.told["security_opt"] else []
        limits += ["--bounding-set=-all", "--inh-caps=-all"] if self.told["cap_drop"] == ["ALL"] else []
        ids = [f"--reuid={uid + self.reads_only}", f"--regid={gid}", "--clear-groups"]
        return ["setpriv", *ids, *limits, "--", *argv]

    def run(self, argv: list[str], timeout_s: float = PATIENCE_S) -> subprocess.CompletedProcess[str]:
        """A command in the container, as `compose exec` would run it."""
        return subprocess.run(
            self.as_its_user([self.here(a) for a in argv]), env=self.environment, cwd=self.cwd,
            capture_output=True, text=True, timeout=timeout_s, check=False,
        )  # fmt: skip

    @property
    def cwd(self) -> Path:
        """The working folder: of root, empty, so that no `.env` and no source is found by chance."""
        folder = self.root / "app"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def start(self) -> None:
        """Start the very command of the file."""
        environment, cwd = self.environment, self.cwd
        if self.name == "postgres":
            self._as_the_postgres_image_does()
        argv = self.as_its_user([self.here(a) for a in self.told["command"]])
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                argv, env=environment, cwd=cwd, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                start_new_session=True,
            )  # fmt: skip
        self.starts += 1

    def _as_the_postgres_image_does(self) -> None:
        """Its entry point: an empty folder becomes a cluster with user, password and database."""
        told, data = self.environment, Path(self.environment["PGDATA"])
        if (data / "PG_VERSION").exists():
            return
        secret = self.mounts["/tmp"] / "pw"
        secret.write_text(told["POSTGRES_PASSWORD"])
        secret.chmod(0o644)
        options = [*told["POSTGRES_INITDB_ARGS"].split(), "--no-sync", "--pwfile=/tmp/pw"]
        made = self.run(["initdb", f"--username={told['POSTGRES_USER']}", *options])
        assert made.returncode == 0, made.stderr
        secret.unlink()
        sql = f"echo 'CREATE DATABASE {told['POSTGRES_DB']}' | postgres --single -D \"$PGDATA\" postgres"
        made = self.run(["sh", "-c", sql])
        assert made.returncode == 0, made.stderr

    def check(self) -> subprocess.CompletedProcess[str]:
        """Run the very health check of the file once."""
        kind, *test = self.told["healthcheck"]["test"]
        return self.run(["sh", "-c", *test] if kind == "CMD-SHELL" else test)

    def is_healthy(self) -> bool | None:
        """True when the health check succeeds, else None. What ended is started again, as the restart policy says."""
        if self.process is None or self.process.poll() is not None:
            assert self.told["restart"] == "unless-stopped"
            assert self.starts < 5, f"{self.name} ends again and again:\n{self.tail()}"
            self.start()
            return None
        if not self.listens():
            return None
        return True if self.check().returncode == 0 else None

    def listens(self) -> bool:
        """Whether its port answers, which is far cheaper to ask than Dagster's own check is; True without a port."""
        command = self.told["command"]
        if "--port" not in command:
            return True
        port = self.stack.ports[command[command.index("--port") + 1]]
        with suppress(OSError), socket.create_connection(("127.0.0.1", int(port)), timeout=1):
            return True
        return False

    def wait_healthy(self) -> None:
        """Wait until the health check succeeds."""
        try:
            wait_for(f"a healthy {self.name}", self.is_healthy)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.check()}\n{self.tail()}") from None

    def tail(self) -> str:
        """The end of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-40:]) if self.log.exists() else ""

    def kill(self) -> None:
        """No process of it is left time for anything."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def stop(self) -> int:
        """As the engines stop a container: a signal to its first process, a kill after the grace; its exit code.

        The image of PostgreSQL asks for SIGINT, which does not wait for clients.
        """
        assert self.process is not None
        self.process.send_signal(signal.SIGINT if self.name == "postgres" else signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=int(self.told.get("stop_grace_period", "10s")[:-1]))
        self.kill()
        return self.process.returncode

    def handles_sigterm(self) -> bool:
        """Whether its first process has a handler: the first process of a container gets no other signal."""
        assert self.process is not None
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        caught = int(re.search(r"SigCgt:\s*(\w+)", status)[1], 16)  # type: ignore[index]
        return bool(caught & 1 << (signal.SIGTERM - 1))


@contextmanager
def stack_in(folder: Path, env_file: dict[str, str]) -> Iterator[Stack]:
    """A stack of which nothing is started yet; at the end everything is killed and removed."""
    folder.chmod(0o755)
    commands = commands_for_others(folder / "python")
    stack = Stack(folder, env_file, commands or Path(sys.executable).parent, commands is not None)
    try:
        yield stack
    finally:
        stack.down()
        shutil.rmtree(folder, ignore_errors=True)
