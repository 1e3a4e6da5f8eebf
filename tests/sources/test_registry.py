"""A registry file is right as a whole, or wrong with its file, its line and what to do."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from scrapers.platforms import names
from scrapers.records import Level, ReportType
from scrapers.sources import REGISTRY
from scrapers.sources.registry import (
    SourceError,
    UnknownSourceError,
    load_sources,
    read_source,
    select_sources,
)

RIGHT = """\
publisher = "清河县人民政府"
division_code = "130534"
level = "county"
hosts = ["www.qinghe.gov.cn", "xxgk.qinghe.gov.cn"]
first_year = 2018

[[columns]]
url = "http://www.qinghe.gov.cn/col/col1/index.html"
platform = "hanweb_jpage"
report_types = ["rule_of_law"]

[[columns]]
url = "http://xxgk.qinghe.gov.cn/tzgg/"
platform = "trs"
report_types = ["rule_of_law", "disclosure"]
include = ["年度报告"]
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "hebei" / "qinghe.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def problems(tmp_path: Path, text: str) -> tuple[str, ...]:
    path = written(tmp_path, text)
    with pytest.raises(SourceError) as caught:
        read_source(path, root=tmp_path)
    assert all(problem.startswith(str(path)) for problem in caught.value.problems)
    return tuple(problem.removeprefix(f"{path}:") for problem in caught.value.problems)


def test_a_source_is_named_by_its_path(tmp_path: Path) -> None:
    source = read_source(written(tmp_path, RIGHT), root=tmp_path)
    assert source.id == "hebei/qinghe"
    assert source.level is Level.COUNTY
    assert source.columns[1].report_types == (ReportType.RULE_OF_LAW, ReportType.DISCLOSURE)


def test_an_unknown_key_is_refused_with_its_line(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, RIGHT.replace("first_year = 2018", "firstyear = 2018"))
    assert problem == "5: firstyear: this key is not known here; check its spelling, or take it out"


def test_an_unknown_key_of_the_second_column_is_found_there(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, RIGHT.replace('include = ["年度报告"]', 'includes = ["年度报告"]'))
    assert problem.startswith("16: columns[1].includes: ")


def test_a_source_without_a_column_must_say_why(tmp_path: Path) -> None:
    bare = RIGHT.split("[[columns]]")[0]
    (problem,) = problems(tmp_path, bare)
    assert "column_unknown" in problem
    source = read_source(
        written(tmp_path, bare + 'column_unknown = "no page of it is confirmed"\n'),
        root=tmp_path,
    )
    assert source.columns == ()


def test_a_column_without_an_address_is_refused(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, RIGHT.replace('url = "http://xxgk.qinghe.gov.cn/tzgg/"\n', ""))
    assert problem == "12: columns[1].url: this key is missing; add it"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ('division_code = "13053"', "2: division_code: write six digits, as in divisions.csv"),
        ("division_code = 130534", "2: division_code: write a text, in quotes"),
        ('division_code = "999999"', "2: division_code: no division bears the code 999999"),
    ],
)
def test_a_code_that_no_division_bears_is_refused(tmp_path: Path, wrong: str, said: str) -> None:
    (problem,) = problems(tmp_path, RIGHT.replace('division_code = "130534"', wrong))
    assert problem.startswith(said)


@pytest.mark.parametrize(("level", "is_a"), [("province", "county"), ("city", "county")])
def test_a_code_of_another_level_is_refused(tmp_path: Path, level: str, is_a: str) -> None:
    (problem,) = problems(tmp_path, RIGHT.replace('level = "county"', f'level = "{level}"'))
    assert problem == f"3: level: 130534 (清河县) is a {is_a}, not a {level}; mend the code or the level"


def test_a_department_bears_the_code_of_the_place_it_serves(tmp_path: Path) -> None:
    text = RIGHT.replace('level = "county"', 'level = "department"').replace("人民政府", "司法局")
    assert read_source(written(tmp_path, text), root=tmp_path).level is Level.DEPARTMENT


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ('["www.qinghe.gov.cn", "xxgk.qinghe.gov.cn"]', '["http://www.qinghe.gov.cn/"]', "4: hosts[0]: write the bare"),
        ('["年度报告"]', '"年度报告"', "16: columns[1].include: write a list, in brackets"),
        ('["rule_of_law", "disclosure"]', "[]", "15: columns[1].report_types: the list is empty; name at least one"),
        (
            '["rule_of_law", "disclosure"]',
            '["budget"]',
            "15: columns[1].report_types[0]: Input should be 'rule_of_law'",
        ),
        ("first_year = 2018", 'verified = "yesterday"', "5: verified: write the day as 2024-05-31, or never"),
        ('["年度报告"]', '["年度报告"]\ncharset = "gbk"', "17: columns[1].charset: charset belongs to the source"),
    ],
)
def test_a_mistake_is_told_once_and_with_what_to_write(tmp_path: Path, right: str, wrong: str, said: str) -> None:
    (problem,) = problems(tmp_path, RIGHT.replace(right, wrong))
    assert problem.startswith(said)


