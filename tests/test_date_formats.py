"""Days in the order and spelling that a source file names, and in no other."""

from __future__ import annotations

from datetime import date

import pytest

from scrapers.date_formats import pattern, read_day


@pytest.mark.parametrize(
    ("text", "spelling", "day"),
    [
        ("发布于：06/02/2018 来源：县司法局", "%d/%m/%Y", date(2018, 2, 6)),
        ("06/02/2018", "%m/%d/%Y", date(2018, 6, 2)),
        ("18-2-6", "%y-%m-%d", date(2018, 2, 6)),
        ("99.12.31", "%y.%m.%d", date(1999, 12, 31)),
        ("Posted Feb.  6, 2018 at 10:00", "%b %d, %Y", date(2018, 2, 6)),
        ("6 FEBRUARY 2018", "%d %b %Y", date(2018, 2, 6)),
        ("2018年2月6日", "%Y年%m月%d日", date(2018, 2, 6)),
    ],
)
def test_a_day_is_found_in_what_stands_around_it(text: str, spelling: str, day: date) -> None:
    assert read_day(text, [spelling]) == day


@pytest.mark.parametrize("text", ["31/02/2018", "106/02/2018", "06/02/20189", "06-02-2018", "", "今天"])
def test_what_is_no_day_in_that_spelling_is_none(text: str) -> None:
    assert read_day(text, ["%d/%m/%Y"]) is None


def test_the_spellings_are_tried_in_their_order() -> None:
    assert read_day("06/02/2018", ["%Y-%m-%d", "%m/%d/%Y", "%d/%m/%Y"]) == date(2018, 6, 2)


@pytest.mark.parametrize("spelling", ["%d/%m", "%Y", "%d/%m/%Y %H", "%d/%d/%m/%Y", "%Y%y%m%d", "", "%"])
def test_a_spelling_that_makes_no_day_is_refused(spelling: str) -> None:
    with pytest.raises(ValueError, match=r"is not known|a day needs|once each"):
        pattern(spelling)
