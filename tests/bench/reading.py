"""Reading, one core: the whole reading of a page beside trafilatura on the same pages, and words beside jieba."""

from __future__ import annotations

import multiprocessing
import statistics
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from rich.console import Console
from rich.table import Table

from deployments.portal.bench import bench_network
from deployments.portal.exchange import Asked
from scrapers.judging.judge import judge
from scrapers.reading.page import read_page
from scrapers.reading.words import tokens
from tests.bench.memory import peak_mib

SHARED = Path(__file__).resolve().parents[3] / "shared"


def main() -> None:
    """Print pages a second, median milliseconds, peak memory over 1,000 pages, and characters of words a second."""
    pages = _annotated_pages()
    console = Console(width=120)
    table = Table("reader", "pages/s", "median ms", "x trafilatura", title=f"{len(pages)} real pages, one core")
    ours, theirs = _times([lambda body, url: judge(read_page(body, url)), _trafilatura], pages)
    for name, taken in (("nianbao (decode to Report)", ours), ("trafilatura (bare_extraction)", theirs)):
        table.add_row(
            name,
            f"{len(taken) / sum(taken):.0f}",
            f"{1000 * statistics.median(taken):.2f}",
            f"{sum(theirs) / sum(taken):.1f}",
        )
    console.print(table)

    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as own:  # without the peers' memory
        texts, peak = own.submit(_read_generated).result()
    console.print(f"peak memory after reading {len(texts)} generated pages, the portal included: {peak:.0f} MiB")

    sample = [text for text in texts if text][:100]
    table = Table("words", "characters/s", "x jieba", title="words of 100 reports, one core")
    rates = {}
    for name, cut in (("jieba", _jieba), ("nianbao", tokens)):
        cut(sample[0])  # loads the dictionary
        started = time.perf_counter()
        for text in sample:
            cut(text)
        rates[name] = sum(map(len, sample)) / (time.perf_counter() - started)
    for name, rate in rates.items():
        table.add_row(name, f"{rate:,.0f}", f"{rate / rates['jieba']:.1f}")
    console.print(table)


def _read_generated() -> tuple[list[str], float]:
    """Texts of 1,000 reports of the portal, and this process's peak memory in MiB."""
    network = bench_network(hosts=1, pages_per_host=1000)
    texts = []
    for address in network.addresses():
        texts.append(judge(read_page(network.answer(Asked("GET", address)).body, address)).draft.text)
    return texts, peak_mib()


def _annotated_pages() -> list[tuple[bytes, str]]:
    import json

    rows = (SHARED / "pages" / "pages.jsonl").read_text("utf-8").splitlines()
    return [((SHARED / "pages" / row["file"]).read_bytes(), row["url"]) for row in map(json.loads, rows)]


_ROUNDS = 7


def _times(readers: Sequence[Callable[[bytes, str], object]], pages: list[tuple[bytes, str]]) -> list[list[float]]:
    """Seconds of CPU a page for each reader: the best of all rounds but the first, which warms everything.

    Not of the clock: no reader waits for anything but other programs on the machine. Those slow the caches all the
    same, so the readers take turns within a round and have the same share of it.
    """
    best = [[float("inf")] * len(pages) for _ in readers]
    for round_ in range(_ROUNDS):
        for read, times in zip(readers, best, strict=True):
            for number, (body, url) in enumerate(pages):
                started = time.process_time()
                read(body, url)
                if round_:
                    times[number] = min(times[number], time.process_time() - started)
    return best


def _trafilatura(body: bytes, url: str) -> object:
    import trafilatura

    return trafilatura.bare_extraction(body, url=url, with_metadata=True)


def _jieba(text: str) -> list[str]:
    import jieba

    return list(jieba.cut(text))
