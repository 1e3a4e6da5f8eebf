"""One report is one row, at however many addresses it stands or stood."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from scrapers.judging.copies import signature
from scrapers.records import Batch, Outcome, State
from tests.warehouse.sample_batches import MORNING, SOURCE, TEXT, address, capture, digest, report
from warehouse.rebuild import reload_kept

Load = Callable[..., Any]
Ask = Callable[..., list[tuple[Any, ...]]]

LONG = (TEXT[0], "依法行政。" * 60, *TEXT[2:])
EDITED = (TEXT[0], "依法行政，廉洁高效。" * 40, *TEXT[2:])


def read(number: int, *, days: int = 0, text: tuple[str, ...] = LONG, **changes: Any) -> Batch:
    """A page read, as a batch of its own; pages of one text differ in nothing but their addresses."""
    fetched = capture(number, at=MORNING + timedelta(days=days), payload=f"{days}")
    made = report(number, text=text, read_from=fetched, **changes)
    made = replace(made, text_digest=digest(made.draft.text))
    return Batch(f"run-{number}-{days}", made.source_id or SOURCE, 0, captures=(fetched,), reports=(made,))


def one_run(*batches: Batch) -> Batch:
    """The pages of several batches as those of one, in this order."""
    return replace(
        batches[0],
        captures=tuple(capture for batch in batches for capture in batch.captures),
        reports=tuple(report for batch in batches for report in batch.reports),
    )


def test_a_report_that_moved_keeps_its_identity(load: Load, ask: Ask) -> None:
    load(read(0))
    load(read(1, days=1))
    assert ask("SELECT document_id, url, version FROM reports") == [("doc-0", address(1), 1)]
    assert ask("SELECT document_id, url FROM core_addresses ORDER BY url") == [
        ("doc-0", address(0)),
        ("doc-0", address(1)),
    ]


def test_an_edit_at_the_new_address_is_a_version_of_the_same_report(load: Load, ask: Ask) -> None:
    load(read(0))
    load(read(1, days=1))
    load(read(1, days=2, text=EDITED))
    assert ask("SELECT document_id, url, version FROM reports") == [("doc-0", address(1), 2)]
    assert ask("SELECT count(*) FROM changes") == [(1,)]


def test_one_report_at_two_addresses_of_one_load_is_one_row(load: Load, ask: Ask) -> None:
    load(one_run(read(0), read(1)))
    assert ask("SELECT count(*) FROM reports") == [(1,)]
    assert ask("SELECT count(*) FROM core_addresses") == [(2,)]
    assert ask("SELECT count(*) FROM core_versions") == [(1,)]


def test_reports_of_two_publishers_are_two_though_their_text_is_one(load: Load, ask: Ask) -> None:
    load(read(0), read(1, source_id="zhejiang/jinhua"))
    assert ask("SELECT count(*) FROM reports") == [(2,)]


def test_reports_of_two_years_are_two_though_their_text_is_one(load: Load, ask: Ask) -> None:
    load(read(0), read(1, year=2024))
    load(read(2, year=2023))
    assert ask("SELECT count(*) FROM reports") == [(3,)]


def test_a_quarantined_copy_is_not_the_report_it_repeats(load: Load, ask: Ask) -> None:
    load(read(0))
    load(read(1, days=1, state=State.QUARANTINED))
    assert ask("SELECT document_id, state FROM core_reports ORDER BY url") == [
        ("doc-0", "accepted"),
        ("doc-1", "quarantined"),
    ]


def test_pages_with_next_to_no_text_are_told_apart_by_their_addresses(load: Load, ask: Ask) -> None:
    load(read(0, text=TEXT), read(1, text=TEXT))
    assert ask("SELECT count(*) FROM reports") == [(2,)]


def test_an_address_that_passes_to_another_years_report_leaves_the_one_it_held(load: Load, ask: Ask) -> None:
    load(read(0))
    load(read(1, days=1))  # by mistake the site showed the report of 2025 here too
    load(read(1, days=2, text=EDITED, year=2024))
    load(read(1, days=3, text=(*EDITED, "（补充）"), year=2024))
    assert ask("SELECT document_id, report_year, version FROM reports ORDER BY ALL") == [
        ("doc-0", 2025, 1),
        ("doc-1", 2024, 2),
    ]


def test_a_report_whose_own_address_passes_to_another_year_stays_at_its_other_one(load: Load, ask: Ask) -> None:
    load(read(0))
    load(read(1, days=1))  # listed in a second column
    load(read(0, days=2, text=EDITED, year=2024))  # the first one's page now shows another report
    standing = "SELECT report_year, url, version FROM reports ORDER BY ALL"
    assert ask(standing) == [(2024, address(0), 1), (2025, address(1), 1)]
    assert ask("FROM changes") == [], "neither of the two reports was edited"
    load(one_run(read(0, days=3, text=EDITED, year=2024), read(1, days=3)))
    assert ask(standing) == [(2024, address(0), 1), (2025, address(1), 1)]
    load(read(0, days=4, text=(*EDITED, "（补充）"), year=2024))
    load(read(1, days=4, text=(*LONG, "（补充）")))
    assert ask(standing) == [(2024, address(0), 2), (2025, address(1), 2)]
    assert ask("SELECT document_id FROM reports WHERE report_year = 2025") == [("doc-0",)]


def test_an_address_used_for_each_years_report_in_turn_keeps_them_all(load: Load, ask: Ask) -> None:
    load(read(0, year=2023))
    load(read(0, days=365, text=EDITED, year=2024))
    load(read(0, days=730, text=("一、总体", *LONG), year=2025))
    assert ask("SELECT report_year, version FROM reports ORDER BY 1") == [(2023, 1), (2024, 1), (2025, 1)]
    assert ask("SELECT count(DISTINCT document_id) FROM core_addresses WHERE url = ?", [address(0)]) == [(3,)]


def test_a_report_whose_only_address_shows_another_is_withdrawn_at_the_third_look_until_it_is_back(
    load: Load, ask: Ask
) -> None:
    load(read(0, year=2023))
    standing = []
    for day in (365, 366, 367):
        load(read(0, days=day, text=EDITED, year=2024))
        standing += ask("SELECT withdrawn FROM reports ORDER BY report_year")
    assert standing == [(False,), (False,), (False,), (False,), (True,), (False,)]
    assert ask("SELECT gone_since::DATE::VARCHAR FROM reports WHERE withdrawn") == [("2027-03-02",)]
    load(read(0, days=368, year=2023))
    assert ask("SELECT withdrawn FROM reports WHERE report_year = 2023") == [(False,)]


def test_a_look_that_finds_the_other_report_unchanged_counts_and_one_without_an_answer_does_not(
    load: Load, ask: Ask
) -> None:
    load(read(0, year=2023))
    load(read(0, days=365, text=EDITED, year=2024))
    withdrawn = "SELECT withdrawn FROM reports WHERE report_year = 2023"
    ends = (Outcome.NOT_MODIFIED, Outcome.TIMEOUT, Outcome.NOT_MODIFIED)
    for day, (outcome, expected) in enumerate(zip(ends, (False, False, True), strict=True), 366):
        look = capture(0, at=MORNING + timedelta(days=day), outcome=outcome, digest=None, etag=None)
        load(Batch(f"look-{day}", SOURCE, 0, captures=(look,)))
        assert ask(withdrawn) == [(expected,)], day
    assert ask("SELECT withdrawn FROM reports WHERE report_year = 2024") == [(False,)]


def test_an_address_that_shows_its_old_report_again_has_it_back(load: Load, ask: Ask) -> None:
    load(read(0))
    load(read(0, days=1, text=EDITED, year=2024))  # one day the site answered with another page
    load(read(0, days=2, text=(*LONG, "（补充）")))
    assert ask("SELECT report_year, version FROM reports ORDER BY 1") == [(2024, 1), (2025, 2)]
    assert ask("SELECT document_id FROM reports WHERE report_year = 2025") == [("doc-0",)]


def test_an_old_answer_of_an_address_that_has_passed_is_read_anew_for_the_report_it_was_of(
    load: Load, ask: Ask
) -> None:
    first = read(0)
    load(first)
    load(read(0, days=2, text=EDITED, year=2024))
    again = replace(first.reports[0], publisher="浦江县司法局")
    load(Batch("reprocess", SOURCE, 0, reports=(again,)))
    assert ask("SELECT report_year, publisher FROM reports ORDER BY 1") == [
        (2024, "浦江县人民政府"),
        (2025, "浦江县司法局"),
    ]


def test_a_wrong_year_that_the_site_puts_right_is_an_edit_of_the_same_report(load: Load, ask: Ask) -> None:
    def signed(batch: Batch) -> Batch:
        (made,) = batch.reports
        return replace(batch, reports=(replace(made, signature=signature(made.draft.text)),))

    body = "".join(random.Random(7).choice("法治行政执法决策复议监督政务营商审查合同") for _ in range(1500))
    text = (TEXT[0], body, *TEXT[2:])
    right = (TEXT[0].replace("2025", "2024"), body, *TEXT[2:])
    load(signed(read(0, text=text)))
    load(signed(read(0, days=2, text=right, year=2024, published_date=date(2026, 3, 1))))
    assert ask("SELECT document_id, report_year, version FROM reports") == [("doc-0", 2024, 2)]
    load(signed(read(0, days=367, text=text, year=2025, published_date=date(2027, 3, 1))))
    assert ask("SELECT report_year, version FROM reports ORDER BY 1") == [(2024, 2), (2025, 1)], (
        "the same words a year later are the next report"
    )


def test_an_address_whose_year_is_understood_otherwise_keeps_its_report(load: Load, ask: Ask) -> None:
    load(read(0))
    moved = read(1, days=1)
    load(moved)
    load(Batch("reprocess", SOURCE, 0, reports=(replace(moved.reports[0], report_year=2024),)))
    assert ask("SELECT document_id, url, report_year FROM reports") == [("doc-0", address(1), 2024)]


def test_reports_of_two_towns_in_one_column_are_two_though_their_text_is_one(load: Load, ask: Ask) -> None:
    load(one_run(read(0, publisher="东溪镇人民政府"), read(1, publisher="西溪镇人民政府")))
    load(read(2, days=1, publisher="南溪镇人民政府"))
    assert ask("SELECT count(*) FROM reports") == [(3,)]


def test_a_report_edited_and_moved_in_one_run_is_still_one(load: Load, ask: Ask) -> None:
    load(read(0))
    load(one_run(read(0, days=1, text=EDITED), read(1, days=1, text=EDITED)))
    assert ask("SELECT document_id, version FROM reports") == [("doc-0", 2)]


def test_a_lost_warehouse_is_made_anew_with_the_same_documents(
    load: Load, ask: Ask, warehouse: Path, landing: Path
) -> None:
    load(read(0))
    load(read(1, days=1))
    load(read(0, days=2, text=EDITED))
    load(read(2, days=3))  # the text that doc-0 had once: nobody holds it now
    load(read(1, days=4, text=EDITED))
    documents = ask(_DOCUMENTS)
    assert [row[0] for row in documents] == ["doc-0", "doc-0", "doc-2"]
    warehouse.unlink()
    reload_kept(warehouse, landing)
    assert ask(_DOCUMENTS) == documents


_DOCUMENTS = (
    "SELECT a.document_id, a.url, a.last_seen_at, r.url, r.version, r.text_digest, "
    "(SELECT count(*) FROM core_versions v WHERE v.document_id = a.document_id) "
    "FROM core_addresses a JOIN core_reports r ON r.document_id = a.document_id ORDER BY ALL"
)
