"""Any list page, read: its rows and what its pager states.

Rows are found by how such pages are built, not by class names; ``row_blocks`` says how. Traps this is written against:
the date before the link, hidden tables and lists of related links inside a row, template rows without an address,
titles cut with an ellipsis, decorative rows, a second document inside the body.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from itertools import pairwise

from bs4 import BeautifulSoup, Tag

from scrapers import addresses
from scrapers.platforms import hanweb_columns, markup
from scrapers.platforms.pagers import read_pager
from scrapers.platforms.row_blocks import (
    PINNED_MARK,
    Page,
    Row,
    blocks,
    chosen_block,
    dated_rows,
    link_text,
    outer_rows,
    primary_link,
    undated_rows,
    with_undated,
)
from scrapers.platforms.scripts import whole_number
from scrapers.records import ListPage, ListRow, Outcome, Pager

_CUT = re.compile(r"(?:\.{2,}|…+|。{2,})\s*$")
_INDEX_NUMBER = re.compile(r"[0-9A-Za-z]{5,24}[/-](?:19|20)\d\d-\d{2,7}")
_DOC_NUMBER = re.compile(r"[\u4e00-\u9fff]{1,14}(?:〔|\[|［|\(|（)(?:19|20)\d\d(?:〕|\]|］|\)|）)(?:第)?\d{1,5}号")
_RECORD = "nianbao-record"
_REPEATED = ("v-for", "ms-repeat", "ms-for", "ng-repeat", "wx:for", "data-each")
_LOADING = re.compile(
    r"(?:数据|内容|页面|列表)?(?:正在|努力)?加载中?(?:\s*[,，]?\s*请稍[候后等])?\s*[.…。!！]*|loading\s*[.…]*",
    re.IGNORECASE,
)


def read_list(html: str, url: str, hosts: tuple[str, ...] = ()) -> ListPage:
    """Rows and pager of the list page ``html``, served from ``url``; ``hosts`` are the source's own (else ``url``'s).

    Rows come in page order with whole titles, canonical addresses and dates; ``more`` holds requests for the other
    pages as far as this one names them. Never raises: a page without a list has no rows.
    """
    embedded = _embedded_list(html, url, hosts)
    if embedded is not None:
        return embedded
    soup = markup.parse(html)
    element = soup.find("base", href=True)
    base = addresses.document_base(url, markup.attribute(element, "href") if isinstance(element, Tag) else None)
    found = read_pager(soup, base)
    base = found.base
    page = Page(soup, base)
    chosen = chosen_block(page, base, found.element)
    rows = _as_list_rows(chosen, hosts or (addresses.host_of(url),))
    pager = found.pager(chosen[0].element if chosen else None)
    if not rows and _is_filled_by_script(soup):
        detail = f"{url} shows no rows: a script fills its list"
        return ListPage((), pager, found.more, Outcome.JS_ONLY, detail)
    return ListPage(rows=mark_pinned(rows), pager=pager, more=found.more)


def _is_filled_by_script(soup: BeautifulSoup) -> bool:
    """Whether a page without rows is a template: repeated bindings of a script framework, or a loading notice."""
    if any(soup.find(attrs={name: True}) for name in _REPEATED):
        return True
    return any(_LOADING.fullmatch(text.strip()) for text in markup.strings(soup))


def _embedded_list(html: str, url: str, hosts: tuple[str, ...]) -> ListPage | None:
    """The list of a Hanweb column page, whose rows stand in a script until the browser shows them."""
    unit = hanweb_columns.own_list(html, url, {})
    if unit is None or not unit[0].records:
        return None
    store, settings = unit
    total = whole_number(settings.get("totalrecord"))
    total = store.total if total is None else total
    size = whole_number(settings.get("perpage"))
    pages = math.ceil(total / size) if total is not None and size else store.pages
    rows = read_records(store.records, url, hosts)
    return ListPage(rows=rows, pager=Pager(hanweb_columns.KIND, pages=pages, total=total))


def read_fragment(html: str, url: str, hosts: tuple[str, ...]) -> tuple[ListRow, ...]:
    """Rows of a fragment that holds nothing but rows (an answer of a listing program, or one record of it)."""
    page = Page(markup.parse(html), url)
    rows = [row for block in blocks(page) for row in with_undated(page, block)] or undated_rows(page)
    rows.sort(key=lambda row: row.link.order)
    return mark_pinned(_as_list_rows(rows, hosts or (addresses.host_of(url),)))


def read_records(records: Sequence[str], url: str, hosts: tuple[str, ...]) -> tuple[ListRow, ...]:
    """Rows of fragments each of which is known to be a row, dated or not (mostly one, never none that has a link)."""
    soup = markup.parse("".join(f'<div class="{_RECORD}">{record}</div>' for record in records))
    parts = [part for part in soup.find_all("div", class_=_RECORD) if isinstance(part, Tag)]
    broken = len(parts) != len(records) or any(part.find_parent("div", class_=_RECORD) for part in parts)
    if broken and len(records) > 1:  # an unclosed tag in one of them swallowed others
        return mark_pinned([row for record in records for row in read_records([record], url, hosts)])
    page = Page(soup, url)
    dated: dict[int, list[Row]] = defaultdict(list)
    for row in outer_rows(dated_rows(page)):
        part = next((parent for parent in (row.element, *row.element.parents) if _is_record(parent)), None)
        dated[id(part)].append(row)
    rows: list[Row] = []
    for part in parts:
        found = dated.get(id(part))
        link = primary_link(part, page.below.get(id(part), []))
        rows += found or ([Row(part, link, None)] if link else [])
    return mark_pinned(_as_list_rows(rows, hosts or (addresses.host_of(url),)))


def _is_record(tag: Tag) -> bool:
    return markup.attribute(tag, "class") == _RECORD


def mark_pinned(rows: Sequence[ListRow]) -> tuple[ListRow, ...]:
    """``rows`` with those in front marked that break the order of dates: older than the first of an orderly rest.

    Sites pin rows without marking them; the order of dates is what shows it. Where more than a third of the rows
    would have to be pinned the list simply has no order, and nothing is marked.
    """
    dates = [row.date for row in rows]
    for count in range(len(rows) // 3 + 1):
        rest = [day for day in dates[count:] if day]
        if not is_descending(rest):
            continue
        if count and all(day and rest and day < rest[0] for day in dates[:count]):
            return tuple(replace(row, pinned=True) if at < count else row for at, row in enumerate(rows))
        break
    return tuple(rows)


def is_descending(dates: Sequence[date]) -> bool:
    return all(earlier >= later for earlier, later in pairwise(dates))


# --------------------------------------------------------------------------- records


def _as_list_rows(rows: Iterable[Row], hosts: tuple[str, ...]) -> tuple[ListRow, ...]:
    return tuple(
        ListRow(
            title=_title(row),
            url=row.link.url,
            href=row.link.href,
            date=row.date,
            pinned=any(PINNED_MARK.match(text.strip()) for text in markup.strings(row.element)),
            off_host=addresses.host_of(row.link.url) not in hosts,
            doc_number=_standing_alone(row, _DOC_NUMBER),
            index_number=_standing_alone(row, _INDEX_NUMBER),
        )
        for row in rows
    )


def _standing_alone(row: Row, shape: re.Pattern[str]) -> str | None:
    """The first string of the row, its link aside, that is nothing but a number of that shape."""
    for text in markup.strings(row.element):
        found = markup.collapsed(text)
        if shape.fullmatch(found) and not any(parent is row.link.tag for parent in text.parents):
            return found
    return None


def _title(row: Row) -> str:
    """The whole title: as shown, or an attribute's where the shown one is cut or missing."""
    shown = link_text(row.link.tag)
    tags = [row.link.tag, *row.link.tag.find_all(True)]
    for parent in row.link.tag.parents:
        tags.append(parent)
        if parent is row.element:
            break
    if row.link.tag is row.element:
        tags = tags[: 1 + len(row.link.tag.find_all(True))]
    offered = [markup.collapsed(_plain(markup.attribute(tag, name))) for tag in tags for name in ("title", "alt")]
    return whole_title(shown, offered)


def whole_title(shown: str, offered: Iterable[str]) -> str:
    """``shown``, or the first of ``offered`` that continues it where it is cut (or that exists where it is empty)."""
    stem = _CUT.sub("", shown).rstrip()
    bare = markup.SPACE.sub("", stem)
    for title in offered:
        if not title or _CUT.search(title):
            continue
        continues = len(markup.SPACE.sub("", title)) > len(bare) and markup.SPACE.sub("", title).startswith(bare)
        if not shown or (continues and (stem != shown or len(bare) >= 8)):
            return title
    return shown


def _plain(text: str) -> str:
    """An attribute's title without markup, without a label before it and without dates behind it."""
    text = re.sub(r"<[a-zA-Z/][^>]*>", " ", text).strip()
    text = re.split(r"[\r\n]+\s*\S{0,4}(?:时间|日期)\s*[:：]", text)[0]
    return re.sub(r"^(?:文章)?(?:标题|名称)\s*[:：]\s*", "", text)
