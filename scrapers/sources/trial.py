"""A column listed by whichever protocol lists it: signs propose protocols, the one that really lists rows is right."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from urllib.parse import urlsplit

from bs4 import Tag

from scrapers import addresses
from scrapers.platforms import PlatformError, gkmlpt, markup, platform
from scrapers.platforms.json_list import program_in
from scrapers.platforms.list_rows import read_list
from scrapers.reading.page import read_page
from scrapers.records import Column, Draft, ListPage, Outcome, PageKind, Request
from scrapers.sources.asking import Asking
from scrapers.sources.column_names import read_name
from scrapers.sources.column_parameters import parameters_of
from scrapers.sources.signatures import Recognition, own_links, recognise

_FRAMES = 3
_BY_PAGER = {
    "createPageHTML": "trs",
    "countPage": "trs",
    "trsapi": "trs_api",
    "hanweb-jpage": "hanweb_jpage",
    "jpaas": "jpaas",
    "datasource": "datasource",
    "page_nav_list": "plain",
    "base64-pages": "plain",
    "links": "plain",
}
"""Listing protocol by the pager of a page that shows rows; kinds end in the number pages are counted from."""
_BY_PROGRAM = (("/was5/web/search", "trs_was5"), ("/igs/front/search", "trs_igs"))
"""Programs that are asked only where a page shows no rows: most sites have them for their search box."""
_LISTS = re.compile(r"list|page|column|channel|search|xxgk|data", re.IGNORECASE)
_SCRIPTS_READ = 2
_TITLE_PARTS = re.compile(r"\s*[-_|—–>»]+\s*")
_BY_FAMILY = {"trs": ("trs",), "ucap": ("ucap", "trs"), "hanweb": ("hanweb_jpage", "jpaas")}


@dataclass(frozen=True, slots=True)
class Trial:
    """A column as far as it was read. ``why`` says what is missing."""

    column: Column | None
    """With the protocol that lists it; ``None`` where none does."""
    url: str
    recognitions: tuple[Recognition, ...]
    """By the signs of the column's page and of the page that led to it."""
    outcome: Outcome
    why: str | None = None
    name: str | None = None
    page: ListPage | None = None
    last_page: ListPage | None = None
    """``None`` where the first page does not lead to it."""
    site_name: str | None = None
    site_code: str | None = None
    """As the column's page states them; ``None`` also where that page was not fetched for this trial."""


def try_column(
    url: str,
    text: str | None,
    name: str | None,
    found: tuple[Recognition, ...],
    asking: Asking,
    hosts: tuple[str, ...],
) -> Trial:
    """List ``url`` by the first protocol that lists rows; ``text`` is its page where that has been fetched."""
    outcome, detail = Outcome.OK, None
    stated: tuple[str | None, str | None] = (None, None)
    if text is None:
        outcome, detail, text = asking(Request(url.partition("#")[0]))
        if outcome is Outcome.OK:
            found = merged(found, recognise(url, text, own_links(text, url, hosts)))
            draft = read_page(text.encode("utf-8", "replace"), url)
            name = name or name_of_column(draft, text)
            stated = (draft.meta_tags.get("sitename") or None, draft.meta_tags.get("siteidcode") or None)
    shown = read_list(text, url, hosts)
    listed = _first_that_lists(url, text, name, found, shown, asking, hosts)
    listed = replace(listed, site_name=stated[0], site_code=stated[1])
    if listed.column is not None:
        return listed
    if outcome is not Outcome.OK:
        return replace(listed, outcome=outcome, why=f"the column {answered(url, outcome, detail)}")
    if shown.rows:
        return listed
    files = _script_files(text, url, hosts)
    scripts = "".join(f"<script>{answer}</script>" for file in files if (answer := asking(Request(file))[2]))
    if scripts:
        found = merged(found, recognise(url, scripts, ()))
        listed = _first_that_lists(url, text + scripts, name, found, shown, asking, hosts)
        listed = replace(listed, site_name=stated[0], site_code=stated[1])
    if listed.column is None and files and listed.outcome is Outcome.EMPTY_LIST:
        return replace(listed, outcome=Outcome.JS_ONLY, why=f"{listed.why}; its scripts may: {', '.join(files)}")
    return listed


def _first_that_lists(
    url: str,
    text: str,
    name: str | None,
    found: tuple[Recognition, ...],
    shown: ListPage,
    asking: Asking,
    hosts: tuple[str, ...],
) -> Trial:
    """The column as the first protocol reads it that lists rows; else, without a column, why the surest did not."""
    trouble: tuple[Outcome, str] | None = None
    for protocol in dict.fromkeys(_protocols(found, shown, text)):
        if protocol == "gkmlpt" and "/gkmlpt" not in urlsplit(url).path:
            continue
        parameters, of_category = _parameters(protocol, url, text, name)
        column = Column(url, protocol, (), of_category or name, parameters)
        try:
            listed = _read(column, found, asking, hosts)
        except PlatformError as error:
            trouble = trouble or (Outcome.JS_ONLY, str(error))
            continue
        if listed.page is not None and listed.page.rows:
            return listed
        trouble = trouble or (listed.outcome, listed.why or f"{url}: {protocol} lists nothing")
    nothing = (Outcome.EMPTY_LIST, f"{url} shows no rows, and no sign of a program that lists them")
    outcome, why = trouble or nothing
    return Trial(None, url, found, outcome, why, name)


