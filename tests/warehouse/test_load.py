"""Loading: each batch once, each page one document, each change of its text one version."""

from __future__ import annotations

import dataclasses
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from scrapers.records import Batch, Capture, Flag, Level, Outcome, ReportType, Section, State, Words
from tests.warehouse.sample_batches import (
    COLUMN,
    MORNING,
    SOURCE,
    TEXT,
    address,
    candidate,
    capture,
    digest,
    listing,
    read_later,
    report,
    rows_of,
    whole_batch,
    without_digest,
    write_all,
    write_in_format_1,
    write_in_format_2,
    write_rows,
)
from warehouse.batches.landing import batch_name, write_batch
from warehouse.database import attach
from warehouse.errors import WarehouseBusyError, WarehouseError
from warehouse.load import LoadResult, load_pending
from warehouse.storage.lock import writer_lock

Load = Callable[..., LoadResult]
Ask = Callable[..., list[tuple[Any, ...]]]

EDITED = (TEXT[0], "全县办理行政复议案件210件。制定规范性文件8件。", *TEXT[2:])


def everything(warehouse: Path) -> dict[str, list[tuple[Any, ...]]]:
    connection = attach(warehouse, read_only=True)
    try:
        tables = [name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()]
        return {name: connection.execute(f'SELECT * FROM "{name}" ORDER BY ALL').fetchall() for name in tables}
    finally:
        connection.close()


# ------------------------------------------------------------------ exactly once


def test_what_a_batch_holds_is_in_the_warehouse(load: Load, ask: Ask) -> None:
    result = load(whole_batch(0, 3))
    assert (result.batches, result.candidates, result.listings, result.captures, result.reports) == (1, 3, 1, 3, 3)
    assert (result.new_reports, result.new_versions, result.rejected_rows) == (3, 0, 0)
    assert ask("SELECT batch, candidates, captures, reports, rejected FROM raw_batches") == [
        (batch_name("run-1", SOURCE, 0), 3, 3, 3, 0)
    ]
    row = ask(
        "SELECT url, state, publisher, level, report_type, report_year, published::VARCHAR, doc_number, "
        "dates['path'], flags, version, listed_date::VARCHAR FROM core_reports WHERE document_id = 'doc-1'"
    )
    assert row == [
        (
            address(1),
            "accepted",
            "浦江县人民政府",
            "county",
            "rule_of_law",
            2025,
            "2026-03-01",
            "",
            "2026-03-01",
            ["digits_lost"],
            1,
            "2026-03-01",
        )
    ]
    assert ask("SELECT fetched_at, headers, etag, warc_offset FROM raw_captures WHERE url = ?", [address(0)]) == [
        (
            MORNING.replace(tzinfo=None),
            [
                {"name": "Content-Type", "value": "text/html"},
                {"name": "Set-Cookie", "value": "a=1"},
                {"name": "Set-Cookie", "value": "b=2"},
            ],
            '"1"',
            10,
        )
    ]


def test_parts_are_missing_only_since_a_form_was_laid_down(load: Load, ask: Ask) -> None:
    load(
        Batch("run-1", SOURCE, 0, reports=(report(1, year=2018), report(2, year=2019), report(3, report_year=None))),
    )
    assert ask("SELECT report_year, missing_sections FROM reports ORDER BY 1") == [
        (2018, None),
        (2019, ["leaders_duty", "next_year"]),
        (None, None),
    ]


def test_the_parts_of_a_report_are_rows(load: Load, ask: Ask) -> None:
    load(whole_batch(0, 1))
    text = report(0).draft.text
    assert ask('SELECT "text", metadata_table, meta_tags, encoding, container, cause FROM core_versions') == [
        (
            text,
            {"索引号": "330726ZF010000/2026-1", "文号": ""},
            {"pubdate": "2026-03-01 09:30"},
            "utf-8",
            "#zoom",
            "first",
        )
    ]
    assert ask("SELECT position, role, first_block, last_block FROM core_sections ORDER BY 1") == [
        (1, "measures", 1, 2),
        (2, "shortcomings", 3, 4),
    ]
    assert ask("SELECT n_rows, n_columns, cells FROM core_tables") == [(2, 2, [["表", "数"], ["合计", "3"]])]
    assert ask("SELECT table_name, path, column_name, printed, number FROM core_figures") == [
        ("applications", ["三、结果", "（一）予以公开"], "自然人", "1,203", 1203.0)
    ]
    assert ask("SELECT label, href, url FROM core_attachments") == [("附件", "a.pdf", "http://www.pujiang.test/a.pdf")]
    assert ask("SELECT rule, removed, text_offset FROM core_removals ORDER BY position") == [
        ("share_widget", "分享到：", 0),
        ("print_close", "【打印】【关闭】", len(text)),
    ]
    assert ask("SELECT flag, evidence FROM core_flags") == [("digits_lost", "〔202130")]
    assert ask("SELECT field, value, origin, chosen, note FROM core_metadata ORDER BY position") == [
        ("published", "2026-03-01 09:30", "meta", True, None),
        ("published", "2026-02-20", "address", False, "build date"),
    ]


