"""What any column or detail address leads to: the system behind it, its list, and the reports in it.

Pure but for ``fetch``. Nothing is decided by a host: signs (``signatures.toml``) propose listing protocols, and the
one that really lists rows is named.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from urllib.parse import urlsplit

from bs4 import Tag

from scrapers import addresses
from scrapers.judging.genre import TitleJudgement, judge_title
from scrapers.platforms import markup
from scrapers.platforms.protocol import Fetch
from scrapers.reading.page import read_page
from scrapers.records import Draft, ListRow, Outcome, PageKind, Request
from scrapers.sources.asking import Asking
from scrapers.sources.column_names import read_name
from scrapers.sources.signatures import Recognition, column_of, own_links, recognise
from scrapers.sources.trial import Trial, answered, name_of_column, try_column

MOST_REQUESTS = 12
_LISTS_NOTHING = frozenset({Outcome.EMPTY_LIST, Outcome.JS_ONLY})
_DISCOVER = "`nianbao sources discover HOST` looks for the columns behind it"
_COLUMN_FILE = re.compile(r"/(?:(?:index|list|common_list)\w*\.\w+)?$")


@dataclass(frozen=True, slots=True)
class LikelyReport:
    """A row that is worth fetching, and why."""

    row: ListRow
    judgement: TitleJudgement


@dataclass(frozen=True, slots=True)
class Probe:
    """What an address leads to. ``outcome`` is ``ok`` where a column was listed; ``why`` says what is missing."""

    url: str
    outcome: Outcome
    why: str | None = None
    kind: PageKind | None = None
    """What the address itself shows."""
    family: str | None = None
    """The content management system, as ``signatures.toml`` names it; ``None``: no sign of a known one."""
    sureness: float = 0.0
    """Of the family, 0 to 1."""
    evidence: tuple[str, ...] = ()
    column_url: str | None = None
    column_name: str | None = None
    platform: str | None = None
    """The listing protocol that lists the column."""
    parameters: Mapping[str, str] = field(default_factory=dict)
    """What the column's entry in the registry must hold."""
    pages: int | None = None
    total: int | None = None
    first: ListRow | None = None
    last: ListRow | None = None
    """The last row of the last page; ``None`` where the pages before it do not name it."""
    rows: tuple[ListRow, ...] = ()
    """Those of the pages that were read: the first, and the last where it is known."""
    reports: tuple[LikelyReport, ...] = ()
    site_name: str | None = None
    site_code: str | None = None
    """网站标识码, whose first six digits are a division code."""
    requests: int = 0

    @property
    def how_sure(self) -> str:
        """The sureness in a word: ``certain``, ``likely``, ``weak`` or ``unknown``."""
        return next(word for word, least in _WORDS if self.sureness >= least)


_WORDS = (("certain", 0.9), ("likely", 0.6), ("weak", 0.01), ("unknown", 0.0))


def probe(url: str, fetch: Fetch, hosts: Sequence[str] = ()) -> Probe:
    """What ``url``, a column's or a detail page's, leads to, in at most ``MOST_REQUESTS`` requests.

    ``hosts`` are the publisher's own (else the address's); rows elsewhere are off-host. Raises what ``fetch`` raises.
    """
    own = tuple(hosts) or (addresses.host_of(url),)
    asking = Asking(fetch, MOST_REQUESTS)
    outcome, detail, text = asking(Request(url.partition("#")[0]))
    found = recognise(url, text, own_links(text, url, own) if text else ())
    draft = read_page(text.encode("utf-8", "replace"), url)
    shown = _shown(Probe(url, outcome, kind=draft.kind if text else None), found, draft)
    inferred = column_of(url)
    if outcome is not Outcome.OK:
        shown = replace(shown, why=answered(url, outcome, detail), requests=asking.count)
        if inferred is None or asking.stopped:
            return shown
        return _joined(shown, try_column(inferred[0], None, None, found, asking, own), inferred[1], asking)
    if draft.kind is PageKind.HOME and urlsplit(url).path in ("", "/"):
        why = f"{url} is a home page; {_DISCOVER}"
        return replace(shown, outcome=Outcome.WRONG_CONTENT, why=why, requests=asking.count)
    if inferred is None and _is_column(url, draft, found):
        joined = _joined(shown, try_column(url, text, name_of_column(draft, text), found, asking, own), None, asking)
        if joined.outcome in _LISTS_NOTHING and urlsplit(url).path in ("", "/"):
            return replace(joined, why=f"{joined.why}. Is it a home page? {_DISCOVER}")
        return joined
    listed = None
    for column, by in filter(None, (inferred, _breadcrumb(text, url, draft))):
        before, listed = listed, try_column(column, None, name_of_column(draft, text), found, asking, own)
        if listed.outcome is Outcome.OK:
            return _joined(shown, listed, by, asking)
        listed = before or listed
    if listed is not None:
        return _joined(shown, listed, None, asking)
    why = f"{url} is a detail page; neither its address nor its breadcrumb names the column it lies in"
    return replace(shown, outcome=Outcome.WRONG_CONTENT, why=why, requests=asking.count)


