"""A report whose text is a file, over several crawls of a site made of a dictionary."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from deployments.portal.documents import Heading, Paragraph
from deployments.portal.files import pdf, word
from deployments.portal.files.typesetting import typeset
from scrapers.collect import Tally, collect
from scrapers.plan import Plan
from scrapers.reading.attachments.reading import read_file
from scrapers.records import (
    Batch,
    Capture,
    Fetched,
    FileKnown,
    FileOutcome,
    FileRole,
    KnownPage,
    Outcome,
    Report,
    Request,
    State,
)
from tests.qinghe import COLUMN, SOURCE

PAGE = f"{COLUMN}202502/t20250206_1.html"
FILE = f"{COLUMN}202502/P020250206356841234567.pdf"
NOW = datetime(2025, 3, 1, tzinfo=UTC)
TITLE = "清河县2024年法治政府建设年度报告"
BLOCKS = tuple(
    block
    for part in ("一、2024年主要举措和成效", "二、存在的不足和原因", "三、2025年主要安排")
    for block in (Heading(part, 1), Paragraph("全县办结行政复议案件12件，行政机关负责人出庭应诉率100%。" * 6))
)
TEXT = "\n".join(block.text for block in BLOCKS)


def listed(href: str) -> bytes:
    row = f'<li><a href="{href}" title="{TITLE}">{TITLE}</a><span>2025-02-06</span></li>'
    pager = '<script>createPageHTML(1, 0, "index", "html");</script>'
    return f'<html><head><meta charset="utf-8"></head><body><ul class="list">{row}</ul>{pager}</body></html>'.encode()


def page_with(body: str) -> bytes:
    return (
        f'<html><head><meta charset="utf-8"><meta name="ArticleTitle" content="{TITLE}">'
        '<meta name="PubDate" content="2025-02-06 10:00"></head><body>'
        f"<h1>{TITLE}</h1><div class='TRS_Editor'>{body}</div></body></html>"
    ).encode()


LINK = f'<p><a href="./P020250206356841234567.pdf">{TITLE}.pdf</a></p>'


@dataclass
class SiteOfFiles:
    """Answers by address; an outcome in place of bytes is a failure."""

    answers: Mapping[str, bytes | Outcome]
    asked: list[str] = field(default_factory=list)

    def fetch(
        self,
        request: Request,
        *,
        hosts: tuple[str, ...],
        pace_seconds: float | None = None,
        known: KnownPage | None = None,
    ) -> Fetched:
        del hosts, pace_seconds, known
        self.asked.append(request.url)
        answer = self.answers.get(request.url, Outcome.GONE)
        outcome = answer if isinstance(answer, Outcome) else Outcome.OK
        body = b"" if isinstance(answer, Outcome) else answer
        digest = f"sha256:{hash(body)}" if body else None
        capture = Capture(f"urn:{len(self.asked)}", request.url, request.url, NOW, outcome, digest=digest)
        return Fetched(capture, body)


def crawl(
    answers: Mapping[str, bytes | Outcome], known: Mapping[str, KnownPage] | None = None
) -> tuple[list[Batch], SiteOfFiles, Tally]:
    site = SiteOfFiles(answers)
    tally = Tally(SOURCE.id, SOURCE.publisher)
    batches = list(
        collect(
            SOURCE,
            plan=Plan("run"),
            client=site,
            known=known or {},
            tally=tally,
            clock=lambda: NOW,
            read_file=read_file,
        )
    )
    return batches, site, tally


def only_report(batches: list[Batch]) -> Report:
    (report,) = [report for batch in batches for report in batch.reports]
    return report


MADE = pdf.pdf(typeset(TITLE, BLOCKS))
LISTED: dict[str, bytes | Outcome] = {COLUMN: listed("./202502/t20250206_1.html")}


def test_the_file_is_asked_for_as_the_page_was_and_its_text_is_the_report_s() -> None:
    batches, site, tally = crawl({**LISTED, PAGE: page_with(LINK), FILE: MADE})
    report = only_report(batches)
    assert site.asked[-2:] == [PAGE, FILE]
    assert (report.state, report.draft.text, report.draft.text_origin) == (State.ACCEPTED, TEXT, "attachment")
    assert [section.role for section in report.sections] == ["measures", "shortcomings", "next_year"]
    assert report.words is not None
    assert report.capture_id == batches[-1].captures[0].capture_id, "the page's, not the file's"
    file = report.draft.attachments[0].file
    assert file is not None
    assert (file.role, file.capture_id) == (FileRole.REPORT, batches[-1].captures[1].capture_id)
    assert tally.new == 1


def test_a_row_may_lead_straight_to_the_file() -> None:
    batches, _, _ = crawl({COLUMN: listed("./202502/P020250206356841234567.pdf"), FILE: MADE})
    report = only_report(batches)
    assert (report.url, report.draft.title, report.draft.text) == (FILE, TITLE, TEXT)
    assert report.report_year == 2024
    assert str(report.published_date) == "2025-02-06"


def test_without_a_reader_attachments_stay_links() -> None:
    site = SiteOfFiles({**LISTED, PAGE: page_with(LINK), FILE: MADE})
    batches = list(collect(SOURCE, plan=Plan("r"), client=site, known={}, tally=Tally("a", "b"), clock=lambda: NOW))
    assert FILE not in site.asked
    assert only_report(batches).draft.attachments[0].file is None


def test_a_file_that_does_not_come_leaves_the_reason() -> None:
    batches, _, _ = crawl({**LISTED, PAGE: page_with(LINK), FILE: Outcome.TIMEOUT})
    report = only_report(batches)
    assert report.state is State.ACCEPTED
    assert [flag.evidence for flag in report.flags if flag.name == "attachment_only"] == [
        f"{TITLE}.pdf: not_fetched: timeout"
    ]
    assert "missing_parts" not in {flag.name for flag in report.flags}, "nobody knows what a file lacks"


def held(*, files_missing: bool, days: int = 1) -> dict[str, KnownPage]:
    page = page_with(LINK)
    return {
        PAGE: KnownPage(
            PAGE,
            State.ACCEPTED,
            digest=f"sha256:{hash(page)}",
            fetched_at=NOW - timedelta(days=days),
            title=TITLE,
            column_url=COLUMN,
            files_missing=files_missing,
        )
    }


def test_a_held_page_with_a_missing_file_is_completed_though_it_is_unchanged() -> None:
    batches, site, _ = crawl({**LISTED, PAGE: page_with(LINK), FILE: MADE}, held(files_missing=True))
    assert site.asked[-2:] == [PAGE, FILE]
    assert only_report(batches).draft.text == TEXT


def test_a_held_page_with_all_its_files_is_left_alone() -> None:
    _, site, _ = crawl({**LISTED, PAGE: page_with(LINK), FILE: MADE}, held(files_missing=False))
    assert PAGE not in site.asked
    assert FILE not in site.asked


def test_a_file_that_fails_today_takes_nothing_from_what_is_held() -> None:
    answers = {**LISTED, PAGE: page_with(LINK), FILE: Outcome.SERVER_ERROR}
    batches, _, tally = crawl(answers, held(files_missing=True))
    assert [report for batch in batches for report in batch.reports] == []
    ended = next(one for one in batches[-1].captures if one.url == PAGE)
    assert ended.outcome is Outcome.WRONG_CONTENT
    assert "not_fetched: server_error" in (ended.detail or "")
    assert batches[-1].candidates[0].state is State.ACCEPTED
    assert tally.failed == 1


def test_a_word_file_beside_the_same_text_is_kept_as_the_same() -> None:
    paragraphs = "".join(f"<p>{block.text}</p>" for block in BLOCKS)
    link = f'<p>附件：<a href="./P020250206356841234567.doc">{TITLE}.doc</a></p>'
    file = FILE.replace(".pdf", ".doc")
    batches, _, _ = crawl({**LISTED, PAGE: page_with(paragraphs + link), file: word.doc(TITLE, BLOCKS)})
    report = only_report(batches)
    kept = report.draft.attachments[0].file
    assert kept is not None
    assert (report.draft.text_origin, kept.role, kept.reading.outcome) == ("page", FileRole.SAME, FileOutcome.READ)


def recheck(file: bytes | Outcome, digest: str) -> tuple[list[Batch], SiteOfFiles, Tally]:
    known = held(files_missing=False, days=40)
    known[PAGE] = replace(known[PAGE], text_file=FileKnown(FILE, digest))
    return crawl({**LISTED, PAGE: page_with(LINK), FILE: file}, known)


def test_a_file_changed_behind_an_unchanged_page_is_read() -> None:
    changed = pdf.pdf(typeset(TITLE, (*BLOCKS, Paragraph("补充：全年开展执法培训3次。"))))
    batches, site, tally = recheck(changed, f"sha256:{hash(MADE)}")
    assert site.asked[-4:] == [PAGE, FILE, PAGE, FILE]
    assert only_report(batches).draft.text.endswith("补充：全年开展执法培训3次。")
    assert tally.changed == 1


def test_an_unchanged_file_behind_an_unchanged_page_is_one_look() -> None:
    batches, site, tally = recheck(MADE, f"sha256:{hash(MADE)}")
    assert site.asked[-2:] == [PAGE, FILE]
    assert [report for batch in batches for report in batch.reports] == []
    assert tally.unchanged == 1


def test_a_file_that_is_gone_behind_an_unchanged_page_leaves_what_is_held() -> None:
    batches, _, tally = recheck(Outcome.GONE, f"sha256:{hash(MADE)}")
    assert [report for batch in batches for report in batch.reports] == []
    assert tally.unchanged == 1
