"""A column's address becomes a source that a person reviews: written whole or not at all, and never over another."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from deployments.portal.demo import FAMILIES_SOURCES, SOURCES, demo_network, families_network
from deployments.portal.proxy import Portal
from scrapers.records import Column, Level, Source
from scrapers.sources.registry import load_sources
from tests.flows.command_line import nianbao
from warehouse.ledgers.source_checks import FILE_NAME, read_checks

COLUMN = "http://www.qinghe-demo.gov.cn/col/col1229426001/index.html"
REPORT = "http://www.qinghe-demo.gov.cn/art/2026/2/13/art_1229426001_4002500.html"
ID = "ningxia/qinghe_demo"
ALIYUN = "<html><script>document.cookie='acw_sc__v2='+x;location.reload()</script></html>"


@pytest.fixture(scope="module")
def portal() -> Iterator[Portal]:
    with Portal(demo_network()) as running:
        yield running


@pytest.fixture(scope="module")
def families() -> Iterator[Portal]:
    with Portal(demo_network() | families_network()) as running:
        yield running


def review(folder: Path) -> None:
    for path in (folder / "sources").rglob("*.json"):
        path.write_text(path.read_text("utf-8").replace('"reviewed": false', '"reviewed": true'), "utf-8")


@pytest.fixture
def written(tmp_path: Path, portal: Portal) -> Path:
    """A folder in which ``sources new`` wrote a source that nobody has reviewed."""
    done = nianbao("sources", "new", COLUMN, "--division", "640121", folder=tmp_path, portal=portal)
    assert done.returncode == 0, done.stderr
    return tmp_path


def test_a_new_source_is_a_file_that_loads_with_three_golden_pages(written: Path) -> None:
    (source,) = load_sources(written / "sources")
    assert (source.id, source.publisher, source.level) == (ID, "清禾县人民政府", Level.COUNTY)
    assert source.columns[0].url == COLUMN
    assert source.columns[0].name == "法治政府建设报告"
    assert source.verified != "never"  # the live check listed all that the site states
    pages = sorted((written / "sources" / "ningxia" / "qinghe_demo.pages").glob("*.json"))
    assert [path.stem for path in pages] == ["rule_of_law_2017", "rule_of_law_2021", "rule_of_law_2025"]
    newest = json.loads(pages[-1].read_text("utf-8"))
    assert newest["reviewed"] is False
    assert newest["expected"]["title"] == "关于清禾县2025年法治政府建设情况的报告"
    assert newest["expected"]["report_year"] == 2025
    assert newest["expected"]["sections"]


def test_the_evidence_stands_in_the_file(written: Path) -> None:
    text = (written / "sources" / f"{ID}.toml").read_text("utf-8")
    assert text.startswith(f"# Evidence: nianbao sources new {COLUMN} on ")
    assert "# - a <datastore> or /module/web/jpage/dataproxy.jsp" in text
    assert "# - division 640121: --division" in text


def test_the_check_asks_for_review_and_is_satisfied_by_it(written: Path) -> None:
    asked = nianbao("sources", "check", folder=written)
    assert asked.returncode == 1
    assert "3 of 3 to review" in asked.stdout
    assert (
        "rule_of_law_2025.json: waits for review: compare it, and rule_of_law_2025.txt, with " + REPORT in asked.stderr
    )
    review(written)
    assert nianbao("sources", "check", folder=written).returncode == 0


def test_a_changed_expectation_is_told_field_by_field(written: Path) -> None:
    review(written)
    folder = written / "sources" / "ningxia" / "qinghe_demo.pages"
    path = folder / "rule_of_law_2025.json"
    stated = json.loads(path.read_text("utf-8"))
    stated["expected"]["title"] = "关于清禾县2025年的报告"
    stated["expected"]["sections"].pop()
    path.write_text(json.dumps(stated, ensure_ascii=False), "utf-8")
    text = folder / "rule_of_law_2017.txt"
    lines = text.read_text("utf-8").split("\n")
    text.write_text("\n".join(["别的一行", *lines[1:]]), "utf-8")
    done = nianbao("sources", "check", folder=written)
    assert done.returncode == 1
    assert 'title: expected "关于清禾县2025年的报告", read "关于清禾县2025年法治政府建设情况的报告"' in done.stderr
    assert "sections: has " in done.stderr
    assert "-别的一行" in done.stderr
    assert f"+{lines[0]}"[:160] in done.stderr


def test_the_live_check_of_a_new_source_is_in_the_ledger(written: Path, portal: Portal) -> None:
    (check,) = read_checks(written / "data" / FILE_NAME).checks
    assert (check.source_id, check.outcome, check.rows, check.total_stated) == (ID, "ok", 36, 36)
    assert (check.report_title, check.report_url) == ("关于清禾县2025年法治政府建设情况的报告", REPORT)
    assert check.requests == check.pages == 3  # the listing; what probing took is no part of the check


def test_the_address_of_a_report_leads_to_its_column(tmp_path: Path, portal: Portal) -> None:
    done = nianbao("sources", "new", REPORT, "--division", "640121", folder=tmp_path, portal=portal)
    assert done.returncode == 0, done.stderr
    (source,) = load_sources(tmp_path / "sources")
    assert source.columns[0].url == COLUMN


def test_a_place_that_no_table_knows_is_asked_for_and_not_guessed(tmp_path: Path, portal: Portal) -> None:
    """网站标识码 640121 is 永宁县's: a site may state another's."""
    done = nianbao("sources", "new", COLUMN, folder=tmp_path, portal=portal)
    assert done.returncode == 2
    assert "calls itself 清禾县人民政府" in done.stderr
    assert "永宁县" in done.stderr
    assert "--division" in done.stderr
    assert not (tmp_path / "sources").exists()


def test_a_file_that_is_there_is_not_overwritten(written: Path, portal: Portal) -> None:
    file = written / "sources" / f"{ID}.toml"
    before = file.read_bytes()
    other = "http://www.qinghe-demo.gov.cn/col/col1229426315/index.html"
    options = ("--division", "640121", "--publisher", "清禾县柳枝镇人民政府")
    done = nianbao("sources", "new", other, *options, folder=written, portal=portal)
    assert done.returncode == 2
    assert "not overwritten" in done.stderr
    assert "--id" in done.stderr
    assert file.read_bytes() == before
    again = nianbao("sources", "new", other, *options, "--id", "ningxia/liuzhi", folder=written, portal=portal)
    assert again.returncode == 0, again.stderr
    assert {source.level for source in load_sources(written / "sources")} == {Level.COUNTY, Level.TOWNSHIP}


def test_a_column_that_is_registered_already_is_named_without_a_request(written: Path, portal: Portal) -> None:
    before = len(portal.log)
    done = nianbao("sources", "new", COLUMN, folder=written, portal=portal)
    assert done.returncode == 2
    assert f"is a column of {ID} already" in done.stderr
    assert len(portal.log) == before


def test_a_publisher_has_one_file(tmp_path: Path, portal: Portal) -> None:
    """The site's name would make a second 清禾县人民政府 of its other column."""
    registry = tmp_path / "sources" / "qinglan"
    registry.mkdir(parents=True)
    text = (SOURCES / "qinglan" / "qinghe.toml").read_text("utf-8")
    registry.joinpath("qinghe.toml").write_text(text.rpartition("[[columns]]")[0], "utf-8")
    other = "http://www.qinghe-demo.gov.cn/col/col1229426002/index.html"
    done = nianbao("sources", "new", other, "--division", "640121", folder=tmp_path, portal=portal)
    assert done.returncode == 2
    assert "清禾县人民政府 has a file already" in done.stderr


