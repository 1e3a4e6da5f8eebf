"""Whose report it is, at which level of government and in which division.

The host does not decide: a county's site re-posts the region's report, a zone's the city's. The registry's source, the
metadata table, the signature, the title, the page's own 来源 and the site's name are asked in this order; a title that
names another body than they do (余杭区司法局 on the district's site) has the last word, because a report carries its
author's name there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from scrapers.judging.bodies import Body, read_body
from scrapers.reading.labels import bare_label, table_ranks
from scrapers.reading.simplified import simplified
from scrapers.records import Draft, Level, Source
from scrapers.sources.divisions import load

_TITLE_ENDS = re.compile(
    r"关于|(?:19|20)\d\d年?|[二一][○〇零九][○〇零一二三四五六七八九]{2}年|法治|依法行政|政府信息公开|信息公开|推进|落实|贯彻|本?年度|工作|的报告|情况"
)
_TITLE_STARTS = re.compile(
    r"^(?:【[^】]*】|[〔\[(（]?\s*(?:19|20)\d\d\s*年?(?:度)?\s*[〕\])）]?|[\u4e00-\u9fff]{1,8}[〔\[【(（]\d{4}[〕\]】)）]第?\d*号|关于(?:印发)?|转发|公布)+\s*"
)
_CITED = re.compile(r"《[^》]*》")
_LONGEST_TITLE = 300
_SITE_STARTS = re.compile(r"^中国[·•・]?")
_SITE_ENDS = re.compile(
    r"(?:(?:政府)?(?:政务)?(?:官方)?门户网站|政府信息公开|信息公开|(?:官方)?网站?|公众信息网|政务网)+$"
)
_SIGNATURE_LINES = 8
_SIGNATURE_LONGEST = 40
_OF_A_SENTENCE = re.compile(r"[。；;：:，,\t]")
_DATE = re.compile(
    r"(?:\d{4}|[二一][○〇零O九0][^年]{2})\s*年\s*[\d一二三四五六七八九十]{1,3}\s*月\s*[\d一二三四五六七八九十]{1,3}\s*日\s*$"
)


@dataclass(frozen=True, slots=True)
class PublisherJudgement:
    """The publisher with its reason; all ``None`` where nothing names one."""

    publisher: str | None
    division_code: str | None
    parent_division_code: str | None
    level: Level | None
    reason: str
    """In words, e.g. ``title: 余杭区司法局``."""
    origin: str | None
    """``registry``, ``table``, ``info_line``, ``signature``, ``title``, ``source`` or ``site``."""


def resolve_publisher(*, draft: Draft, source: Source | None, year: int | None = None) -> PublisherJudgement:
    """The publisher of ``draft``; ``source`` is the registry's where the page was crawled, ``None`` for a bare page.

    ``year`` is the report year: codes and names are read as they were valid then.
    """
    hint = _hint(draft, source, year)
    title = body_of_title(draft.title, hint=hint, year=year) if draft.title else None
    found = next(_stated(draft, source, title, hint, year), None)
    if found is None:
        return PublisherJudgement(None, None, None, None, "no place names a publisher", None)
    body, origin, phrase = found
    if title is not None and origin != "title" and _is_another(*title, body):
        return _judgement(title[0], "title", title[1])
    return _judgement(body, origin, phrase)


def body_of_title(title: str, *, hint: str | None = None, year: int | None = None) -> tuple[Body, str] | None:
    """The body that a report's title names, with the words that name it."""
    plain = simplified("".join(_CITED.sub("", title[:_LONGEST_TITLE]).split()))
    plain = _TITLE_STARTS.sub("", plain)
    tries = [plain[: match.start()] for match in _TITLE_ENDS.finditer(plain) if match.start() >= 2]
    for phrase in sorted(set(tries), key=len, reverse=True):
        body = read_body(phrase, hint=hint, year=year)
        if body is not None:
            return body, phrase
    return None


