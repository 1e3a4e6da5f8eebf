"""Golden pages: report pages of a source as they were received, each with what a person says must be read from it.

They lie beside the source's file, in ``<province>/<publisher>.pages/``, three files a page:

=============  ===========================================================================================
``X.html``     the payload as received (after content decoding)
``X.json``     where it came from, and the expected fields; ``reviewed`` is false until a person compared them
``X.txt``      the expected text, one block a line
=============  ===========================================================================================

Recording fills the expectations with what is read today; only a person can say that it is right, so an unreviewed page
is trouble, and so is one whose title, date or text is expected to be empty. (Recorded and then reviewed, as in
freelawproject/juriscraper; no version without a page and no empty field, as in flairNLP/fundus.)
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from difflib import unified_diff
from pathlib import Path
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StrictBool, ValidationError

from scrapers.errors import ForeseenError
from scrapers.records import Candidate, Column, Fetched, ListRow, PageKind, Report, Source, State
from scrapers.settle import read_candidate
from scrapers.sources.registry import PAGES_ENDING

_NEVER_EMPTY = ("title", "published")
_LINES_SHOWN = 12


@dataclass(frozen=True, slots=True)
class GoldenPage:
    """A page with its expectations, as recorded."""

    expectations: Path
    """The JSON file."""
    body: bytes
    url: str
    """Address that answered."""
    content_type: str | None
    fetched_at: datetime
    column_url: str
    listed_title: str
    listed_date: date | None
    reviewed: bool
    expected: Mapping[str, Any]
    text: str


class GoldenPageError(ForeseenError):
    """A golden page cannot be used; the message names the file and says what to do."""


@dataclass(frozen=True, slots=True)
class GoldenVerdict:
    """What comparing a source's golden pages with today's reading gave."""

    pages: int
    problems: tuple[str, ...]
    """One a thing that differs or waits for a person: ``file: what, and what to do``."""
    unreviewed: int = 0

    @property
    def in_words(self) -> str:
        """For a cell of a table: ``3 match``, ``1 of 3 to review``, ``2 problems``, ``none``."""
        if not self.pages and not self.problems:
            return "none"
        if not self.problems:
            return f"{self.pages} match"
        if len(self.problems) == self.unreviewed:
            return f"{self.unreviewed} of {self.pages} to review"
        return f"{len(self.problems)} problems"


def pages_folder(source_file: Path) -> Path:
    """Where the golden pages of the source in ``source_file`` lie.

    >>> pages_folder(Path("zhejiang/pujiang.toml")).as_posix()
    'zhejiang/pujiang.pages'
    """
    return source_file.with_suffix(PAGES_ENDING)


# --------------------------------------------------------------------------- recording


def read_as_crawled(
    source: Source,
    column: Column,
    body: bytes,
    *,
    url: str,
    content_type: str | None,
    fetched_at: datetime,
    listed_title: str,
    listed_date: date | None,
) -> Report:
    """The page as a crawl reads and judges it, but for what was learned of its host."""
    candidate = Candidate(source.id, column.url, url, listed_title, listed_date, State.WANTED, "a golden page")
    return read_candidate(source, column, candidate, body, url=url, content_type=content_type, fetched_at=fetched_at)


def expected_of(report: Report) -> dict[str, Any]:
    """The fields of a report that a golden page holds, as JSON values; its text lies in a file of its own."""
    draft = report.draft
    lines = draft.text.split("\n")
    return {
        "title": draft.title,
        "published": draft.published,
        "source": draft.source,
        "doc_number": draft.doc_number,
        "index_number": draft.index_number,
        "report_type": report.report_type.value if report.report_type is not None else None,
        "report_year": report.report_year,
        "state": report.state.value,
        "first_line": lines[0],
        "last_line": lines[-1],
        "text_length": len(draft.text),
        "tables": len(draft.tables),
        "sections": [f"{section.role}: {section.heading}" for section in report.sections],
        "attachments": [f"{attachment.label} {attachment.href}" for attachment in draft.attachments],
    }


def record(folder: Path, report: Report, fetched: Fetched, row: ListRow, column: Column) -> Path:
    """Write a page, its expectations and its text into ``folder`` (made if absent); returns the JSON file.

    The files are called by report type and year (``rule_of_law_2024``), numbered where that name is taken.
    """
    folder.mkdir(parents=True, exist_ok=True)
    capture = fetched.capture
    name = "_".join(str(part) for part in (report.report_type or "page", report.report_year) if part is not None)
    stem, number = name, 1
    while (folder / f"{stem}.json").exists():
        number += 1
        stem = f"{name}_{number}"
    page = folder / f"{stem}.html"
    page.write_bytes(fetched.body)
    (folder / f"{stem}.txt").write_bytes(f"{report.draft.text}\n".encode())
    stated = {
        "reviewed": False,
        "url": capture.final_url,
        "page": page.name,
        "sha256": hashlib.sha256(fetched.body).hexdigest(),
        "content_type": capture.content_type,
        "fetched_at": capture.fetched_at.isoformat(timespec="seconds"),
        "column": column.url,
        "listed_title": row.title,
        "listed_date": row.date.isoformat() if row.date is not None else None,
        "expected": expected_of(report),
    }
    path = folder / f"{stem}.json"
    path.write_text(json.dumps(stated, ensure_ascii=False, indent=2) + "\n", "utf-8")
    return path


def expect_again(path: Path, source: Source) -> bool:
    """Write anew what is expected of the page of the JSON file ``path``, as it is read today, to be reviewed again.

    Returns whether anything differed; where nothing did, the files are left as they are. Raises
    :class:`GoldenPageError`.
    """
    page = load_page(path)
    column = next((each for each in source.columns if each.url == page.column_url), None)
    if column is None:
        raise GoldenPageError(f"{path}: {_LOST_COLUMN.format(page.column_url)}")
    report = _read(page, source, column)
    if page.text == report.draft.text and page.expected == expected_of(report):
        return False
    stated = json.loads(path.read_text("utf-8"))
    stated |= {"reviewed": False, "expected": expected_of(report)}
    path.with_suffix(".txt").write_bytes(f"{report.draft.text}\n".encode())
    path.write_text(json.dumps(stated, ensure_ascii=False, indent=2) + "\n", "utf-8")
    return True


# --------------------------------------------------------------------------- checking


def check_golden_pages(source: Source, file: Path) -> GoldenVerdict:
    """Read each golden page of ``source``, whose registry file is ``file``, and compare it field by field."""
    folder = pages_folder(file)
    problems: list[str] = []
    pages = unreviewed = 0
    for path in sorted(folder.glob("*.json")):
        pages += 1
        try:
            page = load_page(path)
        except GoldenPageError as error:
            problems.append(str(error))
            continue
        found = list(_compare(page, source))
        problems.extend(f"{path}: {problem}" for problem in found)
        if not page.reviewed:
            unreviewed += 1
            problems.append(
                f'{path}: waits for review: compare it, and {path.stem}.txt, with {page.url}; then set "reviewed": true'
            )
    problems.extend(_strays(folder))
    if source.verified != "never" and not pages:
        problems.append(
            f"{file}: says verified = {source.verified}, and has no golden page; "
            f"`nianbao sources record {source.id}` records some, or write never"
        )
    return GoldenVerdict(pages, tuple(problems), unreviewed)


def strays(directory: Path, sources: Sequence[Source]) -> tuple[str, ...]:
    """Folders of golden pages below ``directory`` that belong to none of ``sources``, in a reader's words."""
    known = {directory / f"{source.id}{PAGES_ENDING}" for source in sources}
    return tuple(
        f"{folder}: golden pages of a source that is not there; write {folder.with_suffix('.toml').name}, or remove it"
        for folder in sorted(directory.rglob(f"*{PAGES_ENDING}"))
        if folder.is_dir() and folder not in known
    )


