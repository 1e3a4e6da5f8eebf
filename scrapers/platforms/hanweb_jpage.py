"""Hanweb jcms: lists behind ``/module/web/jpage/dataproxy.jsp`` (sites.md 2a).

The column page embeds the first records in a ``<datastore>`` and the ids of the list in a script; the rest is asked
for in groups of ``groupSize`` (3) pages by record number. Where a site encrypts the ids the address in
``<nextgroup>`` is followed as it stands.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode, urlsplit

from scrapers import addresses
from scrapers.platforms.hanweb_columns import IDS, KIND, Datastore, jpage_settings, own_list, read_datastores, with_ids
from scrapers.platforms.list_rows import read_list, read_records
from scrapers.platforms.scripts import whole_number
from scrapers.records import Column, ListPage, ListRow, Outcome, Pager, Request

PROXY = "/module/web/jpage/dataproxy.jsp"
_OWN_PAGE_SIZE = 25
"""Records a page where the column page states no ``perpage``; the program gives whatever it is asked for."""
_GROUP = 3


@dataclass(frozen=True, slots=True)
class HanwebJpage:
    name: str = "hanweb_jpage"
    required: frozenset[str] = frozenset()
    allowed: frozenset[str] = field(
        default=frozenset({"unitid", "webid", "columnid", "perpage", "sourceContentType", "webname", "appid"})
    )
    open_ended: bool = False

    def first(self, column: Column) -> Request:
        """The column page, or the first group of records where the parameters say all that such a page states."""
        settings = with_ids({}, None, column.parameters)
        if settings.get("proxyurl") and all(settings.get(key) for key in IDS):
            return _groups(column, settings, 1, None)[0]
        return Request(column.url)

    def parse(self, column: Column, request: Request, body: str, hosts: tuple[str, ...]) -> ListPage:
        hosts = hosts or (addresses.host_of(column.url),)
        if "/dataproxy" in urlsplit(request.url).path:
            return self._answer(column, request, body, hosts)
        return self._column_page(column, request, body, hosts)

    def _column_page(self, column: Column, request: Request, body: str, hosts: tuple[str, ...]) -> ListPage:
        unit = own_list(body, column.url, column.parameters)
        if unit is None:
            return self._plain_column_page(column, request, body, hosts)
        store, settings = unit
        settings = with_ids(settings, store.next_group, column.parameters)
        total = whole_number(settings.get("totalrecord"))
        total = store.total if total is None else total
        rows = _rows(store, request.url, hosts)
        if total is not None and len(store.records) >= total:
            return ListPage(rows, Pager(KIND, total=total))
        more = _more(column, settings, store, total, held=len(store.records))
        if not more and (total or 0) > len(store.records):
            detail = f"{request.url} states {total} records but neither unitid nor webid; give them as parameters"
            return ListPage(rows, Pager(KIND, total=total), outcome=Outcome.LISTING_GAP, detail=detail)
        return ListPage(rows, Pager(KIND if rows else None, total=total), more)

    def _plain_column_page(self, column: Column, request: Request, body: str, hosts: tuple[str, ...]) -> ListPage:
        """A column page without a datastore: its HTML, or the program asked from record 1 where ids are known."""
        settings = with_ids(jpage_settings(body), None, column.parameters)
        if all(settings.get(key) for key in IDS):
            total = whole_number(settings.get("totalrecord"))
            rows = read_list(body, request.url, hosts).rows
            if total is not None and len(rows) == total:
                return ListPage(rows, Pager(KIND, None, total))
            if rows and all(_lies_in(row.url, str(settings["columnid"])) for row in rows):
                # 山东: the records stand in the page itself, and the program may answer nothing (sites.md 2a).
                return ListPage(rows, Pager(KIND, None, total), _more_pages(column, settings, len(rows), total))
            stated = {key: str(value) for key, value in settings.items() if value not in (None, "")}
            frame = Pager(None, None, total)
            return ListPage((), frame, _groups(column, settings, 1, total), parameters={"proxyurl": PROXY, **stated})
        page = read_list(body, request.url, hosts)
        if page.rows:
            return page
        detail = f"{request.url} holds neither a datastore nor the ids of its list"
        return ListPage((), Pager(None), outcome=Outcome.EMPTY_LIST, detail=detail)

    def _answer(self, column: Column, request: Request, body: str, hosts: tuple[str, ...]) -> ListPage:
        store = next(iter(read_datastores(body)), None)
        if store is None:
            if len(body.strip()) <= 100 and ("datastore" in body.lower() or not body.strip()):
                return ListPage((), Pager(KIND), detail=f"empty answer of {len(body)} characters")
            return ListPage((), Pager(KIND), outcome=Outcome.WRONG_CONTENT, detail=f"{request.url}: no <datastore>")
        rows = _rows(store, column.url, hosts)
        query = dict(parse_qsl(urlsplit(request.url).query))
        # Answers are groups of pages: a page count says nothing of them unless no total is stated.
        pager = Pager(KIND, store.pages if store.total is None else None, store.total)
        if "startrecord" in query:
            settings: dict[str, object] = {
                **dict(request.form or ()),
                "perpage": query.get("perpage"),
                "proxyurl": urlsplit(request.url).path,
            }
            end = whole_number(query.get("endrecord")) or 0
            size = max(end - (whole_number(query["startrecord"]) or 1) + 1, 1)
            if store.total is not None and end < store.total:
                return ListPage(rows, pager, _groups(column, settings, end + 1, store.total, size))
            if store.total is None and len(store.records) >= size:
                return ListPage(rows, pager, _groups(column, settings, end + 1, end + size, size))
            return ListPage(rows, pager)
        # Every answer names a next page, the last one, too (sites.md 2a: repeated until totalpage).
        is_last = store.pages is not None and (whole_number(query.get("page")) or 0) >= store.pages
        following = _followed(column, store) if rows and not is_last else ()
        return ListPage(rows, pager, tuple(other for other in following if other.url != request.url))


def _rows(store: Datastore, base: str, hosts: tuple[str, ...]) -> tuple[ListRow, ...]:
    return read_records(store.records, base, hosts)


# --------------------------------------------------------------------------- further requests


def _more(
    column: Column, settings: dict[str, object], store: Datastore, total: int | None, *, held: int
) -> tuple[Request, ...]:
    ids = [settings.get(key) for key in IDS]
    if all(isinstance(value, str) and value.isdigit() for value in ids) or (all(ids) and not store.next_group):
        return _more_pages(column, settings, held, total)
    return _followed(column, store)


def _more_pages(column: Column, settings: dict[str, object], held: int, total: int | None) -> tuple[Request, ...]:
    """Whole pages only: the program is known to answer from the first record of a page."""
    perpage = whole_number(settings.get("perpage")) or _OWN_PAGE_SIZE
    return _groups(column, settings, held // perpage * perpage + 1, total)


def _lies_in(url: str, column_id: str) -> bool:
    """Whether the address of an article names the column: lists in the margins lead to other columns."""
    return f"/art_{column_id}_" in url or f"/col{column_id}/art/" in url


def _followed(column: Column, store: Datastore) -> tuple[Request, ...]:
    """The address in ``<nextgroup>`` as it stands: its ids may be encrypted, and only the site can make them."""
    url = addresses.canonical(store.next_group, column.url) if store.next_group else None
    return (Request(url, headers=_headers(column)),) if url else ()


def _groups(
    column: Column, settings: dict[str, object], start: int, total: int | None, size: int | None = None
) -> tuple[Request, ...]:
    """Requests for the records from ``start`` (counted from 1) to ``total``; one group where no total is known."""
    perpage = whole_number(settings.get("perpage")) or _OWN_PAGE_SIZE
    size = size or perpage * (whole_number(settings.get("groupsize")) or _GROUP)
    lowered = {key.lower(): value for key, value in settings.items()}
    form = [
        ("col", str(lowered.get("col") or 1)),
        ("webid", str(lowered.get("webid") or "")),
        ("path", str(lowered.get("path") or "/")),
        ("columnid", str(lowered.get("columnid") or "")),
        ("sourceContentType", str(lowered.get("sourcecontenttype") or 1)),
        ("unitid", str(lowered.get("unitid") or "")),
        ("webname", str(lowered.get("webname") or "")),
        ("permissiontype", str(lowered.get("permissiontype") or 0)),
    ]
    if lowered.get("appid"):
        form.insert(0, ("appid", str(lowered["appid"])))
    stated = lowered.get("proxyurl")
    proxy = addresses.canonical(stated if isinstance(stated, str) and stated else PROXY, column.url) or PROXY
    proxy = proxy.partition("?")[0]
    last = total if total is not None else start + size - 1
    requests = []
    for begin in range(start, last + 1, size):
        end = begin + size - 1
        query = urlencode({"startrecord": begin, "endrecord": end, "perpage": perpage})
        requests.append(Request(f"{proxy}?{query}", "POST", tuple(form), _headers(column)))
    return tuple(requests)


def _headers(column: Column) -> dict[str, str]:
    parts = urlsplit(column.url)
    return {"Referer": column.url, "Origin": f"{parts.scheme}://{parts.netloc}"}