def test_everything_wrong_with_an_ignored_address_is_told_at_its_line(tmp_path: Path) -> None:
    found = problems(tmp_path, RIGHT + '\n[ignored]\n"/old/*" = "x"\n')
    assert found == (
        "19: ignored./old/*: write the whole address, beginning with http:// or https://",
        "19: ignored./old/*: say it in at least 3 characters",
    )


def test_the_byte_order_mark_of_an_editor_is_no_mistake(tmp_path: Path) -> None:
    assert read_source(written(tmp_path, "\ufeff" + RIGHT), root=tmp_path).publisher == "清河县人民政府"


def test_a_platform_nobody_wrote_is_refused(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, RIGHT.replace('"trs"', '"trss"'))
    assert problem == "14: columns[1].platform: 'trss' is none of " + ", ".join(names())


def test_a_parameter_the_platform_does_not_take_is_refused(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, RIGHT + '\n[columns.parameters]\nwebid = "1"\n')
    assert "trs takes no 'webid' (it takes none)" in problem


def test_a_parameter_with_a_value_that_nobody_could_ask_is_refused(tmp_path: Path) -> None:
    program = '"json_list"\nparameters = { address = "/search?lb=7", page = "p", first = "2" }'
    (problem,) = problems(tmp_path, RIGHT.replace('"trs"', program))
    assert problem.startswith(
        "15: columns[1].parameters: http://xxgk.qinghe.gov.cn/tzgg/: first is '2'; pages count from"
    )


def test_a_column_on_a_host_of_somebody_else_is_refused(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, RIGHT.replace(', "xxgk.qinghe.gov.cn"', ""))
    assert problem.startswith("13: columns[1].url: xxgk.qinghe.gov.cn is not among hosts")


def test_broken_toml_names_the_line(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, RIGHT.replace('level = "county"', "level = county"))
    assert problem.startswith("3: not valid TOML: ")


def test_the_problems_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    written(tmp_path, RIGHT.replace("first_year", "firstyear"))
    (tmp_path / "hebei" / "other.toml").write_text("publisher = ", "utf-8")
    with pytest.raises(SourceError) as caught:
        load_sources(tmp_path)
    assert len(caught.value.problems) == 2


def test_a_misspelt_source_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownSourceError, match="did you mean zhejiang/pujiang"):
        select_sources(load_sources(REGISTRY), ids=["zhejiang/pujian"])
    with pytest.raises(UnknownSourceError, match="'pujiang'; did you mean zhejiang/pujiang\\?"):
        select_sources(load_sources(REGISTRY), ids=["pujiang"])


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"division": "99"}, "no source is of division 99"),
        ({"province": "zhejiang", "level": Level.MINISTRY}, "no source is of province zhejiang, level ministry"),
    ],
)
def test_a_choice_that_no_source_meets_is_no_empty_run(asked: dict[str, Any], said: str) -> None:
    with pytest.raises(UnknownSourceError, match=said):
        select_sources(load_sources(REGISTRY), **asked)


def test_a_zone_needs_the_division_it_lies_in(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, RIGHT.replace('level = "county"', 'level = "zone"'))
    assert "parent_division_code" in problem


def test_a_folder_without_any_source_is_an_error_and_no_empty_registry(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"no <province>/<publisher>\.toml lies there"):
        load_sources(tmp_path)


def test_a_registry_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "hebei").mkdir()
    lost = tmp_path / "hebei" / "lost.toml"
    lost.symlink_to(tmp_path / "nowhere")
    with pytest.raises(SourceError, match=r"lost\.toml: cannot be read"):
        load_sources(tmp_path)


def test_a_day_that_is_none_is_refused(tmp_path: Path) -> None:
    written(tmp_path, 'verified = "2024-13-01"\n' + RIGHT)
    with pytest.raises(SourceError, match="verified"):
        load_sources(tmp_path)


# --------------------------------------------------------------------------- where files lie


def test_a_source_that_lies_outside_a_province_is_an_error_that_says_where_to_put_it(tmp_path: Path) -> None:
    written(tmp_path, RIGHT)
    stray = tmp_path / "wei.toml"
    stray.write_text(RIGHT, "utf-8")
    with pytest.raises(SourceError) as caught:
        load_sources(tmp_path)
    assert caught.value.problems == (f"{stray}: lies outside a province: move it to {tmp_path}/<province>/wei.toml",)


