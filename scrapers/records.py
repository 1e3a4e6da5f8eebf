"""The words of the domain as frozen dataclasses: what one room hands to the next.

Nothing here does anything. Absent values are ``None`` (``NULL`` in the warehouse), never a guess and never ``""``,
except where a field's docstring says that a label was there and its cell was empty.
All instants are timezone-aware UTC; all dates are calendar dates in China.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum


class ReportType(StrEnum):
    """The two kinds of annual report this project collects."""

    RULE_OF_LAW = "rule_of_law"
    """法治政府建设年度报告 (《法治政府建设与责任落实督察工作规定》, art. 24)."""
    DISCLOSURE = "disclosure"
    """政府信息公开工作年度报告 (《政府信息公开条例》, arts. 49 and 50)."""


class Level(StrEnum):
    """What kind of body publishes. A department of any level is ``DEPARTMENT``; its division code says which level."""

    MINISTRY = "ministry"
    PROVINCE = "province"
    CITY = "city"
    COUNTY = "county"
    TOWNSHIP = "township"
    DEPARTMENT = "department"
    ZONE = "zone"


class Edition(StrEnum):
    """Which of the reports of a place and year: they stand beside each other, and only public ones fulfil the duty."""

    GOVERNMENT = "government"
    JOINT = "joint"
    """Of Party committee and government together."""
    DEPARTMENT = "department"
    PEOPLES_CONGRESS = "peoples_congress"
    """The one that goes to the standing committee of the People's Congress."""


class Outcome(StrEnum):
    """Every way a fetch or a listing ends; each fetch ends in exactly one."""

    OK = "ok"
    NOT_MODIFIED = "not_modified"
    SOFT_404 = "soft_404"
    GONE = "gone"
    CHALLENGE = "challenge"
    BLOCKED = "blocked"
    TLS = "tls"
    DNS = "dns"
    CONNECTION = "connection"
    TIMEOUT = "timeout"
    TRUNCATED = "truncated"
    TOO_LARGE = "too_large"
    SERVER_ERROR = "server_error"
    CLIENT_ERROR = "client_error"
    REDIRECT_LOOP = "redirect_loop"
    WRONG_HOST = "wrong_host"
    WRONG_CONTENT = "wrong_content"
    ROBOTS_DENIED = "robots_denied"
    FORBIDDEN_ADDRESS = "forbidden_address"
    NOT_ASKED = "not_asked"
    """We kept away: the host's circuit is open, the run's budget is spent, the hours are quiet. No news of the page."""
    JS_ONLY = "js_only"
    EMPTY_LIST = "empty_list"
    LISTING_GAP = "listing_gap"
    OUT_OF_BOUNDS = "out_of_bounds"
    """A list read whole whose rows of some year are fewer or more than its source file expects."""


class FileOutcome(StrEnum):
    """Every way the reading of an attached file ends; each ends in exactly one."""

    READ = "read"
    EMPTY = "empty"
    """Whole and well formed, without a word in it."""
    NEEDS_OCR = "needs_ocr"
    """Pictures of pages: what they say, only a recogniser can tell."""
    ENCRYPTED = "encrypted"
    """Opens with a password only."""
    TRUNCATED = "truncated"
    """Torn off or damaged: what is left of it is not shown as the document."""
    MISLABELLED = "mislabelled"
    """Named as a document, and none: a page of the site, an error message, a program."""
    TOO_LARGE = "too_large"
    """More bytes than are taken, as it came or unpacked."""
    TOO_MANY_PAGES = "too_many_pages"
    TIMEOUT = "timeout"
    OUT_OF_MEMORY = "out_of_memory"
    CRASHED = "crashed"
    """The reader did not survive it; the detail has the signal or the error."""
    UNSUPPORTED = "unsupported"
    """A type that nothing here reads; the detail says what would."""
    SEVERAL_DOCUMENTS = "several_documents"
    """An archive with more than one document, of which none is named as a report."""
    NOT_FETCHED = "not_fetched"
    """It could not be had; the detail says how the fetch ended."""
    NOT_WANTED = "not_wanted"
    """Not asked for; the detail says why."""


