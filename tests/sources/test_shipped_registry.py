"""The registry that is shipped agrees with itself, with the divisions and with what is known of real columns."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from scrapers import addresses
from scrapers.records import Level, Source
from scrapers.sources.divisions import load
from scrapers.sources.registry import load_sources
from scrapers.sources.signatures import column_of

SOURCES = load_sources()
PROVINCES = {
    "beijing": "11", "tianjin": "12", "hebei": "13", "shanxi": "14", "neimenggu": "15",
    "liaoning": "21", "jilin": "22", "heilongjiang": "23",
    "shanghai": "31", "jiangsu": "32", "zhejiang": "33", "anhui": "34",
    "fujian": "35", "jiangxi": "36", "shandong": "37",
    "henan": "41", "hubei": "42", "hunan": "43", "guangdong": "44", "guangxi": "45", "hainan": "46",
    "chongqing": "50", "sichuan": "51", "guizhou": "52", "yunnan": "53", "xizang": "54",
    "shaanxi": "61", "gansu": "62", "qinghai": "63", "ningxia": "64", "xinjiang": "65",
}  # fmt: skip
"""First two digits of a division code by the folder's name (GB/T 2260)."""
UNDER_THE_GOVERNMENT = re.compile(r"\.gov\.cn(:\d+)?$")


def named(source: Source) -> str:
    return source.id


