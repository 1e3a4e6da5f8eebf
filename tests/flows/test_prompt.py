"""The prompt: several lines a statement, a history that lasts, completion in any case of letters."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Self

import pytest

from flows.commands.prompt import Completion, history_file, on_one_line

HEEDING_CTRL_C = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from flows.cli import main; main()"
)
"""Whoever runs tests in the background has Ctrl-C ignored, and children inherit that."""
ENDLESS = (
    "SELECT count(*) FROM reports a, reports b, reports c, reports d, reports e, range(1000000000) f "
    "WHERE a.title || b.title || c.title = d.title || e.title || f.range"
)
COMPLETION = Completion(
    {
        "reports": ("document_id", "publisher", "published", "report_year"),
        "report_texts": ("document_id", "text"),
        "coverage": ("publisher", "state"),
    },
    ["search", "coverage_on"],
    ["select", "from", "partition", "semi"],
)


@pytest.mark.parametrize(
    ("line", "word", "offers"),
    [
        ("FROM rep", "rep", ["report_texts", "reports"]),
        ("from REP", "REP", ["report_texts", "reports"]),
        ("select * from cov", "cov", ["coverage", "coverage_on("]),
        ("from sea", "sea", ["search("]),
        ("sel", "sel", ["select"]),
        ("SEL", "SEL", ["SELECT"]),
        ("from reports select pub", "pub", ["publisher", "published"]),
        ("from coverage where sta", "sta", ["state"]),
        ("from reports where reports.pub", "reports.pub", ["reports.publisher", "reports.published"]),
        ("from coverage c where c.", "c.", ["c.publisher", "c.state"]),
        ("from coverage AS c where c.S", "c.S", ["c.state"]),
        (".ta", ".ta", [".tables"]),
        (".schema cov", "cov", ["coverage"]),
        (".mode js", "js", ["json", "jsonl"]),
    ],
)
def test_a_word_that_was_begun_becomes_what_can_stand_there(line: str, word: str, offers: list[str]) -> None:
    assert COMPLETION.offers(line, word) == offers


def test_a_statement_is_one_line_of_history() -> None:
    assert on_one_line("SELECT 1\n  FROM reports;") == "SELECT 1 FROM reports;"
    assert on_one_line("SELECT '--' AS a -- why\n, 2;") == "SELECT '--' AS a , 2;"


def test_the_history_is_with_the_persons_own_state() -> None:
    home = Path("/home/li")
    assert history_file({}, home) == home / ".local/state/nianbao/sql_history"
    assert history_file({"XDG_STATE_HOME": "/state"}, home) == Path("/state/nianbao/sql_history")
    assert history_file({"XDG_STATE_HOME": "relative"}, home) == home / ".local/state/nianbao/sql_history"


class Terminal:
    """``nianbao sql`` on a terminal of its own; what is typed is sent when the prompt asks for it."""

    def __init__(self, data: Path, state: Path, *arguments: str) -> None:
        self._keyboard, screen = pty.openpty()
        self._process = subprocess.Popen(
            [sys.executable, "-c", HEEDING_CTRL_C, "sql", *arguments],
            env=os.environ
            | {"NIANBAO_DATA_DIR": str(data), "XDG_STATE_HOME": str(state), "TERM": "dumb", "COLUMNS": "120"},
            stdin=screen,
            stdout=screen,
            stderr=screen,
            start_new_session=True,
        )
        os.close(screen)
        self.seen = ""

    def wait_for(self, words: str) -> str:
        """What the screen showed up to ``words``. On a busy machine the program alone may need 20 s to start."""
        ends = time.monotonic() + 120
        while words not in self.seen:
            ready, _, _ = select.select([self._keyboard], [], [], max(ends - time.monotonic(), 0))
            assert ready, f"no {words!r} in {self.seen!r}"
            self.seen += os.read(self._keyboard, 65536).decode("utf-8", "replace").replace("\r", "")
        before, _, self.seen = self.seen.partition(words)
        return before

    def type(self, keys: str) -> None:
        os.write(self._keyboard, keys.encode())

    def break_off(self) -> None:
        """Ctrl-C, as long after the last key as a hand takes.

        Python sees a signal only while it waits for a key, not one that comes between the last key and the waiting.
        """
        time.sleep(1)
        self._process.send_signal(signal.SIGINT)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._keyboard)

    def leave(self) -> int:
        self.type(".quit\n")
        return self._process.wait(timeout=60)


@pytest.mark.slow
def test_a_session_at_the_prompt(asked: Path, tmp_path: Path) -> None:
    with Terminal(asked, tmp_path / "state") as terminal:
        terminal.wait_for("nianbao> ")
        terminal.type("SELECT count(*) AS n, ';\n")
        terminal.wait_for("   ...> ")
        terminal.type("' AS x FROM rep\torts;\n")
        assert re.search(r"│ 18 ", terminal.wait_for("nianbao> "))
        terminal.type("SELECT 1 AS one; SELECT 2 AS two;\n")
        answered = terminal.wait_for("nianbao> ")
        assert "one" in answered
        assert "two" in answered
        terminal.type(".mode lines\n")
        terminal.wait_for("nianbao> ")
        terminal.type("FROM reports SELECT title LIMIT 1;\n")
        assert "── row 1" in terminal.wait_for("nianbao> ")
        terminal.type(".limit 2\n")
        terminal.wait_for("nianbao> ")
        terminal.type("FROM range(5);\n")
        assert "2 rows and more; cut off by the limit: .limit N" in terminal.wait_for("nianbao> ")
        terminal.type("SELECT coun")
        terminal.wait_for("SELECT coun")
        terminal.break_off()
        terminal.wait_for("nianbao> ")
        terminal.type(f"{ENDLESS};\n")
        terminal.break_off()
        terminal.wait_for("Stopped.")
        terminal.wait_for("nianbao> ")
        terminal.type(".help\n")
        assert ".macros" in terminal.wait_for("nianbao> ")
        assert terminal.leave() == 0
    kept = (tmp_path / "state" / "nianbao" / "sql_history").read_text("utf-8").splitlines()
    assert kept[0] == "SELECT count(*) AS n, '; ' AS x FROM reports;"
    assert kept[1:3] == ["SELECT 1 AS one;", "SELECT 2 AS two;"]

    with Terminal(asked, tmp_path / "state") as again:
        again.wait_for("nianbao> ")
        again.type("\x1b[A" * 6)  # the sixth, with .help, the endless one, FROM range, .limit and FROM reports after it
        again.wait_for("mode lines")
        again.type("\x1b[A")
        again.wait_for("SELECT 2 AS two;")
        again.type("\n")
        assert "two" in again.wait_for("1 row")
        assert again.leave() == 0


@pytest.mark.slow
def test_a_running_query_is_stopped_by_ctrl_c_in_a_sentence(asked: Path, tmp_path: Path) -> None:
    asking = subprocess.Popen(
        [sys.executable, "-c", HEEDING_CTRL_C, "sql", "-f", "csv", f"SELECT 1 AS begun UNION ALL {ENDLESS}"],
        env=os.environ | {"NIANBAO_DATA_DIR": str(asked)},
        stderr=subprocess.PIPE,
        text=True,
    )
    time.sleep(5)
    asking.send_signal(signal.SIGINT)
    _, said = asking.communicate(timeout=60)
    assert asking.returncode == 130
    assert "Stopped." in said
    assert "Traceback" not in said


@pytest.mark.slow
def test_a_history_that_cannot_be_written_is_said_and_no_hindrance(asked: Path, tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where a folder should be", "utf-8")
    with Terminal(asked, tmp_path / "state") as terminal:
        assert "not kept for the next time" in terminal.wait_for("nianbao> ")
        terminal.type("SELECT 41 + 1 AS n;\n")
        assert "42" in terminal.wait_for("nianbao> ")
        assert terminal.leave() == 0
