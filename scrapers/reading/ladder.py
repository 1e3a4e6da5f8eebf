"""Which of several stated values is the page's own: the rules, one function a field.

Every value stays in ``Draft.values`` with its origin; exactly one a field is chosen, the others say why not where that
is not plain.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from scrapers.reading.dates import find_date, path_date
from scrapers.reading.dom import tidy
from scrapers.reading.labels import meta_names, table_ranks
from scrapers.reading.metadata import InfoLine, stated
from scrapers.records import Draft, MetaValue

_END_OF_TITLE = re.compile(r"(?:网站?|门户|平台|Portal|portal|在线|人民政府|委员会|厅|局|官网)$|www\.|欢迎")
"""What the part of ``<title>`` behind the last dash ends with where it names the site."""
_SITE_NAME = re.compile(
    r"^.{2,20}(?:门户网站|政府网站?|政务网站?|信息网|公众网|官方网站|官网)$|^.{2,14}(?:人民政府|管理委员会|管委会)$"
)
_TEMPLATE_SOURCE = re.compile(
    r"(?<!中国)政府网站?$|门户网站?$|政务网$|政务信息网$|^(?:本站|本网|管理员|网站|原创|本站原创)$"
)
"""Values of ContentSource that a template fills in when an editor leaves it empty."""
_SUFFIX = re.compile(r"\s*[-_—–|｜·»>]+\s*")


def bare(text: str) -> str:
    return "".join(text.split())


@dataclass(frozen=True, slots=True)
class Statements:
    """Everything a page states about itself, before any choice."""

    meta: Mapping[str, str]
    table: Mapping[str, str]
    info: Sequence[InfoLine]
    """Info lines, nearest to the title first."""
    title_element: str | None
    headings: Sequence[str]
    """Lines of the page that look like its title, best first."""
    url: str
    listed_title: str | None
    listed_date: date | None
    body_numbers: Sequence[str] = ()
    """Document numbers that stand alone on a line at the head of the body."""


# ------------------------------------------------------------------------------------------------ title


def titles(of: Statements) -> list[MetaValue]:
    """``meta`` unless it names the site or column, or is a cut form of the heading; then heading, table, listing,
    ``<title>``."""
    values: list[MetaValue] = []
    from_meta = _first(of.meta, meta_names()["title"])
    element = tidy(of.title_element or "")
    stripped = strip_site(element, of.meta)
    heading = of.headings[0] if of.headings else None
    in_table = table_value(of.table, "title")
    if from_meta:
        note = _not_a_title(from_meta, of.meta)
        if (
            note is None
            and heading
            and bare(heading).startswith(bare(from_meta.rstrip(".…")))
            and len(bare(heading)) > len(bare(from_meta))
            and from_meta.endswith(("…", "..."))
        ):
            note = "cut short"
        values.append(MetaValue("title", from_meta, "meta", note=note))
    if heading:
        values.append(MetaValue("title", heading, "heading"))
    if in_table:
        values.append(MetaValue("title", in_table, "table"))
    if of.listed_title and stated(of.listed_title):
        values.append(MetaValue("title", tidy(of.listed_title), "listing"))
    if stripped:
        values.append(MetaValue("title", stripped, "title_element", note=_not_a_title(stripped, of.meta)))
    if element and element != stripped:
        # Kept whole for the judging of trust: a break-in shows in what it adds to the end of <title>.
        values.append(MetaValue("title", element, "title_element", note="with the names of site and column"))
    order = ("meta", "heading", "table", "listing", "title_element")
    return _choose(values, order)


def strip_site(title: str, meta: Mapping[str, str]) -> str:
    """``<title>`` without the names of site and column that templates hang on its end."""
    names = {bare(meta.get(name, "")) for name in ("sitename", "columnname", "columntype")} - {""}
    pieces = _SUFFIX.split(title)
    separators = _SUFFIX.findall(title)
    while len(pieces) > 1:
        last = bare(pieces[-1])
        if (
            not last
            or last in names
            or (len(last) <= _LONGEST_SITE_NAME and _END_OF_TITLE.search(last))
            or (len(last) <= _LONGEST_COLUMN_NAME and "—" not in separators[-1] and not any(c.isdigit() for c in last))
        ):
            pieces.pop()
            separators.pop()
            continue
        break
    while len(pieces) > 1 and _SITE_FIRST.search(bare(pieces[0])) and len(bare(pieces[-1])) >= _SHORTEST_TITLE:
        pieces.pop(0)
        separators.pop(0)
        if len(pieces) > 1 and len(bare(pieces[0])) <= _LONGEST_COLUMN_NAME:
            pieces.pop(0)
            separators.pop(0)
    # Without a dash between them, white space parts the site's name from the title.
    first, _, rest = pieces[0].partition(" ")
    if _SITE_BEFORE_SPACE.search(first) and len(bare(rest)) >= _SHORTEST_TITLE:
        pieces[0] = rest
    joined = pieces[0]
    for separator, piece in zip(separators, pieces[1:], strict=False):
        joined += separator + piece
    return joined.strip()


_SITE_FIRST = re.compile(r"^.{2,16}(?:网站?|门户|平台|数字报|日报|晚报)$|^政府信息公开$")
"""What the first part of ``<title>`` ends with where a template puts the site's name before the title."""
_SITE_BEFORE_SPACE = re.compile(r"^.{2,16}(?:门户网站|政府网站?|信息网|政务网|公众网|官网)$")
_SHORTEST_TITLE = 8
_LONGEST_SITE_NAME = 25
_LONGEST_COLUMN_NAME = 6


