"""Learned chrome in the warehouse: what it is learned from, and the rules that were learned."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from itertools import chain, groupby
from operator import itemgetter
from typing import Final, NamedTuple

import duckdb

from scrapers.records import HeldText, Removal
from warehouse.migrate import schema_version
from warehouse.storage.instants import kept
from warehouse.storage.transactions import transaction

_LEARNED_SINCE: Final = 5
"""Schema from which a warehouse holds learned chrome."""


class ChromeLine(NamedTuple):
    """A row of ``core_learned_chrome`` without its host and its day."""

    container: str
    edge: str
    """``head`` or ``tail``."""
    rule_id: str
    line: str
    """Without white space."""
    seen: int
    """Pages that have it at that end."""
    looked_at: int
    """Pages of that container."""


def hosts_with_news(connection: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    """Hosts of trusted reports whose text came, or came anew, in the runs since the last completed one began.

    That is the run at whose end one asks, and those before it that were killed.
    """
    return tuple(str(host) for (host,) in connection.execute(_HOSTS).fetchall())


def held_texts(
    connection: duckdb.DuckDBPyConnection, hosts: Collection[str]
) -> Iterator[tuple[str, tuple[HeldText, ...]]]:
    """Each host with the texts of its trusted reports, current versions, with what learned rules cut from them.

    Texts are read once for all hosts and come host by host: ask the connection nothing else until the last is had.
    """
    if not hosts:
        return
    answer = connection.execute(_TEXTS, {"hosts": list(hosts)})
    rows = chain.from_iterable(iter(partial(answer.fetchmany, _TEXTS_AT_ONCE), []))
    for host, texts in groupby(rows, key=itemgetter(0)):
        yield (
            host,
            tuple(
                HeldText(
                    container,
                    text,
                    tuple(Removal(piece["rule"], piece["removed"], piece["text_offset"]) for piece in cut or ()),
                )
                for _, container, text, cut in texts
            ),
        )


def hosts_of_lines(connection: duckdb.DuckDBPyConnection, lines: Collection[str]) -> Mapping[str, frozenset[str]]:
    """For each of ``lines`` (without white space) the hosts of the trusted reports in which it is a whole line."""
    if not lines:
        return {}
    rows = connection.execute(_HOSTS_OF_LINES, {"lines": list(lines), "longest": 2 * max(map(len, lines))}).fetchall()
    return {str(line): frozenset(hosts) for line, hosts in rows}


def keep_chrome(connection: duckdb.DuckDBPyConnection, host: str, lines: Sequence[ChromeLine], now: datetime) -> None:
    """Make the rules of a host equal to ``lines``; a rule that stays keeps the day on which it was learned."""
    with transaction(connection):
        held = {
            tuple(row)
            for row in connection.execute(
                "SELECT container, edge, rule_id FROM core_learned_chrome WHERE host = ?", [host]
            ).fetchall()
        }
        for key in held - {(line.container, line.edge, line.rule_id) for line in lines}:
            connection.execute(
                "DELETE FROM core_learned_chrome WHERE host = ? AND container = ? AND edge = ? AND rule_id = ?",
                [host, *key],
            )
        for line in lines:
            connection.execute(
                "INSERT INTO core_learned_chrome VALUES (?, ?, ?, ?, ?, ?, ?, ?) "
                "ON CONFLICT DO UPDATE SET seen = excluded.seen, looked_at = excluded.looked_at",
                [host, *line, kept(now)],
            )


def known_chrome(connection: duckdb.DuckDBPyConnection) -> Mapping[str, tuple[ChromeLine, ...]]:
    """Every learned rule by host; empty in a file of before there were any."""
    if schema_version(connection) < _LEARNED_SINCE:
        return {}
    found: dict[str, tuple[ChromeLine, ...]] = {}
    for host, *row in connection.execute(_KNOWN).fetchall():
        found[host] = (*found.get(host, ()), ChromeLine(*row))
    return found


_HOSTS: Final = """
SELECT DISTINCT host_of(r.url) AS host
FROM core_reports r JOIN core_versions v ON v.document_id = r.document_id AND v."version" = r."version"
JOIN raw_batches b ON b.batch = v.batch
JOIN raw_runs u ON u.run_id = b.run_id
WHERE r.state = 'accepted' AND u.started_at > coalesce(
    (SELECT max(started_at) FROM raw_runs WHERE state = 'completed'), TIMESTAMP '-infinity')
ORDER BY host
"""
_TEXTS_AT_ONCE: Final = 200
_TEXTS: Final = """
SELECT host_of(r.url) AS host, v.container, v."text", x.cut
FROM core_reports r JOIN core_versions v ON v.document_id = r.document_id AND v."version" = r."version"
LEFT JOIN (
    SELECT document_id, "version",
        list({'rule': rule, 'removed': removed, 'text_offset': text_offset} ORDER BY "position") AS cut
    FROM core_removals WHERE starts_with(rule, 'learned:') GROUP BY document_id, "version"
) x ON x.document_id = r.document_id AND x."version" = r."version"
WHERE r.state = 'accepted' AND v.container IS NOT NULL AND host_of(r.url) IN (SELECT unnest($hosts))
ORDER BY host, r.document_id
"""
# Lines of more than twice the longest are none of them, and are most of the text.
_HOSTS_OF_LINES: Final = """
SELECT line, list(DISTINCT host)
FROM (SELECT host, regexp_replace(spaced, '[\\s\\p{Z}]+', '', 'g') AS line
    FROM (SELECT host_of(r.url) AS host, unnest(string_split(v."text", chr(10))) AS spaced
        FROM core_reports r JOIN core_versions v ON v.document_id = r.document_id AND v."version" = r."version"
        WHERE r.state = 'accepted')
    WHERE length(spaced) <= $longest)
WHERE line IN (SELECT unnest($lines))
GROUP BY line
"""
_KNOWN: Final = """
SELECT host, container, edge, rule_id, line, seen, looked_at FROM core_learned_chrome ORDER BY ALL
"""