class FileRole(StrEnum):
    """What an attached file is to the page it hangs on."""

    REPORT = "report"
    """The text of the report is this file's."""
    SAME = "same"
    """The page's own text once more, or a part of it."""
    ANNEX = "annex"
    """Another document: a list, a form, a table of figures."""
    PAGE = "page"
    """A further page of the article: its text is a part of the report's."""


class PageKind(StrEnum):
    """What a page is, before anyone asks whether it is a report."""

    DOCUMENT = "document"
    LIST = "list"
    HOME = "home"
    EMPTY = "empty"
    CHALLENGE = "challenge"


class State(StrEnum):
    """Where a candidate stands. ``accepted`` alone reaches the analysis views."""

    WANTED = "wanted"
    """Listed and judged a likely report; not yet fetched."""
    REJECTED = "rejected"
    """No report by its title (not fetched) or by its page (fetched)."""
    OFF_HOST = "off_host"
    """The row points outside the source's hosts: recorded, not followed."""
    FAILED = "failed"
    """Fetched without a usable answer; the capture's outcome says why."""
    ACCEPTED = "accepted"
    QUARANTINED = "quarantined"
    """Read, but not trusted: the flags say why."""


# --------------------------------------------------------------------------- where reports lie


@dataclass(frozen=True, slots=True)
class Layout:
    """How the pages of a site are built in a period, where the usual rules would read them wrongly.

    A report's page is of the day its row is listed, else of the day its address states, else of the day it was
    fetched; a list page is of the day it was fetched. Selectors are CSS; an element that a selector does not find is
    a flag ``layout_missed``, and the page is read by the usual rules.
    """

    reason: str
    since: date | None = None
    """First day; ``None``: from the beginning."""
    until: date | None = None
    """Last day; ``None``: to this day."""
    columns: tuple[str, ...] = ()
    """Addresses of the columns whose pages it is for; empty: all of the source."""
    body: str | None = None
    """Selector of the element, or of the elements one after the other, that hold the report's text."""
    title: str | None = None
    """Selector of the element whose text is the title."""
    published: str | None = None
    """Selector of the element in which the day of publication stands."""
    date_formats: tuple[str, ...] = ()
    """How ``published`` and ``row_date`` write a day, as for ``strptime``; tried before the usual spellings."""
    charset: str | None = None
    """Stands before the source's."""
    rows: str | None = None
    """On a list page: selector of each row."""
    row_title: str | None = None
    """Within a row: the title; its link, or the row's first, is the address."""
    row_date: str | None = None
    """Within a row: the day."""


@dataclass(frozen=True, slots=True)
class ExtraHost:
    """A host that is not the publisher's own but carries its pages in a period."""

    host: str
    reason: str
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Bounds:
    """Least and most of something; ``None``: no bound on that side."""

    min: int | None = None
    max: int | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """A column (栏目) of a site in which reports are listed."""

    url: str
    platform: str
    """Name of a module's listing protocol, see ``scrapers.platforms``: ``hanweb_jpage``, ``jpaas``, ``trs`` ..."""
    report_types: tuple[ReportType, ...]
    name: str | None = None
    """The column's own name as the site shows it, e.g. 法治政府建设报告; evidence for the genre."""
    parameters: Mapping[str, str] = field(default_factory=dict)
    """Protocol parameters that the column page does not state itself."""
    include: tuple[str, ...] = ()
    """Regular expressions; a title must match one (general columns such as 通知公告)."""
    exclude: tuple[str, ...] = ()
    query: str | None = None
    """What the site's search is asked for: the column is what it finds."""
    rows_a_year: Bounds | None = None
    """How many rows that the title rules admit are dated in one year."""


