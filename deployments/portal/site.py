"""One generated site: its columns filled with documents, its pages rendered when first asked for and kept."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, timedelta, timezone
from email.utils import format_datetime
from urllib.parse import urlsplit

from deployments.portal.changes import entity_tag
from deployments.portal.documents import Document
from deployments.portal.exchange import Answer, Asked, Role, html_answer, plain_answer
from deployments.portal.families import FAMILIES
from deployments.portal.families.family import FilledColumn, Row
from deployments.portal.publishers import ColumnPlan, PublisherPlan, SitePlan
from deployments.portal.writing import filler, notice, report

CHINA = timezone(timedelta(hours=8), "CST")
_FIRST_SERIAL = 4_000_000
_NOTICE_SERIAL = 9_000_000


class GeneratedSite:
    """A host of a CMS family. Its bytes depend on the plan and the documents alone."""

    def __init__(self, plan: SitePlan, columns: Sequence[FilledColumn]) -> None:
        self.plan = plan
        self.columns = tuple(columns)
        self.family = FAMILIES[plan.family]
        self._details: dict[str, tuple[int, Row]] = {}
        self._rendered: dict[str, Answer] = {}
        for place, column in enumerate(self.columns):
            self._add_details(place, column.rows)
        self._missing = html_answer(_missing_page(plan), charset=plan.charset, role=Role.MISSING, status=404)

    @property
    def host(self) -> str:
        return self.plan.host

    def addresses(self) -> tuple[str, ...]:
        columns = [self.family.column_path(self.plan, column.plan) for column in self.columns]
        details = [row.href for _, row in self._details.values()]
        return tuple(self.plan.root + path for path in ("/", *columns, *details))

    def publish(self) -> tuple[Row, ...]:
        """Put a further notice at the head of every column, dated as its newest row; gives the new rows.

        It is what happens to a crawler that pages through a list while the site is being worked on.
        """
        new = []
        for place, column in enumerate(self.columns):
            serial = _NOTICE_SERIAL + len(column.rows) * len(self.columns) + place
            document = notice(self.plan.name, max(row.date for row in column.rows), serial=serial)
            href = self.family.detail_path(self.plan, column.plan, document)
            row = Row(document.title, href, document.published.date(), document)
            new.append(row)
            self._add_details(place, (row,))
        self.columns = tuple(
            replace(column, rows=(row, *column.rows)) for column, row in zip(self.columns, new, strict=True)
        )
        self._rendered = {path: kept for path, kept in self._rendered.items() if kept.role is Role.ROBOTS}
        return tuple(new)

    def _add_details(self, place: int, rows: Iterable[Row]) -> None:
        for row in rows:
            if row.document is not None:
                self._details[urlsplit(row.href).path] = (place, row)

    def answer(self, asked: Asked) -> Answer:
        path = asked.path
        kept = self._rendered.get(path)
        if kept is not None and (kept.role is not Role.LIST or _is_plain(asked)):
            return kept
        if path in self._details:
            place, row = self._details[path]
            return self._keep(path, self._detail(self.columns[place], row))
        listing = self.family.listing(self.plan, self.columns, asked)
        if listing is not None:
            return self._keep(path, listing) if _static(asked, listing) else listing
        if path == "/robots.txt" and self.plan.robots is not None:
            return self._keep(path, plain_answer(200, self.plan.robots, Role.ROBOTS))
        if path in ("/", f"/index.{self.plan.extension}"):
            page = html_answer(self._home(), charset=self.plan.charset, role=Role.HOME)
            return self._keep(path, page)
        return self._missing

    def _keep(self, path: str, answer: Answer) -> Answer:
        self._rendered[path] = answer
        return answer

    def _detail(self, column: FilledColumn, row: Row) -> Answer:
        assert row.document is not None
        text = self.family.detail_page(self.plan, column, row)
        declared = self.plan.declared if self.family.sends_charset else None
        page = html_answer(text, charset=self.plan.charset, declared=declared, role=Role.DETAIL)
        made = row.document.published.replace(tzinfo=CHINA).astimezone(UTC)
        validators = (("ETag", entity_tag(page.body)), ("Last-Modified", format_datetime(made, usegmt=True)))
        return Answer(200, page.body, (*page.headers, *validators), Role.DETAIL)

    def _home(self) -> str:
        links = "".join(
            f'<li><a href="{self.family.column_path(self.plan, column.plan)}">{column.plan.name}</a></li>'
            for column in self.columns
        )
        return (
            f'<!DOCTYPE html><html><head><meta charset="{self.plan.declared}">'
            f"<title>{self.plan.name}</title></head><body>"
            f'<h1>{self.plan.name}</h1><div class="zfxxgk"><h2>法定主动公开内容</h2>'
            f"<ul>{links}</ul></div></body></html>"
        )


def _is_plain(asked: Asked) -> bool:
    return asked.method != "POST" and not urlsplit(asked.url).query


def _static(asked: Asked, listing: Answer) -> bool:
    """Whether a list depends on its path alone: pages do, what a query, a form or a header decides does not."""
    is_page = listing.status == 200 and (listing.header("Content-Type") or "").startswith("text/html")
    return is_page and _is_plain(asked)


def _missing_page(plan: SitePlan) -> str:
    return (
        f'<!DOCTYPE html><html><head><meta charset="{plan.declared}"><title>404</title></head>'
        "<body><h1>404 Not Found</h1></body></html>"
    )


def fill_column(
    site: SitePlan, column: ColumnPlan, publisher: PublisherPlan, years: Iterable[int], *, first_serial: int
) -> FilledColumn:
    """The column with a report a year, the year's rows that are no report, and the row that leads elsewhere.

    ``years`` are report years in rising order. A document's number depends on its year and place, so that a further
    year renumbers nothing.
    """
    family = FAMILIES[site.family]
    documents: list[Document] = []
    for year, (kind, report_type) in itertools.product(years, enumerate(column.report_types)):
        serial = first_serial + (year - 2000) * 100 + kind * 50
        for number in range(column.fillers):
            documents.append(filler(publisher, report_type, year, number, serial=serial + 1 + number))
        if year not in publisher.missing:
            documents.append(report(publisher, report_type, year, serial=serial))
    rows = [
        Row(document.title, family.detail_path(site, column, document), document.published.date(), document)
        for document in documents
    ]
    if column.off_host is not None and rows:
        rows.append(Row("（转载）法治政府建设年度报告的编写要点", column.off_host, date(rows[-1].date.year, 1, 12)))
    rows.sort(key=lambda row: (row.date, row.href), reverse=True)
    if column.pinned:
        rows.insert(0, rows.pop())
    return FilledColumn(column, tuple(rows))


def build_site(plan: SitePlan, years: Iterable[int]) -> GeneratedSite:
    """A site with all its publishers' columns, filled for the report years."""
    kept = tuple(sorted(years))
    pairs = [(publisher, column) for publisher in plan.publishers for column in publisher.columns]
    return GeneratedSite(
        plan,
        [
            fill_column(plan, column, publisher, kept, first_serial=_FIRST_SERIAL + place * 10_000)
            for place, (publisher, column) in enumerate(pairs)
        ],
    )
