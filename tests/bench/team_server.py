"""Three ways to let a team ask the warehouse, under loads and under attack: ``python -m tests.bench team``.

``share`` is ``nianbao share``; ``quack`` DuckDB's remote protocol over the same copy, with the strictest authorization
macro that DuckDB's own parser gives; ``ducklake`` the tables of the copy in DuckLake, its catalog in PostgreSQL.

A loader publishes a copy a second while three processes ask, one after the other, two questions in turn: a count of
reports, and a scan of all texts that must see whole loads only. Stale is how long a newer copy had been published
when a question began that was still answered from the older.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import duckdb
import requests
from rich.console import Console
from rich.table import Table

from tests.bench.made_reports import Writer, made_batches, write_batches
from tests.warehouse.sample_batches import whole_batch, write_all
from warehouse.load import load_pending
from warehouse.readers import publish

REPORTS: Final = 2_000
LOADS: Final = 10
SIZE: Final = 50
"""Reports a load."""
EVERY: Final = 2.0
"""Seconds between two loads."""
READERS: Final = 3
TOKEN: Final = "a-token-of-the-benchmark-32-letters"
SECONDS: Final = 5.0
"""Time of a query under attack."""
TABLES: Final = ("reports", "report_texts", "core_reports", "raw_captures")
COUNT: Final = "SELECT report_year, count(*) FROM {0}reports GROUP BY ALL"
WHOLE: Final = (
    "SELECT (SELECT count(*) FROM {0}raw_captures), "
    "(SELECT count(*) FROM {0}core_reports WHERE url LIKE 'http://www.pujiang%'), "
    "(SELECT count(*) FROM {0}report_texts WHERE text LIKE '%行政复议案件120件%')"
)
ATTACKS: Final = (
    "DROP TABLE {0}core_reports",
    "SELECT 1; DROP TABLE {0}core_reports",
    "DELETE FROM {0}core_reports",
    "CREATE TABLE memory.main.mine AS SELECT 1 AS a",
    "COPY (SELECT 1) TO '/tmp/nianbao-attack.csv'",
    "EXPLAIN ANALYZE COPY (SELECT 1) TO '/tmp/nianbao-attack.csv'",
    "EXPORT DATABASE '/tmp/nianbao-attack'",
    "FROM read_text('/etc/hostname')",
    "FROM '/etc/passwd'",
    "FROM glob('/etc/*')",
    "ATTACH ':memory:' AS other",
    "INSTALL fts",
    "LOAD json",
    "SET threads = 64",
    "PRAGMA memory_limit = '100GB'",
    "PREPARE p AS SELECT 1",
    "CALL pragma_version()",
    "SELECT 1; SELECT 2",
    "FROM duckdb_secrets()",
    "FROM quack_active_connections()",
    "FROM quack_query('quack:127.0.0.1:1', 'select 1')",
    "FROM enable_logging(storage_path = '/tmp/nianbao-attack')",
    "SELECT count(*) FROM range(1000000) a, range(1000000) b",
    "SELECT list(range) FROM range(500000000)",
    "SELECT list_sum(list_transform(range(100000000), lambda x: x * 2))",
    "SELECT levenshtein(repeat('a', 300000), repeat('b', 300000))",
    "FROM range(20000000)",
    "FROM quack_stop('quack:127.0.0.1:{1}')",
)
SITE: Final = Path(sysconfig.get_paths()["purelib"])


def main(loads: int = LOADS) -> None:
    """Print the figures of each under loads, and what each does with the attacks."""
    console = Console(width=150)
    with TemporaryDirectory() as name:
        folder = Path(name)
        warehouse, reader = folder / "warehouse.duckdb", folder / "data" / "nianbao.duckdb"
        write_batches(folder / "held", made_batches(REPORTS, Writer()))
        load_pending(warehouse, folder / "held")
        publish(warehouse, reader)
        console.print(f"{REPORTS} reports of about 5,000 characters, copy of {reader.stat().st_size / 2**20:.0f} MiB")
        figures = Table(
            "",
            "queries",
            "errors",
            "torn",
            "count p50 ms",
            "p95",
            "scan p50 ms",
            "p95",
            "stale max s",
            "publish p50 ms",
            title=f"{loads} loads of {SIZE}, one each {EVERY:g} s, {READERS} readers",
        )
        sequence = 0
        for contestant in (nobody, share, quack, ducklake):
            with ExitStack() as open_until:
                try:
                    asked = open_until.enter_context(contestant(folder, reader))
                except MissingError as error:
                    console.print(f"{contestant.__name__} is left out: {error}")
                    continue
                figures.add_row(contestant.__name__, *_under_loads(warehouse, reader, folder, asked, sequence, loads))
                sequence += loads
        console.print(figures)
        attacks = Table("query", "share", "quack", title=f"attacks; a query has {SECONDS:g} s")
        outcomes = {
            "share": list(_attacked(lambda: share(folder, reader, SECONDS))),
            "quack": list(_attacked(lambda: quack(folder, reader))),
        }
        for number, attack in enumerate(ATTACKS):
            attacks.add_row(attack.format("", "PORT"), *(outcomes[name][number] for name in outcomes))
        console.print(attacks)


class MissingError(Exception):
    """What a contestant needs is not on this machine."""


class Asked:
    """How a contestant is asked: words for a reader's process, what names need before them, and what a load adds."""

    def __init__(
        self, *words: str, prefix: str = "", port: int = 0, published: Callable[[], object] = lambda: None
    ) -> None:
        self.words = words
        self.prefix = prefix
        self.port = port
        self.published = published


