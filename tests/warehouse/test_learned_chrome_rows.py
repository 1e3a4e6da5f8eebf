"""Learned rules as rows: from which hosts to learn, what other hosts say, and the day a rule was learned."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from scrapers.records import Batch, Removal
from tests.warehouse.sample_batches import MORNING, TEXT, capture, report, whole_batch
from warehouse.database import writing
from warehouse.ledgers.crawl_ledger import finish_run, start_run
from warehouse.ledgers.learned_chrome import (
    ChromeLine,
    held_texts,
    hosts_of_lines,
    hosts_with_news,
    keep_chrome,
    known_chrome,
)

Load = Callable[..., Any]
LINE = ChromeLine("#zoom", "tail", "abc", "清河融媒出品", 5, 6)


def of_host(host: str, number: int, run_id: str) -> Batch:
    fetched = capture(number)
    return Batch(
        run_id,
        f"test/{host}",
        0,
        captures=(fetched,),
        reports=(report(number, read_from=fetched, url=f"http://{host}/{number}.html"),),
    )


def test_hosts_of_killed_runs_are_learned_from_at_the_end_of_the_next(load: Load, warehouse: Path) -> None:
    start_run(warehouse, "first", "crawl", {}, started_at=MORNING)
    load(of_host("a.test", 1, "first"))
    finish_run(warehouse, "first", "completed", {})
    start_run(warehouse, "killed", "crawl", {}, started_at=MORNING + timedelta(days=1))
    load(of_host("b.test", 2, "killed"))
    start_run(warehouse, "third", "crawl", {}, started_at=MORNING + timedelta(days=2))
    load(of_host("c.test:8080", 3, "third"))
    with writing(warehouse, "test") as connection:
        assert hosts_with_news(connection) == ("b.test", "c.test")


def test_texts_come_with_what_learned_rules_cut_and_nothing_else(load: Load, warehouse: Path) -> None:
    fetched = capture(1)
    made = report(1, read_from=fetched)
    cut = Removal("learned:abc", "\n清河融媒出品", len(made.draft.text))
    draft = replace(made.draft, removed=(*made.draft.removed, cut))
    load(Batch("run", "a/b", 0, captures=(fetched,), reports=(replace(made, draft=draft),)))
    with writing(warehouse, "test") as connection:
        ((host, (held,)),) = held_texts(connection, ["www.pujiang.test", "another.test"])
    assert host == "www.pujiang.test"
    assert (held.container, held.text, held.cut) == ("#zoom", made.draft.text, (cut,))


def test_texts_come_host_by_host(load: Load, warehouse: Path) -> None:
    load(*(of_host(f"{'ab'[number % 2]}.test", number, f"run-{number}") for number in range(5)))
    with writing(warehouse, "test") as connection:
        assert [(host, len(texts)) for host, texts in held_texts(connection, ["b.test", "a.test"])] == [
            ("a.test", 3),
            ("b.test", 2),
        ]
        assert list(held_texts(connection, [])) == []


def test_a_line_is_found_on_every_host_that_has_it_whole(load: Load, warehouse: Path) -> None:
    load(of_host("a.test", 1, "one"), of_host("b.test", 2, "two"))
    spaced = replace(report(3, text=(*TEXT, "清 河 融 媒　出 品")), url="http://c.test/3.html")
    load(Batch("three", "c", 0, reports=(replace(spaced, text_digest="sha256:3"),)))
    with writing(warehouse, "test") as connection:
        found = hosts_of_lines(connection, {"清河融媒出品", TEXT[2], "执法力量", "不在任何地方"})
        assert hosts_of_lines(connection, set()) == {}
    assert found == {"清河融媒出品": {"c.test"}, TEXT[2]: {"a.test", "b.test", "c.test"}}


def test_a_rule_that_stays_keeps_the_day_it_was_learned(warehouse: Path) -> None:
    other = LINE._replace(rule_id="def", line="扫码关注清河")
    with writing(warehouse, "test") as connection:
        keep_chrome(connection, "a.test", [LINE, other], MORNING)
        keep_chrome(connection, "b.test", [other], MORNING)
        keep_chrome(connection, "a.test", [LINE._replace(seen=6)], MORNING + timedelta(days=1))
        assert known_chrome(connection) == {"a.test": (LINE._replace(seen=6),), "b.test": (other,)}
        days = connection.execute("SELECT DISTINCT learned_at FROM core_learned_chrome").fetchall()
        assert days == [(datetime(2026, 3, 2, 1, 0),)]
        keep_chrome(connection, "a.test", [], MORNING)
        assert set(known_chrome(connection)) == {"b.test"}


def test_a_warehouse_without_news_has_no_host_to_learn_from(load: Load, warehouse: Path) -> None:
    start_run(warehouse, "run-1", "crawl", {}, started_at=MORNING)
    load(whole_batch(0, 2))
    finish_run(warehouse, "run-1", "completed", {})
    start_run(warehouse, "run-2", "crawl", {}, started_at=MORNING + timedelta(days=1))
    with writing(warehouse, "test") as connection:
        assert hosts_with_news(connection) == ()
