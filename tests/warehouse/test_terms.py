"""Words of reports as rows: what an analyst counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from scrapers.records import State, Words
from tests.warehouse.sample_batches import report, whole_batch

Load = Callable[..., Any]
Ask = Callable[..., list[tuple[Any, ...]]]

WORDS = Words("1+abc", ("行政复议", "案件", "120"), (6, 3, 1))


def with_words(words: Words | None, sequence: int = 0, **changes: Any) -> Any:
    batch = whole_batch(sequence, 1)
    return replace(batch, reports=tuple(replace(each, words=words, **changes) for each in batch.reports))


def test_a_word_is_counted_in_ten_thousand_of_its_report(load: Load, ask: Ask) -> None:
    load(with_words(WORDS))
    assert ask('SELECT token, "count", per_10000, dictionary FROM terms ORDER BY token') == [
        ("120", 1, 1000.0, "1+abc"),
        ("案件", 3, 3000.0, "1+abc"),
        ("行政复议", 6, 6000.0, "1+abc"),
    ]


def test_a_new_dictionary_replaces_the_words_and_makes_no_version(load: Load, ask: Ask) -> None:
    load(with_words(WORDS))
    again = replace(with_words(Words("2+def", ("复议",), (6,))), run_id="run-2")
    load(again)
    assert ask("SELECT token, dictionary FROM terms") == [("复议", "2+def")]
    assert ask("SELECT count(*) FROM core_versions") == [(1,)]


def test_a_page_in_quarantine_has_no_words_among_the_reports(load: Load, ask: Ask) -> None:
    load(with_words(WORDS, state=State.QUARANTINED, reason="host: not a trusted one"))
    assert ask("SELECT count(*) FROM terms") == [(0,)]


def test_a_report_without_words_is_none(load: Load, ask: Ask) -> None:
    assert report(0).words is None
    load(with_words(None))
    assert ask("SELECT (SELECT count(*) FROM core_words), (SELECT count(*) FROM reports)") == [(0, 1)]
