"""The page of analysts' questions and the notebook, on the demo's own warehouse: what they show is what it answers."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from deployments.portal.demo import SOURCES, demo_network
from deployments.portal.proxy import Portal
from tests.flows.command_line import nianbao
from tests.questions.page import PAGE, PAGES, answer_on, answered, queries

NOTEBOOK = PAGE.with_name("first_look.py")
SHOWN = queries(PAGE.read_text("utf-8"))
OF_ALL_PAGES = [one for page in PAGES for one in queries(page.read_text("utf-8"))]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("questions")
    with Portal(demo_network()) as portal:
        done = nianbao("crawl", "--no-prefect", folder=folder, portal=portal, sources_dir=str(SOURCES))
    assert done.returncode == 0, done.stderr
    return folder / "data"


@pytest.mark.parametrize(("sql", "shown"), OF_ALL_PAGES, ids=[sql[:60].replace("\n", " ") for sql, _ in OF_ALL_PAGES])
def test_the_answer_on_the_page_is_the_answer_of_the_demo(data: Path, sql: str, shown: str) -> None:
    assert shown == answer_on(data / "nianbao.duckdb")(sql), "run: python -m tests.questions data/demo/nianbao.duckdb"


def test_each_question_is_one_short_query_with_an_answer() -> None:
    assert len(SHOWN) >= 20
    for sql, shown in SHOWN:
        assert len(sql.splitlines()) <= 5, sql
        assert shown.count("\n") > 2, f"no row answers {sql}"


def test_a_query_of_the_page_is_answered_by_the_command_too(data: Path) -> None:
    done = nianbao("sql", SHOWN[0][0], "--format", "csv", folder=data.parent)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == "publisher,report_type,state,due,published,days_late"
    assert len(done.stdout.splitlines()) == SHOWN[0][1].count("\n") - 1


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_writing_the_answers_anew_changes_nothing_else(path: Path) -> None:
    page = path.read_text("utf-8")
    assert answered(page, dict(queries(page)).__getitem__) == page


def test_both_readmes_show_the_same_question() -> None:
    english, chinese = (queries(path.read_text("utf-8")) for path in PAGES[1:])
    assert english == chinese != []


def test_the_notebook_runs_as_a_script(data: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error::DeprecationWarning:__main__", str(NOTEBOOK)],
        env={"NIANBAO_DATA_DIR": str(data), "PATH": "/usr/bin:/bin", "HOME": str(data)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_every_table_of_the_notebook_has_rows(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NIANBAO_DATA_DIR", str(data))
    specification = importlib.util.spec_from_file_location("first_look", NOTEBOOK)
    assert specification is not None
    assert specification.loader is not None
    notebook = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(notebook)
    _, found = notebook.app.run()
    tables = ("held", "late", "missing", "by_year", "by_level", "found", "appearances", "applications")
    for name in (*tables, "reused", "copied", "departments"):
        assert len(found[name]) > 0, name


def test_the_notebook_says_what_to_do_where_there_is_no_copy(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(NOTEBOOK)],
        env={"NIANBAO_DATA_DIR": str(tmp_path), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "Traceback" not in done.stderr
