"""What the documents tell a reader to type works: every code block, command, option and target of make.

Commands run in the order of the documents, against a simulated cloud, in one home that begins empty; so the quick start
is a newcomer's, and the guide's upgrade and its three losses are rehearsed, every published figure held to what it was.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from urllib.error import URLError
from urllib.request import urlopen

import pytest
import typer

from mistwan_dagster import cli as program
from mistwan_dagster.kpi.circuits_file import read_circuits_file
from mistwan_dagster.settings import Settings
from mistwan_dagster.simulator.server import Running
from mistwan_dagster_tests.documents import DOCUMENTS, ROOT, Block, all_blocks, blocks, mentions
from mistwan_dagster_tests.end_to_end.conftest import NOW, Cli, run_here
from mistwan_dagster_tests.end_to_end.figures import assert_same, published

NO_COMMANDS = (
    "device_mac,", "default: {", "provider,region,", "ops: {", "Mist API ->", "commands ->", "location / {",
    "scrape_configs:", '{"run_id"', "[Unit]", "rules:", "concurrency:", "SELECT ",
)  # fmt: skip
"""How blocks begin that are files, pictures or examples of lines."""
FURTHER = ("docs/alerts.md", "docs/api.md", "docs/reports.md")
"""Documents whose commands are run last, in what the others left."""
CUT = {"mistwan backfill": "mistwan backfill --start 2025-03-04T05:00:00Z --end 2025-03-04T10:00:00Z"}
"""14 days take minutes; `end_to_end/test_daemon.py` fills them when asked to."""
ELSEWHERE = {
    "make demo": "",
    "make test": "",
    "make env": "",
    ". .venv/bin/activate": "",
    "git clone https://github.com/your-company/mistwan_dagster /opt/mistwan": "",
    "git pull": "",
    "cd /opt/mistwan": "",
    "python -m benchmarks.soak_daemon": "end_to_end/test_soak.py",
    "mistwan daemon": "end_to_end/test_documents.py",
    "mistwan dashboard --host 0.0.0.0": "dashboard/test_security.py",
    "mistwan metrics --port 9108": "orchestration/test_metrics.py",
}
"""Commands that the flow below leaves out, and the test that has them. Without one: these tests run by `make test` in
what `make env` made of a clone; a demo takes minutes, `make -n` shows that its command is one."""
NOT_HERE = (
    "podman ",
    "helm ",
    "kubectl ",
    "curl ",
    "cp .env.example",
    "cat .env.example",
    "mistwan alerts test",
)
"""How lines begin that need a container engine, a cluster, a server or a receiver: what they name is tested in
`deployment`, `api` and `end_to_end/test_alerts.py`."""
LOSSES = {"All of it is lost": ".", "The lake is lost": "lake"}
"""What is deleted before a block: below the home, by how the paragraph above it begins."""
SETTING = re.compile(r"([A-Z][A-Z_]+)=(.*)")


@dataclass
class Reader:
    """Types commands in a folder with a `.env`. `mistwan` runs in this process, as starting it costs seconds."""

    folder: Path
    patch: pytest.MonkeyPatch
    capture: pytest.CaptureFixture[str]

    typed: list[str] = field(default_factory=list)

    def types(self, line: str) -> str:
        """Run one line; its output. Fails when it does."""
        self.typed.append(line)
        if line.startswith("mistwan "):
            command, _, target = line.partition(" > ")
            told = self.mistwan(shlex.split(os.path.expandvars(command))[1:])
            if target:
                (self.folder / target).write_text(told)
            return told
        done = subprocess.run(["bash", "-eu", "-c", line], cwd=self.folder, capture_output=True, text=True)
        assert done.returncode == 0, f"{line}: {done.stderr}"
        return done.stdout

    def mistwan(self, arguments: list[str]) -> str:
        """One command; its answer."""
        done = run_here(self.patch, self.capture, arguments)
        assert done.returncode == 0, f"mistwan {' '.join(arguments)}: {done.stdout}\n{done.stderr}"
        return done.stdout


@pytest.fixture
def reader(
    cloud: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Reader:
    """A newcomer with the settings of the README, its placeholders replaced, and with the address and the instant that
    only a simulated cloud needs."""
    (tmp_path / "circuits.csv").write_text(cloud.world.circuits_csv())
    own = {
        "MIST_API_TOKEN": cloud.token,
        "MIST_ORG_ID": cloud.org_id,
        "MISTWAN_HOME": str(tmp_path / "home"),
        "MISTWAN_CIRCUITS_FILE": str(tmp_path / "circuits.csv"),
    }
    (settings,) = [b for b in blocks(ROOT / "README.md") if b.lines[0].startswith("MIST_API_TOKEN=")]
    told = [SETTING.match(line) for line in settings.lines]
    assert [m[1] for m in told if m] == list(own)
    simulated = {"MIST_API_BASE_URL": cloud.base_url, "MISTWAN_NOW": NOW.isoformat()}
    (tmp_path / ".env").write_text("".join(f"{k}={v}\n" for k, v in {**own, **simulated}.items()))
    (tmp_path / ".env").chmod(0o600)
    for name in os.environ:
        if name.startswith(("MIST", "SNF_", "DAGSTER")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("DAGSTER_HOME", "")
    monkeypatch.setenv("MISTWAN_HOME", own["MISTWAN_HOME"])
    monkeypatch.setenv("BACKUP", str(tmp_path / "backup"))
    monkeypatch.chdir(tmp_path)
    return Reader(tmp_path, monkeypatch, capsys)


def commands(block: Block) -> Iterator[str]:
    """Lines to type: settings are set already, what is run elsewhere is left out, what takes minutes is cut."""
    for line in block.commands:
        if not SETTING.fullmatch(line) and line not in ELSEWHERE and not line.startswith(NOT_HERE):
            yield CUT.get(line, line)


def shell_blocks(document: str) -> list[Block]:
    return [b for b in all_blocks() if b.document == document and not b.lines[0].startswith(NO_COMMANDS)]


def test_every_command_works_in_the_order_of_the_documents(reader: Reader) -> None:
    home = reader.folder / "home"
    for block in shell_blocks("README.md"):
        for line in commands(block):
            told = reader.types(line)
            if line.startswith("mistwan query"):
                assert "utilization" in told
    assert read_circuits_file(reader.folder / "draft.csv").height == len(
        read_circuits_file(reader.folder / "circuits.csv")
    )
    facts = reader.mistwan(["query", "SELECT count(*) FROM fact_circuit_hour WHERE utilization_pct IS NOT NULL",
                            "--format", "csv"])  # fmt: skip
    assert int(facts.splitlines()[1]) > 20
    before = published(home)
    assert len([name for name, rows in before.items() if rows.height]) > 20
    rehearsed = set()
    for block in shell_blocks("docs/operations.md"):
        for words, lost in LOSSES.items():
            if block.above.startswith(words):
                shutil.rmtree(home / lost)
                rehearsed.add(words)
        for line in commands(block):
            if line not in reader.typed or line == "mistwan aggregate":
                reader.types(line)
        if "mistwan aggregate" in block.lines:
            assert_same(published(home), before)
    assert rehearsed == set(LOSSES)

    for block in shell_blocks("docs/monitoring.md"):
        for line in commands(block):
            told = reader.types(line)
            if line == "mistwan metrics":
                assert "mistwan_load_rows{" in told
    for document in FURTHER:
        for block in shell_blocks(document):
            for line in commands(block):
                reader.types(line)


def test_every_block_is_run_or_known_to_be_none_of_commands() -> None:
    run = {"README.md", "docs/operations.md", "docs/monitoring.md", *FURTHER}
    for block in all_blocks():
        if block.lines[0].startswith(NO_COMMANDS):
            continue
        left = [] if block.document in run else list(commands(block))
        assert not left, f"{block.name}: nothing runs {left}"
    for command, test in ELSEWHERE.items():
        if test:
            name = command.removeprefix("python -m ").removeprefix("mistwan ").split()[0]
            assert name in (ROOT / "mistwan_dagster_tests" / test).read_text(), command


def options_of(words: list[str]) -> set[str]:
    """The options of a command, followed as far as the words name groups and commands."""
    found = typer.main.get_command(program.app)
    while words and hasattr(found, "commands"):
        name = words.pop(0)
        assert name in found.commands, f"there is no command {name}"
        found = found.commands[name]
    several = [
        found,
        *getattr(found, "commands", {}).values(),
    ]  # a group's commands, where none of them is named
    return {o for one in several for p in one.params for o in (*p.opts, *p.secondary_opts)} | {"--help"}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_commands_and_options_in_running_text_exist(document: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for mention in mentions(document):
        first, *words = mention.replace("[", " ").replace("]", " ").split()
        if first == "make":
            assert {w for w in words if re.fullmatch("[a-z]+", w)} <= targets, mention
            continue
        for name in words[0].split("|"):
            if words[0] != "warehouse":
                known = options_of([] if name.startswith("--") else [name])
                assert {o for w in words for o in w.split("/") if o.startswith("--")} <= known, mention
        if words[0] == "warehouse":
            for name in words[1].split("|"):
                options_of(["warehouse", name])


def test_targets_of_make_that_documents_name_are_there_and_run_what_exists() -> None:
    text = "".join(path.read_text() for path in DOCUMENTS)
    for target in sorted(set(re.findall(r"(?:^ {4}|`)make ([a-z]+)", text, re.MULTILINE))):
        done = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    demo = subprocess.run(
        ["make", "-n", "demo", "SERVE=--no-serve"], cwd=ROOT, capture_output=True, text=True
    )
    (line,) = [x for x in demo.stdout.splitlines() if "mistwan demo" in x]
    assert {w for w in line.split() if w.startswith("--")} <= options_of(["demo"])


def test_every_setting_is_in_the_template() -> None:
    template = (ROOT / ".env.example").read_text()
    snowflake = (ROOT / "docs" / "snowflake.md").read_text()
    for name in Settings.model_fields:
        if name != "mistwan_now":
            assert name.upper() in template + snowflake, name


def test_the_daemon_starts_with_its_ui(cloud: Running, tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = {
        "MIST_API_BASE_URL": cloud.base_url, "MIST_API_TOKEN": cloud.token, "MIST_ORG_ID": cloud.org_id,
        "MISTWAN_HISTORY_DAYS": "0", "MISTWAN_NOW": NOW.isoformat(),
    }  # fmt: skip
    cli = Cli(tmp_path / "home", settings)
    process = subprocess.Popen(
        [sys.executable, "-m", "mistwan_dagster.cli", "daemon", "--port", str(port)],
        env=cli.environment(), cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    try:
        while True:
            assert process.poll() is None, "the daemon ended by itself"
            try:
                with urlopen(f"http://127.0.0.1:{port}/server_info", timeout=5) as answer:
                    assert answer.status == 200
                break
            except (URLError, OSError):
                Event().wait(0.2)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert (tmp_path / "home" / "dagster" / "dagster.yaml").stat().st_mode & 0o007 == 0
