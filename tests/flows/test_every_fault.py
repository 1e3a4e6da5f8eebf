"""One crawl of a host for every fault of the portal, and what is left of it in the archive and the warehouse.

Three runs over the same hosts: the first meets the faults, the second finds all sites well, the third meets the faults
again, in front of pages that are held by then. Every case is one host, on which one fault spoils the documents' pages
or the lists.
"""

from __future__ import annotations

import functools
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from deployments.portal import FAULTS, Answer, Asked, Network, Portal
from deployments.portal.exchange import Role
from deployments.portal.faults import Expected, Fault, transport
from deployments.portal.publishers import ColumnPlan, PublisherPlan, SitePlan
from deployments.portal.site import GeneratedSite, build_site
from flows.crawling import crawl_run as run
from flows.crawling import web_client as web
from flows.settings import Settings
from scrapers.records import Column, Level, Outcome, ReportType, Source
from scrapers.web.capture_index import read_capture
from scrapers.web.client import ClientSettings
from scrapers.web.evidence import KEPT, beginning
from warehouse.query import run_sql

PAGE_ROLES = frozenset({Role.DETAIL, Role.STORED})
FAMILY_OF = {"empty_list": "jpaas"}
"""Families of the faults that static lists do not show at their plainest; ``trs`` for all others."""
COLUMN_OF = {"trs": "/zwgk/fzzfjs/", "jpaas": "1229426001"}
NO_CONTENT = (
    "安全验证",
    "请稍候",
    "访问异常",
    "document.cookie",
    "系统维护",
    "不存在",
    "已关停",
    "密码",
    "Forbidden",
    "系统内部错误",
)
"""Words of the faults' pages; the generated reports have none of them."""


@dataclass(frozen=True)
class Case:
    """A fault on a host of its own. ``on_list``: it spoils the lists, not the documents' pages."""

    fault: Fault
    on_list: bool
    host: str

    @property
    def expected(self) -> Expected:
        expected = self.fault.on_list if self.on_list else self.fault.on_page
        assert expected is not None
        return expected

    @property
    def roles(self) -> frozenset[Role]:
        return self.fault.roles - PAGE_ROLES if self.on_list else self.fault.roles & PAGE_ROLES

    @property
    def listing(self) -> Outcome:
        return (self.fault.listing or self.expected.outcome) if self.on_list else Outcome.OK

    def __str__(self) -> str:
        return f"{self.fault.name}-{'list' if self.on_list else 'page'}"


def every_case() -> list[Case]:
    met = [(fault, False) for fault in FAULTS.values() if fault.on_page is not None]
    met += [(fault, True) for fault in FAULTS.values() if fault.on_list is not None]
    return [Case(fault, on_list, f"www.fault{n:03d}-demo.gov.cn") for n, (fault, on_list) in enumerate(met)]


CASES = every_case()
pytestmark = pytest.mark.slow
every = pytest.mark.parametrize("case", CASES, ids=str)


class WithoutValidators:
    """A site that sends neither ETag nor Last-Modified, so that a held page is sent whole each time."""

    def __init__(self, site: GeneratedSite) -> None:
        self.site = site
        self.host = site.host

    def addresses(self) -> tuple[str, ...]:
        return self.site.addresses()

    def publish(self) -> object:
        return self.site.publish()

    def answer(self, asked: Asked) -> Answer:
        answer = self.site.answer(asked)
        kept = tuple(pair for pair in answer.headers if pair[0] not in ("ETag", "Last-Modified"))
        return replace(answer, headers=kept)


def site_of(case: Case) -> GeneratedSite:
    """A site of one column with three pages, of whose six rows one is a report."""
    family = FAMILY_OF.get(case.fault.name, "trs")
    column = ColumnPlan(COLUMN_OF[family], "法治政府建设年度报告", (ReportType.RULE_OF_LAW,), per_page=2, fillers=5)
    publisher = PublisherPlan(
        name="清禾县人民政府",
        slug="faults/qinghe",
        place="清禾县",
        whole="全县",
        office="县政府办公室",
        level=Level.COUNTY,
        scale=40,
        columns=(column,),
        division_code="640121",
    )
    plan = SitePlan(
        case.host,
        "清禾县人民政府",
        "6401210001",
        family,
        "plain",
        (publisher,),
        robots="User-agent: *\nDisallow: /x/\n",
    )
    return build_site(plan, (2024,))