def test_before_a_challenge_nothing_more_is_asked_and_nothing_written(tmp_path: Path) -> None:
    with Portal(demo_network()) as guarded:
        guarded.inject("challenge_521")
        done = nianbao("sources", "new", COLUMN, "--division", "640121", folder=tmp_path, portal=guarded)
        asked = [entry.url for entry in guarded.log if not entry.url.endswith("/robots.txt")]
    assert done.returncode == 1
    assert "challenge: " in done.stderr
    assert "Nothing was written." in done.stderr
    assert "Never defeated." in done.stderr
    assert asked == [COLUMN] or asked == []
    assert not (tmp_path / "sources").exists()
    assert read_checks(tmp_path / "data" / FILE_NAME).checks == ()


def test_before_a_challenge_among_the_reports_nothing_is_written_either(tmp_path: Path) -> None:
    with Portal(demo_network()) as guarded:
        guarded.replace(REPORT, ALIYUN)
        done = nianbao("sources", "new", COLUMN, "--division", "640121", folder=tmp_path, portal=guarded)
        asked = [entry.url for entry in guarded.log if "/art/" in entry.url]
    assert done.returncode == 1
    assert f"{REPORT} answered " in done.stderr
    assert asked == [REPORT]
    assert not (tmp_path / "sources").exists()


