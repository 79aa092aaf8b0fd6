"""The Containerfile: linted, non-root, pinned, and made of files that are there and suffice."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from mistwan_dagster_tests.deployment.compose import (
    ROOT,
    env_example,
    final_stage,
    image_environment,
    instructions,
    plain,
)
from mistwan_dagster_tests.needed import require

BUILD = "import sys; from setuptools import build_meta; print(build_meta.build_wheel(sys.argv[1]))"


def copied() -> list[str]:
    """Sources that come from this folder."""
    return [
        source
        for keyword, rest in instructions()
        if keyword == "COPY" and not rest.startswith("--from")
        for source in rest.split()[:-1]
    ]


def test_hadolint_finds_nothing() -> None:
    program = Path(sys.executable).with_name("hadolint")
    require(program.exists(), "hadolint")
    done = subprocess.run(
        [program, "--failure-threshold", "style", ROOT / "Containerfile"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_bases_are_pinned_and_the_image_is_one_of_several_stages() -> None:
    bases = [rest.split()[0] for keyword, rest in instructions() if keyword == "FROM"]
    assert len(bases) == 2
    for base in bases:
        assert re.fullmatch(r"[\w.-]+\.[\w.-]+/[\w./-]+(:\d[\w.-]+|@sha256:[0-9a-f]{64})", base), base


def test_the_image_runs_as_the_user_that_compose_names() -> None:
    users = [rest for keyword, rest in final_stage() if keyword == "USER"]
    assert users == [plain()["services"]["code-location"]["user"]] == ["10001:10001"]
    made = next(rest for keyword, rest in final_stage() if keyword == "RUN")
    assert "useradd --uid 10001 --gid 10001" in made
    assert "install -d -o mistwan -g mistwan" in made


def test_the_image_has_a_health_check_and_writes_only_to_its_home() -> None:
    keywords = [keyword for keyword, _ in final_stage()]
    assert "HEALTHCHECK" in keywords
    assert keywords.count("CMD") == 1
    told = image_environment()
    assert told["DAGSTER_HOME"] == f"{told['MISTWAN_HOME']}/dagster"
    assert told["PYTHONDONTWRITEBYTECODE"] == "1"
    assert told["HOME"] == "/tmp"


def test_the_image_alone_keeps_its_home_whatever_the_settings_of_the_machine_say() -> None:
    """What `--env-file` sets outranks the image; `-e` outranks both."""
    told = image_environment()
    assert told.keys() & env_example().keys() == {"MISTWAN_HOME"}
    (command,) = re.findall(r"`(podman run .*)`", (ROOT / "docs" / "containers.md").read_text())
    assert f"--env-file .env -e MISTWAN_HOME={told['MISTWAN_HOME']} " in command
    assert f":{told['MISTWAN_HOME']} " in command


def test_the_tools_are_those_of_the_makefile() -> None:
    version = re.search(r"^UV_VERSION := (\S+)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert version is not None
    assert f"uv=={version[1]}" in (ROOT / "Containerfile").read_text()


def test_nothing_that_is_copied_is_missing_or_ignored_and_no_secret_can_be() -> None:
    shown = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert {source.removeprefix("./") for source in copied()} == shown
    assert all((ROOT / source).exists() for source in copied())
    assert "*" in (ROOT / ".dockerignore").read_text().splitlines()


def test_the_package_builds_from_what_is_copied_and_has_its_data(tmp_path: Path) -> None:
    source = tmp_path / "app"
    source.mkdir()
    for name in copied():
        given = ROOT / name
        if given.is_dir():
            shutil.copytree(given, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(given, source / name)
    done = subprocess.run(
        [sys.executable, "-c", BUILD, str(tmp_path)], cwd=source, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        names = set(wheel.namelist())
    expected = {
        str(f.relative_to(ROOT))
        for f in (ROOT / "mistwan_dagster").rglob("*")
        if f.is_file() and "__pycache__" not in f.parts
    }
    assert expected <= names
    assert not any(n.startswith("mistwan_dagster_tests") for n in names)