def source_of(case: Case, site: GeneratedSite) -> Source:
    column = site.columns[0].plan
    address = site.plan.root + site.family.column_path(site.plan, column)
    return Source(
        id=f"faults/{case}",
        publisher="清禾县人民政府",
        level=Level.COUNTY,
        hosts=(case.host,),
        columns=(Column(address, site.family.platform, (ReportType.RULE_OF_LAW,), column.name),),
        division_code="640121",
        pace_seconds=0,
        first_year=2024,
    )


@dataclass(frozen=True)
class Left:
    """What one run left, by host."""

    captures: dict[str, list[dict[str, Any]]]
    listings: dict[str, list[dict[str, Any]]]
    candidates: dict[str, list[dict[str, Any]]]
    reports: dict[str, list[dict[str, Any]]]
    """Rows of ``report_texts`` with the number of versions that are held of each."""
    read: dict[str, list[dict[str, Any]]]
    """Everything that was read as a document, whatever became of it."""


QUERIES = {
    "captures": "SELECT c.* FROM raw_captures c JOIN raw_batches b USING (batch) WHERE b.run_id = '{run}' "
    "ORDER BY c.fetched_at",
    "listings": "SELECT l.*, l.column_url AS url FROM raw_listings l JOIN raw_batches b USING (batch) "
    "WHERE b.run_id = '{run}'",
    "candidates": "SELECT * FROM raw_candidates ORDER BY url",
    "reports": "SELECT t.*, (SELECT count(*) FROM core_versions v WHERE v.document_id = t.document_id) AS versions "
    "FROM report_texts t ORDER BY url",
    "read": "SELECT r.url, r.state, r.title, v.text FROM core_reports r JOIN core_versions v USING (document_id)",
}


def left_by(settings: Settings, run_id: str) -> Left:
    found: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for name, query in QUERIES.items():
        answer = run_sql(settings.reader_path, query.format(run=run_id), limit=None)
        rows: dict[str, list[dict[str, Any]]] = {}
        for row in answer.rows:
            named = dict(zip(answer.columns, row, strict=True))
            rows.setdefault(named["url"].split("/")[2], []).append(named)
        found[name] = rows
    return Left(**found)


@dataclass(frozen=True)
class Runs:
    faulty: Left
    well: Left
    faulty_again: Left
    archive: Path
    details: dict[str, str]
    """Host -> address of its report."""
    columns: dict[str, str]

    def asked(self, case: Case) -> str:
        return (self.columns if case.on_list else self.details)[case.host]

    def report(self, left: Left, case: Case) -> dict[str, Any]:
        """The host's report, by its own address where it was also read at one it was moved to."""
        rows = left.reports[case.host]
        return next((row for row in rows if row["url"] == self.details[case.host]), rows[0])

    def captures(self, left: Left, case: Case) -> list[dict[str, Any]]:
        return [row for row in left.captures.get(case.host, []) if row["url"] == self.asked(case)]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transport, "SLOW_SECONDS", 0.2)
        patch.setattr(transport, "DRIP_PIECE", 2048)
        patch.setattr(transport, "DRIP_PAUSE", 0.01)
        patch.setattr(web, "ClientSettings", functools.partial(ClientSettings, backoff_seconds=0.01))
        sites = {case.host: site_of(case) for case in CASES}
        sources = [source_of(case, sites[case.host]) for case in CASES]
        with Portal(Network(map(WithoutValidators, sites.values()))) as portal:
            settings = Settings(
                data_dir=tmp_path_factory.mktemp("every_fault"),
                proxy=portal.url,
                pace_seconds=0,
                read_timeout=2.0,
                total_timeout=4.0,
                max_bytes=1_000_000,
                workers=16,
            )

            def crawled(*, faulty: bool) -> Left:
                # a day later: neither robots.txt nor the circuit of a host in trouble is remembered
                shutil.rmtree(settings.state_dir, ignore_errors=True)
                portal.heal()
                for case in CASES if faulty else ():
                    portal.inject(case.fault.name, host=case.host, roles=case.roles)
                done = run.crawl_plainly(settings, sources, sources, recheck_after=timedelta(0), relist=True)
                return left_by(settings, done.run_id)

            yield Runs(
                crawled(faulty=True),
                crawled(faulty=False),
                crawled(faulty=True),
                settings.archive_dir,
                {host: report_of(site) for host, site in sites.items()},
                {source.hosts[0]: source.columns[0].url for source in sources},
            )


