"""Whose column it is: what the site says of itself, checked against the tables; what neither says is asked for."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from scrapers.records import Column, Draft, Level, Outcome, PageKind, ReportType, Source
from scrapers.sources.new_source import (
    PROVINCES,
    Identity,
    NewSourceError,
    checked_id,
    column_toml,
    identify,
    propose_id,
    refuse_another_author,
    refuse_known,
    source_toml,
    write_source,
)
from scrapers.sources.probe import Probe
from scrapers.sources.registry import load_sources

COLUMN = Column("http://www.example.gov.cn/fzzf/", "trs", (ReportType.RULE_OF_LAW,), "法治政府建设年度报告")


def site(name: str | None, code: str | None = None, column: str | None = "法治政府建设年度报告") -> Probe:
    return Probe(COLUMN.url, Outcome.OK, site_name=name, site_code=code, column_name=column, column_url=COLUMN.url)


def of(found: Probe, publisher: str | None = None, level: Level | None = None, division: str | None = None) -> Identity:
    return identify(found, publisher=publisher, level=level, division=division)


@pytest.mark.parametrize(
    ("name", "code", "publisher", "level", "division"),
    [
        ("浦江县人民政府", None, "浦江县人民政府", Level.COUNTY, "330726"),
        ("浦江县政府门户网站", "3307260001", "浦江县人民政府", Level.COUNTY, "330726"),
        ("福州市人民政府", None, "福州市人民政府", Level.CITY, "350100"),
        ("余杭区司法局", None, "杭州市余杭区司法局", Level.DEPARTMENT, "330110"),
    ],
)
def test_a_site_that_names_itself_names_the_publisher(
    name: str, code: str | None, publisher: str, level: Level, division: str
) -> None:
    found = of(site(name, code))
    assert (found.publisher, found.level, found.division_code) == (publisher, level, division)


def test_one_name_of_several_places_is_told_apart_by_the_site_s_code_or_asked_for() -> None:
    assert of(site("鼓楼区人民政府", "3501020001")).publisher == "福州市鼓楼区人民政府"
    with pytest.raises(NewSourceError, match="--division"):
        of(site("鼓楼区人民政府"))
    assert of(site("鼓楼区人民政府"), division="350102").division_code == "350102"


def test_a_zone_lies_in_a_division_and_has_none_of_its_own() -> None:
    found = of(site("郑州市郑东新区管理委员会"))
    assert (found.level, found.division_code, found.parent_division_code) == (Level.ZONE, None, "410100")


def test_a_name_and_a_code_of_two_places_are_a_question() -> None:
    with pytest.raises(NewSourceError, match="where is it"):
        of(site("浦江县人民政府", "3501020001"))


def test_a_column_of_a_township_on_the_county_s_site_is_a_question_in_a_place_no_table_has_too() -> None:
    with pytest.raises(NewSourceError, match="柳枝镇法治政府建设"):
        of(site("清禾县人民政府", column="柳枝镇法治政府建设"), division="640121")


def test_a_column_named_for_another_body_than_the_site_is_a_question() -> None:
    with pytest.raises(NewSourceError, match="余杭区司法局"):
        of(site("余杭区人民政府", column="余杭区司法局法治政府建设年度报告"))
    given = of(site("余杭区人民政府", column="余杭区司法局法治政府建设年度报告"), publisher="余杭区司法局")
    assert given.publisher == "杭州市余杭区司法局"


def test_a_newest_report_of_another_body_is_a_question() -> None:
    identity = of(site("余杭区人民政府"))
    own = Draft(COLUMN.url, PageKind.DOCUMENT, title="余杭区2024年法治政府建设年度报告")
    refuse_another_author(identity, own, 2024)
    other = replace(own, title="杭州市余杭区司法局2024年法治政府建设年度报告")
    with pytest.raises(NewSourceError, match="Give --publisher"):
        refuse_another_author(identity, other, 2024)


def test_a_site_without_a_name_asks_for_all_at_once() -> None:
    with pytest.raises(NewSourceError) as caught:
        of(site(None))
    assert all(option in str(caught.value) for option in ("--publisher", "--division", "--level"))


@pytest.mark.parametrize(
    ("level", "division", "said"),
    [
        (None, "999999", "no division bears this code"),
        (None, "350102", "浦江县人民政府 is in 330726"),
        (Level.CITY, None, "浦江县人民政府 is a county"),
    ],
)
def test_options_that_contradict_the_tables_are_refused(level: Level | None, division: str | None, said: str) -> None:
    with pytest.raises(NewSourceError, match=said):
        of(site("浦江县人民政府"), level=level, division=division)


@pytest.mark.parametrize(
    ("name", "level"),
    [
        ("青禾县人民政府", Level.COUNTY),
        ("青禾县柳枝镇人民政府", Level.TOWNSHIP),
        ("双桥街道办事处", Level.TOWNSHIP),
        ("青禾县水务局", Level.DEPARTMENT),
    ],
)
def test_of_a_name_that_no_table_has_the_end_states_the_level(name: str, level: Level) -> None:
    assert of(site(name), division="640121").level is level


# --------------------------------------------------------------------------- the file


def test_a_file_is_called_by_province_and_host() -> None:
    identity = of(site("浦江县人民政府"))
    assert propose_id(identity, "www.pj.gov.cn", ()) == "zhejiang/pj"
    assert propose_id(identity, "sfj.pu-jiang.gov.cn:8080", ()) == "zhejiang/pu_jiang_sfj"
    neighbour = Source("zj/other", "x", Level.COUNTY, ("x.gov.cn",), (), division_code="330110")
    assert propose_id(identity, "www.pj.gov.cn", [neighbour]) == "zj/pj"  # the folder that the registry has


def test_the_shipped_registry_uses_these_folders() -> None:
    for source in load_sources():
        code = source.division_code or source.parent_division_code
        if code is not None:
            assert source.id.split("/")[0] == PROVINCES[code[:2]]


def test_a_host_outside_the_government_s_zone_needs_a_person_s_word() -> None:
    with pytest.raises(NewSourceError, match="look who owns it"):
        propose_id(of(site("浦江县人民政府")), "www.pujiang.cn", ())


@pytest.mark.parametrize("identifier", ["pujiang", "../x/y", "Zhejiang/pujiang", "zhejiang/pu-jiang", "a/b/c"])
def test_an_id_that_no_file_may_have_is_refused(identifier: str) -> None:
    with pytest.raises(NewSourceError):
        checked_id(identifier)


def test_what_a_site_wrote_is_quoted_and_commented_safely() -> None:
    odd = replace(COLUMN, name='法治"政府"\\', parameters={"sid": "1"}, include=("法治政府|年报",))
    identity = Identity("浦江县人民政府", Level.COUNTY, "330726", None, ("the site says x\npublisher = 'hijacked'",))
    text = source_toml(identity, odd, evidence=["first\nline"], verified="never")
    parsed = tomllib.loads(text)
    assert parsed["publisher"] == "浦江县人民政府"
    assert parsed["columns"][0]["name"] == '法治"政府"\\'
    assert parsed["columns"][0]["include"] == ["法治政府|年报"]
    assert tomllib.loads(column_toml("http://x/", "trs", ()))["columns"][0]["report_types"] == []


def test_a_file_is_there_whole_with_its_pages_or_not_at_all(tmp_path: Path) -> None:
    identity = of(site("浦江县人民政府"))
    text = source_toml(identity, COLUMN, evidence=["seen"], verified="never")

    def interrupted(folder: Path) -> None:
        folder.mkdir()
        (folder / "a.json").write_text("{}", "utf-8")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_source(tmp_path, "zhejiang/pujiang", text, interrupted)
    assert list((tmp_path / "zhejiang").iterdir()) == []
    source = write_source(tmp_path, "zhejiang/pujiang", text, lambda folder: folder.mkdir())
    assert source.publisher == "浦江县人民政府"
    with pytest.raises(NewSourceError, match="not overwritten"):
        refuse_known([], identifier="zhejiang/pujiang", column_url="http://other/", directory=tmp_path)
    with pytest.raises(NewSourceError, match=r"is a column of zhejiang/pujiang already"):
        refuse_known([source], identifier=None, column_url="https://www.example.gov.cn/fzzf", directory=tmp_path)
