"""A column that gives more than its source file expects is a problem with numbers wherever problems are shown."""

from __future__ import annotations

from pathlib import Path

from deployments.portal.demo import SOURCES, demo_network
from deployments.portal.proxy import Portal
from flows.settings import Settings
from tests.flows.command_line import nianbao
from warehouse.query import run_sql

ONE = "qinglan/qinghe"
COLUMN = "http://www.qinghe-demo.gov.cn/col/col1229426001/index.html"
ASKED = "SELECT outcome, detail, times, advice IS NOT NULL FROM problems WHERE url = $url"


def test_the_numbers_stand_in_the_run_in_the_problems_and_the_reports_are_held(tmp_path: Path) -> None:
    text = (SOURCES / f"{ONE}.toml").read_text("utf-8")
    path = tmp_path / "sources" / f"{ONE}.toml"
    path.parent.mkdir(parents=True)
    bounded = 'name = "法治政府建设报告"\nrows_a_year = { min = 1, max = 1 }\n'
    path.write_text(text.replace('name = "法治政府建设报告"\n', bounded), "utf-8")
    reader = Settings(data_dir=tmp_path / "data").reader_path
    with Portal(demo_network()) as portal:
        lists = []
        for run in (1, 2):
            asked_before = len(portal.log)
            done = nianbao("crawl", "--no-prefect", "--source", ONE, folder=tmp_path, portal=portal)
            assert done.returncode == 1
            assert f"{COLUMN}: out_of_bounds: rows_a_year: " in done.stderr.replace("\n", "")
            ((outcome, detail, times, advised),) = run_sql(reader, ASKED, parameters={"url": COLUMN}).rows
            assert (outcome, times, advised) == ("out_of_bounds", run, True)
            assert "rows, at most 1 expected" in detail
            lists.append(sum("dataproxy" in line.url or "/col/" in line.url for line in portal.log[asked_before:]))
        path.write_text(text, "utf-8")
        assert nianbao("crawl", "--no-prefect", "--source", ONE, folder=tmp_path, portal=portal).returncode == 0
    assert run_sql(reader, ASKED, parameters={"url": COLUMN}).rows == ()
    ((held,),) = run_sql(reader, "SELECT count(*) FROM reports WHERE report_type = 'rule_of_law'").rows
    assert held >= 8
    assert lists[0] > lists[1], "a list out of bounds is read whole once, not every day"
