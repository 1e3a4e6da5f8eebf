"""Sites whose reports are files: pages of a CMS family whose body is a link, a viewer, or a text with a file below."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from email.utils import format_datetime
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from deployments.portal.changes import entity_tag
from deployments.portal.documents import Document
from deployments.portal.exchange import Answer, Asked, Role
from deployments.portal.families.family import FilledColumn, Row
from deployments.portal.files.forms import FORMS, MARK, TYPES, Form, file_path, page_blocks, shown
from deployments.portal.publishers import SitePlan, read_plans
from deployments.portal.site import CHINA, GeneratedSite, build_site

FILES_FILE = Path(__file__).parents[1] / "files.toml"
"""Sites whose reports are files."""


@dataclass(frozen=True, slots=True)
class Served:
    """A report with its form and the addresses of its page and file."""

    document: Document
    form_name: str
    form: Form
    page_path: str
    path: str
    """Of the file, with its query."""
    href: str
    """As the page writes it."""


class FilesSite(GeneratedSite):
    """A generated site on which reports come in the ``forms`` that its plan names, year by year."""

    def __init__(self, plan: SitePlan, columns: Iterable[FilledColumn], forms: tuple[str, ...]) -> None:
        self._files: dict[str, Served] = {}
        self._by_page: dict[str, Served] = {}
        filled = []
        for place, column in enumerate(columns):
            shift = place * (len(forms) // 2)
            filled.append(replace(column, rows=tuple(self._row(plan, row, forms, shift) for row in column.rows)))
        super().__init__(plan, filled)

    @property
    def served(self) -> Mapping[str, Served]:
        """Every report that is a file, by the path of its row."""
        return self._by_page

    def answer(self, asked: Asked) -> Answer:
        parts = urlsplit(asked.url)
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        if path in self._files:
            return self._file(self._files[path])
        return super().answer(asked)

    def _row(self, plan: SitePlan, row: Row, forms: tuple[str, ...], shift: int) -> Row:
        if row.document is None or row.document.report_year is None:
            return row
        name = forms[(row.document.report_year - 2017 + shift) % len(forms)]
        form = FORMS[name]
        path, href = file_path(plan.family, row.href, row.document, form)
        served = Served(row.document, name, form, row.href, path, href)
        self._files[path] = served
        if form.body == "none":
            self._by_page[path] = served
            return replace(row, href=path, document=None)
        self._by_page[row.href] = served
        return row

    def _detail(self, column: FilledColumn, row: Row) -> Answer:
        served = self._by_page.get(row.href)
        if served is None or row.document is None:
            return super()._detail(column, row)
        blocks = page_blocks(row.document, served.form)
        shell = replace(row, document=replace(row.document, compose=lambda: blocks))
        rows = tuple(shell if one is row else one for one in column.rows)
        page = super()._detail(replace(column, rows=rows), shell)
        link = shown(served.document, served.form, served.href, served.path)
        body = page.body.replace(MARK.encode(), link.encode(self.plan.charset))
        headers = tuple((name, entity_tag(body) if name == "ETag" else value) for name, value in page.headers)
        return replace(page, body=body, headers=headers)

    def _file(self, served: Served) -> Answer:
        body = _made(served.form_name, served.document)
        if body is None:
            return self._missing
        made = served.document.published.replace(tzinfo=CHINA)
        kind = TYPES[served.form.ending] if self.plan.family != "hanweb_jpage" else "application/octet-stream"
        headers = (("Content-Type", kind), ("ETag", entity_tag(body)), ("Last-Modified", format_datetime(made)))
        return Answer(200, body, headers, Role.FILE)


@cache
def _made(form_name: str, document: Document) -> bytes | None:
    return FORMS[form_name].make(document)


def files_sites(years: Iterable[int]) -> tuple[FilesSite, ...]:
    """Every site of ``files.toml``, filled for the report years."""
    forms = {one["host"]: tuple(one["forms"]) for one in tomllib.loads(FILES_FILE.read_text("utf-8"))["site"]}
    kept = tuple(years)
    return tuple(FilesSite(plan, build_site(plan, kept).columns, forms[plan.host]) for plan in read_plans(FILES_FILE))