def test_the_tables_of_the_package_are_no_strays() -> None:
    assert (REGISTRY / "signatures.toml").is_file()
    assert load_sources(Path(os.path.relpath(REGISTRY)))


def test_saved_pages_beside_a_source_are_no_sources(tmp_path: Path) -> None:
    pages = written(tmp_path, RIGHT).with_suffix(".pages")
    pages.mkdir()
    (pages / "2024.json").write_text("{}", "utf-8")
    (pages / "2024.toml").write_text("no source", "utf-8")
    assert [source.id for source in load_sources(tmp_path)] == ["hebei/qinghe"]


# --------------------------------------------------------------------------- overrides


LAYOUT = """
[[layouts]]
until = 2019-12-31
reason = "built anew in 2019"
body = "td.neirong"
"""


@pytest.mark.parametrize(
    ("layout", "said"),
    [
        (LAYOUT.replace('reason = "built anew in 2019"\n', ""), "18: layouts[0].reason: this key is missing; add it"),
        (LAYOUT.replace("td.neirong", "td >"), "21: layouts[0].body: this is no CSS selector that the reader knows"),
        (LAYOUT + 'rows = "li["\n', "22: layouts[0].rows: this is no CSS selector: Malformed attribute selector"),
        (LAYOUT + 'row_date = "i"\n', "18: layouts[0]: row_title and row_date stand within rows: name rows, too"),
        (LAYOUT + 'date_formats = ["%d/%m/%Y"]\n', "18: layouts[0]: date_formats is for the day in published"),
        (LAYOUT + 'published = "i"\ndate_formats = ["%d/%m"]\n', "23: layouts[0].date_formats[0]: a day needs a year"),
        (LAYOUT + 'published = "i"\ndate_formats = ["%d %B %Y"]\n', "23: layouts[0].date_formats[0]: %B is not known"),
        (LAYOUT + 'charset = "gb-2312"\n', "22: layouts[0].charset: no charset is called 'gb-2312'"),
        (LAYOUT.replace('body = "td.neirong"', ""), "18: layouts[0]: it says nothing of the pages"),
        (LAYOUT + "since = 2020-01-01\n", "18: layouts[0]: the period ends (2019-12-31) before it begins (2020-01-01)"),
        (LAYOUT + 'columns = ["http://www.qinghe.gov.cn/x/"]\n', "22: layouts[0].columns: http://www.qinghe.gov.cn/x/"),
        (LAYOUT + 'boddy = "p"\n', "22: layouts[0].boddy: this key is not known here"),
    ],
)  # fmt: skip
def test_a_layout_that_could_never_be_right_is_refused_with_its_line(tmp_path: Path, layout: str, said: str) -> None:
    (problem,) = problems(tmp_path, RIGHT + layout)
    assert problem.startswith(said)


def test_of_two_layouts_for_one_day_both_are_named(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, RIGHT + LAYOUT + LAYOUT.replace("until", "since"))
    assert problem == (
        "24: layouts[1].since: its period (2019-12-31 to this day) overlaps that of layouts[0] "
        "(the beginning to 2019-12-31): a page has one layout; mend since and until"
    )
    after = LAYOUT.replace("until = 2019-12-31", "since = 2020-01-01")
    assert len(read_source(written(tmp_path, RIGHT + LAYOUT + after), root=tmp_path).layouts) == 2


def test_layouts_of_different_columns_may_be_of_one_day(tmp_path: Path) -> None:
    one = LAYOUT + 'columns = ["http://www.qinghe.gov.cn/col/col1/index.html"]\n'
    other = LAYOUT + 'columns = ["http://xxgk.qinghe.gov.cn/tzgg/"]\n'
    assert len(read_source(written(tmp_path, RIGHT + one + other), root=tmp_path).layouts) == 2
    (problem,) = problems(tmp_path, RIGHT + one + LAYOUT)
    assert "layouts[1].since: its period" in problem


def test_rows_are_named_where_a_column_lists_html_pages(tmp_path: Path) -> None:
    rows = LAYOUT + 'rows = "li"\ncolumns = ["http://www.qinghe.gov.cn/col/col1/index.html"]\n'
    (problem,) = problems(tmp_path, RIGHT + rows)
    assert problem == (
        "22: layouts[0].rows: no column that it is for lists HTML pages: they are hanweb_jpage, "
        "and rows are found on pages of hanweb_xxgk, lonsun, plain, trs"
    )


