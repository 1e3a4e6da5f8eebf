"""The lock files hold what ``pyproject.toml`` asks for: a dependency added without ``make lock`` is found here."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]


@pytest.mark.parametrize(
    ("lock", "asked"),
    [
        ("requirements.lock", [*PROJECT["dependencies"], *EXTRAS["s3"]]),
        ("requirements-dev.lock", [*PROJECT["dependencies"], *EXTRAS["words"], *EXTRAS["dev"]]),
    ],
)
def test_every_dependency_is_locked_at_a_version_it_admits(lock: str, asked: list[str]) -> None:
    pinned = re.findall(r"^([\w.-]+)(?:\[[\w,]+\])?==([^\s;\\]+)", (ROOT / lock).read_text("utf-8"), re.MULTILINE)
    locked = {canonicalize_name(name): version for name, version in pinned}
    wanted = [one for one in map(Requirement, asked) if one.name != PROJECT["name"]]
    missing = [
        str(one)
        for one in wanted
        if not one.specifier.contains(locked.get(canonicalize_name(one.name), "0"), prereleases=True)
        or canonicalize_name(one.name) not in locked
    ]
    assert not missing, f"{lock} lacks {', '.join(missing)}: run `make lock`"
