"""Two machines that crawl and one that loads, with nothing between them but a bucket or a mounted folder."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from deployments.portal.demo import SOURCES, demo_network
from deployments.portal.proxy import Portal
from flows.shared_store.store import SharedStore
from tests.flows.buckets import bucket_server, make_bucket
from tests.flows.served import clean_environment, wait_for
from tests.flows.test_killed_crawl import content
from warehouse.query import run_sql

pytestmark = pytest.mark.slow

YEARS = range(2021, 2026)
FIRST = ("qinglan/qinghe", "qinglan/lanting")
SECOND = ("qinglan/chengyu_hightech", "yunling/qiwu_shuangqiao")
Rows = dict[str, tuple[tuple[Any, ...], ...]]


@pytest.fixture(scope="module")
def server() -> Iterator[dict[str, str]]:
    with bucket_server() as environment:
        yield environment


@dataclass
class Shared:
    """A store, and how a process or this test reaches it."""

    url: str
    environment: dict[str, str] = field(default_factory=dict)

    def names(self, folder: str) -> set[str]:
        return {file.name for file in SharedStore(self.url).list(folder)}


@pytest.fixture(params=["bucket", "folder"])
def shared(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shared:
    if request.param == "folder":
        (tmp_path / "share").mkdir()
        return Shared(f"file://{tmp_path / 'share'}")
    environment = request.getfixturevalue("server")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return Shared(make_bucket(), environment)


@dataclass
class Machine:
    """A data folder of its own, and the store it shares with the others."""

    data: Path
    portal: Portal
    shared: Shared | None
    role: str = "crawler"

    def start(self, *arguments: str, **extra: str) -> subprocess.Popen[str]:
        environment = clean_environment() | {
            "NIANBAO_DATA_DIR": str(self.data),
            "NIANBAO_SOURCES_DIR": str(SOURCES),
            "NIANBAO_PROXY": self.portal.url,
            "NIANBAO_PACE_SECONDS": "0",
            "NIANBAO_BATCH_PAGES": "4",
            **extra,
        }
        if self.shared is not None:
            environment |= self.shared.environment | {
                "NIANBAO_SHARED_STORE": self.shared.url,
                "NIANBAO_STORE_ROLE": self.role,
            }
        return subprocess.Popen(
            [sys.executable, "-m", "flows.cli", *arguments],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, code: int = 0) -> str:
        return ended(self.start(*arguments), code)

    def crawling(self, sources: tuple[str, ...], **extra: str) -> subprocess.Popen[str]:
        return self.start("crawl", "--no-prefect", *(part for one in sources for part in ("--source", one)), **extra)

    @property
    def reader(self) -> Path:
        return self.data / "nianbao.duckdb"

    def kept(self, folder: str) -> set[str]:
        return {path.name for path in (self.data / "landing" / folder).glob("*.parquet")}


def ended(process: subprocess.Popen[str], code: int = 0) -> str:
    _, said = process.communicate(timeout=240)
    assert process.returncode == code, said[-3000:]
    return said


def kill_when(process: subprocess.Popen[str], what: str, look: Callable[[], object]) -> None:
    deadline = time.monotonic() + 120
    while not look():
        assert process.poll() is None, f"it ended before: {what}"
        assert time.monotonic() < deadline, f"never: {what}"
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)
    assert process.returncode == -signal.SIGKILL, f"it ended before it could be killed: {what}"


@pytest.fixture(scope="module")
def on_one_machine(tmp_path_factory: pytest.TempPathFactory) -> Rows:
    data = tmp_path_factory.mktemp("one")
    with Portal(demo_network(YEARS)) as portal:
        machine = Machine(data, portal, None)
        ended(machine.crawling(FIRST + SECOND))
    return content(machine.reader)


def test_two_crawlers_and_a_loader_make_the_warehouse_of_one_machine(
    shared: Shared, on_one_machine: Rows, tmp_path: Path
) -> None:
    with Portal(demo_network(YEARS)) as portal:
        first, second = (Machine(tmp_path / name, portal, shared) for name in ("first", "second"))
        loader = Machine(tmp_path / "loader", portal, shared, "loader")
        both = [first.crawling(FIRST), second.crawling(SECOND)]
        for crawl in both:
            ended(crawl)
        said = loader.run("load")
        assert "2 runs taken in" in said
        assert content(loader.reader) == on_one_machine
        assert (
            run_sql(loader.reader, "SELECT kind, state, batches > 0, (summary ->> 'new')::INT > 0 FROM runs").rows
            == (("crawl", "completed", True, True),) * 2
        )
        loader.run("archive", "verify")
        assert shared.names("landing") == set()
        warc_files = {path.name for path in (loader.data / "archive").glob("*.warc.gz")}
        assert {name for name in shared.names("archive") if name.endswith(".warc.gz")} == warc_files
        assert shared.names("loaded") == loader.kept("loaded")
        assert first.kept("handed_over"), "kept until there is a receipt"

        # The other way round: each is told by the loader's copy what the other one holds.
        sent = len(portal.log)
        assert "Nothing new" in ended(first.crawling(SECOND))
        assert len(portal.log) - sent < 20, "nothing that another machine holds is asked for again"
        assert len(first.kept("handed_over")) < 10, "what the copy holds is no longer kept"
        loader.run("load")
        assert content(loader.reader)["reports"] == on_one_machine["reports"]
        assert "0 batches" in loader.run("load")


@pytest.mark.parametrize("point", ["archive file", "batch", "last batch"])
def test_a_crawler_killed_while_it_hands_over_loses_nothing_and_brings_nothing_twice(
    point: str, shared: Shared, on_one_machine: Rows, tmp_path: Path
) -> None:
    def reached() -> bool:
        names = shared.names("landing")
        batches = [name for name in names if name.endswith(".parquet")]
        return bool({"archive file": names, "batch": batches, "last batch": batches[6:]}[point])

    with Portal(demo_network(YEARS)) as portal:
        crawler = Machine(tmp_path / "crawler", portal, shared)
        loader = Machine(tmp_path / "loader", portal, shared, "loader")
        kill_when(crawler.crawling(FIRST + SECOND), point, reached)
        loader.run("load")  # whatever there is of it
        sent = len(portal.log)
        ended(crawler.crawling(FIRST + SECOND))
        assert len(portal.log) - sent < 40, "what had been crawled is not asked for again"
        loader.run("load")
        assert content(loader.reader) == on_one_machine
        loader.run("archive", "verify")
    assert shared.names("landing") == set()


@pytest.mark.parametrize("point", ["archive file", "batch landed", "batch loaded", "acknowledged", "published"])
def test_a_loader_killed_while_it_takes_in_loses_nothing_and_loads_nothing_twice(
    point: str, shared: Shared, on_one_machine: Rows, tmp_path: Path
) -> None:
    with Portal(demo_network(YEARS)) as portal:
        crawler = Machine(tmp_path / "crawler", portal, shared)
        loader = Machine(tmp_path / "loader", portal, shared, "loader")
        ended(crawler.crawling(FIRST + SECOND))
        look = {
            "archive file": lambda: any((loader.data / "archive").glob("*.warc.gz")),
            "batch landed": lambda: loader.kept(""),
            "batch loaded": lambda: loader.kept("loaded"),
            "acknowledged": lambda: shared.names("loaded"),
            "published": loader.reader.exists,
        }[point]
        kill_when(loader.start("load"), point, look)
        loader.run("load")
        assert content(loader.reader) == on_one_machine
        loader.run("archive", "verify")
        assert shared.names("landing") == set()
        assert len(run_sql(loader.reader, "FROM runs").rows) == 1
        sent = len(portal.log)
        assert "Nothing new" in ended(Machine(tmp_path / "another", portal, shared).crawling(FIRST))
        assert len(portal.log) - sent < 20, "the copy in the store is that of the second call"


def test_a_crawler_killed_in_mid_crawl_goes_on_and_its_run_is_known_as_killed(
    shared: Shared, on_one_machine: Rows, tmp_path: Path
) -> None:
    with Portal(demo_network(YEARS)) as portal:
        crawler = Machine(tmp_path / "crawler", portal, shared)
        loader = Machine(tmp_path / "loader", portal, shared, "loader")
        kill_when(crawler.crawling(FIRST + SECOND), "forty requests", lambda: len(portal.log) >= 40)
        loader.run("load", code=0)
        ended(crawler.crawling(FIRST + SECOND))
        loader.run("load")
        assert content(loader.reader) == on_one_machine
        assert run_sql(loader.reader, "SELECT state, summary ->> 'killed' FROM runs ORDER BY started_at").rows == (
            ("failed", "true"),
            ("completed", None),
        )


def test_a_crawler_goes_on_without_its_store_and_says_so(on_one_machine: Rows, tmp_path: Path) -> None:
    share = tmp_path / "share"
    share.mkdir()
    shared = Shared(f"file://{share}")
    with Portal(demo_network(YEARS)) as portal:
        crawler = Machine(tmp_path / "crawler", portal, shared)
        loader = Machine(tmp_path / "loader", portal, shared, "loader")
        ended(crawler.crawling(FIRST))
        share.rename(tmp_path / "not mounted")
        assert "is no folder: mount it" in ended(crawler.crawling(SECOND), code=1)
        assert "is no folder" in ended(Machine(tmp_path / "new", portal, shared).crawling(SECOND), code=1)
        (tmp_path / "not mounted").rename(share)
        sent = len(portal.log)
        ended(crawler.crawling(SECOND))
        assert len(portal.log) - sent < 20, "what was crawled without the store is not asked for again"
        loader.run("load")
        assert content(loader.reader) == on_one_machine


def test_a_loader_that_goes_on_takes_in_what_lands_and_ends_when_it_is_told_to(shared: Shared, tmp_path: Path) -> None:
    with Portal(demo_network(YEARS)) as portal:
        crawler = Machine(tmp_path / "crawler", portal, shared)
        service = Machine(tmp_path / "loader", portal, shared, "loader").start("load", "--every", "1")
        try:
            ended(crawler.crawling(FIRST[:1]))
            wait_for("the run in the loader's copy", lambda: SharedStore(shared.url).find("nianbao.duckdb"), 60)
            wait_for("an empty landing folder", lambda: not shared.names("landing"), 60)
        finally:
            service.send_signal(signal.SIGTERM)
        assert "1 run taken in; the reader copy is in the store" in ended(service).replace("\n", " ")
