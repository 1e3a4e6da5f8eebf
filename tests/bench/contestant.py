"""One contestant of the crawl benchmark in a process of its own: ``NAME PROXY DATA_DIR``; prints one JSON object."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from deployments.portal.bench import bench_sources
from tests.bench.memory import peak_mib


def main() -> None:
    """Crawl with the contestant of that name and print its seconds and its peak memory."""
    name, proxy, folder = sys.argv[1:]
    data = Path(folder)
    data.mkdir(parents=True)
    run = {"bare loop": _bare_loop, "nianbao": _plainly, "nianbao under Prefect": _under_prefect}[name]
    seconds, pages = run(proxy, data)
    if pages != EXPECTED:
        raise SystemExit(f"{name} brought {pages} of {EXPECTED} pages: the figures would mean nothing")
    peak = peak_mib()
    print(json.dumps({"seconds": seconds, "peak_mib": peak}))


EXPECTED = 1000


def _bare_loop(proxy: str, data: Path) -> tuple[float, int]:
    import duckdb
    import requests
    from bs4 import BeautifulSoup

    (source,) = bench_sources(1)
    started = time.perf_counter()
    session = requests.Session()
    session.trust_env = False
    session.proxies = {"http": proxy}
    connection = duckdb.connect(str(data / "pages.duckdb"))
    connection.execute("CREATE TABLE pages (url VARCHAR PRIMARY KEY, title VARCHAR, text VARCHAR)")
    column, number, done = source.columns[0].url, 0, 0
    while True:
        address = column if number == 0 else urljoin(column, f"index_{number}.html")
        answer = session.get(address, timeout=30)
        if answer.status_code != 200:
            break
        links = [
            a["href"] for a in BeautifulSoup(answer.content, "lxml").select("li a[href]") if "/t" in str(a["href"])
        ]
        for link in links:
            page = session.get(urljoin(address, str(link)), timeout=30)
            soup = BeautifulSoup(page.content, "lxml")
            body = soup.select_one(".TRS_Editor") or soup.body
            connection.execute(
                "INSERT INTO pages VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                [
                    page.url,
                    soup.title.get_text() if soup.title else None,
                    body.get_text("\n", strip=True) if body else "",
                ],
            )
        done += len(links)
        number += 1
    found = connection.execute("SELECT count(*) FROM pages").fetchall()[0][0]
    connection.close()
    return time.perf_counter() - started, int(found)


def _settings(proxy: str, data: Path) -> None:
    os.environ.update(NIANBAO_PROXY=proxy, NIANBAO_DATA_DIR=str(data), NIANBAO_PACE_SECONDS="0")


def _plainly(proxy: str, data: Path) -> tuple[float, int]:
    from flows.crawling.crawl_run import crawl_plainly
    from flows.settings import read_settings

    _settings(proxy, data)
    sources = bench_sources(1)
    started = time.perf_counter()
    summary = crawl_plainly(read_settings(), sources, sources)
    return time.perf_counter() - started, summary.new


def _under_prefect(proxy: str, data: Path) -> tuple[float, int]:
    from flows.crawl import CrawlParameters, crawl

    _settings(proxy, data)
    registry = data / "sources"
    write_registry(registry)
    os.environ["NIANBAO_SOURCES_DIR"] = str(registry)
    started = time.perf_counter()
    summary: Any = crawl(CrawlParameters())  # of a flow, the type checker knows only that it may be a state
    return time.perf_counter() - started, int(summary.new)


def write_registry(folder: Path) -> None:
    """The benchmark's source as a registry file, because the flow reads its registry by itself."""
    (source,) = bench_sources(1)
    (column,) = source.columns
    path = folder / f"{source.id}.toml"
    path.parent.mkdir(parents=True)
    path.write_text(
        f'publisher = "{source.publisher}"\nlevel = "{source.level}"\ndivision_code = "{source.division_code}"\n'
        f'hosts = ["{source.hosts[0]}"]\nfirst_year = {source.first_year}\n\n[[columns]]\nurl = "{column.url}"\n'
        f'platform = "{column.platform}"\nreport_types = ["rule_of_law"]\nname = "{column.name}"\n',
        "utf-8",
    )


if __name__ == "__main__":
    main()