@dataclass(frozen=True, slots=True)
class Source:
    """One publisher on one site: the unit of the registry, of a crawl task and of coverage."""

    id: str
    """Path of the registry file without its ending, ``<province>/<publisher>``."""
    publisher: str
    level: Level
    hosts: tuple[str, ...]
    """The first is the publisher's own; redirects and rows may also lead to the others."""
    columns: tuple[Column, ...]
    division_code: str | None = None
    """Six digits (GB/T 2260); ``None`` for zones without a code of their own."""
    parent_division_code: str | None = None
    pace_seconds: float | None = None
    """Least time between two requests to the host; ``None``: the setting holds."""
    quiet_hours: str | None = None
    """``08:00-18:00`` in China, over midnight where the end is earlier: the hosts are not asked; ``None``: the setting
    holds."""
    first_year: int | None = None
    """First report year that is expected to be found."""
    charset: str | None = None
    column_unknown: str | None = None
    """Why no column is known yet; set exactly where ``columns`` is empty."""
    verified: str = "never"
    """Date of the last live check (YYYY-MM-DD) or ``never``."""
    file: str | None = None
    ignored: Mapping[str, str] = field(default_factory=dict)
    """Address -> why it is not fetched; one that ends in ``*`` stands for all that begin like it."""
    layouts: tuple[Layout, ...] = ()
    """No two are for the same page."""
    extra_hosts: tuple[ExtraHost, ...] = ()


@dataclass(frozen=True, slots=True)
class Correction:
    """A field of one document that is read wrongly, or stands wrongly on the site, put right by a person.

    Values are as the warehouse casts them to text: ``2024``, ``2025-03-01``; ``None`` is unknown.
    """

    field: str
    """``title``, ``publisher``, ``report_year`` ..."""
    value: str | None
    expect: str | None
    """What is read and is to be replaced: where something else is read, the correction does not apply."""
    reason: str
    file: str
    line: int
    """Of the file, at which the correction begins."""
    document_id: str | None = None
    url: str | None = None
    """One of these two says which document; the other is ``None``."""
    reported: str | None = None
    """When, or at which address, the site was told of it."""


# --------------------------------------------------------------------------- listing


@dataclass(frozen=True, slots=True)
class Request:
    """What a platform asks the client to send."""

    url: str
    method: str = "GET"
    form: tuple[tuple[str, str], ...] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    document: bool = False
    """A document's page is wanted, which a frame without text is not; of a list it may be all there is to see."""


@dataclass(frozen=True, slots=True)
class ListRow:
    """One row of a list page. ``url`` is absolute and canonical, ``href`` as written."""

    title: str
    """The whole title: an attribute's where the shown one is cut."""
    url: str
    href: str
    date: date | None
    pinned: bool = False
    off_host: bool = False
    doc_number: str | None = None
    index_number: str | None = None


@dataclass(frozen=True, slots=True)
class Pager:
    """What a list page says of its own length, or an article of its further pages."""

    kind: str | None
    pages: int | None = None
    total: int | None = None
    page2: str | None = None
    """Absolute address of the second page where it has one; of the next page of an article."""


@dataclass(frozen=True, slots=True)
class ListPage:
    """One answer of a list, parsed."""

    rows: tuple[ListRow, ...]
    pager: Pager
    more: tuple[Request, ...] = ()
    """Requests for pages not yet asked for, as far as this answer reveals them."""
    outcome: Outcome = Outcome.OK
    detail: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    """Of a frame: what it states of its list; as the column's parameters they make the frame unnecessary."""