def test_blocks_point_into_the_text(load: Load, ask: Ask) -> None:
    load(whole_batch(0, 1))
    found = ask(
        'SELECT substring("text", b.start, b.length), b.kind, b.level, b.table_position '
        'FROM (SELECT "text", unnest(blocks) AS b FROM core_versions)'
    )
    expected = [
        (block.text, block.kind, block.level, None if block.table is None else block.table + 1)
        for block in report(0).draft.blocks
    ]
    assert found == expected


def test_a_second_load_of_the_same_batches_changes_nothing(warehouse: Path, landing: Path, tmp_path: Path) -> None:
    batches = [whole_batch(n, 2) for n in range(3)]
    write_all(landing, *batches)
    load_pending(warehouse, landing)
    before = everything(warehouse)
    again = tmp_path / "delivered again"
    write_all(again, *batches)
    result = load_pending(warehouse, again)
    assert (result.batches, result.already_loaded) == (0, 3)
    assert everything(warehouse) == before
    assert len(list((again / "loaded").iterdir())) == 3


def test_reading_the_archive_again_with_the_same_result_changes_only_which_batch_came_last(
    load: Load, ask: Ask, warehouse: Path
) -> None:
    load(whole_batch(0, 2))
    before = everything(warehouse)
    result = load(whole_batch(0, 2, run_id="reprocess", candidates=(), listings=()))
    assert (result.new_reports, result.new_versions) == (0, 0)
    after = everything(warehouse)
    for table in (
        "raw_captures",
        "core_pages",
        "core_version_facts",
        "core_sections",
        "core_removals",
        "core_report_changes",
    ):
        assert after[table] == before[table], table
    assert ask("SELECT DISTINCT batch FROM core_versions") == [(batch_name("run-1", SOURCE, 0),)]


def test_a_load_without_anything_pending_makes_no_file(tmp_path: Path, landing: Path) -> None:
    assert load_pending(tmp_path / "none.duckdb", landing) == LoadResult()
    assert list(tmp_path.iterdir()) == []


def test_a_batch_of_a_loaded_name_with_other_rows_is_set_aside_and_said(
    warehouse: Path, landing: Path, ask: Ask
) -> None:
    write_all(landing, whole_batch(0, 1))
    load_pending(warehouse, landing)
    for path in (landing / "loaded").iterdir():
        path.unlink()
    write_all(landing, whole_batch(0, 2))
    result = load_pending(warehouse, landing)
    (rejected,) = result.rejected_batches
    assert "other content was loaded before" in rejected.reason
    assert rejected.path.is_file()
    assert rejected.path.with_suffix(".reason.txt").read_text(encoding="utf-8").strip() == rejected.reason
    assert ask("SELECT count(*) FROM core_reports") == [(1,)]


