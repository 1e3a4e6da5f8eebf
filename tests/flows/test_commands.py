"""What a person sees who types something wrong, or whose disk, network or warehouse is: a sentence and an exit code."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from deployments.portal.demo import SOURCES, demo_network
from deployments.portal.proxy import Portal

ONE = "qinglan/qinghe"


@pytest.fixture(scope="module")
def portal() -> Iterator[Portal]:
    with Portal(demo_network()) as running:
        yield running


def nianbao(*arguments: str, data: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PREFECT_", "NIANBAO_"))}
    environment |= {"NIANBAO_DATA_DIR": str(data), "NIANBAO_SOURCES_DIR": str(SOURCES), "NIANBAO_PACE_SECONDS": "0"}
    return subprocess.run(
        [sys.executable, "-m", "flows.cli", *arguments],
        env=environment | {f"NIANBAO_{name.upper()}": value for name, value in settings.items()},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def crawl(data: Path, portal: Portal, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return nianbao("crawl", "--no-prefect", *arguments, data=data, **({"proxy": portal.url} | settings))


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory, portal: Portal) -> Path:
    data = tmp_path_factory.mktemp("crawled")
    done = crawl(data, portal, "--source", ONE)
    assert done.returncode == 0, done.stderr
    return data


def test_an_unknown_source_is_bad_usage_and_nothing_is_written(tmp_path: Path, portal: Portal) -> None:
    done = crawl(tmp_path / "data", portal, "--source", "qinglan/qinge")
    assert done.returncode == 2
    assert "no source is called 'qinglan/qinge'; did you mean qinglan/qinghe" in done.stderr
    assert not (tmp_path / "data").exists()


def test_a_broken_registry_file_is_named_with_its_line(tmp_path: Path, portal: Portal) -> None:
    broken = tmp_path / "sources" / "hebei" / "broken.toml"
    broken.parent.mkdir(parents=True)
    broken.write_text('publisher = "清河县人民政府"\nlevel = \n', "utf-8")
    done = crawl(tmp_path / "data", portal, sources_dir=str(tmp_path / "sources"))
    assert done.returncode == 2
    assert f"{broken}:2: not valid TOML" in done.stderr.replace("\n", "")
    assert not (tmp_path / "data").exists()


def test_an_unreachable_host_is_a_problem_with_a_name_and_the_rest_is_crawled(tmp_path: Path, portal: Portal) -> None:
    lost = tmp_path / "sources" / "hebei" / "lost.toml"
    lost.parent.mkdir(parents=True)
    lost.write_text(
        'publisher = "清河县人民政府"\nlevel = "county"\ndivision_code = "130534"\nhosts = ["www.lost.gov.cn"]\n'
        '[[columns]]\nurl = "http://www.lost.gov.cn/fzzf/"\nplatform = "trs"\nreport_types = ["rule_of_law"]\n',
        "utf-8",
    )
    kept = tmp_path / "sources" / "qinglan" / "qinghe.toml"
    kept.parent.mkdir(parents=True)
    kept.write_text((SOURCES / f"{ONE}.toml").read_text("utf-8"), "utf-8")
    done = crawl(tmp_path / "data", portal, sources_dir=str(tmp_path / "sources"), max_attempts="1")
    assert done.returncode == 1
    assert "problem http://www.lost.gov.cn/fzzf/: " in done.stderr
    counted = nianbao("sql", "SELECT count(*) AS n FROM reports", "--format", "json", data=tmp_path / "data")
    assert json.loads(counted.stdout)[0]["n"] == 18


def test_a_full_disk_under_the_archive_stops_the_run_and_the_next_one_goes_on(tmp_path: Path, portal: Portal) -> None:
    archive = tmp_path / "data" / "archive"
    archive.mkdir(parents=True)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", str(archive)], capture_output=True, text=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip(f"needs the right to mount a small file system: {mounted.stderr.strip()}")
    try:
        done = crawl(tmp_path / "data", portal, "--source", ONE)
        assert done.returncode == 1
        assert "space" in done.stderr
        assert "Traceback" not in done.stderr
    finally:
        subprocess.run(["umount", str(archive)], check=True)
    again = crawl(tmp_path / "data", portal, "--source", ONE)
    assert again.returncode == 0, again.stderr
    counted = nianbao("sql", "SELECT count(*) AS n FROM reports", "--format", "json", data=tmp_path / "data")
    assert json.loads(counted.stdout)[0]["n"] == 18


def test_a_warehouse_of_a_newer_version_is_left_alone(tmp_path: Path, portal: Portal) -> None:
    warehouse = tmp_path / "data" / "warehouse" / "nianbao.duckdb"
    warehouse.parent.mkdir(parents=True)
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute(
            "CREATE TABLE schema_migrations (version INTEGER PRIMARY KEY, name VARCHAR, applied_at TIMESTAMP)"
        )
        connection.execute("INSERT INTO schema_migrations VALUES (9999, 'of the future', now()::TIMESTAMP)")
    before = warehouse.read_bytes()
    done = crawl(tmp_path / "data", portal, "--source", ONE)
    assert done.returncode == 1
    assert "upgrade nianbao" in done.stderr
    assert warehouse.read_bytes() == before


def test_a_second_crawl_finds_nothing_new_and_says_so(crawled: Path, portal: Portal) -> None:
    before = len(portal.log)
    done = crawl(crawled, portal, "--source", ONE)
    assert done.returncode == 0
    assert "Nothing new" in done.stderr
    asked = [entry.url for entry in list(portal.log)[before:]]
    assert not [url for url in asked if "/art/" in url], "a held page was fetched again"


def test_a_query_before_the_first_crawl_says_what_to_type(tmp_path: Path) -> None:
    done = nianbao("sql", "SELECT 1", data=tmp_path)
    assert done.returncode == 1
    assert "nianbao crawl" in done.stderr


def test_a_misspelt_table_is_answered_with_the_nearest(crawled: Path) -> None:
    done = nianbao("sql", "SELECT * FROM report", data=crawled)
    assert done.returncode == 1
    assert "Did you mean reports" in done.stderr


def test_the_warehouse_cannot_be_written_by_a_query(crawled: Path) -> None:
    done = nianbao("sql", "DROP VIEW reports", data=crawled)
    assert done.returncode == 1
    assert "read-only" in done.stderr


def test_data_goes_to_standard_output_alone(crawled: Path) -> None:
    done = nianbao("sql", "SELECT report_year, title FROM reports ORDER BY ALL", "--format", "csv", data=crawled)
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert len(rows) == 18
    assert set(rows[0]) == {"report_year", "title"}


def test_coverage_in_rows_names_every_expected_year(crawled: Path) -> None:
    done = nianbao("coverage", "--source", ONE, "--format", "jsonl", data=crawled)
    states = {
        (row["report_type"], row["report_year"]): row["state"] for row in map(json.loads, done.stdout.splitlines())
    }
    assert all(states[kind, year] == "held" for kind in ("rule_of_law", "disclosure") for year in range(2017, 2025))


def test_reading_a_file_that_is_not_there_fails_and_reads_the_others(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text("<html><body><h1>清河县2024年法治政府建设年度报告</h1></body></html>", "utf-8")
    done = nianbao("read", str(tmp_path / "missing.html"), str(page), data=tmp_path)
    assert done.returncode == 1
    assert "missing.html: No such file" in done.stderr.replace("\n", " ")
    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == ["page"]


def test_doctor_tells_where_each_setting_came_from(tmp_path: Path) -> None:
    done = nianbao("doctor", data=tmp_path, workers="3")
    assert done.returncode == 0, done.stdout
    assert "NIANBAO_WORKERS" in done.stdout


def test_check_live_reconciles_every_column_with_what_its_site_states(tmp_path: Path, portal: Portal) -> None:
    done = nianbao("sources", "check", "--live", ONE, data=tmp_path, proxy=portal.url)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "listed 36 of 36" in done.stdout
