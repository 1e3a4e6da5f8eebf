"""``nianbao share`` as a process, and the clients that people have."""

from __future__ import annotations

import base64
import json
import os
import re
import signal
import socket
import subprocess
import sys
import sysconfig
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pandas
import polars
import pyarrow as pa
import pytest
import requests

from tests.flows.command_line import nianbao
from tests.warehouse.sample_batches import whole_batch, write_all
from warehouse.load import load_pending
from warehouse.readers import publish

MEI, LI = "mei-" + "0123456789abcdef" * 4, "li-" + "fedcba9876543210" * 4
COUNT = "SELECT count(*) AS n FROM reports"
ENDLESS = "SELECT count(*) FROM range(1000000) a, range(1000000) b"
DEAF = "SELECT levenshtein(repeat('a', 300000), repeat('b', 300000))"
"""One call of a function: DuckDB looks at an interrupt only after it, minutes later."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running ``nianbao share``."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path

    def ask(
        self, sql: str, *, token: str | None = MEI, timeout: float = 60, **parameters: str | int
    ) -> requests.Response:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        return requests.post(f"{self.url}/sql", params=parameters, data=sql.encode(), headers=headers, timeout=timeout)

    def children(self) -> set[int]:
        """Process ids of the workers."""
        listed = subprocess.run(
            ["ps", "-ww", "-o", "pid=,args=", "--ppid", str(self.process.pid)],
            capture_output=True,
            text=True,
            check=False,
        )
        return {int(line.split()[0]) for line in listed.stdout.splitlines() if "multiprocessing.spawn" in line}


@contextmanager
def sharing(data: Path, *options: str, tokens: bool = True) -> Iterator[Server]:
    """The command on a free port; ended with the block."""
    file = data.parent / "tokens"
    file.write_text(f"# who may ask\nmei {MEI}\nli {LI}\n")
    file.chmod(0o600)
    environment = {key: value for key, value in os.environ.items() if not key.startswith("NIANBAO_")}
    environment |= {"NIANBAO_DATA_DIR": str(data)}
    words = ["share", "--port", "0", *(["--tokens", str(file)] if tokens else []), *options]
    log = data.parent / "share.log"
    with log.open("wb") as err:
        process = subprocess.Popen([sys.executable, "-m", "flows.cli", *words], env=environment, stderr=err)
    try:
        deadline = time.monotonic() + 120
        while not (found := re.search(r"at (http://\S+) ", log.read_text())):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, "the server did not say its address"
            time.sleep(0.05)
        server = Server(found.group(1), process, log)
        assert server.ask("SELECT 1", timeout=120).status_code == 200  # what waits in the listener is served
        yield server
    finally:
        process.terminate()
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@dataclass(frozen=True, slots=True)
class Shop:
    """A data folder with a warehouse that can be loaded further."""

    data: Path

    def load(self, sequence: int, size: int = 5) -> None:
        """Load so many reports more and publish."""
        warehouse = self.data / "warehouse" / "nianbao.duckdb"
        write_all(self.data / "landing", whole_batch(sequence, size))
        load_pending(warehouse, self.data / "landing")
        publish(warehouse, self.data / "nianbao.duckdb")


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    made = Shop(tmp_path / "data")
    (made.data / "warehouse").mkdir(parents=True)
    made.load(0)
    return made


@pytest.fixture(scope="module")
def shared_shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    made = Shop(tmp_path_factory.mktemp("shop") / "data")
    (made.data / "warehouse").mkdir(parents=True)
    made.load(0)
    return made


@pytest.fixture(scope="module")
def server(shared_shop: Shop) -> Iterator[Server]:
    """A server with bounds that tests can reach."""
    bounds = ("--seconds", "8", "--rows", "20000", "--memory-mb", "100", "--queries", "2", "--threads", "1")
    with sharing(shared_shop.data, *bounds) as running:
        yield running


pytestmark = pytest.mark.slow


def test_a_query_is_answered_in_every_format(server: Server) -> None:
    sql = "SELECT title, report_year FROM reports ORDER BY url LIMIT 2"
    titles = ["浦江县2025年法治政府建设年度报告"] * 2
    answer = server.ask(sql)
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.content.decode() == "title,report_year\n" + f"{titles[0]},2025\n" * 2
    assert [row["title"] for row in server.ask(sql, format="json").json()] == titles
    assert [json.loads(line)["title"] for line in server.ask(sql, format="jsonl").text.splitlines()] == titles
    arrow = pa.ipc.open_stream(server.ask(sql, format="arrow").content).read_all()
    assert arrow["title"].to_pylist() == titles
    parquet = polars.read_parquet(server.ask(sql, format="parquet").content)
    assert parquet["title"].to_list() == titles
    assert answer.headers["Nianbao-Rows"] == "2"
    assert answer.headers["Nianbao-Cut"] == "no"
    assert answer.headers["Cache-Control"] == "no-store"
    assert server.ask(sql, limit=1).headers["Nianbao-Cut"] == "yes"


def test_a_wrong_question_is_answered_with_what_to_ask(server: Server) -> None:
    for sql, status, words in (
        ("FROM reprots", 400, "Did you mean reports"),
        ("SELECT titel FROM reports", 400, "Did you mean title"),
        ("SELECT 1; SELECT 2", 400, "one at a time"),
        ("DROP TABLE core_reports", 400, "DROP is refused"),
        ("FROM range(20001)", 422, "more than 20,000 rows"),
        ("SELECT list(range) FROM range(500000000)", 422, "memory"),
        ("", 400, "no statement in it"),
    ):
        answer = server.ask(sql)
        assert (answer.status_code, words in answer.text) == (status, True), answer.text
    assert server.ask("SELECT 1", format="xlsx").status_code == 400
    assert server.ask("SELECT 1", limit="many").status_code == 400
    assert server.ask("SELECT '" + "a" * 2_000_000 + "'").status_code == 413
    assert server.ask("SELECT 1 AS a").text == "a\n1\n"


def test_only_who_has_a_token_is_answered_and_no_token_is_written_anywhere(server: Server, shared_shop: Shop) -> None:
    assert server.ask(COUNT, token=None).status_code == 401
    wrong = server.ask(COUNT, token="0" * 64)
    assert wrong.status_code == 401
    assert "Basic" in wrong.headers["WWW-Authenticate"]
    assert requests.get(f"{server.url}/why", timeout=10).status_code == 401
    assert requests.head(f"{server.url}/sql", params={"query": COUNT}, timeout=10).status_code == 401
    assert server.ask(COUNT, token=LI).status_code == 200
    assert requests.get(f"{server.url}/sql", params={"query": COUNT}, auth=("mei", MEI), timeout=60).status_code == 200
    bad = {"Authorization": "Basic " + base64.b64encode(b"\xff\xfe:x").decode()}
    assert requests.get(f"{server.url}/sql", params={"query": COUNT}, headers=bad, timeout=10).status_code == 401
    log = server.log.read_text()
    assert " li 200 " in log
    listed = subprocess.run(["ps", "-ww", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    for token in (MEI, LI):
        assert token not in log
        assert token not in listed


def test_a_token_that_is_taken_out_of_the_file_is_refused_at_once(server: Server, shared_shop: Shop) -> None:
    file = shared_shop.data.parent / "tokens"
    before = file.read_text()
    assert server.ask(COUNT, token=LI).status_code == 200
    file.write_text(f"mei {MEI}\n")
    assert server.ask(COUNT, token=LI).status_code == 401
    assert server.ask(COUNT).status_code == 200
    file.write_text("")
    assert server.ask(COUNT).status_code == 503
    file.write_text(before)
    assert server.ask(COUNT, token=LI).status_code == 200


def test_a_query_that_overstays_is_ended_and_its_place_is_taken(server: Server) -> None:
    _rested(server)
    workers = server.children()
    for sql in (ENDLESS, DEAF):
        answer = server.ask(sql)
        assert (answer.status_code, "stopped after 8 s" in answer.text) == (422, True), answer.text
        assert server.ask(COUNT).status_code == 200
    _soon(lambda: bool(server.children() - workers) and len(server.children()) == 2)


def test_killed_workers_are_replaced(server: Server) -> None:
    _rested(server)
    with ThreadPoolExecutor(1) as pool:
        idle = {worker: _cpu(worker) for worker in server.children()}
        asked = pool.submit(server.ask, ENDLESS)
        _soon(lambda: any(_cpu(worker) > used + 0.1 for worker, used in idle.items()))
        for worker in idle:
            os.kill(worker, signal.SIGKILL)
        answer = asked.result()
    assert (answer.status_code, "ended its process" in answer.text) == (422, True)
    assert server.ask(COUNT).status_code == 200
    _soon(lambda: len(server.children()) == 2)


def test_more_queries_than_places_wait_and_too_many_are_told_to_come_back(server: Server) -> None:
    _rested(server)
    with ThreadPoolExecutor(24) as pool:
        answers = list(pool.map(lambda _: server.ask(ENDLESS), range(24)))
    statuses = {answer.status_code for answer in answers}
    assert statuses == {422, 429}
    assert all(answer.headers["Retry-After"] for answer in answers if answer.status_code == 429)
    assert server.ask(COUNT).status_code == 200


def test_a_client_that_leaves_takes_its_query_along(server: Server) -> None:
    _rested(server)
    workers = server.children()
    left = "SELECT 'left', levenshtein(repeat('a', 300000), repeat('b', 300000))"
    with pytest.raises(requests.Timeout):
        server.ask(left, timeout=3)
    _soon(lambda: f"the client has left; its query was ended | {left[:20]}" in server.log.read_text())
    assert server.ask(COUNT).status_code == 200
    _soon(lambda: len(server.children()) == 2 and server.children() != workers)


def test_every_answer_under_loads_is_whole_and_from_the_newest_copy(server: Server, shared_shop: Shop) -> None:
    whole = (
        "SELECT (SELECT count(*) FROM reports) AS n, (SELECT sum(reports) FROM raw_batches) AS batches, "
        "(SELECT count(*) FROM report_texts WHERE text LIKE '%行政复议%') AS texts"
    )
    first = server.ask(whole, format="json").json()[0]["n"]
    loads = 12
    published: list[tuple[float, int]] = [(time.time(), first)]
    done = threading.Event()
    seen: list[tuple[float, int]] = []

    def read() -> None:
        while not done.is_set():
            began = time.time()
            answer = server.ask(whole, format="json")
            assert answer.status_code == 200, answer.text
            (row,) = answer.json()
            assert row["n"] == row["batches"] == row["texts"]
            seen.append((began, row["n"]))

    with ThreadPoolExecutor(3) as pool:
        readers = [pool.submit(read) for _ in range(3)]
        try:
            for number in range(1, loads + 1):
                shared_shop.load(number)
                published.append((time.time(), first + 5 * number))
        finally:
            done.set()
        for reader in readers:
            reader.result()
    assert len({count for _, count in seen}) > 3, "the readers should have seen many of the copies"
    for began, count in seen:
        # Not a moment stale: what was published before a question is in its answer.
        assert count >= max(total for at, total in published if at < began)
    assert server.ask(COUNT, format="json").json() == [{"n": first + 5 * loads}]


def extension(name: str) -> str:
    """Where the wheel of a DuckDB extension keeps its file."""
    found = Path(sysconfig.get_paths()["purelib"]).glob(
        f"duckdb_extension_{name}/extensions/v*/{name}.duckdb_extension"
    )
    for file in found:
        return str(file)
    pytest.skip(f"needs the wheel duckdb-extension-{name}")


def client_script(server: Server) -> str:
    """The lines of docs/team_server.md for DuckDB, with the extension from its wheel."""
    return f"""
        LOAD '{extension("httpfs")}';
        CREATE SECRET (TYPE http, BEARER_TOKEN '{MEI}', SCOPE '{server.url}');
        CREATE MACRO nianbao(query) AS TABLE
            FROM read_parquet('{server.url}/sql?format=parquet&query=' || url_encode(query));
        CREATE MACRO nianbao_why() AS TABLE SELECT content FROM read_text('{server.url}/why');
    """


def test_duckdb_in_python_asks_by_a_macro_and_sees_each_new_copy(server: Server, shared_shop: Shop) -> None:
    connection = duckdb.connect()
    connection.execute(client_script(server))
    count = f"FROM nianbao($$ {COUNT} $$)"
    before = connection.execute(count).fetchall()[0][0]
    shared_shop.load(100)
    assert connection.execute(count).fetchall() == [(before + 5,)]
    joined = "SELECT r.title, mine.note FROM nianbao('FROM reports LIMIT 1') r, (SELECT 'mine' AS note) mine"
    assert connection.execute(joined).fetchall() == [("浦江县2025年法治政府建设年度报告", "mine")]
    with pytest.raises(duckdb.HTTPException):
        connection.execute("FROM nianbao('FROM reprots')")
    assert "Did you mean reports" in connection.execute("FROM nianbao_why()").fetchall()[0][0]
    asked = server.log.read_text().count("| FROM reprots")
    assert asked == len(re.findall(r"400 .*\| FROM reprots", server.log.read_text()))


def test_a_heavy_query_that_duckdb_repeats_is_run_once(server: Server) -> None:
    connection = duckdb.connect()
    connection.execute(client_script(server))
    heavy = "SELECT count(*) AS heavy FROM range(1000000) a, range(1000000) b"
    with pytest.raises(duckdb.HTTPException):
        connection.execute("FROM nianbao($1)", [heavy])
    assert server.log.read_text().count(f"| {heavy}") == 1


def test_the_duckdb_command_line_asks_by_the_same_lines(server: Server) -> None:
    command = Path(sys.executable).with_name("duckdb")
    if not command.exists():
        pytest.skip("needs the duckdb command line (pip install duckdb-cli)")
    script = (
        textwrap.dedent(client_script(server))
        + ".mode list\nFROM nianbao($$ SELECT DISTINCT publisher FROM reports $$);\n"
    )
    done = subprocess.run([command], input=script, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.splitlines()[-2:] == ["publisher", "浦江县人民政府"]


def test_pandas_and_curl_ask_by_address_alone(server: Server) -> None:
    sql = "SELECT publisher, count(*) AS n FROM reports GROUP BY ALL"
    address = requests.Request("GET", f"{server.url}/sql", params={"query": sql}).prepare().url
    assert address is not None
    frame = pandas.read_csv(address, storage_options={"Authorization": f"Bearer {MEI}"})
    assert frame["publisher"].to_list() == ["浦江县人民政府"]
    done = subprocess.run(
        ["curl", "-s", "-K", "-", f"{server.url}/sql", "--data-binary", COUNT],
        input=f'header = "Authorization: Bearer {MEI}"',  # not on the command line, which ps shows
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.startswith("n\n")


def test_nianbao_sql_asks_a_server_as_it_asks_its_own_copy(server: Server, shared_shop: Shop, tmp_path: Path) -> None:
    sql = "SELECT document_id, published, flags, dates FROM core_reports ORDER BY 1 LIMIT 3"
    own = nianbao("sql", sql, "--format", "csv", folder=tmp_path, data_dir=str(shared_shop.data))
    remote = nianbao("sql", sql, "--format", "csv", folder=tmp_path, server=server.url, server_token=MEI)
    assert (remote.returncode, remote.stdout) == (0, own.stdout)
    assert len(own.stdout.splitlines()) == 4
    named = nianbao("sql", "--server", server.url, COUNT, "-f", "jsonl", folder=tmp_path, server_token=MEI)
    assert json.loads(named.stdout)["n"] >= 5
    wrong = nianbao("sql", "FROM reprots", folder=tmp_path, server=server.url, server_token=MEI)
    assert (wrong.returncode, "Did you mean reports" in wrong.stderr) == (1, True)
    misspelt = "SELECT count(*) FROM reports WHERE level = 'conty'"
    of_own = nianbao("sql", misspelt, folder=tmp_path, data_dir=str(shared_shop.data))
    of_server = nianbao("sql", misspelt, folder=tmp_path, server=server.url, server_token=MEI)
    assert "Did you mean county?" in of_own.stderr
    assert of_server.stderr == of_own.stderr
    none = nianbao("sql", COUNT, folder=tmp_path, server=server.url)
    assert (none.returncode, "NIANBAO_SERVER_TOKEN" in none.stderr) == (1, True)
    told = nianbao("doctor", folder=tmp_path, server=server.url, server_token=MEI)
    assert server.url in told.stdout
    assert MEI not in told.stdout + told.stderr
    clear = nianbao("sql", COUNT, folder=tmp_path, server="http://warehouse.example.test", server_token=MEI)
    assert (clear.returncode, "https://" in clear.stderr) == (1, True)
    gone = nianbao("sql", COUNT, folder=tmp_path, server="http://127.0.0.1:9", server_token=MEI)
    assert (gone.returncode, "does not answer: Connection refused" in gone.stderr) == (1, True)


def test_without_tokens_only_this_machine_may_ask_and_only_by_its_name(shop: Shop) -> None:
    refused = nianbao("share", "--host", "0.0.0.0", folder=shop.data.parent)
    assert (refused.returncode, "--tokens" in refused.stderr) == (2, True)
    with sharing(shop.data, "--queries", "1", tokens=False) as server:
        assert server.ask(COUNT, token=None).text == "n\n5\n"
        rebound = {"Host": "evil.example.test"}
        assert requests.post(f"{server.url}/sql", data=COUNT, headers=rebound, timeout=10).status_code == 400
        port = int(server.url.rpartition(":")[2])
        with socket.socket() as client:
            assert client.connect_ex(("127.0.0.2", port)) != 0, "only 127.0.0.1 is listened on"


def test_a_killed_server_leaves_no_process_and_no_file_behind(shop: Shop, tmp_path: Path) -> None:
    with sharing(shop.data, "--queries", "2") as server:
        workers = server.children()
        assert len(workers) == 2
        with ThreadPoolExecutor(1) as pool:
            idle = {worker: _cpu(worker) for worker in workers}
            asked = pool.submit(server.ask, DEAF)
            _soon(lambda: any(_cpu(worker) > used + 0.1 for worker, used in idle.items()))
            server.process.kill()
            with pytest.raises(requests.ConnectionError):
                asked.result()
        _soon(lambda: not any(Path(f"/proc/{worker}").exists() for worker in workers))


@pytest.mark.parametrize(
    ("text", "mode", "complaint"),
    [
        (f"mei {MEI}\n", 0o644, "chmod 600"),
        ("mei short\n", 0o600, "line 1: the token of mei has 5 characters"),
        (f"mei {MEI}\nli {MEI}\n", 0o600, "line 2: li has the token of mei"),
        (f"{MEI}\n", 0o600, "line 1: 1 words where NAME TOKEN stands"),
        ("# nobody\n", 0o600, "has no token"),
        (None, 0, "name a file"),
    ],
    ids=["readable", "short", "twice", "nameless", "empty", "missing"],
)
def test_a_file_of_tokens_that_will_not_do_is_refused_before_serving(
    tmp_path: Path, text: str | None, mode: int, complaint: str
) -> None:
    file = tmp_path / "tokens"
    if text is not None:
        file.write_text(text)
        file.chmod(mode)
    done = nianbao("share", "--tokens", str(file), folder=tmp_path)
    assert (done.returncode, complaint in done.stderr) == (2, True), done.stderr
    assert MEI not in done.stderr


def _rested(server: Server) -> None:
    """Wait until both places are taken by workers that answer: a test before this one may have had some killed."""

    def both() -> bool:
        with ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(lambda _: server.ask("SELECT 1"), range(2)))
        return len(server.children()) == 2 and all(answer.status_code == 200 for answer in answers)

    _soon(both, 90)


def _cpu(process: int) -> float:
    """Seconds of processor time that a process has used."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        pytest.skip("needs /proc to see which worker is at work")
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _soon(holds: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.1)