def test_an_unreadable_batch_is_kept_and_the_others_load(warehouse: Path, landing: Path, ask: Ask) -> None:
    broken = write_batch(landing, whole_batch(0, 1))
    content = bytearray(broken.read_bytes())
    content[len(content) // 2] ^= 0xFF
    broken.write_bytes(content)
    write_all(landing, whole_batch(1, 1))
    result = load_pending(warehouse, landing)
    assert result.batches == 1
    assert [found.path.name for found in result.rejected_batches] == [broken.name]
    assert ask("SELECT kind, outcome FROM problems") == [("rejected batch", "rejected")]
    assert (landing / "rejected" / broken.name).read_bytes() == content


def test_a_batch_that_lies_there_twice_is_loaded_once(warehouse: Path, landing: Path, ask: Ask) -> None:
    path = write_batch(landing, whole_batch(0, 2))
    shutil.copy(path, landing / f"{path.name.rsplit('.', 2)[0]}.parquet")  # as it was named before names had a digest
    result = load_pending(warehouse, landing)
    assert (result.batches, result.already_loaded, result.reports) == (1, 1, 2)
    assert ask("SELECT count(*) FROM raw_batches") == [(1,)]
    assert list(landing.glob("*.parquet")) == []


@pytest.mark.parametrize("write_older", [write_in_format_1, write_in_format_2])
def test_a_batch_of_an_older_format_loads_as_one_of_today_does(
    tmp_path: Path, migrated: Path, write_older: Any
) -> None:
    made = whole_batch(0, 3)
    batch = dataclasses.replace(
        made,
        reports=tuple(
            dataclasses.replace(each, words=Words("1+abc", ("复议", f"第{number}号"), (3, 1)))
            for number, each in enumerate(made.reports)
        ),
    )
    seen = []
    for name, write in (("today", write_batch), ("older", write_older)):
        warehouse = Path(shutil.copyfile(migrated, tmp_path / f"{name}.duckdb"))
        write(tmp_path / name, batch)
        assert load_pending(warehouse, tmp_path / name).rejected_rows == 0
        connection = attach(warehouse, read_only=True)
        compared = ("(SELECT * EXCLUDE (loaded_at) FROM core_versions)", "blocks", "core_terms", "core_sections")
        rows = [connection.execute(f"FROM {table} ORDER BY ALL").fetchall() for table in compared]
        connection.close()
        assert all(rows)
        seen.append(rows)
    assert seen[0] == seen[1]


# ------------------------------------------------------------------ bad rows


HEADED = dataclasses.replace(
    report(1).draft, blocks=(dataclasses.replace(report(1).draft.blocks[0], level=40_000), *report(1).draft.blocks[1:])
)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"division_code": "3307"}, "division_code is not six digits"),
        ({"report_year": 20255}, "report_year is not between"),
        ({"document_id": ""}, "document_id is missing"),
        ({"state": "fine"}, "state is none of"),
        ({"level": "galaxy"}, "level is none of"),
        ({"edition": "pocket"}, "edition is none of"),
        ({"report_type": "novel"}, "report_type is none of"),
        ({"text_digest": None}, "a text without its digest"),
        ({"sections": (Section("measures", "一", 3, 99),)}, "a section outside of the blocks"),
        ({"words": Words("1+abc", ("复议", "案件"), (3,))}, "words that are not counted"),
        ({"draft": HEADED}, "a level of a heading that is none"),
    ],
)
def test_a_bad_report_is_set_aside_whole_and_the_rest_loads(
    load: Load, ask: Ask, changes: dict[str, Any], complaint: str
) -> None:
    batch = whole_batch(0, 3)
    bad = dataclasses.replace(batch.reports[1], **changes)
    result = load(dataclasses.replace(batch, reports=(batch.reports[0], bad, batch.reports[2])))
    assert (result.reports, result.rejected_rows, result.captures) == (2, 1, 3)
    ((kind, reason, year),) = ask("SELECT kind, reason, record ->> '$.draft.title' FROM raw_rejects")
    assert kind == "report"
    assert complaint in reason
    assert year == bad.draft.title
    assert ask("SELECT rejected FROM raw_batches") == [(1,)]
    assert ask("SELECT kind, url FROM problems") == [("rejected row", bad.url)]


def with_reports(path: Path, change: Callable[[list[Any]], None]) -> None:
    """The batch file with its reports changed, as no writer of ours would write it."""
    table = rows_of(path)
    reports = table["report"].to_pylist()
    change(reports)
    place = table.schema.get_field_index("report")
    changed = table.set_column(place, "report", pa.array(reports, table.schema.field(place).type))
    write_rows(without_digest(path), changed)


def test_a_row_without_its_record_is_set_aside_and_the_rest_loads(warehouse: Path, landing: Path, ask: Ask) -> None:
    def take_away(reports: list[Any]) -> None:
        reports[0] = None

    with_reports(write_batch(landing, whole_batch(0, 2)), take_away)
    result = load_pending(warehouse, landing)
    assert (result.reports, result.rejected_rows) == (1, 1)
    assert ask("SELECT kind, row, record FROM raw_rejects") == [("report", 0, "null")]


