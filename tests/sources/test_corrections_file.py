"""A correction is written by hand, so what is wrong in it is said with file and line before it does anything."""

from __future__ import annotations

from pathlib import Path

import pytest

from scrapers.records import Correction
from scrapers.sources import REGISTRY
from scrapers.sources.corrections import FILE_NAME, find_corrections, read_corrections
from scrapers.sources.registry import load_sources
from scrapers.sources.source_file import SourceError

GOOD = """
[[correction]]
url = "http://www.qinghe.gov.cn/fzzfjs/202502/t20250206_1.html"
field = "report_year"
expect = 2025
value = 2024
reason = "the body says 2024 throughout"
reported = 2025-03-01

[[correction]]
document_id = "0123456789abcdef"
field = "published"
expect_unknown = true
value = 2025-02-06
reason = "stands on the scan, not on the page"
reported = "http://www.qinghe.gov.cn/letters/77"
"""


def write(folder: Path, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / FILE_NAME
    path.write_text(text, "utf-8")
    return path


def test_a_correction_is_read_with_its_place_and_values_as_the_warehouse_writes_them(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD)
    assert read_corrections(path) == (
        Correction(
            field="report_year",
            value="2024",
            expect="2025",
            reason="the body says 2024 throughout",
            file=str(path),
            line=2,
            url="http://www.qinghe.gov.cn/fzzfjs/202502/t20250206_1.html",
            reported="2025-03-01",
        ),
        Correction(
            field="published",
            value="2025-02-06",
            expect=None,
            reason="stands on the scan, not on the page",
            file=str(path),
            line=10,
            document_id="0123456789abcdef",
            reported="http://www.qinghe.gov.cn/letters/77",
        ),
    )


def test_a_reason_in_chinese_needs_fewer_characters(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD.replace("the body says 2024 throughout", "标题年份误写"))
    assert read_corrections(path)[0].reason == "标题年份误写"


@pytest.mark.parametrize(
    ("before", "after", "complaint"),
    [
        ('field = "report_year"', 'field = "year"', "4: field: no such field can be corrected; take one of title, "),
        ("expect = 2025", 'expect = "2025"', "5: expect: a report year is a number between 1949 and 2100"),
        ("value = 2024", "value = 20244", "6: value: a report year is a number between 1949 and 2100"),
        ("value = 2024", "value = 2025", "2: expect and value are the same"),
        ("value = 2024\n", "", "2: write either value, or value_unknown = true"),
        ("expect = 2025\n", "", "2: write either expect, or expect_unknown = true"),
        ("expect = 2025", "expect = [2025]", "5: expect: write a text in quotes, a year, or a day"),
        ("value = 2025-02-06", 'value = "6 February"', "14: value: write the day as 2025-03-01"),
        ("expect_unknown = true", "expect_unknown = true\nexpect = 2025-01-01", "10: write either expect, or"),
        ('reason = "the body', 'reson = "the body', "7: reson: this key is not known here"),
        ('reason = "the body says 2024 throughout"', 'reason = "wrong"', "7: reason: say it in at least 10"),
        ('reason = "the body says 2024 throughout"', 'reason = "笔误"', "7: reason: say it in at least 10"),
        ('document_id = "0123456789abcdef"\n', "", "10: write either url or document_id"),
        ('url = "http://www', 'url = "www', "3: url: write the whole address"),
        ("[[correction]]", "[[corection]]", "corection: this key is not known here"),
        ("expect = 2025", "expect = ", "5: not valid TOML"),
        (
            'field = "report_year"\nexpect = 2025\nvalue = 2024',
            'field = "level"\nexpect = "county"\nvalue = "town"',
            "6: value: 'town' is none of ministry, province",
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, before: str, after: str, complaint: str) -> None:
    path = write(tmp_path, GOOD.replace(before, after, 1))
    with pytest.raises(SourceError) as found:
        read_corrections(path)
    assert any(problem.startswith(str(path)) and complaint in problem for problem in found.value.problems), found.value


def test_one_field_of_one_document_is_corrected_once_in_a_file(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD + GOOD.split("\n\n")[0].replace("2024\n", "2023\n"))
    with pytest.raises(SourceError, match=r"is corrected on line 2 already; keep one of them"):
        read_corrections(path)


def test_ones_own_corrections_stand_before_the_registrys(tmp_path: Path) -> None:
    own, registry = tmp_path / "data", tmp_path / "sources"
    write(own, GOOD.replace("value = 2024", "value = 2023"))
    write(registry, GOOD)
    assert [each.value for each in find_corrections((own, registry))] == ["2023", "2025-02-06", "2024", "2025-02-06"]
    assert find_corrections((tmp_path / "nowhere",)) == ()
    assert len(find_corrections((own, own))) == 2, "one folder for both is read once"


def test_the_problems_of_all_files_are_said_at_once(tmp_path: Path) -> None:
    own, registry = tmp_path / "data", tmp_path / "sources"
    write(own, "[[correction]]\n")
    write(registry, "correction = 3\n")
    with pytest.raises(SourceError) as found:
        find_corrections((own, registry))
    assert {problem.split(FILE_NAME)[0] for problem in found.value.problems} == {f"{own}/", f"{registry}/"}


def test_a_registry_may_hold_corrections_beside_its_provinces(tmp_path: Path) -> None:
    (tmp_path / "hebei").mkdir()
    source = next(iter(sorted((REGISTRY / "zhejiang").glob("*.toml"))))
    (tmp_path / "hebei" / source.name).write_text(source.read_text("utf-8"), "utf-8")
    write(tmp_path, GOOD)
    assert len(load_sources(tmp_path)) == 1


def test_the_shipped_corrections_are_well_formed() -> None:
    find_corrections((REGISTRY,))
