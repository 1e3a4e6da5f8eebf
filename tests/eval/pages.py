"""Predictions for the annotated pages, by us and by others, in the form that their scorer reads."""

from __future__ import annotations

import importlib.util
import json
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flows.commands.read import Held, PageError, SavedPage, as_json, manifest_rows, read_saved
from flows.settings import Settings

Read = Callable[[str], dict[str, Any]]
"""HTML -> ``text``, ``title``, ``published``, ``source``, as far as a reader gives them."""


def our_predictions(pages: Path) -> tuple[list[dict[str, Any]], float]:
    """What ``nianbao read`` prints for each page, and the median milliseconds a page."""
    settings, rows, taken = Settings(), [], []
    for _, row in manifest_rows(pages / "pages.jsonl"):
        page = SavedPage(row["id"], row["file"], row["url"], (pages / row["file"]).read_bytes())
        started = time.perf_counter()
        draft, report = read_saved(page, settings, Held())
        taken.append(1000 * (time.perf_counter() - started))
        rows.append(as_json(page, draft, report))
    if not rows:
        raise PageError(f"{pages / 'pages.jsonl'} names no page")
    return rows, statistics.median(taken)


def predictions_by(read: Read, pages: Path) -> tuple[list[dict[str, Any]], float]:
    """Another reader's predictions. It gets the page already decoded; it calls everything a document."""
    rows, taken = [], []
    for _, row in manifest_rows(pages / "pages.jsonl"):
        encoding = {"utf-8-bom": "utf-8-sig"}.get(row["charset_actual"], row["charset_actual"])
        html = (pages / row["file"]).read_bytes().decode(encoding, "replace")
        started = time.perf_counter()
        try:
            read_out = read(html)
        except Exception as error:  # noqa: BLE001  # a peer that gives up on a page has read nothing there
            print(f"{row['id']}: {error!r}", file=sys.stderr)
            read_out = {}
        taken.append(1000 * (time.perf_counter() - started))
        rows.append({"id": row["id"], "kind": "document"} | read_out)
    return rows, statistics.median(taken)


def figures_of(predictions: Path, pages: Path) -> dict[str, Any]:
    """The scorer's figures, by its own program."""
    done = subprocess.run(
        [sys.executable, str(pages / "score.py"), str(predictions), "--json"],
        capture_output=True,
        text=True,
        check=True,
    )
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


def peers() -> dict[str, Read]:
    """The other extractors that are installed (development dependencies)."""
    found: dict[str, Read] = {}
    if importlib.util.find_spec("trafilatura"):
        found["trafilatura"] = _trafilatura
    if importlib.util.find_spec("readability"):
        found["readability-lxml"] = _readability
    if importlib.util.find_spec("gne"):
        found["GNE"] = _gne
    return found


def _trafilatura(html: str) -> dict[str, Any]:
    import trafilatura

    document = trafilatura.bare_extraction(html, with_metadata=True)
    if document is None:
        return {}
    read_out = document if isinstance(document, dict) else document.as_dict()
    return {"text": read_out.get("text"), "title": read_out.get("title"), "published": read_out.get("date")}


def _readability(html: str) -> dict[str, Any]:
    import lxml.html
    from readability import Document

    document = Document(html)
    text = lxml.html.fromstring(document.summary()).text_content()
    return {"text": text, "title": document.title()}


def _gne(html: str) -> dict[str, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from gne import GeneralNewsExtractor

        read_out = GeneralNewsExtractor().extract(html)
    return {
        "text": read_out.get("content"),
        "title": read_out.get("title"),
        "published": read_out.get("publish_time"),
        "source": read_out.get("author"),
    }