def test_blocks_that_reach_over_their_text_are_set_aside(warehouse: Path, landing: Path, ask: Ask) -> None:
    def lengthen(reports: list[Any]) -> None:
        reports[1]["draft"]["blocks"][-1]["length"] += 1

    with_reports(write_batch(landing, whole_batch(0, 2)), lengthen)
    assert load_pending(warehouse, landing).reports == 1
    assert ask("SELECT row, reason FROM raw_rejects") == [(1, "blocks that do not end with the text")]


def test_bad_candidates_listings_and_captures_are_set_aside_too(load: Load, ask: Ask) -> None:
    load(
        whole_batch(
            0,
            1,
            candidates=(candidate(0, url=""), candidate(1)),
            listings=(listing(outcome="fine"), listing()),  # type: ignore[arg-type]  # the wrong word is the test
            captures=(capture(0, outcome="so-so"), capture(1)),
        )
    )
    assert ask("SELECT kind, row FROM raw_rejects ORDER BY row") == [("candidate", 1), ("listing", 3), ("capture", 5)]
    assert ask("SELECT count(*) FROM raw_candidates") == [(1,)]
    assert ask("SELECT count(*) FROM raw_listings") == [(1,)]
    assert ask("SELECT count(*) FROM raw_captures") == [(1,)]


# ------------------------------------------------------------------ versions


def test_an_edited_figure_is_a_new_version_and_changes_shows_the_sentences(load: Load, ask: Ask) -> None:
    load(whole_batch(0, 2))
    result = load(read_later(0, 30, 0, text=EDITED))
    assert result.new_versions == 1
    assert ask("SELECT version, cause, text_digest FROM core_versions WHERE document_id = 'doc-0' ORDER BY 1") == [
        (1, "first", report(0).text_digest),
        (2, "published", report(0, text=EDITED).text_digest),
    ]
    assert ask("SELECT version FROM core_reports ORDER BY document_id") == [(2,), (1,)]
    assert ask("SELECT document_id, cut, came_in, version_before, version FROM changes") == [
        ("doc-0", ["全县办理行政复议案件120件。"], ["全县办理行政复议案件210件。"], 1, 2)
    ]


def test_an_edit_in_a_page_that_is_spaced_otherwise_shows_the_edited_sentence_alone(load: Load, ask: Ask) -> None:
    load(whole_batch(0, 1))
    load(read_later(0, 30, 0, text=tuple(line.replace("。", " 。").replace("件", "\u3000件\u00a0") for line in EDITED)))
    assert ask("SELECT cut, came_in FROM changes") == [
        (["全县办理行政复议案件120件。"], ["全县办理行政复议案\u3000件\u00a0210\u3000件\u00a0 。"])
    ]


def test_a_sentence_said_twice_is_cut_where_it_is_said_once_afterwards(load: Load, ask: Ask) -> None:
    load(whole_batch(0, 1))
    load(read_later(0, 10, 0, text=(*TEXT[:2], *TEXT[1:])), read_later(0, 20, 0))
    twice = ["全县办理行政复议案件120件。", "制定规范性文件8件。"]
    assert ask("SELECT version, cut, came_in FROM changes ORDER BY version") == [(2, [], twice), (3, twice, [])]


def test_pages_that_could_not_be_had_are_neither_cut_nor_new(load: Load, ask: Ask) -> None:
    lacking = (Flag("pages_missing", "page 2 of 2"),)
    load(read_later(0, 10, 0, text=TEXT[:-1], flags=lacking))
    load(read_later(0, 20, 0))
    load(read_later(0, 30, 0, text=TEXT[:-1], flags=lacking))
    assert ask("SELECT cut, came_in FROM changes") == []
    load(read_later(0, 40, 0, text=EDITED[:-1], flags=lacking))
    load(read_later(0, 50, 0, text=TEXT))
    old, new = "全县办理行政复议案件120件。", "全县办理行政复议案件210件。"
    assert ask("SELECT cut, came_in FROM changes ORDER BY version") == [([old], [new]), ([new], [])]


def test_a_figure_that_goes_to_another_column_is_a_change_of_its_row(load: Load, ask: Ask) -> None:
    rows = ("自然人\t1\t23", "法人\t4\t5")
    load(read_later(0, 10, 0, text=(*TEXT, *rows)))
    load(read_later(0, 20, 0, text=(*TEXT, "自然人\t12\t3", "法人\t4\t6")))
    assert ask("SELECT cut, came_in FROM changes") == [(list(rows), ["自然人\t12\t3", "法人\t4\t6"])]


