"""One contestant of the fetch benchmark in a process of its own: ``NAME PLAN``; prints one JSON object."""

from __future__ import annotations

import json
import resource
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.bench.memory import peak_mib


def main() -> None:
    """Fetch every page of the plan with the contestant of that name; print seconds, CPU seconds and peak memory."""
    name, plan = sys.argv[1], json.loads(sys.argv[2])
    stored = {"nianbao": _nianbao, "scrapy": _scrapy}[name]
    before, started = _cpu(), time.perf_counter()
    pages = stored(plan)
    seconds, cpu = time.perf_counter() - started, _cpu() - before
    wanted = len(plan["hosts"]) * plan["pages"]
    if pages != wanted:
        raise SystemExit(f"{name} stored {pages} of {wanted} pages: the figures would mean nothing")
    peak = peak_mib()
    print(json.dumps({"seconds": seconds, "cpu": cpu, "peak_mib": peak}))


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _addresses(host: str, pages: int) -> list[str]:
    return [f"http://{host}/{number}.html" for number in range(1, pages + 1)]


def _nianbao(plan: dict[str, Any]) -> int:
    from scrapers.records import Outcome, Request
    from scrapers.web.archive import Archive
    from scrapers.web.client import Client, ClientSettings
    from scrapers.web.pace import HostPace

    folder = Path(plan["folder"])
    settings = ClientSettings(user_agent="nianbao-bench", pace_seconds=0, allow_private_addresses=True)
    archive = Archive(folder, run_id="bench")

    def crawl(host: str) -> int:
        fetched = (client.fetch(Request(url), hosts=(host,)) for url in _addresses(host, plan["pages"]))
        return sum(page.capture.outcome is Outcome.OK and page.capture.warc_file is not None for page in fetched)

    with Client(settings, archive, HostPace(folder / "pace")) as client, ThreadPoolExecutor(plan["at_once"]) as pool:
        stored = sum(pool.map(crawl, plan["hosts"]))
    archive.close()
    return stored


def _scrapy(plan: dict[str, Any]) -> int:
    import scrapy
    from scrapy.crawler import CrawlerProcess

    folder = Path(plan["folder"])

    class Pages(scrapy.Spider):
        name = "pages"

        async def start(self) -> Any:
            for number in range(1, plan["pages"] + 1):  # hosts in turn, so that every slot has work from the start
                for host in plan["hosts"]:
                    yield scrapy.Request(f"http://{host}/{number}.html", callback=self.store)

        def store(self, response: Any) -> None:
            (folder / response.url.removeprefix("http://").replace("/", "_")).write_bytes(response.body)

    process = CrawlerProcess(
        {
            "CONCURRENT_REQUESTS": plan["at_once"],
            "CONCURRENT_REQUESTS_PER_DOMAIN": 1,  # as ours: a host is asked one page at a time
            # its documentation's choice for many hosts; measured here as its best
            "SCHEDULER_PRIORITY_QUEUE": "scrapy.pqueues.DownloaderAwarePriorityQueue",
            "DOWNLOAD_DELAY": 0,
            "ROBOTSTXT_OBEY": True,
            "LOG_LEVEL": "ERROR",
            "TELNETCONSOLE_ENABLED": False,
            "USER_AGENT": "nianbao-bench",
        }
    )
    process.crawl(Pages)
    process.start()
    return sum(1 for _ in folder.iterdir())


if __name__ == "__main__":
    main()
