"""Which code bears which name, and when."""

from __future__ import annotations

import csv
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrapers.records import Level
from scrapers.sources import divisions
from scrapers.sources.divisions import Division, Divisions, DivisionTableError, Zone, load

TABLE = load()


def code_of(text: str, within: str | None = None, year: int | None = None) -> str | None:
    place = TABLE.place(text, within=within, year=year)
    return place.division.code if place is not None and place.division is not None else None


def test_every_division_lies_in_one_of_the_table() -> None:
    for division in TABLE.divisions:
        assert division.parent_code is None or TABLE.is_code(division.parent_code), division
        assert (division.parent_code is None) == (division.level is Level.PROVINCE)


def test_the_table_holds_the_divisions_in_force() -> None:
    now = [division for division in TABLE.divisions if division.valid_to is None]
    assert [sum(d.level is level for d in now) for level in (Level.PROVINCE, Level.CITY, Level.COUNTY)] == [
        34,
        333,
        2847,
    ]


def test_no_code_bears_two_names_at_once() -> None:
    for code in {division.code for division in TABLE.divisions}:
        names = sorted((d.valid_from or 0, d.valid_to or 9999) for d in TABLE.divisions if d.code == code)
        assert all(earlier[1] <= later[0] for earlier, later in pairwise(names)), code


def test_a_code_is_known_while_and_after_it_is_in_force() -> None:
    assert divisions.is_code("330726")
    assert divisions.is_code("330103")  # 下城区, merged in 2021: old reports bear it
    assert not divisions.is_code("330199")
    assert not divisions.is_code("")


@pytest.mark.parametrize(
    ("code", "year", "name"),
    [
        ("330103", 2020, "下城区"),
        ("330103", 2021, "下城区"),  # in the year of change both are valid
        ("330103", 2022, None),
        ("330113", 2020, None),
        ("330113", 2021, "临平区"),
        ("420600", 2009, "襄樊市"),
        ("420600", 2020, "襄阳市"),
        ("371200", 2015, "莱芜市"),
        ("371200", 2020, None),
        ("500112", 2024, "渝北区"),
    ],
)
def test_codes_are_valid_by_year(code: str, year: int, name: str | None) -> None:
    division = TABLE.by_code(code, year)
    assert (division.name if division else None) == name


def test_names_that_several_districts_bear_need_a_parent() -> None:
    for name in ("鼓楼区", "和平区", "朝阳区"):
        assert code_of(name) is None
    assert code_of("和平区", within="210100") == "210102"
    assert code_of("鼓楼区", within="350000") == "350102"
    assert code_of("朝阳区", within="110105") == "110105"
    assert code_of("滨江区") == "330108"


def test_a_name_that_was_shared_in_some_year_is_told_apart_by_the_year() -> None:
    assert code_of("江北区") is None  # 宁波's, and until 2025 重庆's
    assert code_of("江北区", within="500000", year=2024) == "500105"
    assert code_of("江北区", year=2026) == "330205"


def test_a_district_under_a_new_code_is_one_place() -> None:
    assert code_of("友好区") == "230719"
    assert code_of("友好区", year=2018) == "230704"


@pytest.mark.parametrize(
    ("text", "code", "rest"),
    [
        ("杭州市余杭区司法局", "330110", "司法局"),
        ("余杭区司法局", "330110", "司法局"),
        ("安徽省郎溪县人民政府", "341821", "人民政府"),
        ("中共浦江县委", "330726", "委"),
        ("北京市 朝阳区", "110105", ""),
        ("沈阳和平区", "210102", ""),
        ("广西壮族自治区南宁市民政局", "450100", "民政局"),
        ("西乌珠穆沁旗人民政府", "152526", "人民政府"),
        ("上海市浦东新区司法局", "310115", "司法局"),
    ],
)
def test_a_place_is_read_as_deep_as_it_goes(text: str, code: str, rest: str) -> None:
    place = TABLE.place(text)
    assert place is not None
    assert (place.code, place.rest) == (code, rest)


def test_short_names_alone_name_no_place() -> None:
    # 海南 is a province and a prefecture, 朝阳 a city and two districts; a newspaper called 杭州日报 is no government.
    assert TABLE.place("杭州日报") is None
    assert TABLE.place("海南") is None


