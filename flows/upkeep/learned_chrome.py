"""Learned chrome between the warehouse and the reading: learned after a run, applied in the next."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from scrapers.learning import learn_from, without_common
from scrapers.reading.learned import LearnedRule
from warehouse.database import writing
from warehouse.ledgers.learned_chrome import (
    ChromeLine,
    held_texts,
    hosts_of_lines,
    hosts_with_news,
    keep_chrome,
    known_chrome,
)
from warehouse.readers import open_reader

Rules = Mapping[str, tuple[LearnedRule, ...]]
"""Learned rules by host."""


def learn_after(warehouse: Path) -> None:
    """Learn anew, at the end of a run, from every host of which it brought texts."""
    with writing(warehouse, "learn chrome") as connection:
        hosts = hosts_with_news(connection)
        learned = {host: learn_from(texts) for host, texts in held_texts(connection, hosts)}
        lines = {one.rule.line for rules in learned.values() for one in rules}
        for host, rules in without_common(learned, hosts_of_lines(connection, lines)).items():
            kept = [
                ChromeLine(one.container, one.rule.where, one.rule.id, one.rule.line, one.rule.seen, one.rule.of)
                for one in rules
            ]
            keep_chrome(connection, host, kept, datetime.now(UTC))


def rules_of(warehouse: Path) -> Rules:
    """The rules that the writer's file holds."""
    with writing(warehouse, "read learned chrome") as connection:
        return _rules(connection)


def published_rules(reader: Path) -> Rules:
    """The rules that the reader copy holds; none where there is no copy, or one of before rules were learned."""
    if not reader.exists():
        return {}
    connection = open_reader(reader)
    try:
        return _rules(connection)
    finally:
        connection.close()


def _rules(connection: duckdb.DuckDBPyConnection) -> Rules:
    return {
        host: tuple(LearnedRule(line.rule_id, line.line, line.edge, line.seen, line.looked_at) for line in lines)
        for host, lines in known_chrome(connection).items()
    }
