"""The documents hold together: links lead somewhere, decisions have numbers, both READMEs tell of every command."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from flows.cli import app

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "deployments").rglob("*.md")])
_LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)(?:#[^)]*)?\)")
_DECISION = re.compile(r"(\d{4})-[a-z0-9-]+\.md")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_to_a_file_leads_to_one(document: Path) -> None:
    targets = _LINK.findall(document.read_text(encoding="utf-8"))
    assert [target for target in targets if not (document.parent / target).exists()] == []


def test_each_decision_has_a_number_of_its_own_without_a_gap() -> None:
    numbers = Counter(
        int(match[1]) for path in (ROOT / "docs" / "decisions").iterdir() if (match := _DECISION.fullmatch(path.name))
    )
    assert numbers == Counter(range(1, len(numbers) + 1))


def test_a_decision_is_titled_by_its_number() -> None:
    for path in (ROOT / "docs" / "decisions").glob("*.md"):
        assert path.read_text(encoding="utf-8").startswith(f"# {int(path.name[:4])}. "), path.name


@pytest.mark.parametrize("name", ["README.md", "README.zh.md"])
def test_a_readme_tells_of_every_command(name: str) -> None:
    told = set(re.findall(r"`(?:nianbao )?([a-z]+)[` ]", (ROOT / name).read_text(encoding="utf-8")))
    commands = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}
    groups = {group.name for group in app.registered_groups}
    assert (commands | groups) - told == set()
