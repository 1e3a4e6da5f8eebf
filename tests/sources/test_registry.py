"""A registry file is right as a whole, or wrong with its file, its line and what to do."""

from __future__ import annotations

from pathlib import Path

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
        ('division_code = "13053"', "2: division_code: "),
        ('division_code = "999999"', "2: division_code: no division bears the code 999999"),
    ],
)
def test_a_code_that_no_division_bears_is_refused(tmp_path: Path, wrong: str, said: str) -> None:
    (problem,) = problems(tmp_path, RIGHT.replace('division_code = "130534"', wrong))
    assert problem.startswith(said)


def test_a_platform_nobody_wrote_is_refused(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, RIGHT.replace('"trs"', '"trss"'))
    assert problem == "14: columns[1].platform: 'trss' is none of " + ", ".join(names())


def test_a_parameter_the_platform_does_not_take_is_refused(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, RIGHT + '\n[columns.parameters]\nwebid = "1"\n')
    assert "trs takes no 'webid' (it takes none)" in problem


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
