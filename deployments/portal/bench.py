"""Large networks for benchmarks: as many hosts and pages as asked for, with the sources that crawl them."""

from __future__ import annotations

from deployments.portal.exchange import Asked
from deployments.portal.families import FAMILIES
from deployments.portal.families.family import FilledColumn, Row
from deployments.portal.network import Network
from deployments.portal.publishers import ColumnPlan, PublisherPlan, SitePlan, bench_host
from deployments.portal.site import GeneratedSite
from deployments.portal.writing import report
from scrapers.records import Column, Level, ReportType, Source

_FIRST = "东西南北上下前后青白金玉石云龙凤松柳梅竹"
_SECOND = "河山桥塘湖岭坪沟泉庄店集港湾溪崖坡洲浦堰"
_DIVISION = "640100"


def _towns(count: int) -> list[str]:
    """So many different names of towns."""
    names = [f"{a}{b}" for a in _FIRST for b in _SECOND]
    rounds = -(-count // len(names))
    return [name if n == 0 else f"{name}{'新老大小中'[n - 1]}" for n in range(rounds) for name in names][:count]


def _plan(number: int, family: str) -> tuple[SitePlan, ColumnPlan]:
    host = bench_host().format(number=number)
    column = ColumnPlan(
        id=FAMILIES[family].made_up_id(number),
        name="法治政府建设年度报告",
        report_types=(ReportType.RULE_OF_LAW,),
        per_page=20,
        fillers=0,
    )
    site = SitePlan(
        host=host, name=f"第{number}号示范市人民政府", code=f"{_DIVISION}{number % 10_000:04d}", family=family,
        paste="word", publishers=(), extension="shtml" if family.startswith("ucap") else "html",
    )  # fmt: skip
    return site, column


_YEARS = (2020, 2021, 2022, 2023, 2024)


def bench_network(hosts: int = 1, pages_per_host: int = 1000, latency_ms: float = 0.0, family: str = "trs") -> Network:
    """``hosts`` sites of one family, each with one column of ``pages_per_host`` reports, all of different text.

    Pages are rendered when first asked for; :func:`warm` does it beforehand. Raises ``ValueError`` for more than 10,000
    pages a host and ``KeyError`` for an unknown family.
    """
    if not 0 < pages_per_host <= 10_000:
        raise ValueError(f"pages_per_host must lie between 1 and 10000, not {pages_per_host}")
    return Network((_site(number, pages_per_host, family) for number in range(1, hosts + 1)), latency=latency_ms / 1000)


def _site(number: int, pages: int, family: str) -> GeneratedSite:
    site, column = _plan(number, family)
    rows = []
    for place, town in enumerate(_towns(-(-pages // len(_YEARS)))):
        publisher = PublisherPlan(
            name=f"示范{number}市{town}镇人民政府", slug=f"bench/site{number}", place=f"{town}镇", whole="全镇",
            office=f"{town}镇", level=Level.TOWNSHIP, scale=20, columns=(column,), division_code=_DIVISION,
        )  # fmt: skip
        for turn, year in enumerate(_YEARS):
            document = report(publisher, ReportType.RULE_OF_LAW, year, serial=5_000_000 + place * len(_YEARS) + turn)
            path = FAMILIES[family].detail_path(site, column, document)
            rows.append(Row(document.title, path, document.published.date(), document))
    rows = sorted(rows[:pages], key=lambda row: (row.date, row.href), reverse=True)
    return GeneratedSite(site, [FilledColumn(column, tuple(rows))])


def bench_sources(hosts: int = 1, family: str = "trs") -> tuple[Source, ...]:
    """The sources that crawl :func:`bench_network` of the same arguments."""
    return tuple(long_column_source(family, number) for number in range(1, hosts + 1))


def long_column_network(family: str, rows: int = 1000, number: int = 1) -> Network:
    """Site ``number``, of ``family``, whose one column has ``rows`` rows: for listings through a pager.

    Traps are set by the faults of :class:`deployments.portal.proxy.Portal`, whose ``answer`` needs no port.
    """
    return Network([_site(number, rows, family)])


def long_column_source(family: str, number: int = 1) -> Source:
    """The source of :func:`long_column_network`."""
    site, column = _plan(number, family)
    template = FAMILIES[family]
    address = site.root + template.column_path(site, column)
    parameters = template.parameters(site, column)
    return Source(
        id=f"bench/site{number}",
        publisher=f"第{number}号示范市人民政府",
        level=Level.CITY,
        hosts=(site.host,),
        columns=(Column(address, template.platform, column.report_types, column.name, parameters),),
        division_code=_DIVISION,
        pace_seconds=0.0,
        first_year=_YEARS[0],
    )


def warm(network: Network) -> int:
    """Render every page once, so that a benchmark does not pay for it. Returns how many there are."""
    still = Network(network.sites)
    addresses = still.addresses()
    for address in addresses:
        still.answer(Asked("GET", address))
    return len(addresses)