def test_white_space_and_page_furniture_are_no_new_version(load: Load, ask: Ask) -> None:
    load(whole_batch(0, 1))
    spaced = tuple(line.replace("全县", "全县　") for line in TEXT)
    again = report(0, text=spaced)
    counted = dataclasses.replace(
        again,
        draft=dataclasses.replace(
            again.draft,
            removed=(*again.draft.removed, dataclasses.replace(again.draft.removed[0], text="浏览次数：901")),
        ),
    )
    fetched = capture(0, at=MORNING + timedelta(days=1), payload="counter 901")
    result = load(
        Batch(
            "run-2",
            SOURCE,
            0,
            captures=(fetched,),
            reports=(dataclasses.replace(counted, capture_id=fetched.capture_id),),
        )
    )
    assert result.new_versions == 0
    assert ask("SELECT count(*) FROM core_versions") == [(1,)]
    assert ask("SELECT count(*) FROM changes") == [(0,)]
    assert ask("SELECT last_read_at FROM core_reports") == [(fetched.fetched_at.replace(tzinfo=None),)]


def test_a_page_edited_and_edited_back_has_three_versions(load: Load, ask: Ask) -> None:
    load(whole_batch(0, 1), read_later(0, 10, 0, text=EDITED), read_later(0, 20, 0))
    assert ask("SELECT version, cause FROM core_versions ORDER BY 1") == [
        (1, "first"),
        (2, "published"),
        (3, "published"),
    ]
    assert ask("SELECT version, text_digest FROM core_reports") == [(3, report(0).text_digest)]


def test_versions_are_the_same_whether_loaded_together_or_one_by_one(
    tmp_path: Path, warehouse: Path, landing: Path
) -> None:
    batches = [whole_batch(0, 2), *(read_later(0, d, 0, text=EDITED if d % 2 else TEXT) for d in (1, 2, 3, 4))]
    write_all(landing, *batches)
    moment = datetime(2026, 5, 1, tzinfo=UTC)
    load_pending(warehouse, landing, now=moment)
    other = tmp_path / "other.duckdb"
    for number, batch in enumerate(batches):
        write_all(tmp_path / f"landing {number}", batch)
        load_pending(other, tmp_path / f"landing {number}", now=moment)
    together, apart = everything(warehouse), everything(other)
    for tables in (together, apart):
        del tables["schema_migrations"]
        # When a field changed back and forth inside one load, its change log has no step to show.
        del tables["core_report_changes"]
    assert together == apart


def test_the_same_response_read_differently_is_no_change_of_the_publisher(load: Load, ask: Ask) -> None:
    load(whole_batch(0, 1))
    fetched = capture(0)
    result = load(
        Batch("reprocess", SOURCE, 0, captures=(fetched,), reports=(report(0, text=TEXT[:-1], read_from=fetched),))
    )
    assert result.new_versions == 1
    assert ask("SELECT version, cause FROM core_versions ORDER BY 1") == [(1, "first"), (2, "reread")]
    assert ask("SELECT count(*) FROM changes") == [(0,)]


def test_better_metadata_of_the_same_text_replace_the_parts_without_a_new_version(load: Load, ask: Ask) -> None:
    load(whole_batch(0, 2))
    fetched = capture(0)
    better = report(0, read_from=fetched, sections=(Section("measures", TEXT[0], 0, 4),), flags=(Flag("joint", ""),))
    load(Batch("reprocess", SOURCE, 0, captures=(fetched,), reports=(better,)))
    assert ask("SELECT count(*) FROM core_versions") == [(2,)]
    assert ask("SELECT role, last_block FROM core_sections WHERE document_id = 'doc-0'") == [("measures", 4)]
    assert ask("SELECT count(*) FROM core_sections WHERE document_id = 'doc-1'") == [(2,)]
    assert ask("SELECT flag FROM core_flags WHERE document_id = 'doc-0' ORDER BY 1") == [("digits_lost",), ("joint",)]


def test_an_older_response_arriving_late_does_not_undo_the_newer(load: Load, ask: Ask) -> None:
    load(read_later(0, 30, 0, text=EDITED))
    load(whole_batch(0, 1))
    assert ask("SELECT version, text_digest FROM core_reports") == [(1, report(0, text=EDITED).text_digest)]
    assert ask("SELECT version, cause, captured_at FROM core_versions ORDER BY 1") == [
        (1, "first", (MORNING + timedelta(days=30)).replace(tzinfo=None)),
        (2, "published", MORNING.replace(tzinfo=None)),
    ]
    assert ask("SELECT cut FROM changes") == [(["全县办理行政复议案件120件。"],)]


