"""Reports for benchmarks of the warehouse: made-up words by Zipf's law, in paragraphs, as a worker hands them over."""

from __future__ import annotations

import hashlib
import random
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate
from pathlib import Path
from typing import Final

from scrapers.records import (
    Batch,
    Block,
    Candidate,
    Capture,
    Draft,
    Level,
    Outcome,
    PageKind,
    Removal,
    Report,
    ReportType,
    Section,
    State,
    Words,
)
from warehouse.batches.landing import write_batch

CHARACTERS: Final = 5_000
"""Of a text, about."""
BATCH: Final = 50
"""Reports of a batch, as a crawl hands them over."""
_MORNING: Final = datetime(2026, 3, 1, tzinfo=UTC)
_ROLES: Final = ("measures", "shortcomings", "leaders_duty", "next_year")
_WORDS_A_LINE: Final = 60


class Writer:
    """Writes texts; two with one seed write the same."""

    def __init__(self, seed: int = 1) -> None:
        self._chance = random.Random(seed)
        characters = [chr(code) for code in range(0x4E00, 0x4E00 + 3000)]
        lengths = (1, 2, 2, 2, 2, 3, 4)
        self.vocabulary = [
            "".join(self._chance.choices(characters, k=n)) for n in self._chance.choices(lengths, k=30_000)
        ]
        self._weights = list(accumulate(1 / rank for rank in range(1, len(self.vocabulary) + 1)))

    def words(self) -> list[str]:
        """The words of one text."""
        words = self._chance.choices(self.vocabulary, cum_weights=self._weights, k=CHARACTERS // 2)
        length = 0
        for number, word in enumerate(words):
            length += len(word)
            if length >= CHARACTERS:
                return words[:number]
        return words


def lines_of(words: list[str]) -> tuple[str, ...]:
    """Paragraphs, the first of each quarter a heading."""
    lines = ["".join(words[at : at + _WORDS_A_LINE]) + "。" for at in range(0, len(words), _WORDS_A_LINE)]
    quarter = max(len(lines) // 4, 1)
    return tuple(
        f"{'一二三四'[n // quarter % 4]}、{line}" if n % quarter == 0 else line for n, line in enumerate(lines)
    )


def made_batches(
    reports: int, writer: Writer, *, first: int = 0, run: str = "run", at: datetime = _MORNING
) -> Iterator[Batch]:
    """Batches of ``BATCH`` accepted reports each, numbered from ``first``, fetched from ``at`` on."""
    for sequence, start in enumerate(range(first, first + reports, BATCH)):
        numbers = range(start, min(start + BATCH, first + reports))
        captures = [_capture(number, f"{run}-{number}", at) for number in numbers]
        yield Batch(
            run_id=run,
            source_id="bench/source",
            sequence=sequence,
            candidates=tuple(_candidate(number, at) for number in numbers),
            captures=tuple(captures),
            reports=tuple(
                _report(number, writer.words(), capture) for number, capture in zip(numbers, captures, strict=True)
            ),
        )


def write_batches(landing: Path, batches: Iterator[Batch]) -> None:
    """Leave ``batches`` in the landing folder."""
    for batch in batches:
        write_batch(landing, batch)


def without_words(batch: Batch) -> Batch:
    """The same batch, its texts not cut into words."""
    return replace(batch, reports=tuple(replace(report, words=None) for report in batch.reports))


def _address(number: int) -> str:
    return f"http://www.bench.test/art/2026/3/1/art_1_{number}.html"


def _capture(number: int, name: str, at: datetime) -> Capture:
    return Capture(
        capture_id=f"urn:uuid:{name}",
        url=_address(number),
        final_url=_address(number),
        fetched_at=at + timedelta(seconds=number % 86_400),
        outcome=Outcome.OK,
        status=200,
        headers=(("Content-Type", "text/html; charset=utf-8"), ("ETag", f'"{number}"')),
        content_type="text/html; charset=utf-8",
        etag=f'"{number}"',
        digest="sha256:" + hashlib.sha256(name.encode()).hexdigest(),
        length=60_000,
        warc_file="bench.warc.gz",
        warc_offset=number * 20_000,
        elapsed_ms=120,
    )


def _candidate(number: int, at: datetime) -> Candidate:
    return Candidate(
        source_id="bench/source",
        column_url="http://www.bench.test/col/col1/index.html",
        url=_address(number),
        title=f"第{number}县2025年法治政府建设年度报告",
        listed_date=date(2026, 3, 1),
        state=State.ACCEPTED,
        reason="title",
        report_type=ReportType.RULE_OF_LAW,
        seen_at=at,
    )


def _report(number: int, words: list[str], capture: Capture) -> Report:
    lines = lines_of(words)
    text = "\n".join(lines)
    headings = [place for place, line in enumerate(lines) if re.match("[一二三四]、", line)]
    counts = Counter(words)
    draft = Draft(
        url=_address(number),
        kind=PageKind.DOCUMENT,
        title=f"第{number}县2025年法治政府建设年度报告",
        published="2026-03-01 09:00",
        source="县司法局",
        text=text,
        blocks=tuple(
            Block("heading" if place in headings else "paragraph", line, 1 if place in headings else None)
            for place, line in enumerate(lines)
        ),
        removed=(Removal("share_widget", "分享到：", 0), Removal("print_close", "【打印】【关闭】", len(text))),
        meta_tags={"pubdate": "2026-03-01 09:00"},
        encoding="utf-8",
        container="#zoom",
    )
    return Report(
        document_id=f"bench-{number}",
        url=_address(number),
        state=State.ACCEPTED,
        reason="title and host",
        draft=draft,
        publisher=f"第{number}县人民政府",
        division_code=f"{110000 + number % 500_000:06d}",
        level=Level.COUNTY,
        report_type=ReportType.RULE_OF_LAW,
        report_type_reason="title",
        report_year=2025,
        report_year_reason="title: 2025年",
        sections=tuple(
            Section(role, lines[start], start, end)
            for role, start, end in zip(_ROLES, headings, (*headings[1:], len(lines)), strict=False)
        ),
        words=Words("bench", tuple(counts), tuple(counts.values())),
        text_digest="sha256:" + hashlib.sha256(re.sub(r"\s", "", text).encode()).hexdigest(),
        source_id="bench/source",
        column_url="http://www.bench.test/col/col1/index.html",
        capture_id=capture.capture_id,
        listed_date=date(2026, 3, 1),
        listed_title=f"第{number}县2025年法治政府建设年度报告",
        published_date=date(2026, 3, 1),
        dates={"listed": "2026-03-01", "meta": "2026-03-01"},
    )
