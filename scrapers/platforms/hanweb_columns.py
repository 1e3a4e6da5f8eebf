"""Hanweb column pages: the records they embed and the settings of their lists (sites.md 2a, 2b)."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from bs4 import Tag

from scrapers.platforms import markup, scripts
from scrapers.platforms.scripts import Name, whole_number

KIND = "hanweb-jpage"
IDS = ("unitid", "webid", "columnid")
_SETTINGS = (
    *IDS, "totalrecord", "totalpage", "perpage", "groupsize", "sourcecontenttype", "webname", "appid", "path",
    "permissiontype", "col", "proxyurl",
)  # fmt: skip
_COLUMN = re.compile(r"/col/col(\w+)/")
_INITIAL = re.compile(r"\bInitData\w*\s*=\s*(?=\[)")
_DATASTORE = re.compile(r"<datastore\b[^>]*>.*?</datastore\s*>", re.DOTALL | re.IGNORECASE)
_RECORD = re.compile(r"<record\b[^>]*>(.*?)</record\s*>", re.DOTALL | re.IGNORECASE)
_CDATA = re.compile(r"<!\[CDATA\[(.*?)\]\]>", re.DOTALL)
_NEXT_GROUP = re.compile(r"<nextgroup\b[^>]*>(.*?)</nextgroup\s*>", re.DOTALL | re.IGNORECASE)
_HREF = re.compile(r"""href\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+))""", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Datastore:
    """One ``<datastore>``: its records as HTML fragments and what it states."""

    records: tuple[str, ...]
    total: int | None
    pages: int | None
    next_group: str | None
    """Address as written, entities resolved."""


def jpage_settings(script: str) -> dict[str, object]:
    """Settings of the first list that ``script`` sets up, keys in lower case; empty where it sets up none.

    Found in ``.jpage({...})``, with the ids in an inner object of any name (``ajaxParam``, ``proxyParam``), in
    ``var p = {...}``, or key by key where the script is neither.
    """
    code = scripts.without_comments(script)
    for candidate in _objects(code):
        keys = scripts.flat(candidate)
        if "unitid" in keys and ("totalrecord" in keys or "perpage" in keys or "webid" in keys):
            return {key: value for key, value in keys.items() if key in _SETTINGS and not isinstance(value, Name)}
    found: dict[str, object] = {}
    for key in _SETTINGS:
        match = re.search(rf"""\b{key}["']?\s*[:=]\s*["']?([\w.\-]+)""", code, re.IGNORECASE)
        if match:
            found[key] = match[1]
    return found if "unitid" in found else {}


def with_ids(settings: Mapping[str, object], address: str | None, given: Mapping[str, str]) -> dict[str, object]:
    """``settings`` completed from the query of ``address`` and overruled by what is ``given``; ids as text."""
    stated = {key.lower(): value for key, value in parse_qsl(urlsplit(address or "").query, keep_blank_values=True)}
    known = {key: value for key, value in settings.items() if value not in (None, "")}
    merged = {**stated, **known, **{key.lower(): value for key, value in given.items()}}
    return {key: str(value) if key in IDS else value for key, value in merged.items()}


def own_list(body: str, url: str, given: Mapping[str, str]) -> tuple[Datastore, dict[str, object]] | None:
    """The records and settings of the column's own list; its page may hold further ones in the margins.

    It is the one that is asked for by ``unitid``, else that of the column's id, else the longest. Records are those of
    a ``<datastore>`` or, in the older form, of the array ``InitData<unitid>``. ``None`` where the page embeds none.
    """
    found = []
    stores = list(_DATASTORE.finditer(body))
    for at, match in enumerate(stores):
        end = stores[at + 1].start() if at + 1 < len(stores) else len(body)
        before = stores[at - 1].end() if at else 0
        settings = jpage_settings(body[match.end() : end]) or jpage_settings(body[before : match.start()])
        found.append((read_datastore(match.group()), settings))
    for match in _INITIAL.finditer(body) if not stores else ():
        records, end = scripts.literal_at(body, match.end())
        texts = tuple(record for record in records if isinstance(record, str)) if isinstance(records, list) else ()
        found.append((Datastore(texts, None, None, None), jpage_settings(body[end:])))
    if not found:
        return None
    wanted = _column_id(body, url, given)

    def rank(unit: tuple[Datastore, dict[str, object]]) -> tuple[bool, bool, int]:
        store, settings = unit
        ids = with_ids(settings, store.next_group, {})
        total = whole_number(settings.get("totalrecord"))
        is_asked_for = "unitid" in given and ids.get("unitid") == given["unitid"]
        return is_asked_for, wanted is not None and ids.get("columnid") == wanted, total or len(store.records)

    return max(found, key=rank)


def _column_id(body: str, url: str, given: Mapping[str, str]) -> str | None:
    """Id of the column: as given, or what its address or its page's ``ColId`` says."""
    if "columnid" in given:
        return given["columnid"]
    match = _COLUMN.search(urlsplit(url).path)
    if match:
        return match[1]
    tag = markup.parse(body).find("meta", attrs={"name": re.compile("^colid$", re.IGNORECASE)})
    return markup.attribute(tag, "content").strip() or None if isinstance(tag, Tag) else None


def read_datastores(body: str) -> list[Datastore]:
    return [read_datastore(text) for text in _DATASTORE.findall(body)]


def read_datastore(text: str) -> Datastore:
    """A ``<datastore>`` found by tag names: neither the order of its parts nor their nesting is relied on."""
    group = _NEXT_GROUP.search(text)
    link = _HREF.search(_unwrapped(group[1])) if group else None
    return Datastore(
        records=tuple(_unwrapped(record) for record in _RECORD.findall(text)),
        total=_stated(text, "totalrecord"),
        pages=_stated(text, "totalpage"),
        next_group=html.unescape(next(part for part in link.groups() if part is not None)) if link else None,
    )


def _unwrapped(text: str) -> str:
    """Content of an element: of its CDATA section, or with its entities resolved where the markup is escaped."""
    parts = _CDATA.findall(text)
    if parts:
        return "".join(parts)
    return text if "<" in text else html.unescape(text)


def _stated(text: str, name: str) -> int | None:
    match = re.search(rf"<{name}\b[^>]*>\s*(?:<!\[CDATA\[)?\s*(\d+)", text, re.IGNORECASE)
    return int(match[1]) if match else None


def _objects(code: str) -> Iterator[object]:
    for arguments in scripts.calls(code, r"[\w$.]*\.?jpage"):
        yield from (argument for argument in arguments if isinstance(argument, dict))
    yield from scripts.literals(code, r"(?:var|let|const)\s+[\w$]+\s*=\s*(?=\{)")