def read_in_one_run(*days: int) -> Batch:
    """Responses of a page of several days, as a run reads them that goes through the archive."""
    read = [read_later(0, day, 0) for day in days]
    captures, reports = (tuple(getattr(one, kind)[0] for one in read) for kind in ("captures", "reports"))
    return Batch("reprocess", SOURCE, 0, captures=captures, reports=reports)


def test_two_older_responses_of_one_text_that_arrive_late_are_one_version(load: Load, ask: Ask) -> None:
    load(read_later(0, 30, 0, text=EDITED))
    load(read_in_one_run(0, 10))
    assert ask("SELECT version, cause, captured_at FROM core_versions ORDER BY 1") == [
        (1, "first", (MORNING + timedelta(days=30)).replace(tzinfo=None)),
        (2, "published", MORNING.replace(tzinfo=None)),
    ]
    assert ask("SELECT version, text_digest FROM core_reports") == [(1, report(0, text=EDITED).text_digest)]


def test_a_version_is_of_the_day_on_which_its_text_was_first_read(load: Load, ask: Ask) -> None:
    load(read_in_one_run(0, 10))
    load(read_later(0, 20, 0))
    assert ask("SELECT version, captured_at, capture_id FROM core_versions") == [
        (1, MORNING.replace(tzinfo=None), capture(0).capture_id)
    ]


def test_the_response_of_an_earlier_version_read_better_replaces_the_parts_of_that_version_alone(
    load: Load, ask: Ask
) -> None:
    load(whole_batch(0, 1))
    load(read_later(0, 30, 0, text=EDITED))
    fetched = capture(0)
    better = report(0, read_from=fetched, sections=(Section("measures", TEXT[0], 0, 4),))
    load(Batch("reprocess", SOURCE, 0, captures=(fetched,), reports=(better,)))
    assert ask("SELECT version, role, last_block FROM core_sections ORDER BY ALL") == [
        (1, "measures", 4),
        (2, "measures", 2),
        (2, "shortcomings", 4),
    ]
    assert ask("SELECT version, text_digest FROM core_reports") == [(2, report(0, text=EDITED).text_digest)]


def test_an_older_response_of_a_held_text_does_not_replace_what_was_read_since(load: Load, ask: Ask) -> None:
    load(read_later(0, 30, 0))
    older = capture(0, payload="another response")
    worse = report(0, read_from=older, sections=())
    load(Batch("older", SOURCE, 0, captures=(older,), reports=(worse,)))
    assert ask("SELECT count(*) FROM core_versions") == [(1,)]
    assert ask("SELECT role FROM core_sections ORDER BY 1") == [("measures",), ("shortcomings",)]


def test_a_change_of_state_is_kept_with_its_reason(load: Load, ask: Ask) -> None:
    load(whole_batch(0, 1))
    load(read_later(0, 1, 0, state=State.QUARANTINED, reason="host is not the publisher's"))
    assert ask("SELECT field, old_value, new_value, reason FROM core_report_changes") == [
        ("state", "accepted", "quarantined", "host is not the publisher's")
    ]
    assert ask("SELECT count(*) FROM reports") == [(0,)]
    assert ask("SELECT document_id, reason FROM quarantine") == [("doc-0", "host is not the publisher's")]


def test_a_report_that_moved_keeps_its_identity_and_both_addresses(load: Load, ask: Ask) -> None:
    load(whole_batch(0, 1))
    moved = capture(7, at=MORNING + timedelta(days=3))
    load(Batch("run-2", SOURCE, 0, captures=(moved,), reports=(report(0, read_from=moved, url=address(7)),)))
    assert ask("SELECT document_id, url, version FROM core_reports") == [("doc-0", address(7), 1)]
    assert ask("SELECT url FROM core_addresses ORDER BY first_seen_at") == [(address(0),), (address(7),)]