@pytest.mark.parametrize(
    ("text", "within", "code"),
    [
        ("县政府办公室", "330726", "330726"),
        ("市司法局", "330110", "330100"),
        ("省政府办公厅", "330110", "330000"),
        ("市场监督管理局", "330110", None),
        ("县政府办公室", None, None),
        ("县政府办公室", "330110", None),  # a district has no county above it
    ],
)
def test_relative_words_need_a_place_to_count_from(text: str, within: str | None, code: str | None) -> None:
    assert code_of(text, within) == code


def test_districts_carry_their_citys_name_and_counties_do_not() -> None:
    def full(code: str) -> str:
        division = TABLE.by_code(code)
        assert division is not None
        return TABLE.full_name(division)

    assert full("330108") == "杭州市滨江区"
    assert full("330726") == "浦江县"
    assert full("110105") == "北京市朝阳区"
    assert full("500235") == "重庆市云阳县"
    assert full("429004") == "仙桃市"


def test_zones_without_a_code_are_found_by_their_aliases() -> None:
    for name in ("东湖高新区", "东湖新技术开发区", "武汉东湖新技术开发区管理委员会"):
        place = TABLE.place(name)
        assert place is not None
        zone = place.zone
        assert zone is not None
        assert (zone.body, zone.parent_code, zone.merged_with) == ("武汉东湖新技术开发区管理委员会", "420100", None)


def test_a_zone_that_is_one_body_with_a_district_leads_to_it() -> None:
    place = TABLE.place("杭州高新区（滨江）政府门户网站")
    assert place is not None
    assert place.zone is not None
    assert place.code == "330108"


def test_zones_lie_in_divisions_and_have_one_id_each() -> None:
    assert len({zone.id for zone in TABLE.zones}) == len(TABLE.zones)
    for zone in TABLE.zones:
        assert TABLE.is_code(zone.parent_code), zone
        assert zone.merged_with is None or TABLE.is_code(zone.merged_with), zone


def test_no_zone_borrows_a_divisions_name() -> None:
    names = {division.name for division in TABLE.divisions if division.valid_to is None}
    assert not [zone.id for zone in TABLE.zones if names & {*zone.aliases, zone.name}]


def test_the_table_of_a_small_country() -> None:
    table = Divisions(
        [
            Division("010000", "甲省", "甲", Level.PROVINCE, None, None, None),
            Division("010100", "乙市", "乙", Level.CITY, "010000", None, None),
            Division("010101", "丙区", "丙", Level.COUNTY, "010100", None, 2020),
            Division("010102", "丙区", "丙", Level.COUNTY, "010100", 2020, None),
        ],
        [Zone("010100-z01", "乙经济开发区", (), "经开区", "010100", None, None, None, None)],
    )
    assert getattr(table.place("丙区"), "code", None) == "010102"
    assert getattr(table.place("丙区", year=2019), "code", None) == "010101"
    assert table.lineage("010102") == ("010102", "010100", "010000")
    place = table.place("乙经济开发区管委会")
    assert place is not None
    assert (place.code, place.rest) == ("010100", "管委会")


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ("33010,上城区,上城,county,330100,,", "six digits"),
        ("330102,上城区,上城,village,330100,,", "level"),
        ("330102,上城区,上城,county,990000,,", "990000"),
        ("330102,上城区,上城,county,,soon,", "no year"),
        ("330102,上城区", "cells"),
    ],
)
def test_a_wrong_row_is_named(tmp_path: Path, row: str, complaint: str) -> None:
    path = tmp_path / "divisions.csv"
    head = "code,name,short_name,level,parent_code,valid_from,valid_to"
    path.write_text(f"{head}\n{row}\n", "utf-8")
    with pytest.raises(DivisionTableError, match=complaint) as caught:
        divisions.read_divisions(path)
    assert str(path) in str(caught.value)


def test_the_shipped_tables_are_sorted() -> None:
    for name in ("divisions.csv", "zones.csv"):
        with (divisions.FOLDER / name).open(encoding="utf-8", newline="") as file:
            keys = [row[0] for row in list(csv.reader(file))[1:]]
        assert keys == sorted(keys)


@given(st.text(max_size=40))
def test_any_text_is_read_without_fuss(text: str) -> None:
    place = TABLE.place(text, within="330110")
    assert place is None or (len(place.rest) < len(text) and TABLE.is_code(place.code))


@given(st.sampled_from(TABLE.divisions))
def test_a_full_name_leads_back_to_its_division(division: Division) -> None:
    year = division.valid_to if division.valid_to is not None else 2026
    found = TABLE.place(TABLE.full_name(division), within=division.code, year=year)
    assert found is not None
    assert found.division is not None
    assert found.division.name == division.name
