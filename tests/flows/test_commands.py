"""What a person sees who types something wrong, or whose disk, network or warehouse is: a sentence and an exit code."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from deployments.portal.demo import SOURCES, demo_network
from deployments.portal.proxy import Portal
from flows.commands import doctor
from flows.commands.doctor import doctor_command
from flows.settings import Settings
from tests.flows.command_line import started
from warehouse.database import writing

ONE = "qinglan/qinghe"
HEEDING_CTRL_C = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from flows.cli import main; main()"
)
"""A shell that runs tests in the background has Ctrl-C ignored, and children inherit that."""


@pytest.fixture(scope="module")
def portal() -> Iterator[Portal]:
    with Portal(demo_network()) as running:
        yield running


def nianbao(*arguments: str, data: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    done = started(*arguments, data=data, **settings)
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


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
    told = nianbao("problems", data=tmp_path / "data")
    assert "│ http://www.lost.gov.cn/fzzf/ " in told.stdout
    assert "│ server_error (" in told.stdout, "the reason is hidden behind the address"
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


def asked_by_pipe(crawled: Path, statements: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "flows.cli", "sql", *arguments],
        env=os.environ | {"NIANBAO_DATA_DIR": str(crawled)},
        input=statements,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_statements_can_be_piped_in_and_only_answers_come_out(crawled: Path) -> None:
    done = asked_by_pipe(crawled, "SELECT count(*) AS n\nFROM reports;\n\nSELECT 2 AS n", "--format", "csv")
    assert (done.returncode, done.stdout, done.stderr) == (0, "n\n18\nn\n2\n", "")


def test_a_wrong_statement_in_a_pipe_ends_it(crawled: Path) -> None:
    done = asked_by_pipe(crawled, "SELECT 1 AS n;\nSELECT * FROM report;\nSELECT 3 AS n;\n", "--format", "csv")
    assert (done.returncode, done.stdout) == (1, "n\n1\n")
    assert "Did you mean reports" in done.stderr


def test_the_prompt_answers_and_is_left_by_the_words_people_know(crawled: Path) -> None:
    keyboard, screen = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "flows.cli", "sql"],
        env=os.environ | {"NIANBAO_DATA_DIR": str(crawled)},
        stdin=screen,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as prompt:
        os.write(
            keyboard, b"SELECT count(*) AS n\nFROM reports;\nSELECT * FROM report;\nexit\nSELECT 'after the end';\n"
        )
        answered, said = prompt.communicate(timeout=60)
    os.close(keyboard)
    os.close(screen)
    assert prompt.returncode == 0, said
    assert "18" in answered
    assert "Did you mean reports" in said
    assert "after the end" not in answered


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


def test_what_sites_wrote_is_shown_as_it_is_and_cannot_write_on_the_terminal(crawled: Path) -> None:
    done = nianbao("sql", "SELECT '[/b] [red]x' AS \"[i]title\", chr(27) || '[2J' AS escape", data=crawled)
    assert done.returncode == 0, done.stderr
    assert "[/b] [red]x" in done.stdout
    assert "[i]title" in done.stdout
    assert "\x1b" not in done.stdout


def test_an_error_with_brackets_is_said_whole(crawled: Path) -> None:
    done = nianbao("sql", "SELECT [/b]", data=crawled)
    assert done.returncode == 1
    assert "[/b]" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_probed_column_is_proposed_as_toml_that_parses(tmp_path: Path, portal: Portal) -> None:
    address = tomllib.loads((SOURCES / f"{ONE}.toml").read_text("utf-8"))["columns"][0]["url"]
    done = nianbao("sources", "probe", address, data=tmp_path, proxy=portal.url)
    assert done.returncode == 0, done.stderr
    proposed = tomllib.loads(done.stderr.partition("As a registry file:\n")[2])
    assert proposed["columns"][0]["url"] == address


def test_a_terminal_without_chinese_letters_does_not_end_a_command(crawled: Path) -> None:
    environment = os.environ | {"PYTHONIOENCODING": "ascii", "NIANBAO_DATA_DIR": str(crawled)}
    done = subprocess.run(
        [sys.executable, "-m", "flows.cli", "sql", "SELECT title FROM reports LIMIT 1", "-f", "csv"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "\\u" in done.stdout


def test_coverage_of_a_misspelt_source_names_the_nearest(crawled: Path) -> None:
    done = nianbao("coverage", "--source", "qinglan/qinge", data=crawled)
    assert done.returncode == 2
    assert "did you mean qinglan/qinghe" in done.stderr


def test_a_port_that_cannot_be_is_bad_usage(tmp_path: Path) -> None:
    done = nianbao("portal", "--port", "99999", data=tmp_path)
    assert done.returncode == 2
    assert "65535" in done.stderr


def test_a_folder_that_may_not_be_written_is_named(tmp_path: Path, portal: Portal) -> None:
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=128k,ro", "tmpfs", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode != 0:
        pytest.skip(f"needs the right to mount a small file system: {mounted.stderr.strip()}")
    try:
        done = crawl(tmp_path / "data", portal, "--source", ONE)
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)
    assert done.returncode == 1
    assert str(tmp_path / "data") in done.stderr
    assert "Traceback" not in done.stderr


def test_a_data_folder_below_a_file_is_named(tmp_path: Path, portal: Portal) -> None:
    (tmp_path / "notes").write_text("no folder", "utf-8")
    done = crawl(tmp_path / "notes" / "data", portal, "--source", ONE)
    assert done.returncode == 1
    assert str(tmp_path / "notes") in done.stderr
    assert "Traceback" not in done.stderr
    looked = nianbao("doctor", data=tmp_path / "notes" / "data")
    assert looked.returncode == 1
    assert "is no folder" in looked.stdout


def test_a_manifest_that_is_not_utf_8_is_named(tmp_path: Path) -> None:
    manifest = tmp_path / "M.jsonl"
    manifest.write_bytes('{"id": "年报", "file": "a.html"}\n'.encode("gb18030"))
    done = nianbao("read", "--manifest", str(manifest), data=tmp_path)
    assert done.returncode == 2
    assert f"{manifest}: not UTF-8" in done.stderr


def test_damage_found_in_the_archive_is_a_problem_of_the_run(tmp_path: Path, portal: Portal) -> None:
    assert crawl(tmp_path, portal, "--source", ONE).returncode == 0
    (whole,) = (tmp_path / "archive").glob("*.warc.gz")
    content = bytearray(whole.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 64] = bytes(64)
    whole.with_name(whole.name + ".open").write_bytes(content)
    whole.unlink()
    done = crawl(tmp_path, portal, "--source", ONE)
    assert done.returncode == 1
    assert f"problem {whole.name}: " in done.stderr


def test_a_damaged_reader_copy_says_how_to_get_a_new_one(tmp_path: Path) -> None:
    (tmp_path / "nianbao.duckdb").write_bytes(b"not a database")
    done = nianbao("sql", "SELECT 1", data=tmp_path)
    assert done.returncode == 1
    assert "next nianbao crawl writes it anew" in done.stderr


def test_a_warehouse_of_which_nothing_is_kept_is_not_replaced_by_an_empty_one(tmp_path: Path) -> None:
    reader = tmp_path / "nianbao.duckdb"
    with writing(reader, "test"):
        pass
    before = reader.read_bytes()
    done = nianbao("archive", "rebuild", data=tmp_path)
    assert done.returncode == 1
    assert "so the reader copy is all that is left" in done.stderr
    assert reader.read_bytes() == before
    assert not (tmp_path / "warehouse" / "nianbao.duckdb").exists()
    looked = nianbao("doctor", data=tmp_path)
    assert looked.returncode == 1
    assert "so the reader copy is all that is left" in " ".join(looked.stdout.replace("│", " ").split())


def test_a_page_can_be_read_beside_a_damaged_reader_copy(tmp_path: Path) -> None:
    (tmp_path / "nianbao.duckdb").write_bytes(b"not a database")
    page = tmp_path / "page.html"
    page.write_text("<html><title>清河县2024年法治政府建设年度报告</title><p>2024年,我县……</p></html>", "utf-8")
    done = nianbao("read", str(page), data=tmp_path)
    assert done.returncode == 0
    assert json.loads(done.stdout)["id"] == "page"
    assert "Pages are read here without what earlier ones taught" in done.stderr


def test_doctor_finds_a_lost_warehouse_and_says_how_to_make_it_anew(tmp_path: Path) -> None:
    loaded = tmp_path / "landing" / "loaded"
    loaded.mkdir(parents=True)
    (loaded / "run-1@a=2Fb@000000.parquet").write_bytes(b"kept")
    done = nianbao("doctor", data=tmp_path)
    assert done.returncode == 1
    assert "nianbao archive rebuild" in " ".join(done.stdout.replace("│", " ").split())


def test_doctor_finds_a_reader_copy_that_a_check_keeps_as_it_was(
    crawled: Path, tmp_path: Path, portal: Portal, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data = Path(shutil.copytree(crawled, tmp_path / "data"))
    settings = Settings(data_dir=data, sources_dir=SOURCES)
    doctor_command(settings)
    assert "it shows all that was loaded" in capsys.readouterr().out
    with writing(settings.warehouse_path, "damage") as connection:
        connection.execute("UPDATE core_reports SET version = 99")
    assert crawl(data, portal, "--source", "yunling/mufeng").returncode == 1
    doctor_command(settings)
    assert "a run publishes soon" in capsys.readouterr().out
    monkeypatch.setattr(doctor, "PUBLISHED_WITHIN", 0.0)
    assert doctor_command(settings) == 1
    assert "nianbao checks --unpublished" in " ".join(capsys.readouterr().out.replace("│", " ").split())


def test_doctor_finds_misspelt_variables_and_rejected_batches(tmp_path: Path) -> None:
    rejected = tmp_path / "landing" / "rejected"
    rejected.mkdir(parents=True)
    (rejected / "one.parquet").write_bytes(b"garbage")
    done = nianbao("doctor", data=tmp_path, pace_second="1")
    assert done.returncode == 1
    assert "NIANBAO_PACE_SECOND" in done.stdout
    assert "1 batches could not be loaded" in done.stdout


def test_an_answer_for_a_folder_that_is_not_there_is_bad_usage(crawled: Path, tmp_path: Path) -> None:
    done = nianbao("sql", "SELECT 1", "-f", "csv", "--to", str(tmp_path / "no" / "x.csv"), data=crawled)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_ctrl_c_stops_a_crawl_at_the_page_in_hand_and_the_next_one_goes_on(tmp_path: Path, portal: Portal) -> None:
    environment = os.environ | {
        "NIANBAO_DATA_DIR": str(tmp_path),
        "NIANBAO_SOURCES_DIR": str(SOURCES),
        "NIANBAO_PROXY": portal.url,
        "NIANBAO_PACE_SECONDS": "1",
    }
    crawling = subprocess.Popen(
        [sys.executable, "-c", HEEDING_CTRL_C, "crawl", "--no-prefect", "--source", ONE],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    began = len(portal.log)
    deadline = time.monotonic() + 60
    while len(portal.log) < began + 5 and time.monotonic() < deadline:
        time.sleep(0.05)
    crawling.send_signal(signal.SIGINT)
    _, said = crawling.communicate(timeout=60)
    assert crawling.returncode == 130
    assert "Stopped." in said
    asked = {entry.url for entry in list(portal.log)[began:]}
    assert len([url for url in asked if "/art/" in url]) < 18
    states = nianbao("sql", "SELECT state FROM runs", "-f", "csv", data=tmp_path)
    assert states.stdout.split() == ["state", "cancelled"]
    assert crawl(tmp_path, portal, "--source", ONE).returncode == 0
    counted = nianbao("sql", "SELECT count(*) AS n FROM reports", "--format", "json", data=tmp_path)
    assert json.loads(counted.stdout)[0]["n"] == 18
