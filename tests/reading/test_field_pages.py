"""Whole pages written in the manner of the CMS families and of hand-made sites, each read as its gold says.

``field_pages/gold.jsonl`` holds one row a page: what it is, its metadata, its text (one block a line, cells parted by
tabs), lines that may be kept or dropped, and chrome that must not show. Places, people and hosts are made up.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from scrapers.reading.page import read_page
from scrapers.records import Draft, PageKind

FOLDER = Path(__file__).with_name("field_pages")
ROWS = [json.loads(line) for line in (FOLDER / "gold.jsonl").read_text("utf-8").splitlines()]
DOCUMENTS = [row for row in ROWS if row["kind"] == "document"]
OTHERS = [row for row in ROWS if row["kind"] != "document"]


def read(row: dict[str, Any]) -> Draft:
    return read_page((FOLDER / f"{row['id']}.html").read_bytes(), row["url"])


def bare(text: str | None) -> str:
    return re.sub(r"\s+", "", text or "")


def lines(text: str, optional: list[str]) -> list[str]:
    """Lines without white space; each of the ``optional`` ones is left out as often as it is named."""
    spare = Counter(bare(line) for line in optional)
    kept = []
    for line in filter(None, map(bare, text.split("\n"))):
        if spare[line]:
            spare[line] -= 1
        else:
            kept.append(line)
    return kept


@pytest.mark.parametrize("row", DOCUMENTS, ids=[row["id"] for row in DOCUMENTS])
def test_a_document_is_read_as_its_gold_says(row: dict[str, Any]) -> None:
    draft = read(row)
    assert draft.kind is PageKind.DOCUMENT
    assert lines(draft.text, row["optional"]) == lines(row["text"], [])
    assert not [chrome for chrome in row["must_not"] if bare(chrome) in bare(draft.text)]
    assert bare(draft.title) == bare(row["title"])
    assert (draft.published or "")[:10] == (row["published"] or "")
    for name in ("source", "doc_number", "index_number"):
        assert bare(getattr(draft, name)) == bare(row[name]), name
    assert {file.href for file in draft.attachments} == {href for _, href in row["attachments"]}


@pytest.mark.parametrize("row", OTHERS, ids=[row["id"] for row in OTHERS])
def test_a_page_that_is_no_document_gives_no_text(row: dict[str, Any]) -> None:
    draft = read(row)
    assert draft.kind is not PageKind.DOCUMENT
    assert draft.text == ""


def test_the_pages_and_their_gold_belong_together() -> None:
    assert {path.stem for path in FOLDER.glob("*.html")} == {row["id"] for row in ROWS}