def test_a_column_that_does_not_list_all_is_written_as_never_verified(tmp_path: Path) -> None:
    with Portal(demo_network()) as faulty:
        faulty.inject("second_page_fails")
        options = ("--division", "640121")
        done = nianbao("sources", "new", COLUMN, *options, folder=tmp_path, portal=faulty, max_attempts="1")
    assert done.returncode == 1
    assert "listed 15 of 36" in done.stderr
    (source,) = load_sources(tmp_path / "sources")
    assert source.verified == "never"
    assert f"nianbao sources check --live {ID}" in done.stderr


def test_a_column_whose_reports_cannot_be_read_is_written_without_golden_pages(tmp_path: Path) -> None:
    with Portal(demo_network()) as faulty:
        faulty.inject("hollow_page")
        done = nianbao("sources", "new", COLUMN, "--division", "640121", folder=tmp_path, portal=faulty)
        asked = [entry.url for entry in faulty.log if "/art/" in entry.url]
    assert done.returncode == 1
    assert len(asked) == 6  # three wanted and three to spare
    assert f"nianbao sources record {ID}" in done.stderr
    (source,) = load_sources(tmp_path / "sources")
    assert source.verified == "never"
    assert nianbao("sources", "check", folder=tmp_path).returncode == 0


def one_column_of_each_platform() -> list[tuple[str, Source, Column]]:
    found: dict[str, tuple[str, Source, Column]] = {}
    for source in (*load_sources(SOURCES), *load_sources(FAMILIES_SOURCES)):
        for column in source.columns:
            found.setdefault(column.platform, (column.platform, source, column))
    return list(found.values())


@pytest.mark.parametrize(
    ("platform", "source", "column"), one_column_of_each_platform(), ids=lambda each: str(each)[:20]
)
def test_a_column_of_any_family_is_written_as_the_registry_has_it(
    tmp_path: Path, families: Portal, platform: str, source: Source, column: Column
) -> None:
    code = source.division_code or source.parent_division_code
    assert code is not None
    options = ("--publisher", source.publisher, "--division", code, "--level", source.level, "--id", source.id)
    done = nianbao("sources", "new", column.url, *options, "--pages", "1", folder=tmp_path, portal=families)
    assert done.returncode == 0, done.stderr
    (written,) = load_sources(tmp_path / "sources")
    assert (written.publisher, written.level) == (source.publisher, source.level)
    assert (written.division_code, written.parent_division_code) == (source.division_code, source.parent_division_code)
    (found,) = written.columns
    assert (found.url, found.platform, found.report_types) == (column.url, platform, column.report_types)
    assert found.parameters.items() >= column.parameters.items()


def test_a_column_without_reports_is_no_source(tmp_path: Path, portal: Portal) -> None:
    done = nianbao(
        "sources",
        "new",
        "http://www.qinghe-demo.gov.cn/nowhere/",
        "--division",
        "640121",
        folder=tmp_path,
        portal=portal,
    )
    assert done.returncode == 1
    assert "gone" in done.stderr
    assert not (tmp_path / "sources").exists()


@pytest.mark.parametrize("command", ["probe", "new"])
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("notaurl", "write it whole"),
        ("www.qinghe-demo.gov.cn/col", "did you mean"),
        ("ftp://x.gov.cn/a", "http://"),
        ("http://[::1/a", "write it whole"),
        ("http://x.gov.cn:99999/a", "write it whole"),
        ("http://me:secret@x.gov.cn/a", "write it whole"),
    ],
)
def test_what_is_no_address_is_bad_usage_with_what_to_type(tmp_path: Path, command: str, text: str, said: str) -> None:
    done = nianbao("sources", command, text, folder=tmp_path)
    assert done.returncode == 2
    assert said in " ".join(done.stderr.split())


@pytest.mark.parametrize("host", ["no host", "", "ftp://x.gov.cn/", "http://[::1", "x.gov.cn:99999"])
def test_what_is_no_host_is_bad_usage_and_nothing_is_asked(tmp_path: Path, portal: Portal, host: str) -> None:
    before = len(portal.log)
    done = nianbao("sources", "discover", host, folder=tmp_path, portal=portal)
    assert done.returncode == 2
    assert "is no host" in done.stderr
    assert len(portal.log) == before


def test_a_host_where_nothing_is_found_leads_to_probe(tmp_path: Path, portal: Portal) -> None:
    done = nianbao("sources", "discover", "www.nowhere-demo.gov.cn", folder=tmp_path, portal=portal)
    assert (done.returncode, done.stdout) == (1, "")
    assert "0 columns in 1 request\n" in done.stderr
    assert "`nianbao sources probe URL`" in done.stderr