@dataclass(frozen=True, slots=True)
class Listing:
    """A column, listed. ``outcome`` is ``ok`` only where nothing is known to be missing."""

    rows: tuple[ListRow, ...]
    pages_read: int
    pages_stated: int | None
    total_stated: int | None
    outcome: Outcome
    detail: str | None = None
    """In a reader's words: ``listed 931 of 931``, ``page 7 of 19 listed nothing`` ..."""
    stopped_early: bool = False
    """Everything after this point was known already, or too old for the wanted years."""
    unread_pages: tuple[int, ...] = ()
    """Numbers of the pages in trouble or not asked for: what a later listing has to ask for to complete this one."""
    since: date | None = None
    """Rows listed before this day were left out, wholly or in part; ``None``: the list is known to its end."""
    parameters: Mapping[str, str] = field(default_factory=dict)
    """What the column's page stated of its list: with these the list itself can be asked the next time."""
    parameters_of: str | None = None
    """Digest of the registry entry under which ``parameters`` were read; under another one they say nothing."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A row of a column with the first judgement on it."""

    source_id: str
    column_url: str
    url: str
    title: str
    listed_date: date | None
    state: State
    reason: str
    """Why this state, e.g. ``title: 工作要点``."""
    report_type: ReportType | None = None
    pinned: bool = False
    seen_at: datetime | None = None


# --------------------------------------------------------------------------- fetching


@dataclass(frozen=True, slots=True)
class Place:
    """Where a capture begins in the archive."""

    warc_file: str
    """File name relative to the archive folder."""
    offset: int
    """Byte."""


@dataclass(frozen=True, slots=True)
class ArchivedRecord:
    """One record of a WARC file, for the archive's index."""

    record_id: str
    """``urn:uuid:...``."""
    offset: int
    """Byte of the file at which it begins."""
    length: int
    """Compressed bytes."""
    type: str
    """``warcinfo``, ``response``, ``revisit``, ``request`` or ``metadata``."""
    at: datetime | None
    url: str | None = None
    status: int | None = None
    """Of a response or revisit."""
    content_type: str | None = None
    """Content-Type header of a response or revisit."""
    payload_digest: str | None = None
    refers_to: str | None = None
    """Of a revisit: the record that holds its payload."""
    concurrent_to: str | None = None
    """Of a request: the record of its answer."""


@dataclass(frozen=True, slots=True)
class ArchivedFile:
    """One WARC file, for the archive's index."""

    name: str
    run_id: str | None
    host_group: str | None
    """First host of the sources whose captures it holds."""
    size: int
    """Bytes."""
    records: int
    first_at: datetime | None
    last_at: datetime | None
    damage: tuple[str, ...] = ()
    """Stretches that hold no whole record: where, how long, why."""


@dataclass(frozen=True, slots=True)
class Capture:
    """One response as archived (or one failure, which has neither file nor digest)."""

    capture_id: str
    """``urn:uuid`` of the WARC record: a response or revisit, the metadata record of a failure; where nothing was asked
    or archived, a fresh one."""
    url: str
    """Address asked for."""
    final_url: str
    """Address that answered, after redirects."""
    fetched_at: datetime
    outcome: Outcome
    detail: str | None = None
    """Vendor of a challenge, exception text, redirect target ..."""
    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    content_type: str | None = None
    etag: str | None = None
    last_modified: str | None = None
    digest: str | None = None
    """``sha256:`` + hex of the payload (after content decoding)."""
    length: int | None = None
    """Payload bytes."""
    warc_file: str | None = None
    """File name relative to the archive folder."""
    warc_offset: int | None = None
    attempts: int = 1
    elapsed_ms: int | None = None
    beginning: str | None = None
    """First 1,024 bytes of an answer that is neither ``ok`` nor ``not_modified``, as text: the evidence."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A capture with its payload in memory (``b""`` for failures and 304)."""

    capture: Capture
    body: bytes


# --------------------------------------------------------------------------- reading


@dataclass(frozen=True, slots=True)
class Block:
    """One block of the text: one line of ``Draft.text``, or a table's lines."""

    kind: str
    """``heading``, ``paragraph`` or ``table``."""
    text: str
    level: int | None = None
    """Of a heading: 1 for 一、 / 第一部分, 2 for （一）, 3 for 1. ..."""
    table: int | None = None
    """Index into ``Draft.tables``."""
    page: int | None = None
    """Of a file: the page on which the block begins, from 1; ``None`` where the file states no pages."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the body with colspan and rowspan resolved: every row has the same number of cells."""

    rows: tuple[tuple[str, ...], ...]
    caption: str | None = None


