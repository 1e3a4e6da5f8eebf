"""The check ledger: what live checks found is kept, shown, compared with the check before, and answered by SQL."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from deployments.portal.demo import SOURCES, demo_network
from deployments.portal.proxy import Portal
from scrapers.records import Outcome
from tests.flows.command_line import nianbao
from warehouse.ledgers.source_checks import FILE_NAME, SourceCheck, append_checks, read_checks

ONE = "qinglan/qinghe"
COLUMN = "http://www.qinghe-demo.gov.cn/col/col1229426001/index.html"


@pytest.fixture(scope="module")
def portal() -> Iterator[Portal]:
    with Portal(demo_network()) as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a registry of one source of two columns."""
    (tmp_path / "sources" / "qinglan").mkdir(parents=True)
    shutil.copy(SOURCES / f"{ONE}.toml", tmp_path / "sources" / "qinglan")
    return tmp_path


def earlier(rows: int, outcome: Outcome = Outcome.OK, day: int = 1) -> SourceCheck:
    return SourceCheck(
        checked_at=datetime(2026, 3, day, 20, tzinfo=UTC),
        source_id=ONE,
        column_url=COLUMN,
        outcome=outcome,
        detail=f"listed {rows}",
        rows=rows,
        total_stated=None,
        pages=3,
        newest_row=None,
        report_title=None,
        report_url=None,
        report_date=None,
        requests=3,
        seconds=1.5,
    )


def test_every_live_check_is_kept_with_what_it_found(folder: Path, portal: Portal) -> None:
    for _ in range(2):
        done = nianbao("sources", "check", "--live", folder=folder, portal=portal)
        assert done.returncode == 0, done.stderr
    ledger = read_checks(folder / "data" / FILE_NAME)
    assert [check.column_url[-16:-11] for check in ledger.checks].count("26001") == 2
    last = ledger.last(ONE, COLUMN)
    assert last is not None
    assert (last.rows, last.total_stated, last.outcome) == (36, 36, Outcome.OK)
    assert last.report_title == "关于清禾县2025年法治政府建设情况的报告"
    assert last.checked_at.utcoffset() is not None


def test_a_plain_check_tells_when_each_column_was_last_checked_live(folder: Path) -> None:
    never = nianbao("sources", "check", folder=folder)
    assert never.returncode == 0
    assert "2 columns never checked live" in never.stderr
    append_checks(folder / "data" / FILE_NAME, [earlier(36, Outcome.CHALLENGE)])
    done = nianbao("sources", "check", folder=folder)
    assert done.returncode == 0  # what a site did weeks ago is no fault of the registry
    assert "2026-03-02" in done.stdout  # 20:00 UTC is the next day in China
    assert "challenge" in done.stdout


def test_the_list_shows_the_last_check_beside_what_the_file_states(folder: Path) -> None:
    append_checks(folder / "data" / FILE_NAME, [earlier(36), earlier(0, Outcome.TIMEOUT, day=2)])
    done = nianbao("sources", "list", folder=folder)
    (row,) = [line for line in done.stdout.splitlines() if ONE in line]
    assert [cell.strip() for cell in row.split("│")[-4:-1]] == ["never", "2026-03-03", "timeout, 1 unchecked"]


def test_a_column_that_shrank_is_trouble(folder: Path, portal: Portal) -> None:
    append_checks(folder / "data" / FILE_NAME, [earlier(40), earlier(0, Outcome.TIMEOUT, day=2)])
    done = nianbao("sources", "check", "--live", folder=folder, portal=portal)
    assert done.returncode == 1
    assert f"{ONE} {COLUMN}: lists 36 rows, 4 fewer than on 2026-03-02" in done.stderr


def test_a_failed_check_says_what_to_do(folder: Path) -> None:
    with Portal(demo_network()) as guarded:
        guarded.inject("challenge_521")
        done = nianbao("sources", "check", "--live", folder=folder, portal=guarded)
    assert done.returncode == 1
    assert "challenge" in done.stdout
    assert "Never defeated." in done.stderr
    checks = read_checks(folder / "data" / FILE_NAME).checks
    assert {check.outcome for check in checks} == {Outcome.CHALLENGE}