def test_a_report_without_text_is_one_version(load: Load, ask: Ask) -> None:
    empty = report(0)
    empty = dataclasses.replace(
        empty,
        draft=dataclasses.replace(empty.draft, text="", blocks=(), tables=(), removed=()),
        sections=(),
        text_digest=None,
    )
    load(Batch("run-1", SOURCE, 0, reports=(empty,)))
    load(Batch("run-2", SOURCE, 0, reports=(empty,)))
    assert ask("SELECT version, text_length, blocks FROM core_versions") == [(1, 0, [])]


# ------------------------------------------------------------------ candidates, listings, pages


def test_a_row_listed_again_is_one_candidate_seen_twice(load: Load, ask: Ask) -> None:
    load(Batch("run-1", SOURCE, 0, candidates=(candidate(0),)))
    later = MORNING + timedelta(days=1)
    load(Batch("run-2", SOURCE, 0, candidates=(candidate(0, title="更正后的标题", seen_at=later),)))
    assert ask("SELECT title, first_seen_at, last_seen_at, times_seen FROM raw_candidates") == [
        ("更正后的标题", MORNING.replace(tzinfo=None), later.replace(tzinfo=None), 2)
    ]


def test_every_listing_is_kept(load: Load, ask: Ask) -> None:
    load(Batch("run-1", SOURCE, 0, listings=(listing(), listing(at=MORNING + timedelta(days=1)))))
    load(
        Batch(
            "run-2",
            SOURCE,
            0,
            listings=(listing(at=MORNING + timedelta(days=2), outcome=Outcome.LISTING_GAP, detail="listed 29 of 31"),),
        )
    )
    assert ask("SELECT count(*) FROM raw_listings") == [(3,)]
    assert ask("SELECT url, outcome, detail, times FROM problems") == [(COLUMN, "listing_gap", "listed 29 of 31", 1)]


def test_a_failing_page_keeps_what_its_last_answer_brought(load: Load, ask: Ask) -> None:
    day = timedelta(days=1)
    nothing: dict[str, Any] = {"etag": None, "digest": None, "status": None, "outcome": Outcome.TIMEOUT}
    load(Batch("run-1", SOURCE, 0, captures=(capture(0),)))
    load(Batch("run-2", SOURCE, 0, captures=(capture(0, at=MORNING + day, **nothing),)))
    load(Batch("run-3", SOURCE, 0, captures=(capture(0, at=MORNING + 2 * day, **nothing),)))
    state = "SELECT last_outcome, etag, digest, failures, failing_since, fetches FROM core_pages"
    assert ask(state) == [("timeout", '"1"', capture(0).digest, 2, (MORNING + day).replace(tzinfo=None), 3)]
    unchanged: dict[str, Any] = {"outcome": Outcome.NOT_MODIFIED, "status": 304, "etag": None, "digest": None}
    load(Batch("run-4", SOURCE, 0, captures=(capture(0, at=MORNING + 3 * day, **unchanged),)))
    assert ask(state) == [("not_modified", '"1"', capture(0).digest, 0, None, 4)]


def test_a_report_is_withdrawn_only_after_three_checks_and_stays_in_the_warehouse(load: Load, ask: Ask) -> None:
    load(whole_batch(0, 1))
    for check in range(1, 4):
        gone = capture(0, at=MORNING + timedelta(days=check), outcome=Outcome.GONE, digest=None, etag=None, status=404)
        load(Batch(f"run-{check + 1}", SOURCE, 0, captures=(gone,)))
        assert ask("SELECT withdrawn FROM reports") == [(check >= 3,)]
    load(Batch("run-9", SOURCE, 0, captures=(capture(0, at=MORNING + timedelta(days=9)),)))
    assert ask("SELECT withdrawn, gone_since FROM reports") == [(False, None)]


def seen(day: float, outcome: Outcome = Outcome.OK, **changes: Any) -> Capture:
    """A look at page 0 so many days later; without a digest and validators where it brought no page."""
    nothing: dict[str, Any] = {} if outcome is Outcome.OK else {"etag": None, "digest": None}
    return capture(0, at=MORNING + timedelta(days=day), outcome=outcome, **nothing, **changes)


