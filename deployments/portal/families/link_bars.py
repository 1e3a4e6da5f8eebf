"""Lists in HTML whose pages are linked by a bar: ``page_nav_list``, a bar in base64, bare links to the next page."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import replace
from html import escape
from urllib.parse import quote

from deployments.portal.documents import Document
from deployments.portal.exchange import Answer, Asked, Role, html_answer
from deployments.portal.families.article import article_page, shell
from deployments.portal.families.family import Family, FilledColumn, Row
from deployments.portal.publishers import ColumnPlan, SitePlan


class LinkBar(Family):
    """Bare links: 上一页 and 下一页, no count of any kind; files ``index.html``, ``index_2.html`` ..."""

    platform = "plain"

    def made_up_id(self, number: int) -> str:
        return f"/zwgk/fzjs{number}/"

    def column_path(self, _site: SitePlan, column: ColumnPlan) -> str:
        return column.id

    def detail_path(self, _site: SitePlan, column: ColumnPlan, document: Document) -> str:
        return f"{column.id}{document.serial}.html"

    def page_path(self, column: ColumnPlan, number: int) -> str:
        return f"{column.id}index_{number}.html" if number > 1 else f"{column.id}index.html"

    def bar(self, column: FilledColumn, number: int) -> str:
        plan = column.plan
        before = f'<a href="{self.page_path(plan, number - 1)}">上一页</a>' if number > 1 else "<span>上一页</span>"
        after = (
            f'<a href="{self.page_path(plan, number + 1)}">下一页</a>'
            if number < column.pages
            else "<span>下一页</span>"
        )
        return f'<div class="fanye">{before} {after}</div>'

    def listing(self, site: SitePlan, columns: Sequence[FilledColumn], asked: Asked) -> Answer | None:
        for column in columns:
            number = self._number(column.plan, asked.path)
            if number is not None and 1 <= number <= column.pages:
                page = html_answer(
                    self.column_page(site, column, number), charset=site.charset, declared=site.declared, role=Role.LIST
                )
                return replace(page, page=number, pages=column.pages)
        return None

    def _number(self, column: ColumnPlan, path: str) -> int | None:
        written = re.search(r"(\d+)\.html$", path)
        number = int(written[1]) if written and path != self.page_path(column, 1) else 1
        return number if path in (self.page_path(column, number), column.id if number == 1 else "") else None

    def column_page(self, site: SitePlan, column: FilledColumn, number: int) -> str:
        items = "\n".join(
            f'<li><a href="{row.href}" target="_blank" title="{escape(row.title)}">  {escape(row.title)}</a>'
            f"<span>{row.date:%Y-%m-%d}</span></li>"
            for row in column.page(number)
        )
        return shell(
            site, column.plan, f'<div class="lb"><ul class="lbUR">\n{items}\n</ul>\n{self.bar(column, number)}</div>'
        )

    def detail_page(self, site: SitePlan, column: FilledColumn, row: Row) -> str:
        opening = '<div class="article" id="content">'
        return article_page(site, column, row, column_path=column.plan.id, opening=opening, closing="</div>")


class PageNavList(LinkBar):
    """``index_1.html`` is the first page; up to page 6 pages are files, a program gives those beyond."""

    FILES = 6

    def page_path(self, column: ColumnPlan, number: int) -> str:
        return f"{'' if number <= self.FILES else '/cms/www'}{column.id}index_{number}.html"

    def bar(self, column: FilledColumn, number: int) -> str:
        plan, pages = column.plan, column.pages
        numbers = range(max(1, number - 3), min(pages, number + 4) + 1)
        links = [
            f'<a href="{self.page_path(plan, at)}"{" class=" + repr("select") if at == number else ""}>{at}</a>'
            for at in numbers
        ]
        if pages > numbers[-1]:
            links.append(f'<a href="{self.page_path(plan, numbers[-1] + 1)}">...</a>')
        if number < pages:
            links.append(f'<a href="{self.page_path(plan, number + 1)}" class="pb_next_page">下一页</a>')
            links.append(f'<a href="{self.page_path(plan, pages)}" class="pb_end_page">尾页</a>')
        start = "<span class='pb_home_page'>首页</span><span class='pb_prev_page'>上一页</span>"
        return f'<div id="page_nav_list">{start}{"".join(links)}</div>'


class EncodedBar(LinkBar):
    """The bar as base64 of URL-encoded HTML, with the total in it; files ``index.html``, ``2.html`` ..."""

    def page_path(self, column: ColumnPlan, number: int) -> str:
        return f"{column.id}{number}.html" if number > 1 else f"{column.id}index.html"

    def bar(self, column: FilledColumn, number: int) -> str:
        plan, pages = column.plan, column.pages
        words = [f'<a class="a1">{len(column.rows)}条</a>']
        words.append(f'<a href="{self.page_path(plan, max(1, number - 1))}" class="a1">上一页</a>')
        for at in range(max(1, number - 4), min(pages, number + 5) + 1):
            words.append(f"<span>{at}</span>" if at == number else f'<a href="{self.page_path(plan, at)}">{at}</a>')
        if pages > number + 5:
            words.append(f'.. <a href="{self.page_path(plan, pages)}">{pages}</a>')
        words.append(f'<a href="{self.page_path(plan, min(pages, number + 1))}" class="a1">下一页</a>')
        encoded = base64.b64encode(quote(" ".join(words), safe="").replace("%20", "+").encode()).decode()
        return (
            f'<div class="pagenav"><div id="pages" class="page text-c">{encoded}</div></div>'
            '<script>var bar = decodeURIComponent(atob($("#pages").text()));'
            ' $("#pages").html(bar.replace(/\\+/g, " "));</script>'
        )
