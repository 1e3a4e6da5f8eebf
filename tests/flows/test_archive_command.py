"""``nianbao archive``: the archive of a crawl is whole, indexed, shown as evidence, and gives a lost warehouse back."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deployments.portal.demo import demo_network
from deployments.portal.proxy import Portal
from flows.settings import Settings
from tests.flows.command_line import started
from warehouse.query import run_sql

CRAWLED = ("qinglan/qinghe", "yunling/yanxi")


def crawl(data: Path, portal: Portal, *arguments: str) -> None:
    chosen = [part for source in CRAWLED for part in ("--source", source)]
    done = started("crawl", "--no-prefect", *chosen, *arguments, data=data, proxy=portal.url)
    assert done.returncode == 0, done.stderr.decode()[-3000:]


def rows(data: Path, query: str) -> tuple[tuple[Any, ...], ...]:
    return run_sql(Settings(data_dir=data).reader_path, query).rows


@pytest.fixture(scope="module")
def portal() -> Iterator[Portal]:
    with Portal(demo_network()) as running:
        yield running


@pytest.fixture(scope="module")
def crawled_twice(tmp_path_factory: pytest.TempPathFactory, portal: Portal) -> Path:
    data = tmp_path_factory.mktemp("crawled")
    crawl(data, portal)
    crawl(data, portal, "--recheck-days", "0", "--relist")
    return data


@pytest.fixture
def data(crawled_twice: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(crawled_twice, tmp_path / "data"))


def test_a_second_crawl_of_unchanged_sites_stores_no_page_again(crawled_twice: Path) -> None:
    stored = rows(
        crawled_twice,
        """SELECT record_type, count(*) FROM raw_archive_records r JOIN raw_archive_files f USING (warc_file)
           WHERE f.run_id = (SELECT max(run_id) FROM raw_archive_files) AND record_type IN ('response', 'revisit')
           GROUP BY ALL""",
    )
    assert [kind for kind, _ in stored] == ["revisit"]
    assert stored[0][1] > 40
    profiles = rows(
        crawled_twice, "SELECT status, count(*) FROM raw_archive_records WHERE refers_to IS NOT NULL GROUP BY ALL"
    )
    assert {status for status, _ in profiles} == {200, 304}
    dangling = rows(
        crawled_twice,
        """SELECT * FROM raw_archive_records r WHERE refers_to IS NOT NULL AND NOT EXISTS (
           FROM raw_archive_records o WHERE o.record_id = r.refers_to AND o.record_type = 'response')""",
    )
    assert dangling == ()


def test_the_index_says_the_same_as_the_captures(crawled_twice: Path) -> None:
    differing = rows(
        crawled_twice,
        """SELECT c.capture_id FROM raw_captures c
           LEFT JOIN raw_archive_records r ON r.record_id = c.capture_id
           WHERE c.warc_file IS NOT NULL AND (r.warc_file, r.warc_offset, r.url, r.status)
               IS DISTINCT FROM (c.warc_file, c.warc_offset, c.final_url, c.status)""",
    )
    assert differing == ()
    groups = rows(crawled_twice, "SELECT DISTINCT host_group FROM raw_archive_files ORDER BY ALL")
    assert groups == (("www.qinghe-demo.gov.cn",), ("www.yanxi-demo.gov.cn",))


def test_verify_finds_a_crawled_archive_whole_and_lists_it(data: Path) -> None:
    done = started("archive", "verify", data=data)
    assert (done.returncode, done.stdout) == (0, b"")
    assert "4 files" in done.stderr.decode()
    assert "0 of them without their record" in done.stderr.decode()
    listed = started("archive", "list", data=data)
    assert listed.returncode == 0
    assert listed.stdout.decode().count("closed") == 4


def test_verify_names_damage_and_lost_captures_and_fails(data: Path) -> None:
    one, two, *_ = sorted((data / "archive").glob("*.warc.gz"))
    (offset,) = rows(data, f"SELECT max(warc_offset) FROM raw_captures WHERE warc_file = '{one.name}'")[0]
    broken = bytearray(one.read_bytes())
    broken[offset + 40] ^= 0xFF
    one.write_bytes(broken)
    two.unlink()
    (lost,) = rows(data, f"SELECT count(*) FROM raw_captures WHERE warc_file = '{two.name}'")[0]
    done = started("archive", "verify", data=data)
    assert done.returncode == 1
    lines = done.stdout.decode().splitlines()
    assert any(line.startswith(f"{one.name}, byte {offset}: ") and "What to do: " in line for line in lines)
    assert f"{lost + 1} of them without their record" in done.stderr.decode()
    assert any(f"{two.name} is not there" in line for line in lines)  # revisits have lost their payload
    without_original = [line for line in lines if "its payload cannot be had" in line]
    assert len(without_original) == len({line.partition(",")[0] for line in without_original}), "one line a file"
    assert any("more records of this file)" in line for line in without_original)
    of_the_lost = [line for line in lines if line.startswith(two.name)]
    assert [line.partition(". What to do: ")[0] for line in of_the_lost] == [
        f"{two.name}: the file is not there, and with it the records of {lost} captures"
    ], "a line for each capture of a file hides the others"
    assert "put the file back" in of_the_lost[0]
    assert any(line.startswith(f"{one.name}, byte {offset}: the record of urn:uuid:") for line in lines)
    only = started("archive", "verify", two.name, data=data)
    assert only.returncode == 1
    assert b"archive list" in only.stderr


def test_verify_finds_that_the_whole_archive_is_gone(data: Path) -> None:
    shutil.rmtree(data / "archive")
    done = started("archive", "verify", data=data)
    assert done.returncode == 1
    lines = done.stdout.decode().splitlines()
    assert len(lines) == 4
    assert all("the file is not there, and with it the records of" in line for line in lines)
    assert b"Run: nianbao crawl" not in done.stderr


@pytest.mark.slow
def test_reindex_reads_only_what_is_new_and_all_when_asked(data: Path) -> None:
    before = rows(data, "SELECT * EXCLUDE (indexed_at) FROM raw_archive_files ORDER BY ALL")
    records = rows(data, "SELECT * FROM raw_archive_records ORDER BY ALL")
    assert b"0 files indexed with 0 records; 4 were indexed already" in started("archive", "reindex", data=data).stderr
    indexes = {path: path.read_bytes() for path in (data / "archive").glob("*.cdxj")}
    for path in indexes:
        path.unlink()
    (data / "warehouse" / "nianbao.duckdb").unlink()
    (data / "nianbao.duckdb").unlink()
    done = started("archive", "reindex", data=data)
    assert done.returncode == 0
    assert b"4 files indexed" in done.stderr
    assert rows(data, "SELECT * EXCLUDE (indexed_at) FROM raw_archive_files ORDER BY ALL") == before
    assert rows(data, "SELECT * FROM raw_archive_records ORDER BY ALL") == records
    assert {path: path.read_bytes() for path in (data / "archive").glob("*.cdxj")} == indexes
    assert b"4 files indexed" in started("archive", "reindex", "--all", data=data).stderr
    next((data / "archive").glob("*.warc.gz")).unlink()
    assert b"1 are gone from the folder and from the index" in started("archive", "reindex", data=data).stderr


def test_what_a_killed_run_left_is_closed_and_its_torn_end_set_aside(data: Path) -> None:
    one = sorted((data / "archive").glob("*.warc.gz"))[-1]
    content = one.read_bytes()
    left = one.with_name(f"{one.name}.open")
    one.rename(left)
    left.write_bytes(content[:-30])
    verified = started("archive", "verify", one.name, data=data)
    assert verified.returncode == 0
    assert "was left open by a run that was killed" in verified.stderr.decode()
    assert "left open" in started("archive", "list", data=data).stdout.decode()
    done = started("archive", "reindex", data=data)
    assert done.returncode == 0
    (aside,) = (data / "archive").glob("*.torn")
    assert aside.name in done.stderr.decode()
    assert one.read_bytes() + aside.read_bytes() == content[:-30]


def test_a_stored_page_is_shown_as_evidence(data: Path, portal: Portal) -> None:
    ((url, capture),) = rows(
        data, "SELECT url, capture_id FROM raw_captures WHERE outcome = 'not_modified' ORDER BY url LIMIT 1"
    )
    ((first,),) = rows(data, f"SELECT fetched_at FROM raw_captures WHERE url = '{url}' AND outcome = 'ok'")
    by_url = started("archive", "show", url, data=data)
    assert by_url.returncode == 0
    head, _, body = by_url.stdout.partition(b"\n\n")
    assert head.startswith(b"HTTP/1.1 200 OK\n")
    assert "法治政府建设".encode() in body
    assert "unchanged since" in by_url.stderr.decode()
    by_id = started("archive", "show", capture, "--body", data=data)
    assert by_id.stdout == body
    then = started("archive", "show", url, "--body", "--at", f"{first:%Y-%m-%dT%H:%M:%S}", data=data)
    assert then.returncode == 1  # a moment before it was fetched
    assert b"holds no answer" in then.stderr
    (data / "nianbao.duckdb").unlink()  # without any warehouse, from the files alone
    assert started("archive", "show", url, data=data).stdout == by_url.stdout
    assert started("archive", "show", capture, "--body", data=data).stdout == body
    unknown = started("archive", "show", "http://www.nobody.test/", data=data)
    assert unknown.returncode == 1
    assert b"Traceback" not in unknown.stderr


TOLD = {
    "reports": "SELECT * EXCLUDE (batch) FROM core_reports ORDER BY document_id",
    "versions": 'SELECT document_id, "version", cause, captured_at, capture_id, text FROM core_versions ORDER BY ALL',
    "captures": "SELECT * EXCLUDE (batch) FROM raw_captures ORDER BY capture_id",
    "candidates": "SELECT * EXCLUDE (batch) FROM raw_candidates ORDER BY ALL",
    "index": "SELECT * FROM raw_archive_records ORDER BY ALL",
    # as on one day: the year may turn, or a deadline pass, between the two tellings that are compared
    "coverage": "SELECT source_id, report_type, report_year, state FROM coverage_on(DATE '2026-12-01') ORDER BY ALL",
}


def told(data: Path) -> dict[str, tuple[tuple[Any, ...], ...]]:
    return {name: rows(data, query) for name, query in TOLD.items()}


@pytest.mark.slow
def test_a_lost_warehouse_and_reader_copy_come_back_whole(data: Path, portal: Portal) -> None:
    before = told(data)
    shutil.rmtree(data / "warehouse")
    (data / "nianbao.duckdb").unlink()
    done = started("archive", "rebuild", data=data)
    assert done.returncode == 0, done.stderr.decode()[-3000:]
    after = told(data)
    for name, expected in before.items():
        assert after[name] == expected, name
    asked = len(portal.log)
    crawl(data, portal)
    assert told(data)["versions"] == before["versions"]
    assert len(portal.log) - asked < 15, "what is held was fetched again"


@pytest.mark.slow
@pytest.mark.parametrize("command", [("crawl", "--no-prefect"), ("archive", "reindex"), ("reprocess", "--no-prefect")])
def test_with_the_warehouse_lost_the_reader_copy_stays_and_a_rebuild_is_asked_for(
    data: Path, portal: Portal, command: tuple[str, ...]
) -> None:
    before, asked = told(data), len(portal.log)
    shutil.rmtree(data / "warehouse")
    done = started(*command, data=data, proxy=portal.url)
    assert done.returncode == 1
    assert "`nianbao archive rebuild`" in done.stderr.decode()
    assert told(data) == before
    assert len(portal.log) == asked, "sites were asked for what is held"
    assert started("archive", "rebuild", data=data).returncode == 0
    assert told(data)["reports"] == before["reports"]


@pytest.mark.slow
def test_a_crawl_into_a_lost_warehouse_and_a_rebuild_after_it_lose_and_double_nothing(
    data: Path, portal: Portal
) -> None:
    before = told(data)
    shutil.rmtree(data / "warehouse")
    (data / "nianbao.duckdb").unlink()
    crawl(data, portal)
    done = started("archive", "rebuild", data=data)
    assert done.returncode == 0, done.stderr.decode()[-3000:]
    after = told(data)
    assert {row[0] for row in after["reports"]} == {row[0] for row in before["reports"]}
    assert len(after["versions"]) == len(before["versions"])
    assert {row[0] for row in before["captures"]} < {row[0] for row in after["captures"]}
    assert after["coverage"] == before["coverage"]
    counted = json.dumps(rows(data, "SELECT count(*), count(DISTINCT document_id) FROM core_reports"))
    assert counted == json.dumps([[len(before["reports"])] * 2])
