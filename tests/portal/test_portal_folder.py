"""Stored responses served by host from a ``site.json``."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from deployments.portal import Asked, Network, Portal, SiteFileError, folder_network

Visitor = Callable[[Portal], requests.Session]
PAGE = "http://www.ziliao-demo.gov.cn/col/index.html"


def stored(folder: Path, *entries: dict[str, Any]) -> Path:
    (folder / "page.html").write_bytes("<p>一</p>".encode("gb18030"))
    (folder / "second.html").write_bytes(b"<p>2</p>")
    (folder / "site.json").write_text(json.dumps(entries), "utf-8")
    return folder


def entry(**changes: Any) -> dict[str, Any]:
    return {"url": PAGE, "file": "page.html", "status": 200, "content_type": "text/html"} | changes


def test_a_response_is_served_as_it_was_stored(tmp_path: Path, visitor: Visitor) -> None:
    network = folder_network(stored(tmp_path, entry(), entry(url=PAGE + "?page=2", file="second.html", status=410)))
    with Portal(network) as portal:
        session = visitor(portal)
        page = session.get(PAGE, timeout=5)
        assert (page.status_code, page.content) == (200, "<p>一</p>".encode("gb18030"))
        assert page.headers["Content-Type"] == "text/html"
        listed = session.get(PAGE + "?page=2", timeout=5)
        assert (listed.status_code, listed.content) == (410, b"<p>2</p>")


def test_a_query_nobody_stored_is_answered_by_the_path(tmp_path: Path) -> None:
    network = folder_network(stored(tmp_path, entry()))
    assert network.answer(Asked("POST", PAGE + "?startrecord=1&endrecord=45")).body == "<p>一</p>".encode("gb18030")
    assert network.answer(Asked("GET", PAGE.replace("index", "other"))).status == 404


def test_the_seed_sites_are_served_beside_the_made_up_ones(shared: Path, network: Network) -> None:
    seeds = folder_network(shared / "seeds" / "site.json")
    together = network | seeds
    entries = json.loads((shared / "seeds" / "site.json").read_text("utf-8"))
    assert len(together.hosts) == len(network.hosts) + len({one["url"].split("/")[2] for one in entries})
    for one in entries:
        answer = together.answer(Asked("GET", one["url"]))
        assert (answer.status, answer.body) == (one["status"], (shared / "seeds" / one["file"]).read_bytes())


@pytest.mark.parametrize(
    ("entries", "complaint"),
    [
        ([entry(status="200")], "entry 0: needs status as a int"),
        ([entry(url="/col/index.html")], "entry 0: /col/index.html is no absolute address"),
        ([entry(file="../../etc/passwd")], "lies outside the folder"),
        ([entry(), entry()], "entry 1: .* is there twice"),
        ([entry(file="gone.html")], "cannot read .*gone.html"),
        (["page"], "entry 0: must be an object"),
    ],
)
def test_a_wrong_entry_is_named(tmp_path: Path, entries: list[Any], complaint: str) -> None:
    with pytest.raises(SiteFileError, match=complaint):
        folder_network(stored(tmp_path, *entries))


def test_a_file_that_is_no_list_of_responses_is_named(tmp_path: Path) -> None:
    with pytest.raises(SiteFileError, match="there is no such file"):
        folder_network(tmp_path / "site.json")
    (tmp_path / "site.json").write_text("{", "utf-8")
    with pytest.raises(SiteFileError, match="is not JSON"):
        folder_network(tmp_path)
    (tmp_path / "site.json").write_text("{}", "utf-8")
    with pytest.raises(SiteFileError, match="must be a list"):
        folder_network(tmp_path)