@dataclass(frozen=True, slots=True)
class Removal:
    """A piece cut from the body's container. Inserting every ``text`` at its ``at`` gives the container's text back."""

    rule: str
    """Name of the rule in ``chrome.toml``, or ``learned:<id>``."""
    text: str
    at: int
    """Offset in ``Draft.text`` at which the piece stood."""


@dataclass(frozen=True, slots=True)
class Flag:
    """Something a careful reader should know, with the evidence."""

    name: str
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class MetaValue:
    """One value for one field, as one place of the page states it."""

    field: str
    """``title``, ``published``, ``source``, ``doc_number``, ``index_number``, ``publisher`` ..."""
    value: str
    origin: str
    """``meta``, ``table``, ``info_line``, ``listing``, ``address``, ``heading``, ``title_element``, ``body``."""
    chosen: bool = False
    note: str | None = None
    """Why it was not chosen where that is not plain, e.g. ``build date``."""


@dataclass(frozen=True, slots=True)
class FileText:
    """An attached file, read: the same words as of a page."""

    outcome: FileOutcome
    file_type: str | None = None
    """By content: ``pdf``, ``docx``, ``doc``, ``rtf``, ``xls``, ``xlsx``, ``ofd``, ``zip``, ``rar``, ``text``,
    ``html``, ``image``; ``None`` where nothing was recognised."""
    detail: str | None = None
    """In a reader's words: why it could not be read, and what would help."""
    text: str = ""
    """One block a line; cells of a table row parted by tabs."""
    blocks: tuple[Block, ...] = ()
    tables: tuple[Table, ...] = ()
    removed: tuple[Removal, ...] = ()
    pages: int | None = None
    """Pages, or sheets of a workbook; ``None`` where the file does not state them."""
    member: str | None = None
    """Of an archive: the name of the document read, as packed."""
    encoding: str | None = None
    """Of plain text."""
    flags: tuple[Flag, ...] = ()
    confidence: float | None = None
    """Of recognised text: mean over its lines, 0 to 1; ``None``: the text is the file's own."""


@dataclass(frozen=True, slots=True)
class AttachedFile:
    """What came of an attachment: how it was fetched and read. Its text, whether or not it is the report's."""

    reading: FileText
    role: FileRole | None = None
    role_reason: str | None = None
    capture_id: str | None = None
    digest: str | None = None
    """``sha256:`` of the payload: equal files are read and kept once."""
    length: int | None = None
    """Payload bytes."""
    page_starts: tuple[int, ...] = ()
    """Of each page, the offset in ``reading.text`` at which its first block begins; empty where none are stated."""


@dataclass(frozen=True, slots=True)
class Attachment:
    label: str
    href: str
    """As written."""
    url: str
    """Absolute."""
    file: AttachedFile | None = None
    """``None`` where nobody looked at it yet."""