def asking(words: Sequence[str]) -> Callable[[str], Sequence[Sequence[Any]]]:
    """A connected client: what takes a query and gives its rows."""
    kind, *rest = words
    if kind == "share":
        session = requests.Session()
        session.trust_env = False
        session.headers["Authorization"] = f"Bearer {TOKEN}"

        def ask(sql: str) -> list[Sequence[Any]]:
            answer = session.post(f"{rest[0]}/sql?format=json", data=sql.encode(), timeout=120)
            if answer.status_code != 200:
                raise RuntimeError(f"{answer.status_code} {answer.text.strip()}")
            return [list(row.values()) for row in answer.json()]

        return ask
    connection = duckdb.connect()
    connection.execute("SET enable_progress_bar = false")
    if kind == "quack":
        load(connection, "httpfs", "quack")
        return lambda sql: connection.execute("FROM quack_query($1, $2, token = $3)", [rest[0], sql, TOKEN]).fetchall()
    load(connection, "ducklake", "postgres_scanner")
    connection.execute(f"ATTACH 'ducklake:postgres:{rest[0]}' AS lake (DATA_PATH '{rest[1]}', READ_ONLY)")
    return lambda sql: connection.execute(sql).fetchall()


def read_until_told(words: Sequence[str], prefix: str, stop: Path, out: Path) -> None:
    """A reader's process: ask in turn until ``stop`` is there; leave what was seen in ``out`` as JSON."""
    ask = asking(words)
    ask(COUNT.format(prefix))
    print("reading", flush=True)
    seen: dict[str, list[Any]] = {"count": [], "scan": [], "errors": []}
    while not stop.exists():
        for name, sql in (("count", COUNT), ("scan", WHOLE)):
            began, clock = time.time(), time.perf_counter()
            try:
                rows = ask(sql.format(prefix))
            except Exception as error:  # noqa: BLE001  # what goes wrong is what is counted
                seen["errors"].append(str(error)[:300])
                continue
            seen[name].append([began, time.perf_counter() - clock, [list(row) for row in rows]])
        time.sleep(0.05)
    out.write_text(json.dumps(seen))


