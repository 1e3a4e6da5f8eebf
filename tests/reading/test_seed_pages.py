"""The seed pages read as expected.toml says, as far as reading alone can say it."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from scrapers.reading.page import read_page
from scrapers.records import Draft, PageKind


@pytest.fixture(scope="module")
def drafts(shared: Path) -> dict[str, Draft]:
    rows = json.loads((shared / "seeds" / "site.json").read_text("utf-8"))
    return {
        row["url"]: read_page(
            (shared / "seeds" / row["file"]).read_bytes(), row["url"], content_type=row["content_type"]
        )
        for row in rows
    }


def test_reports_read_as_expected(shared: Path, drafts: dict[str, Draft]) -> None:
    expected = tomllib.loads((shared / "seeds" / "expected.toml").read_text("utf-8"))["report"]
    for report in expected:
        draft = drafts[report["url"]]
        assert draft.kind is PageKind.DOCUMENT
        if report["state"] != "accepted":
            continue
        assert draft.title == report["title"]
        assert (draft.published or "")[:10] == report["published"]
        assert draft.text.startswith(report.get("text_starts", ""))
        assert draft.text.endswith(report.get("text_ends", ""))
        assert not [word for word in report["never_in_text"] if word in draft.text]
        if "metadata" in report:
            assert {label: draft.metadata.get(label) for label in report["metadata"]} == report["metadata"]
            assert draft.index_number == report["index_number"]
            assert draft.metadata["文件编号"] == ""
            assert draft.doc_number is None


def test_what_was_cut_is_kept_with_its_rule(drafts: dict[str, Draft]) -> None:
    cut = {(removal.rule, removal.text.strip()) for draft in drafts.values() for removal in draft.removed}
    assert {text for _, text in cut} >= {"扫一扫在手机上查看当前页面", "分享:"}


def test_the_text_is_the_text_as_found(shared: Path, drafts: dict[str, Draft]) -> None:
    found = {path.read_text("utf-8") for path in (shared / "seeds" / "text").glob("*.txt")}
    bodies = ["".join(draft.text.split()) for draft in drafts.values() if draft.kind is PageKind.DOCUMENT]
    whole = ["".join(text.split()) for text in found]
    # Every seed body is one of our texts; the seed texts carry a little chrome of their own around it.
    assert sum(any(body[:200] in text and body[-200:] in text for body in bodies) for text in whole) == len(whole)
