"""Where a page stands, and what betrays a page that stands wrong."""

from __future__ import annotations

import re
import time
from pathlib import Path

import opencc
import pytest

from scrapers.judging.trust import is_trusted_host, trust_flags
from scrapers.records import Flag

GENUINE = (
    "2023年，我县坚持以习近平法治思想为指导，深入推进依法行政，规范行政执法，采取有力措施，关于法治政府建设的各项部署全面落实。"
    * 8
)


def flags(text: str = GENUINE, **changed: object) -> dict[str, list[str]]:
    """Evidence by flag of a page on a trusted host, but for what is changed."""
    page: dict[str, object] = {
        "host": "www.qingxi.gov.cn",
        "title": "2023年法治政府建设年度报告",
        "title_element": None,
        "text": text,
        "meta_tags": {},
    }
    found: dict[str, list[str]] = {}
    for flag in trust_flags(**(page | changed)):  # type: ignore[arg-type]
        assert isinstance(flag, Flag)
        found.setdefault(flag.name, []).append(flag.evidence)
    return found


def test_a_genuine_page_has_no_flag() -> None:
    tags = {"sitedomain": "www.qingxi.gov.cn", "keywords": "法治政府,年度报告"}
    assert flags(meta_tags=tags, title_element="2023年法治政府建设年度报告-青溪县人民政府官方网站") == {}


@pytest.mark.parametrize(
    "host", ["www.qingxi.gov.cn", "gov.cn", "QINGXI.GOV.CN", "xxgk.qingxi.gov.cn:8080", "qingxi.gov.cn."]
)
def test_government_hosts_are_trusted(host: str) -> None:
    assert is_trusted_host(host)


@pytest.mark.parametrize(
    "host", ["qingxi.com", "fakegov.cn", "www.qingxi.gov.cn.example.com", "gov.cn.evil.net", "", "gov.com"]
)
def test_other_hosts_are_not_trusted_whatever_their_name_holds(host: str) -> None:
    assert not is_trusted_host(host)
    assert "untrusted_host" in flags(host=host)


def test_an_allowed_host_is_trusted_exactly_or_with_a_dot_with_all_under_it() -> None:
    assert is_trusted_host("www.daily.example", {"www.daily.example"})
    assert not is_trusted_host("m.daily.example", {"daily.example"})
    assert is_trusted_host("m.daily.example", {".daily.example"})
    assert is_trusted_host("daily.example", {".daily.example"})
    assert not is_trusted_host("evildaily.example", {".daily.example"})
    assert not is_trusted_host("daily.example.evil.net", {".daily.example"})
    assert flags(host="www.daily.example", trusted_hosts=("www.daily.example",)) == {}


@pytest.mark.parametrize(
    "domain", ["www.qingxi.gov.cn", "qingxi.gov.cn", "http://www.qingxi.gov.cn/", "WWW.QINGXI.GOV.CN", "", "  "]
)
def test_the_site_tag_may_name_the_host_or_its_parent(domain: str) -> None:
    assert "site_tag_mismatch" not in flags(meta_tags={"sitedomain": domain})
    assert "site_tag_mismatch" not in flags(host="xxgk.qingxi.gov.cn", meta_tags={"sitedomain": domain})


@pytest.mark.parametrize("domain", ["www.baihe.gov.cn", "xxgk.qingxi.gov.cn", "qingxi.com", "xi.gov.cn"])
def test_a_site_tag_of_another_site_is_a_mismatch(domain: str) -> None:
    assert flags(meta_tags={"sitedomain": domain}) == {
        "site_tag_mismatch": [f"SiteDomain {domain} on www.qingxi.gov.cn"]
    }


@pytest.mark.parametrize(
    ("place", "evidence"),
    [
        ({"title": "JN江南·体育下载以高水平法治护航"}, "JN江南·体育下载"),
        ({"title_element": "2024年法治政府建设年度報告-買球官方網站"}, "買球官方網站"),
        ({"title": "福建省2023年度法治政府建设情况-ks8凯发官方网站"}, "ks8凯发官方网站"),
        ({"meta_tags": {"keywords": "365体育官网,法治"}}, "365体育"),
        ({"text": f"威廉希尔体育{GENUINE}"}, "威廉希尔"),
        ({"text": f"{GENUINE}欧洲杯决赛竞猜_app官网"}, "竞猜"),
        ({"text": f"亚洲国产精品久久{GENUINE}"}, "亚洲国产"),
        ({"title_element": "法治报告-分分彩平台"}, "分分彩"),
        ({"title_element": "法治报告_江苏快3"}, "快3"),
    ],
)
def test_a_brand_is_found_where_brands_stand(place: dict[str, object], evidence: str) -> None:
    found = flags(**place)["spam_terms"]  # type: ignore[arg-type]
    assert any(evidence in snippet for snippet in found), found