def _under_loads(warehouse: Path, reader: Path, folder: Path, asked: Asked, first: int, loads: int) -> list[str]:
    stop = folder / "stop"
    outs = [folder / f"seen-{number}.json" for number in range(READERS if asked.words else 0)]
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.bench.team_server", asked.prefix, str(stop), str(out), *asked.words],
            stdout=subprocess.PIPE,
        )
        for out in outs
    ]
    for process in processes:
        assert process.stdout is not None
        process.stdout.readline()
    published: list[tuple[int, float]] = []
    took = []
    for number in range(first, first + loads):
        began = time.perf_counter()
        write_all(folder / "landing", whole_batch(number, SIZE))
        load_pending(warehouse, folder / "landing")
        before = time.perf_counter()
        publish(warehouse, reader)
        asked.published()
        published.append(((number + 1) * SIZE, time.time()))
        took.append(time.perf_counter() - before)
        time.sleep(max(0.0, EVERY - (time.perf_counter() - began)))
    time.sleep(1)
    stop.touch()
    for process in processes:
        process.wait(timeout=60)
    stop.unlink()
    publishing = f"{1000 * statistics.median(took):.0f}"
    if not outs:
        return ["-"] * 8 + [publishing]
    seen = [json.loads(out.read_text()) for out in outs]
    counts = [taken for each in seen for _, taken, _ in each["count"]]
    scans = [answer for each in seen for answer in each["scan"]]
    errors = [error for each in seen for error in each["errors"]]
    for error in sorted(set(errors))[:3]:
        print(f"{asked.words[0]}: {error}", file=sys.stderr)
    torn = sum(len(set(rows[0])) != 1 or rows[0][0] % SIZE for _, _, rows in scans)
    stale = max(
        (began - at for began, _, rows in scans for total, at in published if total > max(rows[0]) and began > at),
        default=0.0,
    )
    return [
        str(len(counts) + len(scans)),
        str(len(errors)),
        str(torn),
        *_percentiles(counts),
        *_percentiles([taken for _, taken, _ in scans]),
        f"{stale:.2f}",
        publishing,
    ]


def _percentiles(seconds: Sequence[float]) -> tuple[str, str]:
    return f"{1000 * statistics.median(seconds):.0f}", f"{1000 * statistics.quantiles(seconds, n=20)[-1]:.0f}"


def _attacked(server: Callable[[], AbstractContextManager[Asked]]) -> Iterator[str]:
    """What becomes of each attack, and whether the next question is answered; a server that is gone is started anew."""
    attacks = list(ATTACKS)
    while attacks:
        with server() as asked:
            while attacks:
                attack = attacks.pop(0).format(asked.prefix, asked.port)
                outcome, taken = _asked_within(asked, attack, 4 * SECONDS)
                after, _ = _asked_within(asked, COUNT.format(asked.prefix), 2 * SECONDS)
                yield f"{outcome}, {taken:.1f} s" + ("" if after == "answered" else "; then broken")
                if after != "answered":
                    break


