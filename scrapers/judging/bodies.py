"""Names of public bodies: which government, department, township or zone a phrase such as 县政府办公室 means.

A name is read as a place (``divisions.csv``, ``zones.csv``) and what stands behind it. 政府办公室 stands for the
government, 司法局 for a department of it, 街道 for a township below it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from scrapers.reading.simplified import simplified
from scrapers.records import Level
from scrapers.sources.divisions import Division, Place, load

_GOVERNMENT = re.compile(
    r"^(?:人民)?政府(?:办公室|办公厅|办|综合办公室|研究室|门户网站|网站|网)?(?:[(（].*[)）])?$|^府办(?:公室)?$|^(?:政务公开|法制)办(?:公室)?$"
    r"|^(?:区|县|市|省|州|旗)?委[、和与]?.{0,12}人民政府$"
)
_ZONE_BODY = re.compile(
    r"^(?:管理委员会|管委会)?(?:办公室|党政办(?:公室)?|党政综合办公室|综合办公室)?(?:门户网站|网站|网)?$|^党工委.*管委会$"
)
_TOWNSHIP = re.compile(
    r"^([\u4e00-\u9fff]{1,10}?(?:街道|镇|乡))(?:办事处|人民政府|政府|党政办公室|党政综合办公室)?(?:办公室)?$"
)
_DEPARTMENT = re.compile(
    r"^[\u4e00-\u9fff()（）]{1,28}(?:局|厅|委|委员会|办|办公室|署|法院|检察院|学院|大学|中心|总队|支队|大队|馆|院|社|会|校)(?:[(（].*[)）])?$"
)
_LONGEST_PHRASE = 200
_PLAIN_DEPARTMENT = re.compile(r"^[\u4e00-\u9fff]{2,16}(?:局|厅)$")
_PLACE_WORD = re.compile(r"[省市区县旗州](?!场|管|容|政)")
"""A place in a department's name; but 市场监督管理局 and 城市管理局 name none."""
_STATE_ORGAN = re.compile(
    r"^(国家税务总局|国家统计局|中国人民银行|国家金融监督管理总局|中国证券监督管理委员会|中国气象局|国家邮政局|国家外汇管理局"
    r"|生态环境部|水利部|自然资源部|交通运输部|应急管理部|海关总署|国家矿山安全监察局|国家粮食和物资储备局|国家能源局"
    r"|中华人民共和国)(?=.)"
)


@cache
def _ministries() -> frozenset[str]:
    lines = files("scrapers.judging").joinpath("ministries.txt").read_text("utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))


@dataclass(frozen=True, slots=True)
class Body:
    """A body, resolved."""

    name: str
    """The name in full, e.g. 杭州市余杭区司法局."""
    level: Level
    division_code: str | None
    parent_division_code: str | None
    named: bool
    """Whether the phrase names the body itself; false for a bare place (滨江区), which stands for its government."""


def read_body(phrase: str, *, hint: str | None = None, year: int | None = None) -> Body | None:
    """The body that ``phrase`` names as a whole, or ``None``.

    ``hint`` is the code of a division on whose site the phrase stands: it tells one 鼓楼区 from another and says which
    county is meant by 县政府办公室. A phrase that names no single body is ``None``.
    """
    if len(phrase) > _LONGEST_PHRASE:
        return None
    plain = simplified("".join(phrase.split())).strip("·•:：,，。.|-—")
    plain = plain.removeprefix("中共") if plain.startswith("中共") else plain.removeprefix("中国共产党")
    if not 2 <= len(plain) <= 60:
        return None
    if plain in _ministries():
        return Body(plain, Level.MINISTRY, None, None, named=True)
    organ = _STATE_ORGAN.match(plain)
    head = organ.group() if organ else ""
    place = load().place(plain[len(head) :], within=hint, year=year)
    if place is not None:
        return _of_place(place, head)
    if hint is None or head:
        return None
    own = load().by_code(hint, year) or load().by_code(hint)
    if own is None:
        return None
    township = _TOWNSHIP.match(plain)
    if township is not None and own.level is Level.COUNTY:
        return _township(own, township.group(1))
    if _PLAIN_DEPARTMENT.match(plain) and not _PLACE_WORD.search(plain):
        return _department(own, plain)
    return None


def government(division: Division, *, named: bool = True) -> Body:
    """The people's government of a division."""
    name = f"{load().full_name(division)}人民政府"
    return Body(name, division.level, division.code, division.parent_code, named=named)


def _of_place(place: Place, head: str) -> Body | None:
    rest = place.rest
    if place.zone is not None:
        merged = load().by_code(place.zone.merged_with) if place.zone.merged_with else None
        if merged is not None and not _DEPARTMENT.match(rest.removeprefix("管理委员会").removeprefix("管委会") or "-"):
            return government(merged, named=bool(rest)) if not rest or _is_governing(rest) else None
        if _ZONE_BODY.match(rest) or _GOVERNMENT.match(rest):
            return Body(place.zone.body, Level.ZONE, None, place.zone.parent_code, named=bool(rest))
        if _DEPARTMENT.match(rest):
            code = merged.code if merged is not None else None
            return Body(f"{head}{place.zone.name}{rest}", Level.DEPARTMENT, code, place.zone.parent_code, named=True)
        return None
    division = place.division
    assert division is not None
    if not rest:
        return government(division, named=False)
    if not head and _is_governing(rest):
        return government(division)
    township = _TOWNSHIP.match(rest)
    if township is not None and division.level is Level.COUNTY:
        return _township(division, township.group(1))
    if _DEPARTMENT.match(rest):
        return _department(division, rest, head)
    return None


def _is_governing(rest: str) -> bool:
    """Whether what stands behind a place means its government, its committee and government, or their office."""
    joint = re.match(r"^委(?:员会)?[、和与]?.*?(人民政府|政府)(?:办公室)?$", rest)
    return _GOVERNMENT.match(rest) is not None or _ZONE_BODY.match(rest) is not None or joint is not None


def _department(division: Division, name: str, head: str = "") -> Body:
    full = f"{head}{load().full_name(division)}{name}"
    return Body(full, Level.DEPARTMENT, division.code, division.parent_code, named=True)


def _township(division: Division, name: str) -> Body:
    body = f"{name}办事处" if name.endswith("街道") else f"{name}人民政府"
    return Body(f"{load().full_name(division)}{body}", Level.TOWNSHIP, division.code, division.parent_code, named=True)