def named(meta: Mapping[str, str], table: Mapping[str, str], element: str | None, listed: str | None) -> bool:
    """Whether meta tags, metadata table, listing or ``<title>`` give the page a title."""
    said = _first(meta, meta_names()["title"])
    if (said and _not_a_title(said, meta) is None) or table_value(table, "title") or stated(listed):
        return True
    stripped = strip_site(tidy(element or ""), meta)
    return len(bare(stripped)) >= _SHORTEST_TITLE and _not_a_title(stripped, meta) is None


def names_a_site(text: str, meta: Mapping[str, str]) -> bool:
    """Whether a line is the name of the site, as its logo shows it."""
    said = bare(text)
    return said == bare(meta.get("sitename", "-")) or _SITE_NAME.match(said) is not None


_EDITORS_DEFAULT = re.compile(
    r"(?:New|Normal)Page\d*|Untitled(?:Document|Page)?(?:-?\d*)|无标题(?:文档|页|网页)?\d*|新建(?:网页|文本文档|MicrosoftWord文档)\d*|"
    r"Document\d*|文档\d*|WelcometoAdobeGoLive\d*",
    re.I,
)
"""What an editor of pages calls a page that nobody named, without white space."""


def _not_a_title(text: str, meta: Mapping[str, str]) -> str | None:
    said = bare(text)
    if said in {bare(meta.get("sitename", "")), bare(meta.get("columnname", ""))} - {""} or names_a_site(text, meta):
        return "names the site or column"
    if len(said) < 4 or said.startswith(("<", "{", "$")) or _EDITORS_DEFAULT.fullmatch(said):
        return "no title"
    return None


# ------------------------------------------------------------------------------------------------ dates


def published(of: Statements) -> list[MetaValue]:
    """The day shown to readers: info line, then the table's release date, then meta unless it is a build date, then the
    table's date of writing, the address, the listing row."""
    values: list[MetaValue] = []
    shown = [value for line in of.info for name, _, value in line.values if name == "released" and value]
    labelled = [
        value for line in of.info for name, label, value in line.values if name == "released" and value and label
    ]
    for value in dict.fromkeys([*labelled, *shown]):
        values.append(MetaValue("published", value, "info_line"))
    for name in ("updated", "written"):
        for line in of.info:
            for field, _, value in line.values:
                if field == name and value:
                    values.append(
                        MetaValue(
                            "published", value, "info_line", note="update" if name == "updated" else "date of writing"
                        )
                    )
    for label in table_ranks()["released"]:
        day = find_date(of.table[label]) if label in of.table else None
        if day:
            values.append(MetaValue("published", day, "table"))
            break
    meta = None
    for name in meta_names()["published"]:
        meta = find_date(of.meta.get(name, ""))
        if meta:
            break
    if meta:
        values.append(MetaValue("published", meta, "meta", note="build date" if is_build_date(meta, of.meta) else None))
    for label in table_ranks()["written"]:
        day = find_date(of.table[label]) if label in of.table else None
        if day:
            values.append(MetaValue("published", day, "table", note="date of writing"))
            break
    in_path = path_date(of.url)
    if in_path:
        values.append(MetaValue("published", in_path, "address", note="day the page was made"))
    if of.listed_date is not None:
        values.append(MetaValue("published", of.listed_date.isoformat(), "listing"))
    # Weak evidence is still evidence: dates of writing, of building and of the address come last, in this order.
    weak = {"date of writing": 2, "update": 1, "day the page was made": 4, "build date": 5}
    best = min(
        range(len(values)),
        key=lambda n: (weak.get(values[n].note or "", 3 if values[n].origin == "listing" else 0), n),
        default=None,
    )
    chosen = [_taken(value) if n == best else value for n, value in enumerate(values)]
    day = values[best].value[:10] if best is not None else None
    return [
        replace(value, note="differs from the day shown: migration or build")
        if value.origin == "meta" and not value.chosen and value.note is None and value.value[:10] != day
        else value
        for value in chosen
    ]


def is_build_date(stamp: str, meta: Mapping[str, str]) -> bool:
    """Whether a meta date is that of building the page: it equals, to the minute, a stamp the template calls so."""
    if len(stamp) < 16:
        return False
    return any(find_date(meta.get(name, "")) == stamp for name in meta_names()["build"])