def test_only_looks_that_find_a_page_gone_count_towards_its_withdrawal(load: Load, ask: Ask) -> None:
    standing = "SELECT gone_checks, failures, fetches, last_outcome FROM core_pages"
    load(whole_batch(0, 1))
    for day, outcome in enumerate((Outcome.GONE, Outcome.NOT_ASKED, Outcome.TIMEOUT, Outcome.SOFT_404), 1):
        load(Batch(f"run-{day + 1}", SOURCE, 0, captures=(seen(day, outcome),)))
    assert ask(standing) == [(2, 3, 4, "soft_404")], "nobody looked on the day on which it was not asked for"
    load(Batch("late", SOURCE, 0, captures=(seen(2.5, Outcome.GONE),)))
    assert ask(standing) == [(2, 3, 4, "soft_404")], "what was seen since is known already"
    assert ask("SELECT withdrawn FROM reports") == [(False,)]
    load(Batch("run-6", SOURCE, 0, captures=(seen(5, Outcome.GONE),)))
    assert ask("SELECT withdrawn, gone_since FROM reports") == [
        (True, (MORNING + timedelta(days=1)).replace(tzinfo=None))
    ]


def test_a_page_that_is_back_is_gone_no_more_though_both_were_seen_in_one_run(load: Load, ask: Ask) -> None:
    standing = "SELECT gone_checks, failures, gone_since::DATE::VARCHAR FROM core_pages"
    load(Batch("run-1", SOURCE, 0, captures=(capture(0), seen(1, Outcome.GONE), seen(2))))
    assert ask(standing) == [(0, 0, None)]
    load(Batch("run-2", SOURCE, 0, captures=(seen(3, Outcome.GONE), seen(4), seen(5, Outcome.GONE))))
    assert ask(standing) == [(1, 1, "2026-03-07")]


def test_a_page_is_not_asked_for_by_a_validator_that_it_no_longer_has(load: Load, ask: Ask) -> None:
    load(Batch("run-1", SOURCE, 0, captures=(capture(0, last_modified="Mon, 02 Mar 2026 01:00:00 GMT"),)))
    load(Batch("run-2", SOURCE, 0, captures=(seen(1, etag=None, last_modified=None),)))
    assert ask("SELECT etag, last_modified FROM core_pages") == [(None, None)]


# ------------------------------------------------------------------ the lock


def test_a_busy_warehouse_says_who_holds_it_and_since_when(warehouse: Path, landing: Path) -> None:
    write_all(landing, whole_batch(0, 1))
    with (
        writer_lock(warehouse, "backfill of 2018"),
        pytest.raises(WarehouseBusyError, match=r"backfill of 2018 holds it since 20\d\d-.*\(process \d+ on "),
    ):
        load_pending(warehouse, landing, wait_seconds=0.05)
    assert load_pending(warehouse, landing).batches == 1


def test_a_warehouse_opened_elsewhere_points_to_the_reader_copy(load: Load, warehouse: Path, landing: Path) -> None:
    load(whole_batch(0, 1))
    write_all(landing, whole_batch(1, 1))
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); input()",
            str(warehouse),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "open\n"
        with pytest.raises(WarehouseBusyError, match=f"process {holder.pid}.*reader copy"):
            load_pending(warehouse, landing)
    finally:
        holder.communicate("\n")
    assert load_pending(warehouse, landing).batches == 1


def test_a_full_disk_is_named_and_the_batch_is_loaded_once_there_is_space(
    warehouse: Path, landing: Path, load: Load, ask: Ask
) -> None:
    write_all(landing, whole_batch(0, 40))
    with largest_file(64 * 1024), pytest.raises(WarehouseError, match=r"no space is left to write .*; free some"):
        load_pending(warehouse, landing)
    assert load().batches == 1
    assert ask("SELECT count(*) FROM core_reports") == [(40,)]


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """No file grows beyond this in the block: what a full disk is to DuckDB, without one."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_kinds_and_levels_of_the_schema_are_those_of_the_records(load: Load, ask: Ask) -> None:
    load(whole_batch(0, 1))
    for table, column, words in (
        ("core_reports", "state", State),
        ("core_reports", "level", Level),
        ("core_reports", "report_type", ReportType),
        ("raw_candidates", "state", State),
        ("core_sources", "level", Level),
        ("core_deadlines", "level", Level),
    ):
        ((allowed,),) = ask(
            "SELECT constraint_text FROM duckdb_constraints() WHERE table_name = ? AND constraint_type = 'CHECK' "
            "AND constraint_column_names = [?]",
            [table, column],
        )
        assert set(allowed.split("'")[1::2]) == {word.value for word in words}, (table, column)


def test_the_digest_of_the_samples_is_the_one_the_records_describe() -> None:
    assert digest("一 二\n三") == digest("一二三")
