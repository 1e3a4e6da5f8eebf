"""The inverted index over many loads: runs stay few, and each word is found in the texts that have it, in no other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest

from scrapers.records import Batch, Words
from tests.warehouse.sample_batches import SOURCE, capture, report
from warehouse import postings
from warehouse.checks import run_checks
from warehouse.database import writing
from warehouse.postings import RUNS, merge_postings
from warehouse.search import replace_words

Load = Callable[..., Any]
Ask = Callable[..., list[tuple[Any, ...]]]


def words(*tokens: str, dictionary: str = "1+abc") -> Words:
    counts = Counter(tokens)
    return Words(dictionary, tuple(counts), tuple(counts.values()))


def one(number: int, *tokens: str) -> Batch:
    fetched = capture(number, payload=str(tokens))
    read = report(number, text=tokens, read_from=fetched, words=words(*tokens), figures=(), sections=())
    return Batch(run_id=f"run-{number:03}", source_id=SOURCE, sequence=0, captures=(fetched,), reports=(read,))


def load_each(load: Load, count: int, first: int = 0) -> None:
    for number in range(first, first + count):
        load(one(number, "行政复议", f"词{number % 3}", f"词{number % 3}"))


def cut_each(warehouse: Path, cut: Sequence[Words]) -> None:
    """Texts that are held, each cut into words by itself: a run of postings and a merge each, as with a load."""
    with writing(warehouse, "test") as connection:
        for number, one_text in enumerate(cut):
            replace_words(connection, [(f"doc-{number}", 1, one_text)])


def held(load: Load, count: int) -> None:
    fetched = [capture(number) for number in range(count)]
    reports = tuple(report(number, read_from=each) for number, each in enumerate(fetched))
    load(Batch(run_id="run", source_id=SOURCE, sequence=0, captures=tuple(fetched), reports=reports))


TERMS = 'SELECT document_id, token, "count" FROM core_terms ORDER BY ALL'


def test_runs_of_many_loads_are_merged_and_no_word_is_lost(load: Load, ask: Ask) -> None:
    load_each(load, RUNS - 1)
    assert ask("SELECT count(*) FROM core_posting_runs") == [(RUNS - 1,)]
    load_each(load, 1, first=RUNS - 1)
    assert ask("SELECT postings, last_words_id FROM core_posting_runs") == [(2 * RUNS, RUNS)]
    assert ask("SELECT count(DISTINCT run), count(*) FROM core_postings") == [(1, 4)]
    assert ask(TERMS) == sorted(
        row
        for number in range(RUNS)
        for row in ((f"doc-{number}", "行政复议", 1), (f"doc-{number}", f"词{number % 3}", 2))
    )


def test_eight_of_a_tier_are_one_of_the_next(load: Load, ask: Ask, warehouse: Path) -> None:
    held(load, RUNS * RUNS)
    cut_each(warehouse, [words("行政复议", f"词{number % 3}") for number in range(RUNS * RUNS)])
    assert ask("SELECT postings FROM core_posting_runs") == [(2 * RUNS * RUNS,)]


def test_a_merge_in_slices_and_blocks_gives_the_same(load: Load, ask: Ask, monkeypatch: Any) -> None:
    monkeypatch.setattr(postings, "_AT_ONCE", 3)
    monkeypatch.setattr(postings, "BLOCK", 2)
    load_each(load, RUNS)
    assert ask("SELECT count(DISTINCT run), max(len(words_ids)) <= 3, count(*) > 4 FROM core_postings") == [
        (1, True, True)
    ]
    assert ask('SELECT count(*), sum("count") FROM core_terms') == [(2 * RUNS, 3 * RUNS)]


def test_a_large_merge_goes_on_over_several_loads_and_every_word_is_found_on_the_way(
    load: Load, ask: Ask, monkeypatch: Any, warehouse: Path
) -> None:
    monkeypatch.setattr(postings, "_A_LOAD", 3)
    monkeypatch.setattr(postings, "_SHARE", 0)
    held(load, RUNS * 2)
    told: list[tuple[str, str, int]] = []
    merging = []
    with writing(warehouse, "test") as connection:
        for number in range(RUNS * 2):
            tokens = (f"甲{number:02}", f"乙{number:02}", "行政复议")
            replace_words(connection, [(f"doc-{number}", 1, words(*tokens))])
            told += [(f"doc-{number}", token, 1) for token in tokens]
            assert connection.execute(TERMS).fetchall() == sorted(told)
            found = connection.execute("SELECT count(*) FROM search('行政复议', most := 100)").fetchall()
            assert found == [(number + 1,)]
            ((runs,),) = connection.execute("SELECT count(into_run) FROM core_posting_runs").fetchall()
            merging.append(runs)
            assert not [one.check.name for one in run_checks(connection) if one.rows and "index" in one.check.name]
        assert merging[RUNS - 2 : RUNS + 1] == [0, RUNS, RUNS], "not done with one load"
        assert merging[-1] > 0
        connection.execute("BEGIN")
        merge_postings(connection, everything=True)
        connection.execute("COMMIT")
    assert ask("SELECT postings, into_run FROM core_posting_runs") == [(3 * RUNS * 2, None)], "from half-way too"
    assert ask(TERMS) == sorted(told)


def test_words_cut_again_are_found_no_more_and_leave_with_the_next_merge(load: Load, ask: Ask, warehouse: Path) -> None:
    load_each(load, 2)
    with writing(warehouse, "test") as connection:
        replace_words(connection, [("doc-1", 1, words("复议", dictionary="2+def"))])
    assert ask("SELECT document_id FROM search('行政复议')") == [("doc-0",)]
    assert ask("SELECT document_id FROM search('复议')") == [("doc-1",)]
    assert ask("SELECT sum(len(words_ids)) FROM core_postings") == [(5,)]
    with writing(warehouse, "test") as connection:
        connection.execute("BEGIN")
        assert merge_postings(connection) == 0
        assert merge_postings(connection, everything=True) == 3
        connection.execute("COMMIT")
    assert ask("SELECT sum(len(words_ids)) FROM core_postings") == [(3,)]
    assert ask("SELECT token FROM core_vocabulary ORDER BY ALL") == [("复议",), ("行政复议",), ("词0",)]
    assert ask("SELECT document_id FROM search('复议')") == [("doc-1",)]


def test_the_number_of_a_text_is_not_given_again_where_its_postings_may_still_lie(
    load: Load, ask: Ask, warehouse: Path
) -> None:
    load_each(load, 1)
    with writing(warehouse, "test") as connection:
        connection.execute("DELETE FROM core_words")
    load(one(5, "信息公开", "年报", "年报"))
    assert ask(TERMS) == [("doc-5", "信息公开", 1), ("doc-5", "年报", 2)]
    assert ask("SELECT words_id FROM core_words") == [(2,)]


def test_runs_of_which_nothing_lives_become_one_that_remembers_the_last_number(
    load: Load, ask: Ask, warehouse: Path
) -> None:
    load_each(load, RUNS)
    with writing(warehouse, "test") as connection:
        connection.execute("DELETE FROM core_words; DELETE FROM core_postings; DELETE FROM core_posting_runs")
        connection.execute(f"INSERT INTO core_posting_runs SELECT unnest(range({RUNS})), 0, 1, 50, NULL")
        connection.execute("BEGIN")
        assert merge_postings(connection) == RUNS
        connection.execute("COMMIT")
    assert ask("SELECT postings, last_words_id, into_run FROM core_posting_runs") == [(0, 50, None)]


def test_a_killed_load_leaves_no_half_of_a_run(load: Load, ask: Ask, monkeypatch: Any, warehouse: Path) -> None:
    load_each(load, RUNS - 1)
    before = ask(TERMS)
    monkeypatch.setattr(postings, "_DELETE", "SELECT error('pulled the plug'), $runs, $first, $after")
    with pytest.raises(duckdb.Error, match="pulled the plug"):
        load_each(load, 1, first=RUNS - 1)
    assert ask(TERMS) == before
    assert ask("SELECT count(*) FROM core_posting_runs") == [(RUNS - 1,)]
