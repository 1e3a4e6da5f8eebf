"""A draft becomes a report: is it one, whose, of which year, and can it be trusted. Every judgement in one place."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date

from scrapers.addresses import canonical, host_of
from scrapers.judging.copies import signature
from scrapers.judging.damage import damage_flags
from scrapers.judging.edition import EditionJudgement, judge_edition
from scrapers.judging.genre import DocumentJudgement, judge_document, judge_title
from scrapers.judging.publisher import resolve_publisher
from scrapers.judging.trust import (
    PINYIN_INJECTED,
    SPAM_TERMS,
    TRADITIONAL_CONVERSION,
    UNTRUSTED_HOST,
    trust_flags,
)
from scrapers.reading.attachments.file_draft import ATTACHMENT_ONLY
from scrapers.reading.dates import find_date
from scrapers.reading.figures import Forms, consistency, read_forms
from scrapers.reading.further_pages import PAGES_MISSING
from scrapers.reading.labels import bare_label, table_ranks
from scrapers.reading.sections import missing_parts, sections
from scrapers.reading.years import YearJudgement, report_year
from scrapers.records import (
    Candidate,
    Column,
    Draft,
    Flag,
    PageKind,
    Report,
    ReportType,
    Section,
    Signature,
    Source,
    State,
)

NOT_A_REPORT = "not_a_report"
MISSING_PARTS = "missing_parts"
FIGURES_DISAGREE = "figures_disagree"
FIGURES_UNREAD = "figures_unread"
_BROKEN_INTO = {
    UNTRUSTED_HOST: "host: not a trusted one",
    SPAM_TERMS: "spam on a trusted host",
    PINYIN_INJECTED: "readings injected into the text",
    TRADITIONAL_CONVERSION: "converted to Traditional character by character",
}
"""Flags that keep a page out of the analysis views, with the reason they give, gravest first."""
_PARTS_SINCE = 2019
"""First report year for which the parts were prescribed, by 国办公开办函〔2019〕60号 and the 督察工作规定 of 2019."""
_ORIGINS = {"listing": "listed", "address": "path", "meta": "meta", "info_line": "shown"}


def judge(
    draft: Draft,
    *,
    source: Source | None = None,
    column: Column | None = None,
    candidate: Candidate | None = None,
    capture_id: str | None = None,
    trusted_hosts: Collection[str] = (),
    mirror_of: Callable[[Signature], str | None] | None = None,
) -> Report:
    """Judge a page that was read.

    ``source``, ``column`` and ``candidate`` are given where the page was crawled; a bare page is judged by what it
    says. ``trusted_hosts`` are trusted beside ``trust.toml``'s zones and the source's own hosts. ``mirror_of`` gives,
    for the signature of a text, the address of the trusted report it is a near copy of; it is asked only about
    quarantined pages. In a crawl nobody asks: the loader links copies, also those whose true page comes later.

    ``accepted`` is a report on a trusted host without marks of a break-in; ``rejected`` is no report on a trusted
    host; everything else is ``quarantined``. Raises nothing.
    """
    title = draft.title or (candidate.title if candidate is not None else None)
    published = _day(draft.published)
    table = {bare_label(label): value for label, value in draft.metadata.items() if value}
    document, parts = _genre(draft, title, table, column, candidate)
    year = _year(draft, title, document.report_type, published, candidate)
    forms = read_forms(draft.tables) if document.report_type is ReportType.DISCLOSURE else Forms()
    publisher = resolve_publisher(draft=draft, source=source, year=year.year)
    is_report = document.report_type is not None
    edition = judge_edition(draft, title, publisher) if is_report else EditionJudgement(None, None)
    trust = trust_flags(
        host=host_of(draft.url),
        title=title,
        title_element=_title_element(draft),
        text=draft.text,
        meta_tags=draft.meta_tags,
        hidden="\n".join(removal.text for removal in draft.removed if removal.rule == "hidden"),
        trusted_hosts=(*trusted_hosts, *_own_hosts(source)),
    )
    state, reason = _state(document, trust)
    flags = [*draft.flags, *trust, *damage_flags(draft.text), *year.flags]
    if document.report_type is None:
        flags.append(Flag(NOT_A_REPORT, document.reason))
    elif state is State.ACCEPTED:
        flags.extend(_findings(parts, forms, document.report_type, year.year, draft))
    signed = signature(draft.text) if state in (State.ACCEPTED, State.QUARANTINED) else None
    asked = mirror_of if state is State.QUARANTINED else None
    return Report(
        document_id=document_id(draft.url),
        url=draft.url,
        state=state,
        reason=reason,
        draft=draft,
        publisher=publisher.publisher,
        division_code=publisher.division_code,
        parent_division_code=publisher.parent_division_code,
        level=publisher.level,
        report_type=document.report_type,
        report_type_reason=document.reason,
        report_year=year.year,
        report_year_reason=year.reason,
        edition=edition.edition,
        edition_reason=edition.reason,
        sections=parts,
        figures=forms.figures,
        flags=tuple(flags),
        mirror_of=asked(signed) if asked is not None and signed is not None else None,
        signature=signed,
        text_digest=text_digest(draft.text),
        source_id=source.id if source is not None else None,
        column_url=column.url if column is not None else (candidate.column_url if candidate is not None else None),
        capture_id=capture_id,
        listed_date=candidate.listed_date if candidate is not None else None,
        listed_title=candidate.title if candidate is not None else None,
        published_date=published,
        dates=_dates(draft, table, candidate),
    )


def document_id(url: str) -> str:
    """Identity of a document over its versions: 16 hex digits of the SHA-256 of its canonical address."""
    address = url if _CANONICAL.fullmatch(url) else canonical(url, url) or url
    return hashlib.sha256(address.encode()).hexdigest()[:16]


_CANONICAL = re.compile(r"https?://[a-z0-9.-]+(?!/gate/)(?:/[A-Za-z0-9_-]+)*/(?:[A-Za-z0-9_-]+\.[a-z]+)?")
"""Addresses that ``canonical`` leaves as they are, plainly: no port, no gate, no session, nothing to encode."""


def text_digest(text: str) -> str | None:
    """``sha256:`` of a text without white space; ``None`` for a text of nothing else."""
    plain = "".join(text.split())
    return f"sha256:{hashlib.sha256(plain.encode()).hexdigest()}" if plain else None


def _genre(
    draft: Draft, title: str | None, table: Mapping[str, str], column: Column | None, candidate: Candidate | None
) -> tuple[DocumentJudgement, tuple[Section, ...]]:
    """The genre, and the parts of a report of that genre: their number is evidence for it."""
    if draft.kind is not PageKind.DOCUMENT:
        return DocumentJudgement(None, f"page: {draft.kind}, not a document"), ()
    label = next((table[name] for name in table_ranks()["combined"] if name in table), None)
    column_name = (column.name if column is not None else None) or draft.meta_tags.get("columnname") or None
    supposed = candidate.report_type if candidate is not None else None
    for name in (title, label, column_name):
        supposed = supposed or (judge_title(name).report_type if name else None)
    parts = sections(draft.blocks, supposed)
    found = {section.role for section in parts} - {"other"}
    document = judge_document(title, draft.text, label=label, column_name=column_name, sections_found=len(found))
    if document.report_type is not supposed:
        parts = sections(draft.blocks, document.report_type)
    return document, parts


def _state(document: DocumentJudgement, trust: Sequence[Flag]) -> tuple[State, str]:
    marks = {flag.name: flag.evidence for flag in reversed(trust)}
    for name, words in _BROKEN_INTO.items():
        if name in marks:
            return State.QUARANTINED, f"{words} ({marks[name]})"
    if document.report_type is None:
        return State.REJECTED, document.reason
    return State.ACCEPTED, document.reason


def _findings(
    parts: Sequence[Section], forms: Forms, report_type: ReportType, year: int | None, draft: Draft
) -> list[Flag]:
    """What a reader of an accepted report should know of its make-up."""
    found: list[Flag] = []
    missing = missing_parts(parts, report_type)
    unread = any(flag.name == ATTACHMENT_ONLY for flag in draft.flags)  # the parts are in a file
    unread = unread or any(flag.name == PAGES_MISSING for flag in draft.flags)  # or on a further page
    if missing and draft.text and not unread and (year is None or year >= _PARTS_SINCE):
        found.append(Flag(MISSING_PARTS, ", ".join(missing)))
    if forms.doubts:
        found.append(Flag(FIGURES_UNREAD, "; ".join(forms.doubts)))
    check = consistency(forms.figures)
    if check.mismatches:
        found.append(Flag(FIGURES_DISAGREE, "; ".join(check.mismatches)))
    return found


def _dates(draft: Draft, table: Mapping[str, str], candidate: Candidate | None) -> Mapping[str, str]:
    """Every publication date with where it stands; the first of each place."""
    dates: dict[str, str] = {}
    if candidate is not None and candidate.listed_date is not None:
        dates["listed"] = candidate.listed_date.isoformat()
    for value in draft.values:
        if value.field == "published" and value.origin in _ORIGINS:
            dates.setdefault(_ORIGINS[value.origin], value.value)
    for label in (*table_ranks()["released"], *table_ranks()["written"]):
        day = find_date(table[label]) if label in table else None
        if day is not None:
            dates[f"table:{label}"] = day
    return dates


def _own_hosts(source: Source | None) -> tuple[str, ...]:
    """The hosts of a source without their ports: the registry is the list of hosts somebody looked at."""
    return () if source is None else tuple(host.partition(":")[0] for host in source.hosts)


def _title_element(draft: Draft) -> str | None:
    """``<title>`` in full: the reading keeps it beside the form without the names of site and column."""
    stated = [value.value for value in draft.values if (value.field, value.origin) == ("title", "title_element")]
    return max(stated, key=len, default=None)


def _year(
    draft: Draft,
    title: str | None,
    report_type: ReportType | None,
    published: date | None,
    candidate: Candidate | None,
) -> YearJudgement:
    if report_type is None:
        return YearJudgement(None, "not a report: no report year")
    return report_year(
        title=title,
        text=draft.text,
        blocks=draft.blocks,
        report_type=report_type,
        published=published,
        listed_title=candidate.title if candidate is not None else None,
    )


def _day(published: str | None) -> date | None:
    try:
        return date.fromisoformat(published[:10]) if published else None
    except ValueError:  # a Draft made by hand; read_page writes real days only
        return None