@pytest.mark.parametrize("host", ["WWW.Qinghe-Demo.gov.cn", "www.qinghe-demo.gov.cn:80"])
def test_a_host_is_written_as_every_source_has_it(tmp_path: Path, portal: Portal, host: str) -> None:
    address = COLUMN.replace("www.qinghe-demo.gov.cn", host)
    done = nianbao("sources", "new", address, "--division", "640121", folder=tmp_path, portal=portal)
    assert done.returncode == 0, done.stderr
    (source,) = load_sources(tmp_path / "sources")
    assert (source.id, source.hosts, source.columns[0].url) == (ID, ("www.qinghe-demo.gov.cn",), COLUMN)


def test_a_home_page_is_told_apart_from_a_column(tmp_path: Path, portal: Portal) -> None:
    done = nianbao(
        "sources", "new", "http://www.qinghe-demo.gov.cn/", "--division", "640121", folder=tmp_path, portal=portal
    )
    assert done.returncode == 1
    assert "`nianbao sources discover HOST`" in done.stderr
    assert not (tmp_path / "sources").exists()


def test_the_site_s_name_is_read_from_the_column_where_the_report_is_gone(tmp_path: Path, portal: Portal) -> None:
    gone = "http://www.qinghe-demo.gov.cn/art/2026/2/13/art_1229426001_1.html"
    done = nianbao("sources", "new", gone, "--division", "640121", folder=tmp_path, portal=portal)
    assert done.returncode == 0, done.stderr
    assert 'publisher = "清禾县人民政府"' in (tmp_path / "sources" / f"{ID}.toml").read_text("utf-8")


def probed_manners(folder: Path, portal: Portal) -> dict[str, str]:
    shown = nianbao("sources", "probe", COLUMN, folder=folder, portal=portal).stdout
    cells = [[cell.strip() for cell in line.strip("│").split("│")] for line in shown.splitlines() if line[:1] == "│"]
    return {cell[0]: cell[1] for cell in cells if len(cell) == 2}


def test_probe_says_what_robots_txt_allows_and_the_pace(tmp_path: Path, portal: Portal) -> None:
    told = probed_manners(tmp_path, portal)
    assert (told["outcome"], told["robots"]) == ("ok", "allowed")
    assert told["pace"].startswith("0 s between requests")
    with Portal(demo_network()) as denying:
        denying.inject("robots_disallow")
        told = probed_manners(tmp_path / "other", denying)
    assert told["outcome"].startswith("robots_denied")
    assert told["robots"].startswith("denied: http://www.qinghe-demo.gov.cn/robots.txt disallows it")


def test_an_id_that_cannot_be_a_file_is_refused_before_a_request(tmp_path: Path, portal: Portal) -> None:
    before = len(portal.log)
    done = nianbao("sources", "new", COLUMN, "--id", "../qinghe", folder=tmp_path, portal=portal)
    assert done.returncode == 2
    assert "zhejiang/pujiang" in done.stderr
    assert len(portal.log) == before


def test_pages_are_recorded_for_a_source_that_has_a_file(written: Path, portal: Portal) -> None:
    review(written)
    done = nianbao("sources", "record", ID, "--pages", "2", folder=written, portal=portal)
    assert done.returncode == 0, done.stderr
    checked = nianbao("sources", "check", ID, folder=written)
    assert checked.returncode == 1
    assert "2 of 5 to review" in checked.stdout


def test_after_a_change_of_the_reading_expectations_are_written_anew_for_review(written: Path) -> None:
    review(written)
    folder = written / "sources" / "ningxia" / "qinghe_demo.pages"
    path = folder / "rule_of_law_2025.json"
    stated = json.loads(path.read_text("utf-8"))
    stated["expected"]["source"] = "司法局"  # as an earlier version may have read it
    path.write_text(json.dumps(stated, ensure_ascii=False), "utf-8")
    done = nianbao("sources", "record", ID, "--again", folder=written)
    assert done.returncode == 0
    assert "1 of 3 golden pages" in done.stderr
    again = json.loads(path.read_text("utf-8"))
    assert (again["reviewed"], again["expected"]["source"]) == (False, "县政府办公室")
    others = [json.loads(other.read_text("utf-8"))["reviewed"] for other in folder.glob("*.json") if other != path]
    assert others == [True, True]
