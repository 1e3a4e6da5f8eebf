"""A list asked for without the page it stands in, by what that page stated the last time.

Many columns are two requests: a page that only says which program lists it, and the program. What the page said is
kept with the listing, so that a column with nothing new costs one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace

from scrapers.platforms.protocol import Fetch, Platform
from scrapers.platforms.trouble import FATAL
from scrapers.records import Column, Outcome, Request

_NO_ANSWER_OF_THE_LIST = FATAL | {Outcome.TIMEOUT, Outcome.CONNECTION, Outcome.TRUNCATED}
"""Failures that say nothing about the list: the column's page would meet the same."""


def digest_of(column: Column) -> str:
    """What the registry says of how ``column`` is listed, in 16 hexadecimal digits: changed, nothing learned holds."""
    entry = [column.platform, column.url, column.name, column.query, sorted(column.parameters.items())]
    return hashlib.sha256(json.dumps(entry, ensure_ascii=False).encode()).hexdigest()[:16]


def start_at_list(
    family: Platform,
    column: Column,
    learned: Mapping[str, str],
    hosts: tuple[str, ...],
    known: frozenset[str],
    fetch: Fetch,
) -> tuple[Column, Fetch]:
    """The column as it is to be asked, and what to ask it with: the list itself, or its page after all.

    The list is asked for first. It is taken for the column's where it answers with rows, and one of them is known
    where any are: a program may list something else under numbers that were given away. The answer is handed on, not
    asked for again.
    """
    direct = replace(column, parameters={**column.parameters, **learned})
    first = family.first(direct)
    if first == family.first(column):
        return column, fetch
    answer = fetch(first)
    outcome, _, text = answer
    if outcome is Outcome.OK:
        page = family.parse(direct, first, text, hosts)
        is_list = page.outcome is Outcome.OK and any(not known or row.url in known for row in page.rows)
    else:
        is_list = outcome in _NO_ANSWER_OF_THE_LIST
    return (direct, _handing_on(first, answer, fetch)) if is_list else (column, fetch)


def _handing_on(first: Request, answer: tuple[Outcome, str | None, str], fetch: Fetch) -> Fetch:
    """``fetch``, but the first time it is asked for ``first`` it gives ``answer``."""
    kept = [answer]
    return lambda request: kept.pop() if kept and request == first else fetch(request)