def report_of(site: GeneratedSite) -> str:
    (row,) = (row for row in site.columns[0].rows if row.document is not None and row.document.report_year == 2024)
    return site.plan.root + row.href


def test_the_sites_are_well_without_their_faults(runs: Runs) -> None:
    for case in CASES:
        assert runs.report(runs.well, case)["report_year"] == 2024, case
        assert [row["outcome"] for row in runs.well.listings[case.host]] == ["ok"], case


@every
def test_a_fetch_that_meets_a_fault_ends_in_the_one_outcome_that_is_expected(runs: Runs, case: Case) -> None:
    for left in (runs.faulty, runs.faulty_again):
        rows = runs.captures(left, case)
        assert rows, "the run passed over it"
        assert case.on_list or len(rows) == 1
        for row in rows:
            found = (row["outcome"], row["attempts"])
            assert found == (case.expected.outcome, case.expected.attempts), row["detail"]
            assert case.expected.detail in (row["detail"] or "")


@every
def test_the_evidence_is_in_archive_and_warehouse(runs: Runs, case: Case) -> None:
    row = runs.captures(runs.faulty, case)[-1]
    if not case.expected.archived:
        assert (row["status"], row["beginning"], row["warc_file"]) == (None, None, None)
        assert row["detail"]
        return
    kept = read_capture(runs.archive, row["warc_file"], row["warc_offset"])
    assert kept.record_id == row["capture_id"]
    assert kept.status == row["status"]
    assert [dict(pair) for pair in row["headers"]] == [{"name": n, "value": v} for n, v in kept.headers]
    if case.expected.outcome is Outcome.OK or not kept.body:
        assert row["beginning"] is None
    else:
        assert row["beginning"] == beginning(kept.body) or row["beginning"] == beginning(kept.payload())
        assert len(row["beginning"].encode()) <= KEPT * 3


@every
def test_a_report_is_held_exactly_where_its_page_came_through(runs: Runs, case: Case) -> None:
    held = case.expected.held and case.listing is Outcome.OK
    if case.expected.held and not held:
        return  # a list that fell short may or may not have shown the report's row
    assert (case.host in runs.faulty.reports) is held
    assert (case.host in runs.faulty.read) is held, "something else was read as a document"


def without_rare_letters(text: str) -> str:
    """Without what the fault ``charset_rare_letters`` adds, where it came whole."""
    return text.replace("（经办人：陶喆、朱镕㙍）", "")


@every
def test_a_page_that_came_through_reads_as_on_a_site_that_is_well(runs: Runs, case: Case) -> None:
    well = runs.report(runs.well, case)
    for report in runs.faulty.reports.get(case.host, ()):
        assert "\ufffd" not in report["text"]
        assert report["title"] == well["title"]
        assert without_rare_letters(report["text"]) == well["text"]


@every
def test_a_column_says_how_its_listing_ended(runs: Runs, case: Case) -> None:
    (listing,) = runs.faulty.listings[case.host]
    assert listing["outcome"] == case.listing, listing["detail"]


@every
def test_what_is_held_stays_when_the_fault_comes_back(runs: Runs, case: Case) -> None:
    before, after = runs.report(runs.well, case), runs.report(runs.faulty_again, case)
    if case.expected.held:
        assert without_rare_letters(after["text"]) == without_rare_letters(before["text"])
        return
    assert after == before
    address = runs.details[case.host]
    (candidate,) = (row for row in runs.faulty_again.candidates[case.host] if row["url"] == address)
    assert candidate["state"] == "accepted"
    if not case.on_list and candidate["reason"] != "unchanged since it was read":  # the very bytes that are held
        assert candidate["reason"].startswith(f"held; asked again: {case.expected.outcome}")


def test_not_one_challenge_or_error_page_is_in_the_warehouse(runs: Runs) -> None:
    read = 0
    for left in (runs.faulty, runs.well, runs.faulty_again):
        for rows in left.read.values():
            for row in rows:
                read += 1
                assert row["state"] in ("accepted", "rejected"), row["url"]
                assert not [words for words in NO_CONTENT if words in row["text"]], row["url"]
    assert read > len(CASES)