@pytest.fixture(scope="module")
def known(shared: Path) -> list[dict[str, Any]]:
    """What is known of real columns and pages, government hosts only."""
    lines = (shared / "handbook" / "real_columns.jsonl").read_text("utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    return [row for row in rows if UNDER_THE_GOVERNMENT.search(row["host"])]


def test_an_id_is_province_and_publisher() -> None:
    assert [source.id for source in SOURCES if not re.fullmatch(r"[a-z]+/[a-z0-9_]+", source.id)] == []
    assert len({source.publisher for source in SOURCES}) == len(SOURCES)


@pytest.mark.parametrize("source", SOURCES, ids=named)
def test_a_source_lies_in_the_folder_of_its_province(source: Source) -> None:
    code = source.division_code or source.parent_division_code
    folder = source.id.split("/")[0]
    assert (folder == "ministries") == (source.level is Level.MINISTRY)
    if folder != "ministries":
        assert code is not None
        assert code.startswith(PROVINCES[folder])


@pytest.mark.parametrize("source", SOURCES, ids=named)
def test_the_publisher_s_name_is_that_of_its_code(source: Source) -> None:
    place = load().place(source.publisher)
    assert place is not None, f"{source.publisher} begins with no place's name"
    if source.level is Level.ZONE:
        assert place.zone is not None
        assert source.publisher == place.zone.body
        assert source.parent_division_code == place.zone.parent_code
        return
    assert place.code == source.division_code
    assert place.division is not None
    if source.level in (Level.PROVINCE, Level.CITY, Level.COUNTY):
        assert (place.rest, place.division.level) == ("人民政府", source.level)
        assert source.publisher == load().full_name(place.division) + "人民政府"
    else:
        assert place.rest not in ("", "人民政府")


@pytest.mark.parametrize("source", SOURCES, ids=named)
def test_a_source_says_what_it_rests_on(source: Source) -> None:
    assert source.file is not None
    comments = [line for line in Path(source.file).read_text("utf-8").splitlines() if line.startswith("#")]
    assert any(line.startswith("# Evidence: ") for line in comments)
    assert source.verified == "never" or re.fullmatch(r"\d{4}-\d{2}-\d{2}", source.verified)


def test_only_government_hosts_are_crawled() -> None:
    assert [host for source in SOURCES for host in source.hosts if not UNDER_THE_GOVERNMENT.search(host)] == []


def test_a_host_is_listed_by_one_program() -> None:
    """Publishers on one host share its content management system."""
    families: dict[str, set[str]] = {}
    for source in SOURCES:
        for column in source.columns:
            families.setdefault(urlsplit(column.url).netloc, set()).add(column.platform)
    assert {host: found for host, found in families.items() if len(found) > 1} == {}


def test_a_column_shared_by_two_publishers_gives_each_row_to_one_of_them() -> None:
    by_address: dict[str, list[tuple[str, ...]]] = {}
    for source in SOURCES:
        for column in source.columns:
            by_address.setdefault(column.url, []).append((*column.include, "/", *column.exclude))
    shared = {url: rules for url, rules in by_address.items() if len(rules) > 1}
    assert [url for url, rules in shared.items() if len(set(rules)) < len(rules) or ("/",) in rules] == []


def test_no_host_that_copies_reports_is_crawled(shared: Path) -> None:
    section = (shared / "handbook" / "trust.md").read_text("utf-8").split("## 2.")[0]
    copies = set(re.findall(r"\b[a-z0-9.]+\.(?:com|cn)\b", section)) - {"gov.cn"}
    assert len(copies) >= 17
    assert [host for source in SOURCES for host in source.hosts if any(host.endswith(copy) for copy in copies)] == []


def test_every_known_government_host_is_covered(known: list[dict[str, Any]]) -> None:
    hosts = {host for source in SOURCES for host in source.hosts}
    assert sorted({row["host"] for row in known} - hosts) == []
    assert len({row["host"] for row in known}) >= 55


def test_every_known_column_of_reports_is_listed(known: list[dict[str, Any]]) -> None:
    columns = {column.url for source in SOURCES for column in source.columns}
    lists = {row["url"] for row in known if row["kind"] == "list" and not row["report_type"].startswith("other")}
    assert sorted(lists - columns) == []
    assert len(lists) >= 40


def test_the_known_division_codes_agree(known: list[dict[str, Any]]) -> None:
    codes: dict[str, set[str | None]] = {}
    for source in SOURCES:
        for host in source.hosts:
            codes.setdefault(host, set()).update((source.division_code, source.parent_division_code))
    # A zone's host may carry a copy of the city's report under the city's code.
    zones = {host for source in SOURCES if source.level is Level.ZONE for host in source.hosts}
    stated = [(row["host"], row["division_code_if_known"]) for row in known if row["host"] not in zones]
    assert [(host, code) for host, code in stated if code and code not in codes[host]] == []


def test_the_titles_a_column_is_read_for_include_those_known_of_it(known: list[dict[str, Any]]) -> None:
    """A published report's title passes the filter of the column its address lies in."""
    checked = 0
    for row in known:
        if (
            row["kind"] != "detail"
            or not row["title"]
            or "unverified" in row["title"]
            or "年度报告" not in row["report_type"]
        ):
            continue
        for source in SOURCES:
            for column in source.columns:
                in_column = row["url"].startswith(column.url) and column.include
                if in_column and source.publisher in row["publisher"].replace(" ", ""):
                    checked += 1
                    assert any(re.search(pattern, row["title"]) for pattern in column.include), (
                        source.id,
                        row["title"],
                    )
                    assert not any(re.search(pattern, row["title"]) for pattern in column.exclude)
    assert checked >= 5


def test_a_column_that_follows_from_a_published_page_is_listed(known: list[dict[str, Any]]) -> None:
    """By the rules of ``signatures.toml``; publishers whose column is said to be unknown aside."""
    columns = {column.url.partition("://")[2] for source in SOURCES for column in source.columns}
    unknown = {host for source in SOURCES if not source.columns for host in source.hosts}
    details = [addresses.canonical(row["url"], row["url"]) for row in known if row["kind"] == "detail"]
    inferred = [found[0].partition("://")[2] for url in details if url and (found := column_of(url)) is not None]
    left_out = [url for url in inferred if url not in columns and url.partition("/")[0] not in unknown]
    assert sorted(left_out) == []
    assert len(inferred) >= 50