def _is_column(url: str, draft: Draft, found: Sequence[Recognition]) -> bool:
    """Whether a page whose address is no article's is a column's, which may show no row before a script has run."""
    if draft.kind is not PageKind.DOCUMENT or any(each.platforms for each in found):
        return True
    path = urlsplit(url).path
    return path != "/" and bool(_COLUMN_FILE.search(path)) and not draft.meta_tags.get("articletitle")


# --------------------------------------------------------------------------- putting together


def _shown(into: Probe, found: Sequence[Recognition], draft: Draft) -> Probe:
    best = found[0] if found else None
    return replace(
        into,
        family=best.family if best else None,
        sureness=best.sureness if best else 0.0,
        evidence=best.evidence if best else (),
        site_name=draft.meta_tags.get("sitename") or None,
        site_code=draft.meta_tags.get("siteidcode") or None,
    )


def _joined(shown: Probe, listed: Trial, by: str | None, asking: Asking) -> Probe:
    """What the address showed, with what its column listed; ``by`` says how the column was inferred."""
    best = listed.recognitions[0] if listed.recognitions else None
    evidence = list(best.evidence if best else ())
    if by is not None:
        evidence.append(f"column {listed.url}, inferred from {by}")
    joined = replace(
        shown,
        family=best.family if best else None,
        sureness=best.sureness if best else 0.0,
        outcome=listed.outcome,
        why=listed.why if listed.outcome is not Outcome.OK or shown.outcome is Outcome.OK else shown.why,
        column_url=listed.url,
        column_name=listed.name,
        site_name=shown.site_name or listed.site_name,
        site_code=shown.site_code or listed.site_code,
        requests=asking.count,
    )
    page, column = listed.page, listed.column
    if page is None or column is None:
        return replace(joined, evidence=tuple(evidence))
    pages = [page, *([listed.last_page] if listed.last_page is not None and listed.last_page.rows else [])]
    rows = tuple(chain.from_iterable(each.rows for each in pages))
    complete = len(pages) > 1 or not page.more
    evidence.append(f"{column.platform} lists {len(rows)} rows on {len(pages)} of its pages")
    types = read_name(listed.name).report_types
    judged = [LikelyReport(row, judge_title(row.title, column_name=listed.name, report_types=types)) for row in rows]
    return replace(
        joined,
        evidence=tuple(evidence),
        platform=column.platform,
        parameters=column.parameters,
        pages=page.pager.pages,
        total=page.pager.total,
        first=rows[0] if rows else None,
        last=rows[-1] if rows and complete else None,
        rows=rows,
        reports=tuple(each for each in judged if each.judgement.likely),
    )


def _breadcrumb(text: str, url: str, draft: Draft) -> tuple[str, str] | None:
    """The link that bears the column's name, on the page's own host."""
    name = draft.meta_tags.get("columnname")
    if not name:
        return None
    for link in markup.parse(text).find_all("a", href=True):
        if isinstance(link, Tag) and markup.shown_text(link) == markup.collapsed(name):
            address = addresses.canonical(markup.attribute(link, "href"), url)
            if address and address != url and addresses.host_of(address) == addresses.host_of(url):
                return address, f"the link {name} on the page"
    return None
