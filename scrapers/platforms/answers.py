"""Answers of listing programs: JSON as sites really write it, and rows made of its fields."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date

from scrapers import addresses
from scrapers.platforms import markup, scripts
from scrapers.platforms.dates import from_unix, read_date
from scrapers.platforms.scripts import whole_number
from scrapers.records import ListRow

_CALLBACK = re.compile(r"\s*(?:/\*.*?\*/)?\s*[\w$.]+\s*\(\s*(?=[\[{])", re.DOTALL)

TITLES = ("title", "doctitle", "_doctitle", "bt", "name")
ADDRESSES = ("url", "docpuburl", "chnldocurl", "docurl", "publishurl", "post_url", "link", "href")
DATES = ("docreltime", "publishedtimestr", "publishtime", "fbrq", "pubdate", "time", "date")
TOTALS = ("total", "recordcount", "count", "totalcount", "totalhits", "post_count")


def read_json(text: str) -> object:
    """A JSON answer, leniently: byte order mark, JSONP callback, raw newlines, single quotes; else ``None``."""
    text = text.lstrip("\ufeff \t\r\n")
    callback = _CALLBACK.match(text)
    if callback:
        text = text[callback.end() :].rstrip().rstrip(";").rstrip().removesuffix(")")
    try:
        return json.loads(text, strict=False)
    except (ValueError, RecursionError):
        pass
    if not text.startswith(("{", "[")):
        return None
    found = scripts.literal(text)
    return found if isinstance(found, dict | list) and found else None


def field(record: Mapping[str, object], names: Iterable[str]) -> object:
    """Value of the first of ``names`` (lower case) that ``record`` holds, whatever its case, and that is not empty."""
    lowered = {key.lower(): value for key, value in record.items()}
    return next((lowered[name] for name in names if lowered.get(name) not in (None, "", [])), None)


def text_field(record: Mapping[str, object], names: Iterable[str]) -> str | None:
    value = field(record, names)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    text = str(value)
    if "<" in text:  # search programs mark the words that were asked for
        text = markup.shown_text(markup.parse(text))
    elif "&" in text and "://" not in text:
        text = html.unescape(text)
    return markup.collapsed(text) or None


def records(answer: object) -> list[dict[str, object]]:
    """The list of rows in an answer, wherever it is nested: the longest list of objects that hold a title."""
    found: list[list[dict[str, object]]] = []
    for value in _lists(answer, 0):
        objects = [item for item in value if isinstance(item, dict)]
        if objects and len(objects) == len(value) and any(field(item, TITLES) is not None for item in objects):
            found.append(objects)
    return max(found, key=len, default=[])


def total(answer: object, names: Iterable[str] = TOTALS) -> int | None:
    """The number of rows that an answer states, outermost first."""
    wanted = tuple(names)
    level: list[object] = [answer]
    for _ in range(4):
        objects = [value for value in level if isinstance(value, dict)]
        for value in objects:
            count = whole_number(field(value, wanted))
            if count is not None:
                return count
        level = [inner for value in objects for inner in value.values()]
    return None


def row(
    record: Mapping[str, object],
    base: str,
    hosts: tuple[str, ...],
    *,
    addresses_of: Iterable[str] = ADDRESSES,
    titles: Iterable[str] = TITLES,
    dates: Iterable[str] = DATES,
    doc_number: str | None = None,
    index_number: str | None = None,
) -> ListRow | None:
    """The row that ``record`` describes; ``None`` where it has no address that a client could ask for."""
    href = text_field(record, addresses_of)
    url = addresses.canonical(href, base) if href else None
    if href is None or url is None:
        return None
    return ListRow(
        title=text_field(record, titles) or "",
        url=url,
        href=href,
        date=day(field(record, dates)),
        off_host=addresses.host_of(url) not in hosts,
        doc_number=doc_number,
        index_number=index_number,
    )


def day(value: object) -> date | None:
    """The day in China that a field states: a printed date or a Unix time."""
    if isinstance(value, str):
        return read_date(value) or from_unix(value)
    return from_unix(value)


def _lists(value: object, depth: int) -> Iterator[list[object]]:
    if depth > 6:
        return
    if isinstance(value, list):
        yield value
        for item in value[:1]:
            yield from _lists(item, depth + 1)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _lists(item, depth + 1)
