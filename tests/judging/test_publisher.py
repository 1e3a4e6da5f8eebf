"""Whose report it is: the host does not decide."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrapers.judging.bodies import read_body
from scrapers.judging.publisher import PublisherJudgement, body_of_title, resolve_publisher
from scrapers.records import Draft, Level, MetaValue, PageKind, Source

YUHANG = {"sitename": "余杭区人民政府", "siteidcode": "3301100003"}


def source(publisher: str, level: Level, code: str | None = None, parent: str | None = None) -> Source:
    return Source(
        id="somewhere/someone",
        publisher=publisher,
        level=level,
        hosts=("www.example.gov.cn",),
        columns=(),
        division_code=code,
        parent_division_code=parent,
    )


def resolved(
    title: str | None = None,
    *,
    registry: Source | None = None,
    metadata: dict[str, str] | None = None,
    tags: dict[str, str] | None = None,
    text: str = "",
    page_source: str | None = None,
    index_number: str | None = None,
    year: int | None = None,
) -> PublisherJudgement:
    draft = Draft(
        url="http://www.example.gov.cn/1.html",
        kind=PageKind.DOCUMENT,
        title=title,
        text=text,
        metadata=metadata or {},
        meta_tags=tags or {},
        source=page_source,
        index_number=index_number,
    )
    return resolve_publisher(draft=draft, source=registry, year=year)


def who(found: PublisherJudgement) -> tuple[str | None, str | None, Level | None]:
    return found.publisher, found.division_code, found.level


def test_the_registry_comes_first() -> None:
    found = resolved(
        "2022年浦江县法治政府建设工作报告",
        registry=source("浦江县人民政府", Level.COUNTY, "330726"),
        metadata={"发布机构": "县政府办公室"},
    )
    assert who(found) == ("浦江县人民政府", "330726", Level.COUNTY)
    assert (found.parent_division_code, found.origin) == ("330700", "registry")


def test_a_governments_office_stands_for_the_government() -> None:
    found = resolved(
        "法治政府建设工作报告", metadata={"发 布 机 构：": "县政府办公室"}, tags={"siteidcode": "3307260001"}
    )
    assert who(found) == ("浦江县人民政府", "330726", Level.COUNTY)
    assert (found.origin, found.reason) == ("table", "table: 县政府办公室")


def test_of_several_bodies_the_first_one_leads() -> None:
    found = resolved(metadata={"发布机构": "县政府办公室、县司法局"}, tags={"siteidcode": "3307260001"})
    assert (found.publisher, found.reason) == ("浦江县人民政府", "table: 县政府办公室")


def test_a_place_that_no_table_knows_is_not_moved_into_one_that_it_knows() -> None:
    registry = source("青澜省司法厅", Level.DEPARTMENT, "640000")
    assert resolved("青澜省司法厅2023年法治政府建设年度报告", registry=registry).publisher == "青澜省司法厅"
    town = source("清禾县柳枝镇人民政府", Level.TOWNSHIP, "640121")
    assert resolved("2024年柳枝镇法治政府建设工作报告", registry=town).publisher == "清禾县柳枝镇人民政府"


@pytest.mark.parametrize(
    "number", ["330726ZF010000/2023-60593", "11330726002593123R/2023-00012"], ids=["浙江", "unified social credit code"]
)
def test_an_index_number_tells_which_county_is_meant(number: str) -> None:
    found = resolved(metadata={"发布机构": "县人民政府办公室"}, index_number=number)
    assert who(found) == ("浦江县人民政府", "330726", Level.COUNTY)


def test_the_title_names_the_bureau_on_the_districts_site() -> None:
    found = resolved(
        "余杭区司法局2023年法治政府建设年度报告",
        registry=source("杭州市余杭区人民政府", Level.COUNTY, "330110"),
    )
    assert who(found) == ("杭州市余杭区司法局", "330110", Level.DEPARTMENT)
    assert found.origin == "title"
    assert resolved("余杭区司法局2023年法治政府建设年度报告", tags=YUHANG).publisher == "杭州市余杭区司法局"


def test_a_bare_place_in_the_title_leaves_the_bureaus_column_to_the_bureau() -> None:
    registry = source("天津市静海区司法局", Level.DEPARTMENT, "120118")
    found = resolved("2020年静海区法治政府建设情况报告", registry=registry)
    assert who(found) == ("天津市静海区司法局", "120118", Level.DEPARTMENT)
    explicit = resolved("静海区人民政府2020年法治政府建设情况报告", registry=registry)
    assert who(explicit) == ("天津市静海区人民政府", "120118", Level.COUNTY)


def test_a_report_of_the_region_on_a_countys_site_is_the_regions() -> None:
    found = resolved(
        "新疆维吾尔自治区人民政府关于2017年法治政府建设工作的报告",
        registry=source("莎车县人民政府", Level.COUNTY, "653125"),
    )
    assert who(found) == ("新疆维吾尔自治区人民政府", "650000", Level.PROVINCE)
    assert found.parent_division_code is None


def test_a_report_of_the_city_on_a_zones_site_is_the_citys() -> None:
    zone = source("西咸新区空港新城管理委员会", Level.ZONE, parent="610000")
    assert who(resolved("西安市2023年法治政府建设情况的报告", registry=zone)) == (
        "西安市人民政府",
        "610100",
        Level.CITY,
    )


def test_a_zone_has_a_parent_and_no_code() -> None:
    title = "东湖高新区2022年法治政府建设工作报告"
    for found in (
        resolved(title, registry=source("武汉东湖新技术开发区管理委员会", Level.ZONE, parent="420100")),
        resolved(title, tags={"siteidcode": "4201000061"}),
        resolved("法治政府建设工作报告", tags={"sitename": "武汉东湖新技术开发区"}),
    ):
        assert who(found) == ("武汉东湖新技术开发区管理委员会", None, Level.ZONE)
        assert found.parent_division_code == "420100"


def test_a_zone_that_is_one_body_with_a_district_publishes_as_the_district() -> None:
    found = resolved("法治政府建设年度报告", tags={"sitename": "杭州高新区（滨江）政府门户网站"})
    assert who(found) == ("杭州市滨江区人民政府", "330108", Level.COUNTY)


def test_the_title_stands_above_the_pages_own_source() -> None:
    found = resolved("2024年滨江区法治政府建设年度报告", tags={"siteidcode": "3301080001"}, page_source="区司法局")
    assert who(found) == ("杭州市滨江区人民政府", "330108", Level.COUNTY)
    silent = resolved("法治政府建设年度报告", tags={"siteidcode": "3301080001"}, page_source="区司法局")
    assert who(silent) == ("杭州市滨江区司法局", "330108", Level.DEPARTMENT)


@pytest.mark.parametrize(
    "end",
    ["浦江县人民政府\n2023年3月31日", "浦江县人民政府 2023年3月31日", "浦江县人民政府办公室\n二○二三年三月三十一日"],
)
def test_the_signature_names_the_publisher(end: str) -> None:
    found = resolved("法治政府建设年度报告", text=f"各项工作有序开展。\n{end}")
    assert (who(found), found.origin) == (("浦江县人民政府", "330726", Level.COUNTY), "signature")


def test_a_body_that_a_sentence_mentions_has_not_signed() -> None:
    assert resolved("法治政府建设年度报告", text="接受浦江县人民政府的领导。").publisher is None


def test_a_name_that_several_districts_bear_stays_open_without_a_site() -> None:
    assert resolved("和平区2023年法治政府建设年度报告").publisher is None
    found = resolved("和平区2023年法治政府建设年度报告", tags={"siteidcode": "2101020003"})
    assert who(found) == ("沈阳市和平区人民政府", "210102", Level.COUNTY)


def test_a_site_code_of_no_division_is_no_hint() -> None:
    assert resolved(metadata={"发布机构": "县政府办公室"}, tags={"siteidcode": "9999990001"}).publisher is None


def test_an_abolished_district_keeps_its_code() -> None:
    found = resolved("江干区2020年法治政府建设年度报告", year=2020)
    assert who(found) == ("杭州市江干区人民政府", "330104", Level.COUNTY)


def test_the_info_lines_publisher_counts_like_the_tables() -> None:
    draft = Draft(
        url="http://www.example.gov.cn/1.html",
        kind=PageKind.DOCUMENT,
        title="法治政府建设年度报告",
        values=(MetaValue("publisher", "鲁山县教育体育局", "info_line", chosen=True),),
    )
    found = resolve_publisher(draft=draft, source=None)
    assert (who(found), found.origin) == (("鲁山县教育体育局", "410423", Level.DEPARTMENT), "info_line")


@pytest.mark.parametrize(
    ("title", "name", "level"),
    [
        ("关于浦东新区司法局2024年度法治政府建设情况的报告", "上海市浦东新区司法局", Level.DEPARTMENT),
        ("2024年上海市司法局法治政府建设情况报告", "上海市司法局", Level.DEPARTMENT),
        ("遂府〔2025〕3号 遂宁市人民政府关于2024年法治政府建设工作情况的报告", "遂宁市人民政府", Level.CITY),
        (
            "中共遂宁市安居区委 遂宁市安居区人民政府关于2024年度法治政府建设工作的报告",
            "遂宁市安居区人民政府",
            Level.COUNTY,
        ),
        ("司法部2024年法治政府建设年度报告", "司法部", Level.MINISTRY),
        ("平昌县笔山镇2022年法治政府建设报告", "平昌县笔山镇人民政府", Level.TOWNSHIP),
        (
            "国家税务总局郑州市金水区税务局2019年法治政府建设情况报告",
            "国家税务总局郑州市金水区税务局",
            Level.DEPARTMENT,
        ),
        ("福州市2024年法治政府建设情况", "福州市人民政府", Level.CITY),
        ("云南省人民政府关于 2018 年度法治政府建设情况的报告", "云南省人民政府", Level.PROVINCE),
        ("无锡市梁溪区机关事务管理局2024年政府信息公开工作年度报告", "无锡市梁溪区机关事务管理局", Level.DEPARTMENT),
        ("武汉东湖新技术开发区2025年政府信息公开工作年度报告", "武汉东湖新技术开发区管理委员会", Level.ZONE),
        ("2024年濱江區法治政府建設年度報告", "杭州市滨江区人民政府", Level.COUNTY),
    ],
)
def test_titles_name_bodies_of_every_level(title: str, name: str, level: Level) -> None:
    found = body_of_title(title)
    assert found is not None
    assert (found[0].name, found[0].level) == (name, level)


@pytest.mark.parametrize(
    "title", ["法治政府建设年度报告", "关于2025年法治政府建设情况的报告", "2024年度报告", "以高水平法治护航高质量发展"]
)
def test_titles_without_a_name_name_nobody(title: str) -> None:
    assert body_of_title(title) is None


@pytest.mark.parametrize("phrase", ["本网", "新华社", "杭州日报", "政法委", "人民政府", "", "区", "鹤壁市委宣传部"])
def test_what_is_no_government_body_is_not_made_one(phrase: str) -> None:
    assert read_body(phrase) is None


def test_a_street_office_belongs_to_the_district_of_the_site() -> None:
    found = read_body("大浪街道", hint="440309")
    assert found is not None
    assert (found.name, found.level, found.division_code) == ("深圳市龙华区大浪街道办事处", Level.TOWNSHIP, "440309")
    assert read_body("大浪街道") is None


@given(st.text(max_size=80), st.sampled_from([None, "330110", "420100", "110000"]))
def test_any_phrase_is_read_without_fuss(phrase: str, hint: str | None) -> None:
    found = read_body(phrase, hint=hint)
    assert found is None or (found.name and found.level)
    body_of_title(phrase, hint=hint)
