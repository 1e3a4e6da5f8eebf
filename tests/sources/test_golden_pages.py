"""A source is known to be read rightly where a person compared pages of it; what differs since is told by field."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deployments.portal.demo import FAMILIES_SOURCES, SOURCES, demo_network, families_network
from deployments.portal.proxy import Portal
from scrapers.column_lists import list_source
from scrapers.records import Column, ListRow, Request, Source, State
from scrapers.sources import REGISTRY
from scrapers.sources.golden_pages import (
    check_golden_pages,
    expect_again,
    pages_folder,
    read_as_crawled,
    record,
    strays,
)
from scrapers.sources.registry import load_sources
from scrapers.sources.report_rows import report_rows, spread
from scrapers.web.client import Client, ClientSettings
from scrapers.web.pace import HostPace

SHIPPED = load_sources()
PORTAL = (*load_sources(SOURCES), *load_sources(FAMILIES_SOURCES))


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with Portal(demo_network() | families_network()) as portal:
        settings = ClientSettings(user_agent="nianbao tests", proxy=portal.url, pace_seconds=0)
        with Client(settings, None, HostPace(tmp_path_factory.mktemp("pace"))) as client:
            yield client


def recorded(source: Source, column: Column, row: ListRow, client: Client, folder: Path) -> Path:
    fetched = client.fetch(Request(row.url, headers={"Referer": column.url}), hosts=source.hosts, pace_seconds=0)
    report = read_as_crawled(
        source,
        column,
        fetched.body,
        url=fetched.capture.final_url,
        content_type=fetched.capture.content_type,
        fetched_at=fetched.capture.fetched_at,
        listed_title=row.title,
        listed_date=row.date,
    )
    assert report.state is State.ACCEPTED, (row.url, report.reason)
    return record(folder, report, fetched, row, column)


def change(path: Path, **changes: Any) -> None:
    """Change keys of a JSON file; ``expected`` is merged."""
    stated = json.loads(path.read_text("utf-8"))
    expected = stated["expected"] | changes.pop("expected", {})
    path.write_text(json.dumps(stated | changes | {"expected": expected}, ensure_ascii=False), "utf-8")


@pytest.fixture(scope="module")
def template(client: Client, tmp_path_factory: pytest.TempPathFactory) -> tuple[Source, Path]:
    """A source of the portal, and a folder with its file's name and one reviewed golden page."""
    source = next(each for each in PORTAL if each.id == "qinglan/qinghe")
    file = tmp_path_factory.mktemp("golden") / "qinghe.toml"
    column, listing = next(iter(list_source(source, client)))
    path = recorded(source, column, report_rows(listing.rows, column)[0], client, pages_folder(file))
    change(path, reviewed=True)
    return source, file


@pytest.fixture
def golden(template: tuple[Source, Path], tmp_path: Path) -> tuple[Source, Path, Path]:
    """The source, its registry file and the JSON file of its one golden page, free to be spoilt."""
    source, file = template
    copy = pages_folder(tmp_path / file.name)
    copy.mkdir()
    for path in pages_folder(file).iterdir():
        (copy / path.name).write_bytes(path.read_bytes())
    return source, tmp_path / file.name, copy / "rule_of_law_2025.json"


# --------------------------------------------------------------------------- the registries


def test_every_golden_page_of_the_shipped_registry_is_reviewed_and_read_as_expected() -> None:
    """And no source says that it was verified without having one."""
    problems = [
        problem for source in SHIPPED for problem in check_golden_pages(source, REGISTRY / f"{source.id}.toml").problems
    ]
    assert problems == []
    assert strays(REGISTRY, SHIPPED) == ()


def test_a_source_that_says_it_was_verified_needs_a_golden_page(tmp_path: Path) -> None:
    source = replace(SHIPPED[0], verified="2026-03-01")
    (problem,) = check_golden_pages(source, tmp_path / "any.toml").problems
    assert "says verified = 2026-03-01, and has no golden page" in problem
    assert check_golden_pages(replace(source, verified="never"), tmp_path / "any.toml").problems == ()


@pytest.mark.parametrize("source", PORTAL, ids=lambda source: source.id)
def test_what_is_recorded_of_any_family_is_read_again_as_it_was(source: Source, client: Client, tmp_path: Path) -> None:
    """The bytes, their content type and the row of the list are all that the reading needs."""
    file = tmp_path / "any.toml"
    for column, listing in list_source(source, client):
        rows = spread(report_rows(listing.rows, column), 2)
        assert len(rows) == 2, listing.detail
        for row in rows:
            recorded(source, column, row, client, pages_folder(file))
    verdict = check_golden_pages(source, file)
    assert verdict.pages == verdict.unreviewed == 2 * len(source.columns)
    assert [problem for problem in verdict.problems if "waits for review" not in problem] == []
    for path in pages_folder(file).glob("*.json"):
        assert not expect_again(path, source)
        change(path, reviewed=True)
    verdict = check_golden_pages(source, file)
    assert verdict.problems == ()
    assert verdict.in_words == f"{verdict.pages} match"


# --------------------------------------------------------------------------- one page


def test_a_reviewed_page_that_is_read_as_expected_is_no_problem(golden: tuple[Source, Path, Path]) -> None:
    source, file, _ = golden
    assert check_golden_pages(source, file).problems == ()


