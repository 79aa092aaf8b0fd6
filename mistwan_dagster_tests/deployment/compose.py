"""`compose.yaml` and the Containerfile as the engines read them; nothing is started here."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from dotenv import dotenv_values
from podman_compose import rec_subs

ROOT = Path(__file__).parents[2]
PASSWORDS = {"MISTWAN_POSTGRES_PASSWORD": "postgres-secret-1", "MISTWAN_REDIS_PASSWORD": "redis-secret-2"}
COMMENTED = re.compile(r"^# (?=[A-Z_]+=)", re.MULTILINE)


def env_example(everything: bool = False) -> dict[str, str]:
    """Names and values of `.env.example`; with `everything` also those that are commented out."""
    text = (ROOT / ".env.example").read_text()
    return _parsed(COMMENTED.sub("", text) if everything else text)


def simulator_env() -> dict[str, str]:
    """What `deploy/simulator.env` adds."""
    return _parsed((ROOT / "deploy" / "simulator.env").read_text())


def _parsed(text: str) -> dict[str, str]:
    return {k: v or "" for k, v in dotenv_values(stream=io.StringIO(text)).items()}


def plain() -> dict[str, Any]:
    """`compose.yaml` with its anchors merged, variables as they are written."""
    return yaml.safe_load((ROOT / "compose.yaml").read_text())


def interpolated(environment: Mapping[str, str] = PASSWORDS) -> dict[str, Any]:
    """`compose.yaml` with `${...}` and `$$` resolved, by the rules (and the code) of podman-compose."""
    return _resolved(tuple(environment.items()))


@cache
def _resolved(environment: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    return rec_subs(plain(), dict(environment))


def instructions() -> list[tuple[str, str]]:
    """(keyword, rest) of each instruction of the Containerfile, continued lines joined, comments dropped."""
    text = "".join(
        line for line in (ROOT / "Containerfile").read_text().splitlines(keepends=True) if line[0] != "#"
    )
    lines = text.replace("\\\n", " ").splitlines()
    return [
        (k.upper(), " ".join(rest.split())) for k, _, rest in (line.partition(" ") for line in lines) if k
    ]


def final_stage() -> list[tuple[str, str]]:
    """The instructions of the stage that becomes the image."""
    found = instructions()
    last = max(i for i, (keyword, _) in enumerate(found) if keyword == "FROM")
    return found[last:]


def image_environment() -> dict[str, str]:
    """ENV of the image; `$PATH` stands for what the base image has."""
    return dict(
        pair.split("=", 1) for keyword, rest in final_stage() if keyword == "ENV" for pair in rest.split()
    )
