"""What a CMS family is asked for, and the words its templates share."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from html import escape
from typing import Protocol

from deployments.portal.documents import Document
from deployments.portal.exchange import Answer, Asked
from deployments.portal.publishers import ColumnPlan, SitePlan


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a list. ``document`` is ``None`` where the row leads to another host."""

    title: str
    href: str
    """Absolute path on the site, or an absolute address elsewhere."""
    date: date
    document: Document | None = None


@dataclass(frozen=True, slots=True)
class FilledColumn:
    """A column with its rows, the newest first."""

    plan: ColumnPlan
    rows: tuple[Row, ...]

    @property
    def pages(self) -> int:
        """Pages of the list; a column without rows has one."""
        return pages_of(len(self.rows), self.plan.per_page)

    def page(self, number: int) -> tuple[Row, ...]:
        """Rows of the ``number``-th page, counted from 1."""
        start = (number - 1) * self.plan.per_page
        return self.rows[start : start + self.plan.per_page]


class Family(Protocol):
    """Pure templates: the same plan gives the same bytes."""

    platform: str
    """Listing protocol that registry files name for such a column."""
    sends_charset: bool = True
    """Whether the servers state the charset; others leave it to the page."""

    def made_up_id(self, number: int, /) -> str:
        """A column's id as sites of the family have them, for networks made to measure."""
        ...

    def parameters(self, _site: SitePlan, _column: ColumnPlan, /) -> Mapping[str, str]:
        """Parameters that a registry file must give, because no page states them."""
        return {}

    def column_path(self, site: SitePlan, column: ColumnPlan, /) -> str:
        """Path of the column page with query and fragment, as registry files write it."""
        ...

    def detail_path(self, site: SitePlan, column: ColumnPlan, document: Document, /) -> str:
        """Path of a detail page."""
        ...

    def listing(self, site: SitePlan, columns: Sequence[FilledColumn], asked: Asked) -> Answer | None:
        """The answer where the address is a column page or a list of this site, else ``None``."""
        ...

    def detail_page(self, site: SitePlan, column: FilledColumn, row: Row) -> str:
        """The detail page of a row that has a document."""
        ...


def pages_of(rows: int, size: int) -> int:
    """Pages of ``size`` rows; a list without rows has one."""
    return max(1, -(-rows // size))


def number_asked(parameters: Mapping[str, str], name: str, default: int, most: int | None = None) -> int:
    """A parameter that is a whole number from 1 on; what is none counts as not given, what is too much as the most."""
    written = parameters.get(name, "")
    number = int(written) if written.isdigit() and int(written) else default
    return number if most is None else min(number, most)


def hexadecimal(*key: object) -> str:
    """32 hexadecimal digits without meaning, as systems name articles that have no number."""
    return hashlib.md5("/".join(map(str, key)).encode(), usedforsecurity=False).hexdigest()


def meta_tags(site: SitePlan, column: ColumnPlan, row: Row, document: Document, *, upper: bool = False) -> str:
    """The tags of 《政府网站发展指引》: site, column, content page. ``upper``: as older templates write them."""
    values = (
        ("SiteName", site.name),
        ("SiteDomain", site.host),
        ("SiteIDCode", site.code),
        ("ColumnName", column.name),
        ("ColumnType", "信息公开"),
        ("ArticleTitle", document.title),
        ("PubDate", f"{document.published:%Y-%m-%d %H:%M}"),
        ("ContentSource", document.source),
        ("Keywords", ""),
        ("Author", ""),
        ("Description", ""),
        ("Url", site.root + row.href),
    )
    if upper:
        return "\n".join(f"<META NAME='{name}' content='{escape(value)}'>" for name, value in values)
    return "\n".join(f'<meta name="{name}" content="{escape(value)}">' for name, value in values)


def related_rows(column: FilledColumn, row: Row, count: int = 3) -> list[Row]:
    """Rows that a template shows beside an article: the next ones of its column."""
    place = column.rows.index(row)
    return [other for other in column.rows[place + 1 :] if other.document is not None][:count]


def neighbours(column: FilledColumn, row: Row) -> tuple[Row | None, Row | None]:
    """The row before and the row after, for 上一篇 and 下一篇."""
    place = column.rows.index(row)
    before = column.rows[place - 1] if place else None
    after = column.rows[place + 1] if place + 1 < len(column.rows) else None
    return before, after


def link(row: Row | None) -> str:
    """A neighbour's link, or what stands there where none is."""
    return "没有了" if row is None else f'<a href="{row.href}" title="{escape(row.title)}">{escape(row.title)}</a>'


def shortened(title: str, width: int) -> str:
    """A title as lists cut it."""
    return title if len(title) <= width else title[: width - 1] + "..."
