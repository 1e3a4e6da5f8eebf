"""Records and batches for the warehouse's tests: short, with every relation between them as the crawler makes it."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from scrapers.records import (
    AttachedFile,
    Attachment,
    Batch,
    Block,
    Candidate,
    Capture,
    ColumnListing,
    Draft,
    Figure,
    FileOutcome,
    FileRole,
    FileText,
    Flag,
    Level,
    Listing,
    MetaValue,
    Outcome,
    PageKind,
    Removal,
    Report,
    ReportType,
    Section,
    State,
    Table,
)
from warehouse.batches.arrow_types import arrow_array, arrow_type
from warehouse.batches.landing import KINDS, batch_name, write_batch
from warehouse.batches.packed_rows import packed, unpacked

MORNING = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
SOURCE = "zhejiang/pujiang"
COLUMN = "http://www.pujiang.test/col/col1/index.html"
TEXT = (
    "一、2025年主要举措和成效",
    "全县办理行政复议案件120件。制定规范性文件8件。",
    "二、存在的不足",
    "执法力量仍显薄弱。",
    "三、2026年主要安排",
    "继续推进法治政府建设。",
)


ANNEX = AttachedFile(
    FileText(FileOutcome.READ, "pdf", text="附件的正文", pages=1),
    FileRole.ANNEX,
    "says other than the page",
    capture_id="urn:uuid:file",
    digest="sha256:file",
    length=90,
    page_starts=(0,),
)


def digest(text: str) -> str:
    return "sha256:" + hashlib.sha256(re.sub(r"\s", "", text).encode()).hexdigest()


def address(number: int) -> str:
    return f"http://www.pujiang.test/art/2026/3/1/art_1_{number}.html"


def capture(number: int, *, at: datetime = MORNING, payload: str = "page", **changes: Any) -> Capture:
    made = Capture(
        capture_id=f"urn:uuid:{number}-{at.isoformat()}",
        url=address(number),
        final_url=address(number),
        fetched_at=at,
        outcome=Outcome.OK,
        status=200,
        headers=(("Content-Type", "text/html"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")),
        content_type="text/html",
        etag='"1"',
        digest="sha256:" + hashlib.sha256(f"{number} {payload}".encode()).hexdigest(),
        length=1000,
        warc_file="a.warc.gz",
        warc_offset=10,
        elapsed_ms=12,
    )
    return replace(made, **changes)


def report(
    number: int, *, text: tuple[str, ...] = TEXT, read_from: Capture | None = None, year: int = 2025, **changes: Any
) -> Report:
    whole = "\n".join((*text, "表\t数\n合计\t3"))
    blocks = tuple(
        Block("heading" if line[1] == "、" else "paragraph", line, 1 if line[1] == "、" else None) for line in text
    )
    draft = Draft(
        url=address(number),
        kind=PageKind.DOCUMENT,
        title=f"浦江县{year}年法治政府建设年度报告",
        published=f"{year + 1}-03-01 09:30",
        source="县司法局",
        doc_number="",
        index_number="330726ZF010000/2026-1",
        text=whole,
        blocks=(*blocks, Block("table", "表\t数\n合计\t3", table=0)),
        tables=(Table((("表", "数"), ("合计", "3"))),),
        attachments=(Attachment("附件", "a.pdf", "http://www.pujiang.test/a.pdf", ANNEX),),
        removed=(Removal("share_widget", "分享到：", 0), Removal("print_close", "【打印】【关闭】", len(whole))),
        values=(
            MetaValue("published", f"{year + 1}-03-01 09:30", "meta", chosen=True),
            MetaValue("published", f"{year + 1}-02-20", "address", note="build date"),
        ),
        metadata={"索引号": "330726ZF010000/2026-1", "文号": ""},
        meta_tags={"pubdate": f"{year + 1}-03-01 09:30"},
        encoding="utf-8",
        container="#zoom",
        flags=(Flag("digits_lost", "〔202130"),),
    )
    made = Report(
        document_id=f"doc-{number}",
        url=address(number),
        state=State.ACCEPTED,
        reason="title and host",
        draft=draft,
        publisher="浦江县人民政府",
        division_code="330726",
        level=Level.COUNTY,
        report_type=ReportType.RULE_OF_LAW,
        report_type_reason="title",
        report_year=year,
        report_year_reason=f"title: {year}年",
        sections=(Section("measures", text[0], 0, 2), Section("shortcomings", text[2], 2, 4)),
        figures=(Figure("applications", ("三、结果", "（一）予以公开"), "自然人", "1,203"),),
        text_digest=digest(whole),
        source_id=SOURCE,
        column_url=COLUMN,
        capture_id=None if read_from is None else read_from.capture_id,
        listed_date=date(year + 1, 3, 1),
        listed_title=f"{year}年法治政府建设年度报告",
        published_date=date(year + 1, 3, 1),
        dates={"listed": f"{year + 1}-03-01", "path": f"{year + 1}-03-01"},
    )
    return replace(made, **changes)


def candidate(number: int, **changes: Any) -> Candidate:
    made = Candidate(
        source_id=SOURCE,
        column_url=COLUMN,
        url=address(number),
        title="2025年法治政府建设年度报告",
        listed_date=date(2026, 3, 1),
        state=State.WANTED,
        reason="title",
        report_type=ReportType.RULE_OF_LAW,
        seen_at=MORNING,
    )
    return replace(made, **changes)


def listing(*, at: datetime = MORNING, outcome: Outcome = Outcome.OK, **changes: Any) -> ColumnListing:
    made = Listing(rows=(), pages_read=2, pages_stated=2, total_stated=31, outcome=outcome, detail="listed 31 of 31")
    return ColumnListing(SOURCE, COLUMN, at, replace(made, **changes))


def whole_batch(sequence: int, size: int, *, run_id: str = "run-1", **changes: Any) -> Batch:
    """``size`` pages: each with its candidate, capture and accepted report; numbers continue over sequences."""
    numbers = range(sequence * size, (sequence + 1) * size)
    captures = [capture(number, at=MORNING + timedelta(seconds=number)) for number in numbers]
    return replace(
        Batch(
            run_id=run_id,
            source_id=SOURCE,
            sequence=sequence,
            candidates=tuple(candidate(number) for number in numbers),
            listings=(listing(),),
            captures=tuple(captures),
            reports=tuple(report(n, read_from=c) for n, c in zip(numbers, captures, strict=True)),
        ),
        **changes,
    )


def read_later(number: int, days: int, sequence: int, **changes: Any) -> Batch:
    """The page fetched again ``days`` after the first time, as a batch of its own."""
    payload = changes.pop("payload", f"page after {days}")
    fetched = capture(number, at=MORNING + timedelta(days=days), payload=payload)
    return Batch(
        run_id=f"later-{days}",
        source_id=SOURCE,
        sequence=sequence,
        captures=(fetched,),
        reports=(report(number, read_from=fetched, **changes),),
    )


def write_all(folder: Path, *batches: Batch) -> None:
    for batch in batches:
        write_batch(folder, batch)


def rows_of(path: Path) -> pa.Table:
    """The rows of a batch file, with what is stated of the batch as their metadata."""
    table = pq.read_table(path)
    return unpacked(table).replace_schema_metadata(table.schema.metadata)


def write_rows(path: Path, rows: pa.Table) -> None:
    """A batch file of any rows, as no writer of ours would write it."""
    pq.write_table(packed(rows), path)


def without_digest(path: Path) -> Path:
    """The file under the name it would have had before names carried a digest."""
    batch, _, _ = path.name.rsplit(".", 2)
    return path.rename(path.with_name(f"{batch}.parquet"))


def write_in_format_2(folder: Path, batch: Batch) -> Path:
    """A batch file as it was written until 2026-12: its rows are rows of Parquet."""
    path = write_batch(folder, batch)
    rows = rows_of(path)
    stated = {**rows.schema.metadata, b"nianbao.batch.format": b"2"}
    path.unlink()
    path = folder / f"{batch_name(batch.run_id, batch.source_id, batch.sequence)}.parquet"
    pq.write_table(
        rows.replace_schema_metadata(stated),
        path,
        compression="zstd",
        data_page_version="2.0",
        write_statistics=False,
        write_page_checksum=True,
        use_dictionary=["report.words.tokens.list.element"],
    )
    return path


def write_in_format_1(folder: Path, batch: Batch) -> Path:
    """A batch file as it was written until 2026-11: reports last, and each block with its text again."""
    records = {
        "candidate": batch.candidates,
        "listing": batch.listings,
        "capture": batch.captures,
        "report": batch.reports,
    }
    rows = [(kind, record) for kind, kept in records.items() for record in kept]
    columns: dict[str, Any] = {
        "row": pa.array(range(len(rows)), type=pa.int32()),
        "kind": pa.array([kind for kind, _ in rows], type=pa.string()),
    }
    for name, record_type in KINDS.items():
        kept = [record if kind == name else None for kind, record in rows]
        columns[name] = arrow_array(kept, arrow_type(record_type))
    stated = {
        "nianbao.batch.format": "1",
        "nianbao.run_id": batch.run_id,
        "nianbao.source_id": batch.source_id,
        "nianbao.sequence": str(batch.sequence),
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{batch_name(batch.run_id, batch.source_id, batch.sequence)}.parquet"
    pq.write_table(pa.table(columns).replace_schema_metadata(stated), path, compression="zstd")
    return path
