"""Editions of one place's report are kept apart and linked; what is counted is counted once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from scrapers.records import Batch, Edition, Level, Words
from tests.warehouse.sample_batches import MORNING, SOURCE, address, capture, digest, report
from tests.warehouse.test_near_copies import signed, words

Load = Callable[..., Any]
Ask = Callable[..., list[tuple[Any, ...]]]

GOVERNMENT: dict[str, Any] = {"edition": Edition.GOVERNMENT}
BUREAU: dict[str, Any] = {
    "edition": Edition.DEPARTMENT,
    "publisher": "浦江县司法局",
    "level": Level.DEPARTMENT,
    "source_id": "zhejiang/pujiang_justice",
    "column_url": "http://sfj.pujiang.test/",
}


def read(number: int, text: str, *, days: int = 0, **changes: Any) -> Batch:
    """A report of this text, in a run of its own."""
    fetched = capture(number, at=MORNING + timedelta(days=days), payload=text)
    made = report(
        number, text=("一、总体情况", text, "二、问题", "三、安排", "继续推进。"), read_from=fetched, **changes
    )
    made = replace(made, signature=signed(text), text_digest=digest(made.draft.text), words=Words("d", ("法治",), (3,)))
    return Batch(f"run-{number}-{days}", made.source_id or SOURCE, 0, captures=(fetched,), reports=(made,))


@pytest.fixture
def relations(ask: Ask) -> Callable[[], dict[tuple[str, str], str]]:
    return lambda: {
        (document, related): relation
        for document, related, relation in ask("SELECT document_id, related_id, relation FROM related_reports")
    }


Relations = Callable[[], dict[tuple[str, str], str]]


def principal(ask: Ask) -> list[str]:
    return [document for (document,) in ask("SELECT document_id FROM principal_reports ORDER BY 1")]


def test_the_report_to_the_peoples_congress_is_kept_beside_the_public_one(
    load: Load, ask: Ask, relations: Relations
) -> None:
    load(
        read(0, words(1), **GOVERNMENT, published_date=date(2026, 2, 1)),
        read(1, words(2), edition=Edition.PEOPLES_CONGRESS, published_date=date(2026, 4, 1)),
    )
    assert ask("SELECT document_id, edition FROM reports ORDER BY 1") == [
        ("doc-0", "government"),
        ("doc-1", "peoples_congress"),
    ]
    assert relations() == {("doc-0", "doc-1"): "other_edition", ("doc-1", "doc-0"): "other_edition"}
    assert ask("SELECT why FROM related_reports WHERE document_id = 'doc-0'") == [
        ("government and peoples_congress edition of one place and year",)
    ]
    assert principal(ask) == ["doc-0"], "the public one counts, though the other came later"


def test_the_bureaus_own_report_stands_beside_the_governments_and_both_count(
    load: Load, ask: Ask, relations: Relations
) -> None:
    load(read(0, words(1), **GOVERNMENT), read(1, words(2), **BUREAU))
    assert relations() == {("doc-0", "doc-1"): "other_edition", ("doc-1", "doc-0"): "other_edition"}
    assert principal(ask) == ["doc-0", "doc-1"]


def test_a_bureaus_re_post_of_the_governments_report_is_linked_and_counted_once(
    load: Load, ask: Ask, relations: Relations
) -> None:
    load(read(0, words(1), **GOVERNMENT), read(1, words(1, share=0.02), **BUREAU))
    assert relations() == {("doc-0", "doc-1"): "same_text", ("doc-1", "doc-0"): "same_text"}
    ((similarity, why),) = ask("SELECT similarity, why FROM related_reports WHERE document_id = 'doc-1'")
    assert 0.7 <= similarity < 1
    assert why == f"the texts have {round(100 * similarity)} % in common"
    assert principal(ask) == ["doc-0"]
    assert ask('SELECT sum("count") FROM terms SEMI JOIN principal_reports USING (document_id)') == [(3,)]


def test_a_joint_report_and_the_governments_posting_of_it_are_two_rows_and_one_count(
    load: Load, ask: Ask, relations: Relations
) -> None:
    joint: dict[str, Any] = {
        "edition": Edition.JOINT,
        "publisher": "中共浦江县委",
        "column_url": "http://www.pujiang.test/swszf/",
    }
    load(read(0, words(1), **GOVERNMENT), read(1, words(1, share=0.01), **joint))
    assert relations() == {("doc-0", "doc-1"): "same_text", ("doc-1", "doc-0"): "same_text"}
    assert len(principal(ask)) == 1


def test_of_two_rows_of_one_column_for_one_year_the_later_supersedes_the_earlier(
    load: Load, ask: Ask, relations: Relations
) -> None:
    load(
        read(0, words(1), **GOVERNMENT, published_date=date(2026, 2, 1)),
        read(1, words(2), **GOVERNMENT, published_date=date(2026, 3, 9)),
        read(2, words(3), **GOVERNMENT, published_date=date(2026, 5, 1)),
    )
    assert relations() == {
        ("doc-1", "doc-0"): "supersedes",
        ("doc-0", "doc-1"): "superseded_by",
        ("doc-2", "doc-1"): "supersedes",
        ("doc-1", "doc-2"): "superseded_by",
        ("doc-0", "doc-2"): "beside",
        ("doc-2", "doc-0"): "beside",
    }
    assert principal(ask) == ["doc-2"]


def test_two_rows_of_one_day_do_not_say_which_replaces_which(load: Load, ask: Ask, relations: Relations) -> None:
    load(read(0, words(1), **GOVERNMENT), read(1, words(2), **GOVERNMENT))
    assert set(relations().values()) == {"beside"}
    assert len(principal(ask)) == 1


def test_a_withdrawn_report_does_not_stand_for_the_one_that_is_there(load: Load, ask: Ask) -> None:
    load(
        read(0, words(1), **GOVERNMENT, published_date=date(2026, 2, 1)),
        read(1, words(2), **GOVERNMENT, published_date=date(2026, 3, 9)),
    )
    for day in (10, 11, 12):
        gone = capture(1, at=MORNING + timedelta(days=day), outcome="gone", digest=None, status=404)
        load(Batch(f"gone-{day}", SOURCE, 0, captures=(gone,)))
    assert principal(ask) == ["doc-0"]


def test_reports_of_other_years_places_and_townships_are_not_related(
    load: Load, relations: Relations, ask: Ask
) -> None:
    town: dict[str, Any] = {"level": Level.TOWNSHIP, "edition": Edition.GOVERNMENT}
    load(
        read(0, words(1), **GOVERNMENT),
        read(1, words(2), **GOVERNMENT, year=2024),
        read(2, words(3), **GOVERNMENT, division_code="330727", publisher="磐安县人民政府"),
        read(3, words(4), **town, publisher="东溪镇人民政府"),
        read(4, words(5), **town, publisher="西溪镇人民政府"),
    )
    assert relations() == {}
    assert len(principal(ask)) == 5


def test_departments_of_one_place_are_related_to_its_government_and_not_to_each_other(
    load: Load, relations: Relations
) -> None:
    load(
        read(0, words(1), **GOVERNMENT),
        read(1, words(2), **BUREAU),
        read(2, words(3), **{**BUREAU, "publisher": "浦江县财政局"}),
    )
    assert set(relations()) == {("doc-0", "doc-1"), ("doc-1", "doc-0"), ("doc-0", "doc-2"), ("doc-2", "doc-0")}


def test_a_report_without_publisher_or_year_is_counted_and_related_to_nothing(
    load: Load, ask: Ask, relations: Relations
) -> None:
    load(read(0, words(1), publisher=None), read(1, words(1, share=0.02), report_year=None))
    assert relations() == {}
    assert principal(ask) == ["doc-0", "doc-1"]


def test_every_address_of_a_report_is_a_row_that_says_where_it_stands_now(load: Load, ask: Ask) -> None:
    load(read(0, words(1), **GOVERNMENT))
    load(read(1, words(1), days=3, **GOVERNMENT))
    assert ask("SELECT count(*) FROM reports") == [(1,)]
    assert ask("SELECT document_id, url, is_current, gone FROM report_addresses ORDER BY url") == [
        ("doc-0", address(0), False, False),
        ("doc-0", address(1), True, False),
    ]
