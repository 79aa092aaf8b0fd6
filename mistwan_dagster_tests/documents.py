"""What the documents tell a reader to type: code blocks, commands in running text, targets of make."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
INDENTED = re.compile(r" {4,}\S")
FENCE = re.compile(r"\s*```")


@dataclass(frozen=True)
class Block:
    """One code block: document, heading and paragraph above it, and its lines without indentation."""

    document: str
    heading: str
    above: str
    lines: tuple[str, ...]

    @property
    def commands(self) -> list[str]:
        """Lines without remarks."""
        return [line for line in (re.split(r"\s{2,}#\s", x)[0].strip() for x in self.lines) if line]

    @property
    def name(self) -> str:
        """Document, heading and first line."""
        return f"{self.document}, {self.heading}: {self.lines[0]}"


def blocks(path: Path) -> Iterator[Block]:
    """The indented and fenced code blocks of a document, in order."""
    heading = above = ""
    held: list[str] = []
    fenced = False
    for line in [*path.read_text(encoding="utf-8").splitlines(), ""]:
        if FENCE.match(line):
            fenced = not fenced
            continue
        if fenced or INDENTED.match(line) or (held and not line.strip() and not fenced and _goes_on(held)):
            held.append(line)
            continue
        if held:
            yield _block(path, heading, above, held)
            held = []
        if line.startswith("#"):
            heading = line.lstrip("# ")
        elif line.strip():
            above = line.strip()


def _goes_on(held: list[str]) -> bool:
    """An unit file has empty lines between its sections."""
    return any(line.strip().startswith("[") and line.strip().endswith("]") for line in held)


def _block(path: Path, heading: str, above: str, held: list[str]) -> Block:
    lines = [line.strip() for line in held if line.strip()]
    return Block(path.relative_to(ROOT).as_posix(), heading, above, tuple(lines))


def mentions(path: Path) -> Iterator[str]:
    """What stands in backticks and begins with `mistwan` or `make`, table escapes undone."""
    text = path.read_text(encoding="utf-8")
    for found in re.findall(r"`((?:mistwan|make) [^`\n]*)`", text):
        yield found.replace("\\|", "|")


def all_blocks() -> list[Block]:
    """Of every document."""
    return [block for path in DOCUMENTS for block in blocks(path)]