def test_an_extra_host_has_a_reason_and_is_not_the_source_s_own(tmp_path: Path) -> None:
    extra = '\n[[extra_hosts]]\nhost = "xxgk.qinghe.gov.cn"\nreason = "moved"\n'
    (problem,) = problems(tmp_path, RIGHT + extra)
    assert problem.startswith("19: extra_hosts[0].host: xxgk.qinghe.gov.cn is among hosts already")
    (problem,) = problems(tmp_path, RIGHT + extra.replace('reason = "moved"\n', ""))
    assert problem == "18: extra_hosts[0].reason: this key is missing; add it"


@pytest.mark.parametrize(
    ("bounds", "said"),
    [
        ("{ min = 3, max = 1 }", "columns[1].rows_a_year: max (1) is less than min (3)"),
        ("{}", "columns[1].rows_a_year: name min, max or both"),
        ("{ min = -1 }", "columns[1].rows_a_year.min: Input should be greater than or equal to 0"),
    ],
)
def test_bounds_that_bound_nothing_are_refused(tmp_path: Path, bounds: str, said: str) -> None:
    (problem,) = problems(tmp_path, f"{RIGHT}rows_a_year = {bounds}\n")
    assert problem == f"17: {said}"


def test_of_an_ignored_address_only_the_end_may_be_left_open(tmp_path: Path) -> None:
    ignored = '[ignored]\n"http://www.qinghe.gov.cn/*/1.html" = "drafts"\n\n[[columns]]'
    (problem,) = problems(tmp_path, RIGHT.replace("[[columns]]", ignored, 1))
    assert "a * stands at the end, for all addresses that begin like it" in problem


# --------------------------------------------------------------------------- searches


SEARCH = RIGHT.replace('platform = "trs"\n', 'platform = "plain"\nquery = "法治政府建设年度报告"\n').replace(
    "http://xxgk.qinghe.gov.cn/tzgg/", "http://xxgk.qinghe.gov.cn/so?q={query}&site=1"
)


@pytest.mark.parametrize(
    ("charset", "asked"),
    [
        ("", "%E6%B3%95%E6%B2%BB%E6%94%BF%E5%BA%9C%E5%BB%BA%E8%AE%BE%E5%B9%B4%E5%BA%A6%E6%8A%A5%E5%91%8A"),
        ('charset = "gbk"\n', "%B7%A8%D6%CE%D5%FE%B8%AE%BD%A8%C9%E8%C4%EA%B6%C8%B1%A8%B8%E6"),
    ],
)
def test_a_query_stands_in_the_address_in_the_site_s_charset(tmp_path: Path, charset: str, asked: str) -> None:
    column = read_source(written(tmp_path, charset + SEARCH), root=tmp_path).columns[1]
    assert column.url == f"http://xxgk.qinghe.gov.cn/so?q={asked}&site=1"
    assert column.query == "法治政府建设年度报告"


def test_a_layout_of_a_searched_column_is_for_the_address_that_is_asked(tmp_path: Path) -> None:
    layout = LAYOUT + 'columns = ["http://xxgk.qinghe.gov.cn/so?q={query}&site=1"]\n'
    source = read_source(written(tmp_path, SEARCH + layout), root=tmp_path)
    assert source.layouts[0].columns == (source.columns[1].url,)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (SEARCH.replace("{query}", ""), "15: columns[1].query: a plain column searches by its address: write {query}"),
        (
            SEARCH.replace('query = "法治政府建设年度报告"\n', ""),
            "13: columns[1].url: {query} stands in the address, but",
        ),
        (
            SEARCH.replace("plain", "trs"),
            "15: columns[1].query: trs cannot search; hanweb_xxgk, trs_igs, trs_was5, ucap can, and plain with {query}",
        ),
        (
            SEARCH.replace("plain", "ucap").replace("?q={query}&site=1", "/"),
            "15: columns[1].query: http://xxgk.qinghe.gov.cn/so/: a query on ucap needs the parameter siteCode",
        ),
        (
            'charset = "ascii"\n' + SEARCH,
            "16: columns[1].query: '法治政府建设年度报告' cannot be written in the source's",
        ),
    ],
)
def test_a_query_that_nobody_could_ask_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (problem,) = problems(tmp_path, text)
    assert problem.startswith(said)


def test_quiet_hours_of_a_source_are_hours_of_the_day(tmp_path: Path) -> None:
    quiet = RIGHT.replace("first_year", 'quiet_hours = "22:00-6:00"\nfirst_year')
    assert problems(tmp_path, quiet) == (
        "5: quiet_hours: '22:00-6:00' are no hours: write them as 08:00-18:00, or 22:00-06:00 over midnight",
    )
    source = read_source(written(tmp_path, quiet.replace("-6:", "-06:")), root=tmp_path)
    assert source.quiet_hours == "22:00-06:00"
