"""From a home page to the columns in which reports lie, within a budget of requests.

Best first: links named like a report's column, then links spelled like one, the columns of reports that a page shows,
and hubs (政务公开, 政府信息公开) that may lead to them. A column is proposed only where it was listed and a title in it
names a report. Purely navigation: robots, pace and archive are the matter of ``fetch``.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from urllib.parse import urljoin, urlsplit, urlunsplit

from bs4 import Tag

from scrapers import addresses
from scrapers.judging.genre import judge_title
from scrapers.platforms import gkmlpt, markup
from scrapers.platforms.protocol import Fetch
from scrapers.records import Outcome, ReportType, Request
from scrapers.sources.asking import Asking
from scrapers.sources.column_names import read_name, read_rows
from scrapers.sources.probe import Probe, probe
from scrapers.sources.search_forms import search_forms
from scrapers.sources.signatures import column_of

MOST_REQUESTS = 40
_DEEPEST = 4
_NAMED, _REPORT, _TOPIC, _SPELLED, _BELOW_COLUMN, _FRAME = 100, 90, 80, 70, 65, 45
_QUERY = "法治政府建设年度报告"
_FORMS_TRIED = 2
_FEWEST_LINKS = 5
"""A home page with fewer links may be one that only forwards."""
_REFRESH = re.compile(r"""(?:url\s*=\s*|location(?:\.href)?\s*=\s*|location\.replace\(\s*)["']?([^"'\s>;)]+)""", re.I)
_RULE_OF_LAW_PATH = re.compile(r"fz{1,2}f(?:j|nd|sf)", re.IGNORECASE)
"""fzzfjs, fzzfjsndbg, fzfjsqkbg, fzzfndbg, fzzfj, fzzfsfcz: spellings seen on sites."""
_DISCLOSURE_PATH = re.compile(
    r"(?:xxgk|zwgk|gkgz|gk)(?:gz)?(?:nd)?(?:nb|bg)(?![a-z])|/(?:nb|ndbg)(?:_\d+)?(?:/|$)", re.I
)
_SPELLINGS = (
    "fzzfjs",
    "fzzfjsndbg",
    "fzzfjsbg",
    "fzzfjsqkbg",
    "fzzfjsqkndbg",
    "fzzfndbg",
    "fzzfj",
    "zfxxgknb",
    "xxgknb",
)
"""Directories that are tried where no link led anywhere, the most frequent first."""
_COUNTER = re.compile(r"visit|count|stat(?:s|istic)|weather", re.IGNORECASE)
"""Frames that are no menu: asking for them would be counted as a visit."""
_BELOW = re.compile(r"(?:20\d\d年?度?(?:年报|报告)?|[\u4e00-\u9fff]{2,10})")
_DIRECTORY = re.compile(r"/(?:[a-z_-]+\.\w+)?$|/[a-z][\w-]*$", re.IGNORECASE)
"""Addresses that may be a column's: a directory, or a file whose name holds no number."""
_NO_HUB = re.compile(r"申请|指南|制度|征地|住宅|会议|留言|信箱|登录|注册|English", re.IGNORECASE)
_PARENTS = re.compile(r"/(?:zwgk|xxgk|zfxxgk|gongkai|zwxxgk)(?:_\d+)?/")
_HUBS = (
    (60, re.compile(r"法治政府|依法行政")),
    (50, re.compile(r"法定主动公开|政府信息公开年报|年度报告|其他法定|信息公开年报|年报")),
    (40, re.compile(r"信息公开(?:目录|专栏|平台)?$")),
    (35, re.compile(r"政务公开|政府信息公开|公开")),
    (20, re.compile(r"法治|司法|专题|重点领域|规划计划|工作报告")),
    (10, re.compile(r"通知公告|公示公告|公告公示|部门|街道|乡镇")),
)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A column with reports in it, as the registry could hold it."""

    url: str
    name: str | None
    platform: str
    report_types: tuple[ReportType, ...]
    include: tuple[str, ...]
    """Title rules where the column holds all kinds of papers; ``()`` where reports are its matter."""
    evidence: tuple[str, ...]
    probe: Probe


@dataclass(frozen=True, slots=True)
class Discovery:
    """What a home page led to."""

    home: str
    proposals: tuple[Proposal, ...]
    elsewhere: tuple[tuple[str, str], ...]
    """Name and address of links to other hosts that are named like a report's column."""
    troubles: tuple[str, ...]
    """Why leads came to nothing, in a reader's words."""
    requests: int
    complete: bool
    """Whether every lead was followed; false where the budget ended before."""


@dataclass(frozen=True, slots=True, order=True)
class _Lead:
    rank: int
    number: int
    url: str = field(compare=False)
    name: str = field(compare=False)
    why: str = field(compare=False)
    depth: int = field(compare=False)
    is_column: bool = field(compare=False)


def discover(home: str, fetch: Fetch, hosts: Sequence[str] = (), *, most_requests: int = MOST_REQUESTS) -> Discovery:
    """The columns of reports that ``home``, a site's home page, leads to.

    ``hosts`` are the publisher's own (else the address's); links elsewhere are named, not followed. Raises what
    ``fetch`` raises.
    """
    walk = _Walk(home, tuple(hosts) or (addresses.host_of(home),), Asking(fetch, most_requests))
    walk.follow_navigation()
    if not walk.proposals:
        walk.search_the_site()
    if not walk.proposals:
        walk.try_spellings()
    return Discovery(
        home=home,
        proposals=tuple(walk.proposals.values()),
        elsewhere=tuple(walk.elsewhere.items()),
        troubles=tuple(walk.troubles),
        requests=walk.asking.count,
        complete=not walk.asking.refused,
    )


@dataclass(slots=True)
class _Walk:
    """The state of one discovery; lives no longer than ``discover``."""

    home: str
    hosts: tuple[str, ...]
    asking: Asking
    proposals: dict[str, Proposal] = field(default_factory=dict)
    elsewhere: dict[str, str] = field(default_factory=dict)
    troubles: list[str] = field(default_factory=list)
    queue: list[_Lead] = field(default_factory=list)
    seen: dict[str, int] = field(default_factory=dict)
    """Rank at which an address was queued: a better lead to it queues it once more."""
    directories: dict[str, None] = field(default_factory=dict)
    report_directories: set[str] = field(default_factory=set)
    numbers: Iterator[int] = field(default_factory=count)

    @property
    def _own(self) -> frozenset[str]:
        return frozenset(host.partition(":")[0] for host in self.hosts)

    def follow_navigation(self) -> None:
        outcome, detail, text = self.asking(Request(self.home))
        if outcome is not Outcome.OK:
            self.troubles.append(f"{self.home} answered {outcome.value}" + (f": {detail}" if detail else ""))
            return
        moved = _REFRESH.search(text) if text.count("<a ") < _FEWEST_LINKS else None
        address = addresses.canonical(moved[1], self.home) if moved else None
        if address is not None and addresses.host_of(address) in self._own:
            self._queue(address, "", _REPORT, "the page the home page forwards to", 0, is_column=False)
        self._read_links(self.home, text, 1)
        self._follow_all()

    def search_the_site(self) -> None:
        """The site's own search, as its forms on the home page say: the columns of the reports it finds."""
        outcome, _, text = self.asking(Request(self.home))
        forms = search_forms(text, self.home, _QUERY) if outcome is Outcome.OK else ()
        for request in [form for form in forms if addresses.host_of(form.url) in self._own][:_FORMS_TRIED]:
            outcome, detail, text = self.asking(request)
            if outcome is Outcome.OK:
                self._read_links(request.url, text, _DEEPEST)
            else:
                self.troubles.append(
                    f"the search {request.url} answered {outcome.value}" + (f": {detail}" if detail else "")
                )
        self._follow_all()

    def _follow_all(self) -> None:
        while self.queue and not self.asking.refused:
            lead = heapq.heappop(self.queue)
            if self.seen.get(_key(lead.url)) == -lead.rank and _key(lead.url) not in self.proposals:
                self._follow(lead)

    def try_spellings(self) -> None:
        """The usual directories of these reports, below the directories of disclosure that links showed."""
        for parent in list(self.directories)[:3]:
            for spelling in _SPELLINGS:
                url = f"{parent}{spelling}/"
                if self.asking.refused or self.asking.count + 2 > self.asking.most or _key(url) in self.seen:
                    return
                self.seen[_key(url)] = _SPELLED
                if self.asking(Request(url))[0] is Outcome.OK:
                    self._probe(_Lead(-_SPELLED, next(self.numbers), url, "", "a usual spelling", _DEEPEST, True))

    # ------------------------------------------------------------------ leads

    def _follow(self, lead: _Lead) -> None:
        if "/gkmlpt/" in urlsplit(lead.url).path and not lead.is_column:
            self._read_catalogue(lead)
            return
        if lead.is_column:
            self._probe(lead)
        if lead.depth >= _DEEPEST:
            return
        outcome, detail, text = self.asking(Request(lead.url))
        if outcome is Outcome.OK:
            self._read_links(lead.url, text, lead.depth + 1)
            if lead.is_column:
                self._read_columns_below(lead, text)
        elif not lead.is_column and not self.asking.refused:
            self.troubles.append(
                f"{lead.url} ({lead.why}) answered {outcome.value}" + (f": {detail}" if detail else "")
            )

    def _read_columns_below(self, lead: _Lead, text: str) -> None:
        """A column of reports may be parted by year or by body: 2024年, 区政府, 部门, each a column of its own."""
        top = addresses.as_directory(lead.url).rpartition("/")[0] + "/"
        for link in markup.parse(text).find_all("a", href=True):
            address = addresses.canonical(markup.attribute(link, "href"), addresses.as_directory(lead.url))
            name = markup.shown_text(link)
            if (
                address is not None
                and address.startswith(top)
                and _key(address) != _key(lead.url)
                and _BELOW.fullmatch(name)
                and _DIRECTORY.search(urlsplit(address).path)
                and column_of(address) is None
            ):
                self._queue(address, "", _BELOW_COLUMN, f"{name} below {lead.url}", lead.depth + 1, is_column=True)

    def _read_links(self, url: str, text: str, depth: int) -> None:
        soup = markup.parse(text)
        tag = soup.find("base", href=True)
        base = addresses.document_base(url, markup.attribute(tag, "href") if isinstance(tag, Tag) else None)
        for frame in soup.find_all(["iframe", "frame"], src=True):
            address = addresses.canonical(markup.attribute(frame, "src"), addresses.as_directory(base))
            if address is not None and addresses.host_of(address) in self._own and not _COUNTER.search(address):
                self._queue(address, "", _FRAME, f"a frame of {url}", depth, is_column=False)
        for link in soup.find_all("a", href=True):
            href = markup.attribute(link, "href")
            address = addresses.canonical(href, addresses.as_directory(base))
            if address is None or _key(address) == _key(url):
                continue
            if "#" in href and "/gkmlpt/" in href:
                address = urljoin(address, "#" + href.partition("#")[2])
            name = max(markup.shown_text(link), markup.collapsed(markup.attribute(link, "title")), key=len)
            self._read_link(address, name, depth)

    def _read_link(self, address: str, name: str, depth: int) -> None:
        reading = read_name(name)
        if addresses.host_of(address) not in self._own:
            if reading.sure and column_of(address) is None and not re.search(r"20\d\d", name):
                self.elsewhere.setdefault(name, address)
            return
        if "/gkmlpt/" in urlsplit(address).path:
            root = address.partition("/gkmlpt/")[0]
            self._queue(f"{root}/gkmlpt/index", name, _REPORT, "the catalogue of the site", depth, is_column=False)
            return
        column = column_of(address)
        if column is not None:
            if judge_title(name).report_type is not None:
                self._queue(column[0], "", _REPORT, f"holds {name}", depth, is_column=True)
            return
        path = urlsplit(address).path
        is_directory = _DIRECTORY.search(path) is not None
        if reading.sure and not is_directory and re.search(r"20\d\d", name):
            self._queue_report(address, name, depth)
            return
        for match in _PARENTS.finditer(path):
            self.directories[urljoin(address, path[: match.end()])] = None
        spelled = (_RULE_OF_LAW_PATH.search(path) or _DISCLOSURE_PATH.search(path)) if is_directory else None
        if reading.report_types:
            rank = _NAMED if reading.sure else _TOPIC
            self._queue(address, name, rank, f"a link named {name}", depth, is_column=True)
        elif spelled:
            self._queue(address, name, _SPELLED, f"a path spelled {spelled[0].strip('/')}", depth, is_column=True)
        else:
            is_hub = len(name) <= 20 and not _NO_HUB.search(name)
            rank = next((rank for rank, words in _HUBS if words.search(name)), 0) if is_hub else 0
            if rank:
                self._queue(address, name, rank, f"a link named {name}", depth, is_column=False)

    def _queue_report(self, address: str, name: str, depth: int) -> None:
        """A report whose address names no column: one of each directory is asked, its breadcrumb may tell."""
        directory = address.rpartition("/")[0]
        if directory not in self.report_directories and _key(f"{directory}/") not in self.seen:
            self.report_directories.add(directory)
            self._queue(address, "", _REPORT, f"the report {name}", depth, is_column=True)

    def _queue(self, url: str, name: str, rank: int, why: str, depth: int, *, is_column: bool) -> None:
        rank -= depth
        if rank <= self.seen.get(_key(url), 0) or re.search(r"\.(?:pdf|docx?|xlsx?|zip|rar|jpe?g|png)$", url, re.I):
            return
        self.seen[_key(url)] = rank
        heapq.heappush(self.queue, _Lead(-rank, next(self.numbers), url, name, why, depth, is_column))

    def _read_catalogue(self, lead: _Lead) -> None:
        """The categories of a gkmlpt site's ``TREE`` that are named like these reports."""
        outcome, _, text = self.asking(Request(lead.url))
        categories = gkmlpt.read_index(text)[1] if outcome is Outcome.OK else ()
        if not categories:
            self.troubles.append(f"{lead.url} shows no catalogue")
            return
        for each in categories:
            if read_name(each.name).report_types:
                url = urljoin(lead.url, each.jump_url) if each.jump_url else f"{lead.url}#{each.id}"
                why = f"the category {' > '.join(each.path)}"
                self._queue(url, each.name, _NAMED, why, lead.depth + 1, is_column=True)

    # ------------------------------------------------------------------ columns

    def _probe(self, lead: _Lead) -> None:
        """Propose the lead where it is a column of reports; else say why it is none."""
        found = probe(lead.url, self.asking, self.hosts)
        if found.outcome is not Outcome.OK or found.platform is None or found.column_url is None:
            if not self.asking.refused:
                self.troubles.append(f"{lead.url} ({lead.why}): {found.why or found.outcome.value}")
            return
        if _key(found.column_url) != _key(lead.url):
            self.troubles.append(f"{lead.url} ({lead.why}) is a page of the column {found.column_url}")
            self._queue(found.column_url, "", -lead.rank, lead.why, lead.depth + 1, is_column=True)
            return
        name = found.column_name or lead.name or None
        reading = read_rows(name, found.rows)
        if not reading.report_types:
            self.troubles.append(f"{lead.url} ({lead.why}) lists {len(found.rows)} rows, none of which names a report")
            return
        if self._is_listed(found):
            return
        self.proposals[_key(lead.url)] = Proposal(
            url=lead.url,
            name=name,
            platform=found.platform,
            report_types=reading.report_types,
            include=reading.include,
            evidence=(lead.why, f"{reading.named} of {len(found.rows)} rows name a report", *found.evidence),
            probe=found,
        )

    def _is_listed(self, found: Probe) -> bool:
        """Whether a proposal lists the same rows under another address."""
        rows = {row.url for row in found.rows}
        return any(rows == {row.url for row in other.probe.rows} for other in self.proposals.values())


def _key(url: str) -> str:
    """An address without what does not tell columns apart: scheme, ``index.html``, the slash at the end."""
    parts = urlsplit(url)
    path = re.sub(r"/(?:index|default)\.\w+$", "/", parts.path, flags=re.IGNORECASE).rstrip("/")
    fragment = parts.fragment if "/gkmlpt/" in parts.path else ""
    return urlunsplit(("", parts.netloc, path, parts.query, fragment))
