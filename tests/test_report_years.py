"""Which rows of a list may be reports of the wanted years, and how far back a list is read for them."""

from __future__ import annotations

from datetime import date

import pytest

from scrapers.report_years import listed_since, may_be_of

YEARS = frozenset({2016, 2017, 2018})


def test_a_list_is_read_back_to_the_december_of_the_first_year() -> None:
    assert listed_since(YEARS) == date(2016, 12, 1)
    assert listed_since(()) is None, "all years: to its end"


@pytest.mark.parametrize(
    ("title", "listed", "wanted"),
    [
        ("清河县2017年法治政府建设年度报告", date(2018, 2, 6), True),
        ("清河县2019年法治政府建设年度报告", date(2020, 2, 6), False),
        ("清河县二〇一七年法治政府建设情况报告", None, True),
        ("清河县2017年法治政府建设年度报告", date(2021, 10, 1), True),  # a migrated page: its title decides
        ("清河县法治政府建设年度报告", date(2018, 2, 6), True),
        ("清河县法治政府建设年度报告", date(2021, 2, 6), True),  # a straggler may be of any year before
        ("清河县法治政府建设年度报告", date(2016, 2, 6), False),  # published before 2016 was over
        ("清河县法治政府建设年度报告", date(2016, 12, 28), True),
        ("清河县法治政府建设年度报告", None, True),
        ("清河县2019年法治政府建设情况报告", date(2019, 2, 6), True),  # the year of publication, as some write
        ("清河县2019年法治政府建设情况报告", date(2019, 10, 31), True),
        ("清河县2019年法治政府建设情况报告", date(2019, 11, 1), False),  # so late it is its own
        ("清河县2019年法治政府建设情况报告", date(2019, 12, 6), False),
        ("清河县2014-2019年法治政府建设白皮书", date(2020, 2, 6), False),
        ("清河县2015-2018年法治政府建设报告", date(2019, 2, 6), True),
    ],
)
def test_a_row_may_be_of_the_wanted_years(title: str, listed: date | None, wanted: bool) -> None:
    assert may_be_of(YEARS, title, listed) is wanted


def test_every_row_may_be_of_any_year() -> None:
    assert may_be_of((), "清河县2019年法治政府建设年度报告", None)