def load_page(path: Path) -> GoldenPage:
    """A golden page by its JSON file. Raises :class:`GoldenPageError`."""
    try:
        stated = _GoldenFile.model_validate_json(path.read_bytes())
        body = (path.parent / stated.page).read_bytes()
        text = path.with_suffix(".txt").read_bytes().decode("utf-8")
    except OSError as error:
        raise GoldenPageError(f"{error.filename or path}: {error.strerror}; {_ANEW}") from error
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, each['loc'])) or 'it'}: {each['msg']}" for each in error.errors())
        raise GoldenPageError(f"{path}: no expectations of a golden page: {wrong}; mend it, or {_ANEW}") from error
    except UnicodeDecodeError as error:
        raise GoldenPageError(f"{path.with_suffix('.txt')}: is not UTF-8 ({error}); save it as UTF-8") from error
    digest = hashlib.sha256(body).hexdigest()
    if digest != stated.sha256:
        raise GoldenPageError(f"{path.parent / stated.page}: is not the page that was recorded ({digest}); {_ANEW}")
    return GoldenPage(
        expectations=path,
        body=body,
        url=stated.url,
        content_type=stated.content_type,
        fetched_at=stated.fetched_at,
        column_url=stated.column,
        listed_title=stated.listed_title,
        listed_date=stated.listed_date,
        reviewed=stated.reviewed,
        expected=stated.expected,
        text=text.removesuffix("\n"),
    )