def _asked_within(asked: Asked, sql: str, seconds: float) -> tuple[str, float]:
    """``answered``, ``refused`` or ``no end``, and after how many seconds, as a client of its own process sees it."""
    program = (
        "import sys; from tests.bench.team_server import asking\n"
        "ask = asking(sys.argv[2:])\n"
        "print('ready', flush=True); sys.stdin.readline()\n"
        "try: ask(sys.argv[1])\n"
        "except Exception: sys.exit(3)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, sql, *asked.words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        began = time.perf_counter()
        try:
            process.communicate(b"go\n", timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            return "no end", time.perf_counter() - began
        return {0: "answered", 3: "refused"}.get(process.returncode, "client broken"), time.perf_counter() - began


@contextmanager
def nobody(folder: Path, reader: Path) -> Iterator[Asked]:
    """No reader at all: what publishing costs by itself."""
    del folder, reader
    yield Asked()


@contextmanager
def share(folder: Path, reader: Path, seconds: float = 30.0) -> Iterator[Asked]:
    """``nianbao share`` with a token."""
    tokens = folder / "tokens"
    tokens.write_text(f"bench {TOKEN}\n")
    tokens.chmod(0o600)
    port = _free_port()
    words = ["share", "--port", str(port), "--tokens", str(tokens), "--seconds", str(seconds)]
    with _server(
        [sys.executable, "-m", "flows.cli", *words], port, os.environ | {"NIANBAO_DATA_DIR": str(reader.parent)}
    ):
        yield Asked("share", f"http://127.0.0.1:{port}", port=port)


@contextmanager
def quack(folder: Path, reader: Path) -> Iterator[Asked]:
    """A DuckDB that serves the copy by quack, and attaches each new one."""
    links = folder / "links"
    shutil.rmtree(links, ignore_errors=True)
    links.mkdir()
    port = _free_port()
    with _server([sys.executable, "-c", QUACK, str(reader), str(links), str(port)], port, dict(os.environ)):
        yield Asked("quack", f"quack:127.0.0.1:{port}", prefix="nianbao.", port=port)


QUACK: Final = """
import os, sys, time
import duckdb
from tests.bench.team_server import SITE, TOKEN, load

reader, links, port = sys.argv[1:]
os.nice(5)  # as the workers of nianbao share
server = duckdb.connect()
load(server, "httpfs", "quack")
server.execute("SET memory_limit = '1GB'; SET threads = 2; SET temp_directory = ''")

def link():
    # The path of a file that is attached gives the old file again, so each copy gets a path of its own.
    inode = os.stat(reader).st_ino
    path = f"{links}/{inode}-{time.time_ns()}.duckdb"
    os.link(reader, path)
    return inode, path

held, path = link()
server.execute(f"ATTACH '{path}' AS nianbao (READ_ONLY)")
server.execute('''
CREATE MACRO memory.main.allowed(session, query) AS CASE
    WHEN json_extract_string(json_serialize_sql(query::VARCHAR), '$.error') = 'false'
     AND json_array_length(json_serialize_sql(query::VARCHAR), '$.statements') = 1
    THEN 'FROM (' || rtrim(query, E' ;\\\\n') || ') LIMIT 1000000'
END''')
server.execute("SET GLOBAL quack_authorization_function = 'memory.main.allowed'")
server.execute(f"SET allowed_directories = ['{links}']")
server.execute(f"CALL quack_serve('quack:127.0.0.1:{port}', token = '{TOKEN}')")
server.execute("SET GLOBAL enable_external_access = false")
server.execute("SET GLOBAL lock_configuration = true")
while True:
    time.sleep(0.1)
    if os.stat(reader).st_ino != held:
        old = path
        held, path = link()
        server.execute(f"ATTACH OR REPLACE '{path}' AS nianbao (READ_ONLY)")
        os.unlink(old)
"""


@contextmanager
def ducklake(folder: Path, reader: Path) -> Iterator[Asked]:
    """The tables that are asked, replaced in DuckLake in one transaction after each publication."""
    binaries = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"))), None)
    if binaries is None:
        raise MissingError("PostgreSQL is not installed (apt-get install postgresql)")
    home, port = folder / "postgres", _free_port()
    lake = folder / "lake"
    lake.mkdir()
    home.mkdir()
    prefix: list[str] = []
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        folder.chmod(0o755)
        shutil.chown(home, "postgres", "postgres")
        prefix = ["runuser", "-u", "postgres", "--"]
    data = home / "data"
    _run(*prefix, binaries / "initdb", "-D", data, "-U", "postgres", "-A", "trust")
    control: list[str | Path] = [*prefix, binaries / "pg_ctl", "-D", data, "-w", "-l", home / "log"]
    _run(*control, "-o", f"-p {port} -k {home} -h 127.0.0.1", "start")
    try:
        catalog = f"dbname=postgres host=127.0.0.1 port={port} user=postgres"
        writer = duckdb.connect()
        load(writer, "ducklake", "postgres_scanner")
        writer.execute(f"ATTACH 'ducklake:postgres:{catalog}' AS lake (DATA_PATH '{lake}')")

        def published() -> None:
            writer.execute(f"ATTACH '{reader}' AS copy (READ_ONLY)")
            writer.execute("BEGIN")
            for table in TABLES:
                writer.execute(f"CREATE OR REPLACE TABLE lake.{table} AS FROM copy.{table}")
            writer.execute("COMMIT")
            writer.execute("DETACH copy")

        published()
        yield Asked("ducklake", catalog, str(lake), prefix="lake.", published=published)
        writer.close()
    finally:
        _run(*control, "-m", "immediate", "stop")


def _run(*command: str | Path) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


@contextmanager
def _server(command: Sequence[str], port: int, environment: dict[str, str]) -> Iterator[None]:
    process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    try:
        for _ in range(300):
            with socket.socket() as client:
                if client.connect_ex(("127.0.0.1", port)) == 0:
                    break
            if process.poll() is not None:
                raise RuntimeError(f"the server ended with {process.returncode}")
            time.sleep(0.1)
        time.sleep(2)  # the workers of ``share`` start behind its port
        yield
    finally:
        process.kill()
        process.wait()


def load(connection: duckdb.DuckDBPyConnection, *extensions: str) -> None:
    """Load extensions from their wheels."""
    for name in extensions:
        file = SITE / f"duckdb_extension_{name}" / "extensions" / f"v{duckdb.__version__}" / f"{name}.duckdb_extension"
        if not file.is_file():
            raise MissingError(f"pip install duckdb-extension-{name.replace('_', '-')}=={duckdb.__version__}")
        connection.execute(f"LOAD '{file}'")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


if __name__ == "__main__":
    read_until_told(sys.argv[4:], sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
