"""Real list pages with annotations: every row in order, titles whole, dates, pagers. Floors only go up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from scrapers.platforms.list_rows import read_list
from scrapers.records import ListPage

PAGES_RIGHT = 11


def annotated(shared: Path) -> list[tuple[dict[str, Any], ListPage]]:
    folder = shared / "lists"
    rows = [json.loads(line) for line in (folder / "lists.jsonl").read_text("utf-8").splitlines()]
    return [(row, read_list((folder / row["file"]).read_text("utf-8"), row["url"])) for row in rows]


@pytest.fixture(scope="module")
def pages(shared: Path) -> list[tuple[dict[str, Any], ListPage]]:
    return annotated(shared)


def test_every_row_is_found_in_order_with_whole_title_and_date(pages: list[tuple[dict[str, Any], ListPage]]) -> None:
    wrong = []
    for wanted, page in pages:
        items = [(item["title_full_in_attr"] or item["title"], item["href"], item["date"]) for item in wanted["items"]]
        found = [(row.title, row.href, row.date.isoformat() if row.date else None) for row in page.rows]
        if found != items:
            wrong.append((wanted["id"], set(items) ^ set(found)))
    assert not wrong
    assert len(pages) >= PAGES_RIGHT


def test_every_pager_states_what_the_page_states(pages: list[tuple[dict[str, Any], ListPage]]) -> None:
    facts = ("kind", "pages", "total", "page2")
    for wanted, page in pages:
        assert {fact: getattr(page.pager, fact) for fact in facts} == {fact: wanted["pager"][fact] for fact in facts}


def test_pinned_and_foreign_rows_are_known_as_such(pages: list[tuple[dict[str, Any], ListPage]]) -> None:
    for wanted, page in pages:
        extra = wanted["extra"]
        assert [at for at, row in enumerate(page.rows) if row.pinned] == extra.get("pinned", []), wanted["id"]
        assert [at for at, row in enumerate(page.rows) if row.off_host] == extra.get("off_host", []), wanted["id"]
        if "index_numbers" in extra:
            assert [row.index_number for row in page.rows] == extra["index_numbers"]


def test_related_links_and_other_sections_are_no_rows(pages: list[tuple[dict[str, Any], ListPage]]) -> None:
    for wanted, page in pages:
        hrefs = {row.href for row in page.rows}
        items = {item["href"] for item in wanted["items"]}
        others = [item["href"] for group in wanted["extra"].get("related", {}).values() for item in group]
        others += [item["href"] for group in wanted["extra"].get("other_sections", {}).values() for item in group]
        assert not hrefs & (set(others) - items), wanted["id"]
