"""``docs/sources.md`` shows a file that is right, and describes every key that one may have."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scrapers.platforms import SEARCHING, layout_rows
from scrapers.records import Column, ExtraHost, Layout, Source
from scrapers.sources.registry import read_source

PAGE = (Path(__file__).parents[2] / "docs" / "sources.md").read_text("utf-8")
NOT_IN_A_FILE = {"id", "file"}


def test_the_example_is_right(tmp_path: Path) -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    path = tmp_path / "hebei" / "qinghe.toml"
    path.parent.mkdir()
    path.write_text(example, "utf-8")
    source = read_source(path, root=tmp_path)
    assert (len(source.columns), len(source.layouts), len(source.extra_hosts), len(source.ignored)) == (3, 1, 1, 2)


@pytest.mark.parametrize("table", [Source, Column, Layout, ExtraHost])
def test_every_key_is_described(table: type) -> None:
    described = set(re.findall(r"`(?:\[+)?(\w+)(?:\]+)?`", PAGE))
    assert set(table.__dataclass_fields__) - NOT_IN_A_FILE <= described  # type: ignore[attr-defined]


def test_the_protocols_that_search_and_those_that_take_rows_are_named() -> None:
    for name in SEARCHING | layout_rows.PLATFORMS:
        assert f"`{name}`" in PAGE