# ------------------------------------------------------------------------------------------------ the rest


def sources(of: Statements) -> list[MetaValue]:
    """The shown 来源, then the table's, then meta unless it repeats the site's name or the title."""
    values: list[MetaValue] = []
    for line in of.info:
        for field, _label, value in line.values:
            if field == "source" and stated(value):
                values.append(MetaValue("source", value, "info_line"))
    for line in of.info:
        for field, _label, value in line.values:
            if field == "publisher" and stated(value):
                values.append(MetaValue("source", value, "info_line"))
    in_table = table_value(of.table, "source") or table_value(of.table, "publisher")
    if in_table:
        values.append(MetaValue("source", in_table, "table"))
    said = _first(of.meta, meta_names()["source"])
    if said:
        values.append(MetaValue("source", said, "meta", note=_template_source(said, of)))
    return _choose(
        _distinct(values),
        ("info_line", "meta", "table") if not in_table or not said else ("info_line", "table", "meta"),
    )


def _template_source(said: str, of: Statements) -> str | None:
    plain = bare(said)
    title = bare(_first(of.meta, meta_names()["title"]) or "")
    if plain == title:
        return "repeats the title"
    site = bare(of.meta.get("sitename", ""))
    if plain == site or _TEMPLATE_SOURCE.search(plain):
        return "names the site"
    return None


def doc_numbers(of: Statements) -> list[MetaValue]:
    values: list[MetaValue] = []
    in_table = table_value(of.table, "doc_number")
    if in_table:
        values.append(MetaValue("doc_number", in_table, "table"))
    values += [
        MetaValue("doc_number", value, "info_line")
        for line in of.info
        for field, _, value in line.values
        if field == "doc_number" and stated(value)
    ]
    said = _first(of.meta, meta_names()["doc_number"])
    if said:
        values.append(MetaValue("doc_number", said, "meta"))
    values += [MetaValue("doc_number", number, "body") for number in of.body_numbers]
    return _choose(_distinct(values), ("table", "info_line", "meta", "body"))


def index_numbers(of: Statements) -> list[MetaValue]:
    return _from_table_or_line(of, "index_number")


def publishers(of: Statements) -> list[MetaValue]:
    """What the page names as publishing body; who it is, the judging room resolves."""
    return _from_table_or_line(of, "publisher")


def _from_table_or_line(of: Statements, name: str) -> list[MetaValue]:
    """A field that only the metadata table and the info line state, the table first."""
    values: list[MetaValue] = []
    in_table = table_value(of.table, name)
    if in_table:
        values.append(MetaValue(name, in_table, "table"))
    values += [
        MetaValue(name, value, "info_line")
        for line in of.info
        for field, _, value in line.values
        if field == name and stated(value)
    ]
    return _choose(_distinct(values), ("table", "info_line"))


def table_value(table: Mapping[str, str], field: str) -> str | None:
    """What the metadata table says for a field: the first label of its rank with a value."""
    for label in table_ranks()[field] if table else ():
        value = stated(table.get(label))
        if value:
            return value
    return None


def _first(meta: Mapping[str, str], names: Iterable[str]) -> str | None:
    for name in names:
        value = stated(meta.get(name))
        if value:
            return value
    return None


def _distinct(values: Sequence[MetaValue]) -> list[MetaValue]:
    kept: dict[tuple[str, str], MetaValue] = {}
    for value in values:
        kept.setdefault((bare(value.value), value.origin), value)
    return list(kept.values())


def _choose(values: Sequence[MetaValue], order: Sequence[str]) -> list[MetaValue]:
    """Mark the first value without a note, by origin in ``order``; where every one has a note, none is chosen."""
    sound = [n for n, value in enumerate(values) if value.note is None]
    best = min(sound, key=lambda n: (order.index(values[n].origin), n), default=None)
    return [_taken(value) if n == best else value for n, value in enumerate(values)]


def _taken(value: MetaValue) -> MetaValue:
    return MetaValue(value.field, value.value, value.origin, chosen=True, note=value.note)


def chosen(values: Iterable[MetaValue], field: str) -> str | None:
    """The chosen value of a field."""
    return next((value.value for value in values if value.field == field and value.chosen), None)


def dates(draft: Draft) -> dict[str, str]:
    """Every date of a page with its source: ``listed``, ``path``, ``meta``, ``table:<label>``, ``shown``."""
    stated_dates: dict[str, str] = {}
    names = {"listing": "listed", "address": "path", "meta": "meta", "info_line": "shown"}
    for value in draft.values:
        if value.field == "published" and value.origin in names:
            stated_dates.setdefault(names[value.origin], value.value)
    labels = table_ranks()
    for label in (*labels["released"], *labels["written"], *labels["effective"]):
        day = find_date(draft.metadata.get(label, ""))
        if day:
            stated_dates[f"table:{label}"] = day
    return stated_dates