@pytest.mark.parametrize(
    "words",
    [
        "报告电子版可在青溪县人民政府官方网站下载。",
        "加快3个项目建设，尽快3项落实。",
        "开展有奖竞猜、知识竞猜活动。",
        "购买球类器材，建设体育中心，举办全民健身体育活动。",
        "本局（www.qingxi.gov.cn）官方网站公布。",
    ],
)
def test_what_reports_say_themselves_is_no_spam(words: str) -> None:
    assert flags(text=words + GENUINE + words) == {}


def test_a_brand_in_the_middle_of_a_long_text_is_not_looked_for() -> None:
    assert flags(text=GENUINE + "打击“威廉希尔”等网络赌博平台。" + GENUINE) == {}


@pytest.mark.parametrize(
    "words",
    [
        "推進(jìn)各區(qū)依法行政的規(guī)範(fàn)",
        "法(fǎ)治(zhì)政（zhèng）府（fǔ）",
        "文(wen)章(zhang)法(fa)治(zhi)",
        "律(lǜ)师(shī)服(fú)务(wù)",
    ],
)
def test_readings_after_characters_are_injected(words: str) -> None:
    assert "pinyin_injected" in flags(text=words + GENUINE)


@pytest.mark.parametrize(
    "words",
    [
        "政务服务(app)、图例(a)甲(b)乙(c)丙(d)丁(e)、项目(ppp)、平台(bim)、系统(gis)、标准(iso)。",
        "图例" + "".join(f"站({letter})" for letter in "abcdefghijklmno"),
        "生僻字：朊(ruǎn)、甪(lù)、亳(bó)。",
        "《办法》(试行)、决定(2023)、法治(一)、情况(二)、工作(三)、问题(四)。",
    ],
)
def test_letters_in_brackets_are_no_readings(words: str) -> None:
    assert flags(text=words + GENUINE) == {}


@pytest.mark.parametrize("standard", ["s2t", "s2tw", "s2twp", "s2hk"])
def test_traditional_by_words_is_not_traditional_by_characters(standard: str, shared: Path) -> None:
    (file,) = (shared / "seeds/text").glob("001_*.txt")
    text = opencc.OpenCC(standard).convert(file.read_text(encoding="utf-8"))
    assert flags(text=text) == {}


def test_a_conversion_by_characters_is_shown_by_what_it_left() -> None:
    # Each character by itself: what has two Traditional forms stays as it is.
    by_word, by_character = opencc.OpenCC("s2tw"), {"于": "于", "范": "范", "采": "采"}
    text = "".join(by_character.get(char, by_word.convert(char)) for char in GENUINE)
    evidence = flags(text=text)["traditional_conversion"]
    assert "關于" in evidence[0]
    assert "規范" in evidence[0]


def test_a_wrong_choice_of_characters_is_shown() -> None:
    text = opencc.OpenCC("s2tw").convert(GENUINE).replace("全面", "全麵") + "健全製度體係。"
    assert flags(text=text)["traditional_conversion"] == ["全麵 製度 體係"]


def test_simplified_text_that_quotes_traditional_words_is_simplified() -> None:
    assert flags(text=GENUINE + "題寫「製度」「全麵」匾額。") == {}


def test_the_hijacked_and_the_spam_seed_are_flagged_as_expected(shared: Path) -> None:
    for host, expected in (
        ("www.ikangji.com", {"untrusted_host", "site_tag_mismatch", "traditional_conversion", "spam_terms"}),
        ("xasits.com", {"untrusted_host", "spam_terms"}),
    ):
        (file,) = (shared / "seeds/site" / host).rglob("*.html")
        page = file.read_text(encoding="utf-8")
        found = flags(
            host=host,
            title=_first(r"<h1>(.*?)</h1>", page),
            title_element=_first(r"<title>(.*?)</title>", page),
            text="\n".join(re.findall(r"<p[^>]*>(.*?)</p>", page)),
            meta_tags={name.lower(): value for name, value in re.findall(r'<meta name="(\w+)" content="(.*?)"', page)},
        )
        assert set(found) == expected
        if host == "xasits.com":
            assert "JN江南·体育下载" in found["spam_terms"]


def test_the_genuine_seeds_and_pages_have_no_flag(shared: Path) -> None:
    for file in [*(shared / "pages/text").glob("*.txt"), *(shared / "seeds/text").glob("00[123]_*.txt")]:
        assert flags(text=file.read_text(encoding="utf-8")) == {}, file.name


def _first(pattern: str, page: str) -> str:
    match = re.search(pattern, page)
    assert match is not None
    return match[1]


def test_a_huge_page_of_one_line_is_judged_quickly() -> None:
    start = time.process_time()
    flags(text="推進各區依法行政(a)100%" * 200_000, title_element="法治" * 500_000)
    assert time.process_time() - start < 5