def _script_files(text: str, url: str, hosts: Sequence[str]) -> tuple[str, ...]:
    """The site's own script files that may list a column whose page shows no rows; libraries aside."""
    found: dict[str, None] = {}
    for script in markup.parse(text).find_all("script", src=True):
        address = addresses.canonical(markup.attribute(script, "src"), addresses.as_directory(url))
        if address is not None and addresses.host_of(address) in hosts and _LISTS.search(urlsplit(address).path):
            found[address] = None
    return tuple(found)[:_SCRIPTS_READ]


def _protocols(found: Sequence[Recognition], shown: ListPage, text: str) -> Iterator[str]:
    kind = shown.pager.kind
    if shown.rows and kind is not None:
        yield _BY_PAGER.get(kind.removesuffix("-0").removesuffix("-1").removesuffix("-container"), "plain")
    yield from chain.from_iterable(recognition.platforms for recognition in found)
    if shown.rows and found and found[0].family == "trs":
        yield "trs"
    yield from chain.from_iterable(_BY_FAMILY.get(recognition.family, ()) for recognition in found[:1])
    if shown.rows:
        yield "plain"
    else:
        yield from (protocol for program, protocol in _BY_PROGRAM if program in text)
        if program_in(markup.scripts(markup.parse(text))) is not None:
            yield "json_list"


def _parameters(protocol: str, url: str, text: str, name: str | None) -> tuple[dict[str, str], str | None]:
    """The column's parameters; of a gkmlpt catalogue the category that is meant, and its name.

    It is the one that the address's fragment names, that bears ``name``, or that is named like a report's column; else
    category 0, which holds everything.
    """
    if protocol != "gkmlpt":
        return parameters_of(platform(protocol), url, text), None
    categories = [each for each in gkmlpt.read_index(text)[1] if not each.jump_url]
    fragment = urlsplit(url).fragment
    if fragment.isdigit():
        return {}, next((each.name for each in categories if each.id == fragment), None)
    named = [each for each in categories if read_name(each.name).report_types]
    named.sort(key=lambda each: (each.name != name, not read_name(each.name).sure))
    return ({"category": named[0].id}, named[0].name) if named else ({"category": "0"}, None)


def _read(column: Column, found: tuple[Recognition, ...], asking: Asking, hosts: tuple[str, ...]) -> Trial:
    """The first page of a column, behind its frames, and the last where the first names it."""
    family = platform(column.platform)
    request = family.first(column)
    for _ in range(_FRAMES):
        outcome, detail, text = asking(request)
        if outcome is not Outcome.OK:
            failed = f"{column.platform}: {answered(request.url, outcome, detail)}"
            return Trial(column, column.url, found, outcome, failed, column.name)
        page = family.parse(column, request, text, hosts)
        if page.rows or not page.more or page.pager.kind is not None:
            break
        request = page.more[0]
    outcome, why = page.outcome, page.detail
    if not page.rows and outcome is Outcome.OK:
        outcome, why = Outcome.EMPTY_LIST, f"{column.platform}: {request.url} lists nothing"
    last = None
    pages = page.pager.pages
    if page.more and not family.open_ended and (pages or page.pager.total) and len(page.more) >= (pages or 2) - 1:
        ended, detail, text = asking(page.more[-1])
        if ended is Outcome.OK:
            last = family.parse(column, page.more[-1], text, hosts)
            last = None if last.more else last
        else:
            why = why or f"the last page {answered(page.more[-1].url, ended, detail)}"
    return Trial(column, column.url, found, outcome, why, column.name, page, last)


def merged(page: Sequence[Recognition], column: Sequence[Recognition]) -> tuple[Recognition, ...]:
    """Families by the signs of a detail page and of its column: the doubts multiply."""
    of_column = {each.family: each for each in column}
    both = [
        replace(
            each,
            sureness=round(1 - (1 - each.sureness) * (1 - other.sureness), 3),
            evidence=tuple(dict.fromkeys((*each.evidence, *other.evidence))),
            platforms=tuple(dict.fromkeys((*other.platforms, *each.platforms))),
        )
        if (other := of_column.pop(each.family, None)) is not None
        else each
        for each in page
    ]
    return tuple(sorted((*both, *of_column.values()), key=lambda each: each.sureness, reverse=True))


def name_of_column(draft: Draft, text: str) -> str | None:
    """The column's name as the page states it: its ``ColumnName``, else the head of its ``<title>``."""
    stated = draft.meta_tags.get("columnname")
    if stated:
        return stated
    title = markup.parse(text).find("title")
    if not isinstance(title, Tag) or draft.kind is PageKind.DOCUMENT:
        return None
    head = _TITLE_PARTS.split(markup.collapsed(title.get_text()))[0]
    return head if 1 < len(head) <= 30 and head != draft.meta_tags.get("sitename") else None


def answered(url: str, outcome: Outcome, detail: str | None) -> str:
    return f"{url} answered {outcome.value}" + (f": {detail}" if detail else "")
