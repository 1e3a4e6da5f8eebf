"""The score on the annotated real pages, held by floors that may only be raised."""

from __future__ import annotations

import importlib.util
import json
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from scrapers.reading.decode import decode
from scrapers.reading.page import read_page
from scrapers.records import Draft, PageKind

FLOORS = tomllib.loads(Path(__file__).with_name("floors.toml").read_text("utf-8"))


@pytest.fixture(scope="module")
def score(shared: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("pages_score", shared / "pages" / "score.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def figures(shared: Path, score: ModuleType, change: Callable[[bytes], bytes]) -> dict[str, float]:
    """The figures of score.py for our reading of every page, each page changed first."""
    rows = [json.loads(line) for line in (shared / "pages" / "pages.jsonl").read_text("utf-8").splitlines()]
    totals: dict[str, float] = dict.fromkeys(("f1", "leaks", "losses", "negatives", *score.FIELDS), 0.0)
    documents = 0
    for row in rows:
        draft = read_page(change((shared / "pages" / row["file"]).read_bytes()), row["url"])
        if row["kind"] != "document":
            totals["negatives"] += draft.kind is not PageKind.DOCUMENT
            continue
        documents += 1
        gold = (shared / "pages" / "text" / f"{row['id']}.txt").read_text("utf-8")
        totals["f1"] += score.prf(score.without_optional(draft.text, row["optional"]), gold)[2]
        text = score.bare(draft.text)
        totals["leaks"] += any(score.bare(snippet) in text for snippet in row["must_not"])
        totals["losses"] += any(score.bare(snippet) not in text for snippet in row["must_have"])
        for name in score.FIELDS:
            totals[name] += score.right(name, _value(draft, name), row[name])
    return {
        name: value if name in ("leaks", "losses", "negatives") else value / documents for name, value in totals.items()
    }


def _value(draft: Draft, name: str) -> Any:
    return [[a.label, a.href] for a in draft.attachments] if name == "attachments" else getattr(draft, name)


def hold(reached: dict[str, float], floors: dict[str, float]) -> None:
    for name, floor in floors.items():
        if name in ("leaks", "losses"):
            assert reached[name] <= floor, (name, reached)
        else:
            assert reached[name] >= floor, (name, reached)


def test_the_score_does_not_fall(shared: Path, score: ModuleType) -> None:
    hold(figures(shared, score, lambda body: body), FLOORS["as_published"])


def without_names(body: bytes) -> bytes:
    """Every class and id taken away: what is left is how pages are built. Stands in for families nobody has seen."""
    text = re.sub(r"""\s(?:class|id)\s*=\s*("[^"]*"|'[^']*'|[^\s>]+)""", "", decode(body)[0], flags=re.I)
    return re.sub(r"<(/?)ucap\w+", r"<\1div", text, flags=re.I).encode()


def without_meta(body: bytes) -> bytes:
    return re.sub(r"<meta[^>]*name[^>]*>", "", decode(body)[0], flags=re.I).encode()


def test_the_reading_does_not_hang_on_names_of_classes(shared: Path, score: ModuleType) -> None:
    hold(figures(shared, score, without_names), FLOORS["without_names"])


def test_the_reading_does_not_hang_on_meta_tags(shared: Path, score: ModuleType) -> None:
    hold(figures(shared, score, without_meta), FLOORS["without_meta"])


def test_the_reading_does_not_hang_on_either(shared: Path, score: ModuleType) -> None:
    hold(figures(shared, score, lambda body: without_meta(without_names(body))), FLOORS["without_names_and_meta"])


def test_list_pages_are_no_documents(shared: Path) -> None:
    rows = [json.loads(line) for line in (shared / "lists" / "lists.jsonl").read_text("utf-8").splitlines()]
    kinds = {row["id"]: read_page((shared / "lists" / row["file"]).read_bytes(), row["url"]).kind for row in rows}
    assert set(kinds.values()) <= {PageKind.LIST, PageKind.HOME}, kinds