def _stated(
    draft: Draft, source: Source | None, title: tuple[Body, str] | None, hint: str | None, year: int | None
) -> Iterator[tuple[Body, str, str]]:
    """Every body the page and the registry state, in order of trust, with origin and words; ``title``: the one that
    the title names."""
    if source is not None:
        yield _of_source(source), "registry", source.id
    for place, phrase in _labelled(draft):
        body = read_body(phrase, hint=hint, year=year)
        if body is not None:
            yield body, place, phrase
            break
    signed = _signature(draft.text.splitlines(), hint, year)
    if signed is not None:
        yield signed[0], "signature", signed[1]
    if title is not None:
        yield title[0], "title", title[1]
    if draft.source:
        body = read_body(draft.source, hint=hint, year=year)
        if body is not None:
            yield body, "source", draft.source
    site = draft.meta_tags.get("sitename")
    if site:
        body = _of_site(site, hint, year)
        if body is not None:
            yield body, "site", site


def _of_source(source: Source) -> Body:
    parent = source.parent_division_code
    if parent is None and source.division_code is not None:
        division = load().by_code(source.division_code)
        parent = division.parent_code if division is not None else None
    return Body(source.publisher, source.level, source.division_code, parent, named=True)


def _labelled(draft: Draft) -> Iterator[tuple[str, str]]:
    """Where and what the page labels as publisher: the metadata table, best label first, then the info line."""
    table = {bare_label(label): value for label, value in draft.metadata.items()}
    stated = [("table", table[label]) for label in table_ranks()["publisher"] if table.get(label)]
    stated += [(value.origin, value.value) for value in draft.values if value.field == "publisher" and value.value]
    for origin, phrase in stated:
        yield origin, phrase
        first, *others = re.split(r"[、,，;；\s]+", phrase.strip())
        if others and first:
            yield origin, first  # 县政府办公室、县司法局: the first one named leads


def _signature(lines: Sequence[str], hint: str | None, year: int | None) -> tuple[Body, str] | None:
    """The body that signs: a short line of its own at the end, or before the date on the date's line."""
    for line in islice(filter(None, map(str.strip, reversed(lines))), _SIGNATURE_LINES):
        name = _DATE.sub("", line).strip() if line.endswith("日") else line
        if 2 < len(name) <= _SIGNATURE_LONGEST and not _OF_A_SENTENCE.search(name):
            body = read_body(name, hint=hint, year=year)
            if body is not None and body.named:
                return body, name
    return None


def _of_site(name: str, hint: str | None, year: int | None) -> Body | None:
    plain = _SITE_STARTS.sub("", "".join(name.split()))
    return read_body(_SITE_ENDS.sub("", plain), hint=hint, year=year)


def _hint(draft: Draft, source: Source | None, year: int | None) -> str | None:
    """A code of the division on whose site the page stands, or of one above it.

    The registry knows it; else the 网站标识码 (first six digits), the index number (330726ZF…, or a unified social
    credit code, whose digits 3 to 8 are the division) and the site's name are asked.
    """
    if source is not None:
        return source.division_code or source.parent_division_code
    codes: list[str] = []
    site_code = re.match(r"\d{6}(?=\d{4}$)", draft.meta_tags.get("siteidcode", "").strip())
    if site_code is not None:
        codes.append(site_code.group())
    number = re.match(r"(\d{6})[A-Z]{2}|1[123](\d{6})[0-9A-Z]{9,10}(?=/)", draft.index_number or "")
    if number is not None:
        codes.append(number.group(1) or number.group(2))
    for code in codes:
        if load().is_code(code):
            return code
    site = draft.meta_tags.get("sitename")
    body = _of_site(site, None, year) if site else None
    return (body.division_code or body.parent_division_code) if body is not None else None


def _is_another(title: Body, phrase: str, body: Body) -> bool:
    """Whether a title names another body than the one found before it.

    A bare place stands for whatever body of that place was found: 余杭区2023年… in the bureau's column is the bureau's.
    """
    if title.name == body.name or (title.level is body.level and phrase in body.name):
        return False
    if title.division_code is None and title.parent_division_code is None:
        return True
    same_place = (title.division_code, title.parent_division_code) == (body.division_code, body.parent_division_code)
    if title.level is Level.ZONE or body.level is Level.ZONE:
        same_place = title.name == body.name
    return title.named or not same_place


def _judgement(body: Body, origin: str, phrase: str) -> PublisherJudgement:
    return PublisherJudgement(
        publisher=body.name,
        division_code=body.division_code,
        parent_division_code=body.parent_division_code,
        level=body.level,
        reason=f"{origin}: {phrase}",
        origin=origin,
    )
