"""What the loopback network publishes: reports with their parts and tables, and rows that are none."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter

import pytest

from deployments.portal import Asked, Network, demo_network
from deployments.portal.documents import Document, Grid, Heading, characters
from deployments.portal.lot import Lot
from deployments.portal.publishers import FAMILIES_FILE, PublisherPlan, read_plans
from deployments.portal.site import GeneratedSite
from deployments.portal.statutory_tables import (
    APPLICANTS,
    applications_table,
    draw_applications,
    indicator_table,
    proactive_table,
    review_litigation_table,
)
from deployments.portal.writing import numeral, report
from scrapers.records import Level, ReportType
from scrapers.sources.divisions import FOLDER as DIVISIONS

PUBLISHERS = [publisher for site in read_plans() for publisher in site.publishers]


def documents(network: Network) -> list[Document]:
    return [
        row.document
        for site in network.sites
        if isinstance(site, GeneratedSite)
        for column in site.columns
        for row in column.rows
        if row.document is not None
    ]


def publisher(slug: str) -> PublisherPlan:
    return next(one for one in PUBLISHERS if one.slug == slug)


def headings(document: Document) -> list[str]:
    return [block.text for block in document.blocks if isinstance(block, Heading) and block.level == 1]


def resolved(grid: Grid) -> list[list[str]]:
    """The table with its spans laid out; fails where cells overlap or rows differ in width."""
    cells: dict[tuple[int, int], str] = {}
    for number, row in enumerate(grid.rows):
        place = 0
        for cell in row:
            while (number, place) in cells:
                place += 1
            for down in range(cell.rowspan):
                for right in range(cell.colspan):
                    assert (number + down, place + right) not in cells
                    cells[number + down, place + right] = "".join(cell.text.split())
            place += cell.colspan
    widths = Counter(row for row, _ in cells)
    assert set(widths) == set(range(len(grid.rows)))
    assert len(set(widths.values())) == 1
    width = widths[0]
    return [[cells[row, column] for column in range(width)] for row in range(len(grid.rows))]


def test_two_builds_are_the_same_byte_for_byte(network: Network) -> None:
    again = demo_network()
    assert again.addresses() == network.addresses()
    for address in network.addresses():
        asked = Asked("GET", address)
        assert again.answer(asked) == network.answer(asked)


def test_builds_do_not_depend_on_the_process() -> None:
    code = (
        "import hashlib; from deployments.portal import Asked, demo_network; n = demo_network((2020, 2021));"
        "print(hashlib.sha256(b''.join(n.answer(Asked('GET', a)).body for a in n.addresses())).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": seed}, check=True, capture_output=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1
    assert len(digests.pop().strip()) == 64


def test_a_further_year_leaves_the_pages_of_the_others_as_they_are(network: Network) -> None:
    fewer = demo_network(range(2017, 2025))
    reports = [url for url in fewer.addresses() if re.search(r"/(t\d{8}_\d+\.|art_)", url)]
    assert set(reports) < set(network.addresses())


def test_there_are_publishers_of_all_levels_with_nine_years_of_both_types(network: Network) -> None:
    assert len(PUBLISHERS) >= 12
    assert {one.level for one in PUBLISHERS} == set(Level) - {Level.MINISTRY}
    reports = [one for one in documents(network) if one.report_type is not None]
    assert {one.report_year for one in reports} == set(range(2017, 2026))
    counts = Counter(one.report_type for one in reports)
    assert min(counts[kind] for kind in ReportType) >= 9 * 9
    assert sum(one.report_type is None for one in documents(network)) > len(reports)


def test_reports_have_the_length_of_reports(network: Network) -> None:
    for document in documents(network):
        if document.report_type is not None:
            assert 2000 <= characters(document) <= 6000, document.title


def test_the_texts_of_two_years_differ(network: Network) -> None:
    texts = [document.text for document in documents(network) if document.report_type is not None]
    assert len(set(texts)) == len(texts)


def test_addresses_are_given_once(network: Network) -> None:
    addresses = network.addresses()
    assert len(set(addresses)) == len(addresses)


def test_publication_follows_the_report_year_and_is_late_where_planned(network: Network) -> None:
    for plan in PUBLISHERS:
        for kind in ReportType:
            for year in range(2017, 2026):
                day = report(plan, kind, year, serial=1).published
                assert day.year == year + 1
                assert (day.month >= 4) == (year in plan.late), (plan.name, kind, year)
    assert any(plan.late for plan in PUBLISHERS)


def test_a_year_without_report_is_missing_from_the_column(network: Network) -> None:
    gap = [plan for plan in PUBLISHERS if plan.missing]
    assert gap
    for plan in gap:
        held = {one.report_year for one in documents(network) if one.report_type and plan.place in one.title}
        assert held == set(range(2017, 2026)) - set(plan.missing)


@pytest.mark.parametrize("year", range(2017, 2026))
def test_a_report_of_rule_of_law_has_its_parts_but_for_those_left_out(year: int) -> None:
    words = {"measures": "成效", "shortcomings": "不足|问题", "leaders_duty": "第一责任人", "next_year": "安排|打算"}
    left_out = 0
    for plan in PUBLISHERS:
        document = report(plan, ReportType.RULE_OF_LAW, year, serial=1)
        found = headings(document)
        for role, pattern in words.items():
            absent = (plan.without or {}).get(year) == role
            left_out += absent
            assert any(re.search(pattern, heading) for heading in found) is not absent, (plan.name, year, role)
        assert [heading[0] for heading in found] == [numeral(n) for n in range(1, len(found) + 1)]
    if year in (2017, 2018, 2020, 2021):
        assert left_out


def test_a_report_may_name_its_year_in_the_text_alone() -> None:
    plans = [plan for plan in PUBLISHERS if plan.bare_title]
    assert plans
    for plan in plans:
        document = report(plan, ReportType.RULE_OF_LAW, plan.bare_title[0], serial=1)
        assert not re.search(r"\d", document.title)
        assert f"{plan.bare_title[0]}年" in document.text


def test_a_disclosure_report_since_2019_has_six_parts_and_three_tables() -> None:
    for plan in PUBLISHERS:
        for year in range(2019, 2026):
            document = report(plan, ReportType.DISCLOSURE, year, serial=1)
            assert [heading[:2] for heading in headings(document)] == ["一、", "二、", "三、", "四、", "五、", "六、"]
            assert sum(isinstance(block, Grid) for block in document.blocks) == 3
            assert f"自{year}年1月1日起至{year}年12月31日止" in document.text


@pytest.mark.parametrize("year", [2019, 2020, 2021, 2025])
@pytest.mark.parametrize("scale", [1, 12, 400])
def test_new_and_carried_in_applications_are_those_settled_and_carried_over(year: int, scale: int) -> None:
    numbers = draw_applications(Lot("test", scale, year), scale=scale, year=year)
    for place in range(len(APPLICANTS) + 1):
        settled = sum(row[place] for row in numbers.outcomes)
        assert numbers.received[place] + numbers.carried_in[place] == settled + numbers.carried_over[place]
    for row in (numbers.received, numbers.carried_in, numbers.carried_over, *numbers.outcomes):
        assert row[-1] == sum(row[:-1])
        assert min(row) >= 0
    table = resolved(applications_table(numbers, year))
    assert len(table[0]) == 10
    by_label = {row[0] if row[0] != "三、本年度办理结果" else row[1]: row[3:] for row in table}
    assert by_label["（七）总计"] == [str(number) for number in numbers.total_outcomes]
    assert by_label["一、本年新收政府信息公开申请数量"] == [str(number) for number in numbers.received]


def test_the_2021_form_has_its_22_lines_of_results() -> None:
    numbers = draw_applications(Lot("lines"), scale=50, year=2021)
    table = resolved(applications_table(numbers, 2021))
    assert sum(row[0] == "三、本年度办理结果" for row in table) == 22


def test_the_other_tables_are_rectangular_and_their_sums_agree() -> None:
    for year in (2019, 2021):
        assert len(resolved(proactive_table(Lot("p", year), scale=30, year=year))[0]) == 4
    figures = [int(cell) for cell in resolved(review_litigation_table(Lot("r"), scale=90))[-1]]
    assert len(figures) == 15
    for first in (0, 5, 10):
        assert figures[first + 4] == sum(figures[first : first + 4])
    lines = {row[0]: int(row[2]) for row in resolved(indicator_table(Lot("i"), scale=40, year=2017))[1:]}
    assert lines["受理依申请公开信息总数"] == lines["对申请的答复总数"]


def test_no_made_up_place_is_a_real_one() -> None:
    real = (DIVISIONS / "divisions.csv").read_text("utf-8") + (DIVISIONS / "zones.csv").read_text("utf-8")
    others = [publisher for site in read_plans(FAMILIES_FILE) for publisher in site.publishers]
    for plan in (*PUBLISHERS, *others):
        for place in re.findall(r"^(.+?[省市县区])", plan.name):
            assert place not in real, plan.name


def test_a_lot_draws_the_same_for_the_same_key_and_never_leaves_its_bounds() -> None:
    assert [Lot("a", 1).number(0, 9) for _ in range(3)] == [Lot("a", 1).number(0, 9)] * 3
    lot = Lot("bounds")
    drawn = {lot.number(3, 5) for _ in range(200)}
    assert drawn == {3, 4, 5}
    for total in (0, 1, 7, 500):
        heaps = Lot("split", total).split(total, 20)
        assert (len(heaps), sum(heaps), min(heaps) >= 0) == (20, total, True)
    assert Lot("some").some("abcdef", 9) == list("abcdef")