@dataclass(frozen=True, slots=True)
class Section:
    """A statutory part of a report (``reports.md`` 1.3 and 2.2)."""

    role: str
    """``measures``, ``shortcomings``, ``leaders_duty``, ``next_year``, ``other`` for rule of law; ``overview``,
    ``proactive``, ``applications``, ``review_litigation``, ``problems``, ``other`` for disclosure."""
    heading: str
    start: int
    """First block (the heading) of ``Draft.blocks``."""
    end: int
    """One past the last block."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One cell of a statutory table of a disclosure report."""

    table: str
    """``proactive``, ``applications``, ``review_litigation``; ``statistics``: the one table of forms before 2019."""
    path: tuple[str, ...]
    """Row labels from the outermost in."""
    column: str
    value: str | None
    """As printed; ``None`` for an empty cell, and where the page does not tell what belongs there: then the report is
    flagged ``figures_unread``."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A page, read: everything that can be known without asking who published it or whether it is trusted."""

    url: str
    kind: PageKind
    title: str | None = None
    published: str | None = None
    """``YYYY-MM-DD`` or ``YYYY-MM-DD HH:MM``."""
    source: str | None = None
    doc_number: str | None = None
    index_number: str | None = None
    text: str = ""
    """One block a line; cells of a table row parted by tabs."""
    blocks: tuple[Block, ...] = ()
    tables: tuple[Table, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    text_origin: str | None = None
    """``page``, or ``attachment``: ``text``, ``blocks``, ``tables`` and ``removed`` are those of the attached file
    whose role is ``report``; ``recognised``: the same, and the file is a scan whose text an engine recognised."""
    page_text: str | None = None
    """The page's own text where ``text`` is a file's."""
    removed: tuple[Removal, ...] = ()
    values: tuple[MetaValue, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)
    """The metadata table: label without white space -> value; ``""`` where the label stands beside an empty cell."""
    meta_tags: Mapping[str, str] = field(default_factory=dict)
    """First value of each ``<meta name>``, names in lower case."""
    encoding: str | None = None
    container: str | None = None
    """How the body was found: a family selector or ``density``."""
    rows: tuple[ListRow, ...] = ()
    pager: Pager | None = None
    """Of a document: that it goes on, on another page."""
    flags: tuple[Flag, ...] = ()


@dataclass(frozen=True, slots=True)
class Words:
    """How often each word stands in a text, in Simplified characters; without stop words and punctuation."""

    dictionary: str
    """Version of the dictionary that cut the text: counts of different dictionaries are not comparable."""
    tokens: tuple[str, ...]
    counts: tuple[int, ...]
    """Beside ``tokens``, of the same length."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number in running text with its unit and what is said around it; see ``scrapers.reading.quantities``."""

    number: float
    """In units: 1.2万人次 is 12,000 人次. Of a ``change`` that is a fall: negative."""
    unit: str
    """``件``, ``人次``, ``元``, ``%``, ``‰``, ``百分点`` ..."""
    kind: str
    """``count``, ``rate``, ``amount`` (of money), ``change`` (rise or fall by so much), ``duration``, ``measure``,
    ``score`` or ``ratio`` (倍)."""
    printed: str
    """Number and unit as on the page; ``Draft.text`` has it at ``offset``."""
    counted: str | None
    """What it counts: the words of the clause that lead to it, and the noun that follows; Simplified characters."""
    approximate: str | None
    """The word that makes the number a bound or an estimate: 余, 多, 近, 以上, 不少于 ..."""
    clause: str
    """As on the page."""
    block: int
    """Index into ``Draft.blocks``."""
    offset: int
    """Of ``printed`` in ``Draft.text``, in characters."""


@dataclass(frozen=True, slots=True)
class Quantities:
    """Every quantity in a text, in its order."""

    extractor: str
    """Version of the rules that found them."""
    found: tuple[Quantity, ...]


@dataclass(frozen=True, slots=True)
class Signature:
    """A text in a few numbers, to find near copies of it; see ``scrapers.judging.copies``."""

    algorithm: str
    """Signatures of different algorithms are not comparable."""
    minima: tuple[int, ...]
    """32 bits each: the share of places at which two signatures agree estimates the similarity of their texts."""
    bands: tuple[int, ...]
    """63 bits each: near copies have at least one in common."""


@dataclass(frozen=True, slots=True)
class Report:
    """A draft, judged."""

    document_id: str
    """Identity of the document over its versions."""
    url: str
    state: State
    reason: str
    draft: Draft
    publisher: str | None = None
    division_code: str | None = None
    parent_division_code: str | None = None
    level: Level | None = None
    report_type: ReportType | None = None
    report_type_reason: str | None = None
    report_year: int | None = None
    report_year_reason: str | None = None
    edition: Edition | None = None
    """Of a report: ``None`` where it could not be told."""
    edition_reason: str | None = None
    sections: tuple[Section, ...] = ()
    figures: tuple[Figure, ...] = ()
    flags: tuple[Flag, ...] = ()
    mirror_of: str | None = None
    """Address of the trusted report it is a near copy of, where somebody who judged it could look that up."""
    signature: Signature | None = None
    """Of the text of an accepted or quarantined page; ``None`` where it is too short to compare."""
    words: Words | None = None
    """Of the text of an accepted report."""
    quantities: Quantities | None = None
    """Of the text of an accepted report, without its tables."""
    text_digest: str | None = None
    """``sha256:`` of the text without white space: equal digests are one version."""
    source_id: str | None = None
    column_url: str | None = None
    capture_id: str | None = None
    listed_date: date | None = None
    listed_title: str | None = None
    published_date: date | None = None
    """The chosen publication date."""
    dates: Mapping[str, str] = field(default_factory=dict)
    """Every date with its source: ``listed``, ``path``, ``meta``, ``table:发布日期``, ``table:成文日期``, ``shown``."""


@dataclass(frozen=True, slots=True)
class ColumnListing:
    """One listing of one column in one run, for the ledger."""

    source_id: str
    column_url: str
    listed_at: datetime
    listing: Listing


@dataclass(frozen=True, slots=True)
class Batch:
    """What a worker hands over: written to the landing folder in one piece, loaded in one transaction."""

    run_id: str
    source_id: str
    sequence: int
    candidates: tuple[Candidate, ...] = ()
    listings: tuple[ColumnListing, ...] = ()
    captures: tuple[Capture, ...] = ()
    reports: tuple[Report, ...] = ()


@dataclass(frozen=True, slots=True)
class HeldText:
    """A text that the warehouse holds, for learning what on its page is chrome."""

    container: str
    """How the body was found."""
    text: str
    cut: tuple[Removal, ...] = ()
    """What learned rules cut from it, in order: put back, it is the text as it would be without them."""


@dataclass(frozen=True, slots=True)
class KnownColumn:
    """What the ledger holds of a column: what it takes to list only what is new."""

    url: str
    outcome: Outcome
    """Of the last listing that gave any row, else of the last one; so the next three, ``since`` and ``listed_at``."""
    unread_pages: tuple[int, ...]
    """Pages that listing could not read."""
    addresses: frozenset[str]
    """Every address that any listing of this column gave."""
    pages_read: int = 0
    """Pages that the last listing read."""
    total_stated: int | None = None
    """Rows that the site stated then."""
    parameters: Mapping[str, str] = field(default_factory=dict)
    """What the column's page stated of its list when it was last asked for; see ``Listing.parameters``."""
    parameters_of: str | None = None
    parameters_at: datetime | None = None
    """When that was."""
    since: date | None = None
    """Day back to which the list is known; ``None``: to its end."""
    listed_at: datetime | None = None

    def reaches(self, since: date | None) -> bool:
        """Whether the list is known back to ``since`` (``None``: to its end)."""
        return self.since is None or (since is not None and self.since <= since)


@dataclass(frozen=True, slots=True)
class KnownPage:
    """What the ledger already holds of an address: what a conditional request needs, and where it was listed."""

    url: str
    state: State
    etag: str | None = None
    last_modified: str | None = None
    digest: str | None = None
    fetched_at: datetime | None = None
    title: str | None = None
    column_url: str | None = None
    """The column whose list gave it last."""
    listed_date: date | None = None
    seen_at: datetime | None = None
    """When a list gave it last."""
    archived: Place | None = None
    """The capture with ``digest``: what a revisit of an unchanged page refers to."""
    files_missing: bool = False
    """A file attached to it was never looked at, or could not be had and may yet be: the page is read again, whole."""
    text_file: FileKnown | None = None
    """The attached file whose text is the report's: it may change behind an unchanged page."""


@dataclass(frozen=True, slots=True)
class FileKnown:
    """What is held of an attached file."""

    url: str
    digest: str
    archived: Place | None = None
