"""A loopback network of disclosure sites for the demo, the tests and the benchmarks, served as an HTTP forward proxy.

with Portal(demo_network()) as portal:
    requests.get(some_address, proxies={"http": portal.url})
    print(portal.log)
"""

from deployments.portal.bench import bench_network, bench_sources, long_column_network, long_column_source, warm
from deployments.portal.demo import (
    FAMILIES_SOURCES,
    FILES_SOURCES,
    REPORT_YEARS,
    SOURCES,
    demo_network,
    families_network,
    files_network,
)
from deployments.portal.exchange import Answer, Asked
from deployments.portal.faults import FAULTS, UnknownFaultError
from deployments.portal.folder import SiteFileError, folder_network
from deployments.portal.network import Network
from deployments.portal.proxy import Access, Portal
from deployments.portal.serving import serve

__all__ = [
    "FAMILIES_SOURCES",
    "FAULTS",
    "FILES_SOURCES",
    "REPORT_YEARS",
    "SOURCES",
    "Access",
    "Answer",
    "Asked",
    "Network",
    "Portal",
    "SiteFileError",
    "UnknownFaultError",
    "bench_network",
    "bench_sources",
    "demo_network",
    "families_network",
    "files_network",
    "folder_network",
    "long_column_network",
    "long_column_source",
    "serve",
    "warm",
]
