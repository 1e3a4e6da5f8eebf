"""What a run that was cut short has archived is not asked for again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deployments.portal.demo import SOURCES, demo_network
from deployments.portal.proxy import Portal
from scrapers.records import Request
from scrapers.sources.registry import load_sources, select_sources
from scrapers.web.archive import Archive
from scrapers.web.capture_index import scan
from scrapers.web.client import Client, ClientSettings
from scrapers.web.left_behind import LeftBehind
from scrapers.web.pace import HostPace

(SOURCE,) = select_sources(load_sources(SOURCES), ids=["qinglan/qinghe"])


@contextmanager
def client(portal: Portal, folder: Path, run: str, left: LeftBehind | None = None) -> Iterator[Client]:
    settings = ClientSettings(user_agent="nianbao-test", proxy=portal.url, pace_seconds=0, obey_robots=False)
    with (
        Archive(folder / "archive", run_id=run) as archive,
        Client(settings, archive, HostPace(folder / "pace"), left_behind=left) as made,
    ):
        yield made


def left_of(folder: Path) -> LeftBehind:
    return LeftBehind(folder / "archive", scan(folder / "archive"))


def test_an_answer_left_behind_stands_in_for_a_request_once(tmp_path: Path) -> None:
    request = Request(SOURCE.columns[0].url)
    with Portal(demo_network()) as portal:
        with client(portal, tmp_path, "killed") as killed:
            first = killed.fetch(request, hosts=SOURCE.hosts)
        left = left_of(tmp_path)
        assert len(left) == 1
        sent = len(portal.log)
        with client(portal, tmp_path, "next", left) as fresh:
            second = fresh.fetch(request, hosts=SOURCE.hosts)
            assert len(portal.log) == sent
            third = fresh.fetch(request, hosts=SOURCE.hosts)
        assert len(portal.log) == sent + 1
    assert second.body == first.body
    assert second.capture.capture_id == first.capture.capture_id
    assert (second.capture.warc_file, second.capture.fetched_at) == (first.capture.warc_file, first.capture.fetched_at)
    assert third.capture.capture_id != first.capture.capture_id


def test_programs_asked_at_one_address_are_told_apart_by_their_form(tmp_path: Path) -> None:
    url = SOURCE.columns[0].url
    with Portal(demo_network()) as portal, client(portal, tmp_path, "killed") as killed:
        killed.fetch(Request(url, "POST", (("page", "1"),)), hosts=SOURCE.hosts)
    left = left_of(tmp_path)
    assert len(left) == 1
    assert left.take("POST", url, b"page=2") is None
    assert left.take("GET", url, b"") is None
    assert left.take("POST", url, b"page=1") is not None


def test_what_was_refused_is_asked_for_anew(tmp_path: Path) -> None:
    with Portal(demo_network()) as portal:
        portal.inject("status_403", host=SOURCE.hosts[0])
        with client(portal, tmp_path, "killed") as killed:
            killed.fetch(Request(SOURCE.columns[0].url), hosts=SOURCE.hosts)
    assert len(left_of(tmp_path)) == 0