def test_a_total_of_nothing_is_shown_as_nothing_and_not_as_unknown(folder: Path) -> None:
    stated = earlier(0, Outcome.EMPTY_LIST)
    append_checks(
        folder / "data" / FILE_NAME,
        [SourceCheck(**{name: getattr(stated, name) for name in stated.__slots__} | {"total_stated": 0})],
    )
    done = nianbao("sources", "check", folder=folder)
    (row,) = [line for line in done.stdout.splitlines() if "empty_list" in line]
    assert [cell.strip() for cell in row.split("│")[5:7]] == ["0", "0"]


def test_a_line_torn_by_a_kill_is_said_and_skipped_and_spoils_no_other(folder: Path) -> None:
    path = folder / "data" / FILE_NAME
    append_checks(path, [earlier(36)])
    with path.open("ab") as file:
        file.write(b'{"checked_at": "2026-03-0')
    append_checks(path, [earlier(37, day=3)])
    assert [check.rows for check in read_checks(path).checks] == [36, 37]
    done = nianbao("sources", "check", folder=folder)
    assert done.returncode == 0
    assert f"{path.name}:2: is torn" in done.stderr
    assert "37" in done.stdout


@pytest.mark.parametrize("line", ["[]", '"x"', '{"rows": 3}', '{"checked_at": "soon", "rows": 3}', "not json"])
def test_a_line_that_is_no_check_is_skipped(tmp_path: Path, line: str) -> None:
    path = tmp_path / FILE_NAME
    path.write_text(line + "\n", "utf-8")
    append_checks(path, [earlier(5)])
    ledger = read_checks(path)
    assert [check.rows for check in ledger.checks] == [5]
    assert [trouble.startswith(f"{path}:1: ") for trouble in ledger.troubles] == [True]


def test_a_check_reads_back_as_it_was_written(tmp_path: Path) -> None:
    append_checks(tmp_path / FILE_NAME, [earlier(5), earlier(6)])
    assert read_checks(tmp_path / FILE_NAME).checks == (earlier(5), earlier(6))


def test_checks_that_end_together_are_all_kept(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda rows: append_checks(path, [earlier(rows)]), range(100)))
    ledger = read_checks(path)
    assert sorted(check.rows for check in ledger.checks) == list(range(100))
    assert ledger.troubles == ()


def test_a_crawl_brings_the_ledger_into_the_warehouse_each_check_once(folder: Path, portal: Portal) -> None:
    append_checks(folder / "data" / FILE_NAME, [earlier(40)])
    nianbao("sources", "check", "--live", folder=folder, portal=portal)
    for _ in range(2):
        done = nianbao("crawl", "--no-prefect", folder=folder, portal=portal)
        assert done.returncode == 0, done.stderr
    counted = nianbao("sql", "SELECT count(*) AS n FROM core_source_checks", "-f", "json", folder=folder)
    assert json.loads(counted.stdout) == [{"n": 3}]
    asked = nianbao(
        "sql",
        'SELECT "rows", rows_before, fewer_rows, checks, outcome, report_title FROM source_checks '
        f"WHERE column_url = '{COLUMN}'",
        "-f",
        "json",
        folder=folder,
    )
    assert json.loads(asked.stdout) == [
        {
            "rows": 36,
            "rows_before": 40,
            "fewer_rows": 4,
            "checks": 2,
            "outcome": "ok",
            "report_title": "关于清禾县2025年法治政府建设情况的报告",
        }
    ]


def test_a_malformed_registry_fails_the_check_with_every_problem(folder: Path) -> None:
    broken = folder / "sources" / "qinglan" / "broken.toml"
    broken.write_text('publisher = "清河县人民政府"\nlevel = \n', "utf-8")
    done = nianbao("sources", "check", folder=folder)
    assert done.returncode == 1
    assert f"{broken}:2: not valid TOML" in done.stderr.replace("\n", "")


def test_golden_pages_without_their_source_are_found(folder: Path) -> None:
    (folder / "sources" / "qinglan" / "gone.pages").mkdir()
    done = nianbao("sources", "check", folder=folder)
    assert done.returncode == 1
    assert "gone.pages: golden pages of a source that is not there" in done.stderr
