"""The five documents the project began with, served by host and crawled with the registry's own sources."""

from __future__ import annotations

import json
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deployments.portal.folder import folder_network
from deployments.portal.proxy import Portal
from flows.commands.read import SavedPage, as_json, held_by, read_saved
from flows.crawling.crawl_run import crawl_plainly
from flows.settings import Settings
from scrapers.records import Source
from scrapers.sources.registry import load_sources
from warehouse.query import run_sql

FIVE = ("hubei/wehdz", "liaoning/heping", "zhejiang/binjiang", "zhejiang/pujiang", "zhejiang/yuhang_justice")
EXPECTED = Path(__file__).resolve().parents[3] / "shared" / "seeds" / "expected.toml"
CASES: dict[str, list[dict[str, Any]]] = (
    tomllib.loads(EXPECTED.read_text("utf-8")) if EXPECTED.is_file() else {"report": [], "candidate": []}
)
ACCEPTED = [case for case in CASES["report"] if case["state"] == "accepted"]
QUARANTINED = [case for case in CASES["report"] if case["state"] == "quarantined"]


def name_of(case: dict[str, Any]) -> str:
    return str(case["url"]).split("/")[2]


def stored_sources(shared: Path) -> list[Source]:
    """The registry's own sources of these documents, with the columns that are stored; one has no known column."""
    stored = {entry["url"] for entry in json.loads((shared / "seeds" / "site.json").read_text("utf-8"))}
    sources = [
        replace(source, columns=tuple(column for column in source.columns if column.url in stored))
        for source in load_sources()
    ]
    return [source for source in sources if source.columns or source.id == "liaoning/heping"]


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory, shared: Path) -> Settings:
    """A crawl of the five sources against the stored responses."""
    with Portal(folder_network(shared / "seeds")) as portal:
        made = Settings(data_dir=tmp_path_factory.mktemp("seeds"), proxy=portal.url, pace_seconds=0)
        sources = stored_sources(shared)
        summary = crawl_plainly(made, sources, sources)
    assert not summary.problems
    return made


def asked(settings: Settings, query: str, **parameters: Any) -> list[dict[str, Any]]:
    answer = run_sql(settings.reader_path, query, parameters=parameters)
    return [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]


def stored(settings: Settings, case: dict[str, Any]) -> dict[str, Any]:
    (row,) = asked(
        settings,
        """SELECT r.*, t.text, t.metadata_table, c.parent_division_code AS parent
           FROM reports r JOIN report_texts t USING (document_id) JOIN core_reports c USING (document_id)
           WHERE r.url = $url""",
        url=case["url"],
    )
    return row


@pytest.mark.parametrize("case", ACCEPTED, ids=name_of)
def test_a_genuine_report_comes_out_as_expected(case: dict[str, Any], settings: Settings) -> None:
    row = stored(settings, case)
    found = {key: row[key] for key in ("publisher", "level", "report_type", "report_year", "title")}
    assert found == {key: case[key] for key in found}
    assert (row["division_code"] or "") == case["division_code"]
    assert (row["parent"] or "") == case.get("parent_division_code", row["parent"] or "")
    assert row["published"].isoformat() == case["published"]
    for key in ("index_number", "doc_number"):
        if key in case:
            assert (row[key] or "") == case[key]


@pytest.mark.parametrize("case", ACCEPTED, ids=name_of)
def test_its_text_begins_and_ends_where_the_report_does(case: dict[str, Any], settings: Settings) -> None:
    text = stored(settings, case)["text"]
    assert text.startswith(case.get("text_starts", ""))
    assert text.endswith(case.get("text_ends", ""))
    assert [word for word in case["never_in_text"] if word in text] == []


@pytest.mark.parametrize("case", ACCEPTED, ids=name_of)
def test_its_statutory_parts_stand_in_their_order(case: dict[str, Any], settings: Settings) -> None:
    rows = asked(
        settings,
        """SELECT s.role FROM sections s JOIN reports r USING (document_id) WHERE r.url = $url ORDER BY s.position""",
        url=case["url"],
    )
    assert [row["role"] for row in rows] == case["sections"]


@pytest.mark.parametrize("case", [case for case in ACCEPTED if "metadata" in case], ids=name_of)
def test_the_metadata_table_is_kept_cell_by_cell(case: dict[str, Any], settings: Settings) -> None:
    table = stored(settings, case)["metadata_table"]
    assert {label: table.get(label) for label in case["metadata"]} == case["metadata"]


@pytest.mark.parametrize(
    ("host", "snippet", "rule"),
    [("www.wehdz.gov.cn", "扫一扫在手机上查看当前页面", "qr"), ("www.yuhang.gov.cn", "分享", "share")],
)
def test_what_was_cut_is_kept_with_its_rule(host: str, snippet: str, rule: str, settings: Settings) -> None:
    rows = asked(
        settings,
        """SELECT x.rule FROM core_removals x JOIN core_reports r USING (document_id)
           WHERE contains(r.url, $host) AND contains(x.removed, $snippet)""",
        host=f"//{host}/",
        snippet=snippet,
    )
    assert rows
    assert all(rule in row["rule"] for row in rows)


@pytest.mark.parametrize("case", CASES["candidate"], ids=name_of)
def test_a_row_that_is_no_report_is_seen_and_not_fetched(case: dict[str, Any], settings: Settings) -> None:
    (row,) = asked(settings, "SELECT state, reason FROM raw_candidates WHERE url = $url", url=case["url"])
    assert (row["state"], row["reason"]) == (case["state"], case["reason"])
    assert asked(settings, "SELECT * FROM raw_captures WHERE url = $url", url=case["url"]) == []


@pytest.mark.parametrize("case", QUARANTINED, ids=name_of)
def test_a_copy_on_another_host_is_kept_out_with_its_reasons(
    case: dict[str, Any], settings: Settings, shared: Path
) -> None:
    site = json.loads((shared / "seeds" / "site.json").read_text("utf-8"))
    (entry,) = [entry for entry in site if entry["url"] == case["url"]]
    page = SavedPage("seed", entry["file"], case["url"], (shared / "seeds" / entry["file"]).read_bytes())
    shown = as_json(page, *read_saved(page, settings, held_by(settings.reader_path)))
    assert shown["state"] == "quarantined"
    assert set(shown["flags"]) == set(case["flags"])
    assert shown["mirror_of"] == case.get("mirror_of")
    evidence = " ".join(entry["snippet"] for entry in shown["evidence"])
    assert [snippet for snippet in case.get("damaged", []) + case.get("spam", []) if snippet not in evidence] == []
    assert (shown["report_year"] or 0) == case.get("report_year", shown["report_year"] or 0)


def test_no_copy_reaches_the_views(settings: Settings) -> None:
    rows = asked(settings, "SELECT url FROM reports")
    assert {row["url"] for row in rows} == {case["url"] for case in ACCEPTED}


def test_every_report_is_signed_so_that_its_copies_are_found(settings: Settings) -> None:
    rows = asked(settings, "SELECT url FROM signatures")
    assert {row["url"] for row in rows} == {case["url"] for case in ACCEPTED}


def test_a_publisher_whose_column_is_unknown_is_in_the_ledger(settings: Settings) -> None:
    rows = asked(settings, "SELECT DISTINCT state FROM coverage WHERE source_id = 'liaoning/heping'")
    assert [row["state"] for row in rows] == ["column_unknown"]