class _GoldenFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    reviewed: StrictBool
    url: str
    page: Annotated[str, Field(pattern=r"^[^/\\]+$")]
    sha256: str
    content_type: str | None
    fetched_at: AwareDatetime
    column: str
    listed_title: str
    listed_date: date | None
    expected: dict[str, Any]


_LOST_COLUMN = "the source has no column {} any more; write the one it lies in, or remove the page"
_MEND = "mend the reading, or take another page"
_ANEW = "restore it, or remove the page's files and record it anew with `nianbao sources record`"


def _compare(page: GoldenPage, source: Source) -> Iterator[str]:
    column = next((each for each in source.columns if each.url == page.column_url), None)
    if column is None:
        yield _LOST_COLUMN.format(page.column_url)
        return
    report = _read(page, source, column)
    read = expected_of(report)
    for name, value in read.items():
        if name not in page.expected:
            yield f"{name}: no value is expected; write {json.dumps(value, ensure_ascii=False)} where that is right"
        elif page.expected[name] != value:
            yield f"{name}: {_difference(page.expected[name], value)}"
    for name in sorted(page.expected.keys() - read.keys()):
        yield f"{name}: nothing of that name is read; check its spelling, or take it out"
    if page.text != report.draft.text:
        yield f"text: differs from {page.expectations.stem}.txt:\n" + _diff(page.text, report.draft.text)
    if report.draft.kind is PageKind.DOCUMENT:
        for name in _NEVER_EMPTY:
            if not page.expected.get(name):
                yield f"{name}: is expected to be empty, and every report has one; {_MEND}"
        if not page.text.strip() and not page.expected.get("attachments"):
            yield f"text: is expected to be empty, and nothing is attached; {_MEND}"
    else:
        yield f"the page is read as {report.draft.kind.value}, not as a document; {_MEND}"


def _read(page: GoldenPage, source: Source, column: Column) -> Report:
    return read_as_crawled(
        source,
        column,
        page.body,
        url=page.url,
        content_type=page.content_type,
        fetched_at=page.fetched_at,
        listed_title=page.listed_title,
        listed_date=page.listed_date,
    )


def _difference(expected: object, read: object) -> str:
    if not isinstance(expected, list) or not isinstance(read, list):
        return f"expected {_short(expected)}, read {_short(read)}"
    lost = [each for each in expected if each not in read]
    new = [each for each in read if each not in expected]
    parts = [f"lacks {_short(each)}" for each in lost] + [f"has {_short(each)} besides" for each in new]
    return "; ".join(parts) or "the same in another order"


def _short(value: object) -> str:
    shown = json.dumps(value, ensure_ascii=False, default=str)
    return shown if len(shown) <= 200 else f"{shown[:200]}…"


def _diff(expected: str, read: str) -> str:
    lines = unified_diff(expected.split("\n"), read.split("\n"), "expected", "read", n=0, lineterm="")
    shown = [line if len(line) <= 160 else f"{line[:160]}…" for line in lines]
    more = len(shown) - _LINES_SHOWN
    return "\n".join(f"    {line}" for line in shown[:_LINES_SHOWN]) + (
        f"\n    … {more} lines more" if more > 0 else ""
    )


def _strays(folder: Path) -> Iterator[str]:
    """Pages and texts without expectations: nothing compares them."""
    stems = {path.stem for path in folder.glob("*.json")}
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.stem not in stems and not path.name.startswith("."):
            yield f"{path}: has no {path.stem}.json beside it, so nothing is compared; restore that, or remove it"
