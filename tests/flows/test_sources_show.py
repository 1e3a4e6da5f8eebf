"""``nianbao sources show`` prints a source as it is understood, with everything its file overrides."""

from __future__ import annotations

import json
from pathlib import Path

from tests.flows.command_line import nianbao

FILE = """\
publisher = "清河县人民政府"
division_code = "130534"
level = "county"
hosts = ["www.qinghe.gov.cn"]
charset = "gbk"

[ignored]
"http://www.qinghe.gov.cn/yjzj/*" = "consultations, never a report"

[[layouts]]
until = 2019-12-31
reason = "built anew at the end of 2019"
body = "td.neirong"

[[extra_hosts]]
host = "xxgk.xingtai.gov.cn"
since = 2019-01-01
reason = "the city's platform carried it"

[[columns]]
url = "http://www.qinghe.gov.cn/so/?q={query}"
platform = "plain"
query = "法治"
report_types = ["rule_of_law"]
rows_a_year = { min = 1 }
"""


def test_overrides_are_shown_with_their_periods_and_reasons(tmp_path: Path) -> None:
    path = tmp_path / "sources" / "hebei" / "qinghe.toml"
    path.parent.mkdir(parents=True)
    path.write_text(FILE, "utf-8")
    done = nianbao("sources", "show", "hebei/qinghe", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    shown = json.loads(done.stdout)
    (layout,) = shown["layouts"]
    assert (layout["since"], layout["until"], layout["body"]) == (None, "2019-12-31", "td.neirong")
    assert layout["reason"] == "built anew at the end of 2019"
    assert shown["extra_hosts"][0]["since"] == "2019-01-01"
    assert shown["columns"][0]["url"] == "http://www.qinghe.gov.cn/so/?q=%B7%A8%D6%CE"
    assert shown["columns"][0]["rows_a_year"] == {"min": 1, "max": None}
    assert shown["ignored"] == {"http://www.qinghe.gov.cn/yjzj/*": "consultations, never a report"}


def test_a_source_outside_a_province_folder_is_named_by_every_command(tmp_path: Path) -> None:
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources" / "qinghe.toml").write_text(FILE, "utf-8")
    done = nianbao("sources", "list", folder=tmp_path)
    assert done.returncode != 0
    assert "qinghe.toml: lies outside a province: move it to" in done.stderr