def test_an_unreviewed_page_says_which_file_to_look_at_and_what_to_set(golden: tuple[Source, Path, Path]) -> None:
    source, file, page = golden
    change(page, reviewed=False)
    verdict = check_golden_pages(source, file)
    (problem,) = verdict.problems
    assert problem.startswith(f"{page}: waits for review: compare it, and rule_of_law_2025.txt, with http://")
    assert problem.endswith('set "reviewed": true')
    assert verdict.in_words == "1 of 1 to review"


@pytest.mark.parametrize(
    ("expected", "said"),
    [
        ({"title": "别的题目"}, 'title: expected "别的题目", read "关于清禾县2025年法治政府建设情况的报告"'),
        ({"report_year": 2024}, "report_year: expected 2024, read 2025"),
        ({"tables": 3}, "tables: expected 3, read 0"),
        ({"attachments": ["附件 a.pdf"]}, 'attachments: lacks "附件 a.pdf"'),
        ({"titel": "x"}, "titel: nothing of that name is read; check its spelling, or take it out"),
    ],
)
def test_a_field_that_is_read_otherwise_is_told_with_both_values(
    golden: tuple[Source, Path, Path], expected: dict[str, Any], said: str
) -> None:
    source, file, page = golden
    change(page, expected=expected)
    (problem,) = check_golden_pages(source, file).problems
    assert problem == f"{page}: {said}"


@pytest.mark.parametrize("field", ["title", "published"])
def test_a_field_that_every_report_has_may_not_be_expected_to_be_empty(
    golden: tuple[Source, Path, Path], field: str
) -> None:
    source, file, page = golden
    change(page, expected={field: None})
    problems = check_golden_pages(source, file).problems
    assert f"{page}: {field}: is expected to be empty, and every report has one; mend the reading, " in problems[1]


def test_a_text_may_be_empty_only_where_something_is_attached(golden: tuple[Source, Path, Path]) -> None:
    source, file, page = golden
    page.with_suffix(".txt").write_text("\n", "utf-8")
    assert any("nothing is attached" in problem for problem in check_golden_pages(source, file).problems)
    change(page, expected={"attachments": ["年度报告 /a.pdf"]})
    assert not any("nothing is attached" in problem for problem in check_golden_pages(source, file).problems)


def test_a_line_of_the_text_that_differs_is_shown(golden: tuple[Source, Path, Path]) -> None:
    source, file, page = golden
    text = page.with_suffix(".txt")
    lines = text.read_text("utf-8").split("\n")
    text.write_text("\n".join([*lines[:4], "分享到：", *lines[4:]]), "utf-8")
    (problem,) = check_golden_pages(source, file).problems
    assert "text: differs from rule_of_law_2025.txt" in problem
    assert "    -分享到：" in problem.split("\n")
    assert not [line for line in problem.split("\n") if line.startswith("    +") and not line.startswith("    +++")]


def test_a_field_that_expectations_do_not_name_is_missed(golden: tuple[Source, Path, Path]) -> None:
    """Expectations of before a field was added: a person has to look at it once."""
    source, file, page = golden
    stated = json.loads(page.read_text("utf-8"))
    del stated["expected"]["index_number"]
    page.write_text(json.dumps(stated), "utf-8")
    (problem,) = check_golden_pages(source, file).problems
    assert 'index_number: no value is expected; write "640121ZF260000/2026-64889" where that is right' in problem


@pytest.mark.parametrize(
    ("ending", "content", "said"),
    [
        (".json", b"{", "no expectations of a golden page"),
        (".json", b'{"reviewed": "yes"}', "reviewed: Input should be a valid boolean"),
        (".html", b"<html>another</html>", "is not the page that was recorded"),
        (".html", None, "No such file"),
        (".txt", None, "No such file"),
        (".txt", "年报".encode("gb18030"), "is not UTF-8"),
    ],
)
def test_a_spoilt_file_is_a_problem_with_its_name_and_no_error(
    golden: tuple[Source, Path, Path], ending: str, content: bytes | None, said: str
) -> None:
    source, file, page = golden
    spoilt = page.with_suffix(ending)
    if content is None:
        spoilt.unlink()
    else:
        spoilt.write_bytes(content)
    (problem,) = check_golden_pages(source, file).problems
    assert problem.startswith(str(spoilt))
    assert said in problem


def test_a_page_without_expectations_is_not_passed_over(golden: tuple[Source, Path, Path]) -> None:
    source, file, page = golden
    stray = page.with_name("rule_of_law_2011.html")
    stray.write_bytes(b"")
    (problem,) = check_golden_pages(source, file).problems
    assert problem.startswith(f"{stray}: has no rule_of_law_2011.json beside it")


def test_a_page_of_a_column_that_left_the_file_is_a_problem(golden: tuple[Source, Path, Path]) -> None:
    source, file, page = golden
    (problem,) = check_golden_pages(replace(source, columns=source.columns[1:]), file).problems
    assert problem.startswith(f"{page}: the source has no column {source.columns[0].url} any more")


def test_golden_pages_are_never_taken_for_sources(golden: tuple[Source, Path, Path], tmp_path: Path) -> None:
    _, file, _ = golden
    registry = tmp_path / "registry"
    (registry / "qinglan").mkdir(parents=True)
    (registry / "qinglan" / "qinghe.toml").write_bytes((SOURCES / "qinglan" / "qinghe.toml").read_bytes())
    pages_folder(file).rename(registry / "qinglan" / "qinghe.pages")
    assert [source.id for source in load_sources(registry)] == ["qinglan/qinghe"]
    assert strays(registry, load_sources(registry)) == ()
