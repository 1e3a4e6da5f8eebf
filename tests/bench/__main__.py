"""``make bench``: speed and memory as ratios against peers measured in the same run, on this machine.

Absolute figures move with the machine; only the ratios of one run are worth comparing.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from tests.bench import (
    archiving,
    crawling,
    fetching,
    files,
    loading,
    orchestration,
    readers_and_loads,
    reading,
    reprocessing,
    searching,
    sizes,
    team_server,
)


def main() -> int:
    """Run the benchmarks named on the command line, or all. Exit code 2 for an unknown name.

    A number after ``load``, ``readers``, ``search``, ``size`` or ``team`` is how many reports, loads or rounds.
    """
    benches: dict[str, Callable[[], None]] = {
        "archive": archiving.main,
        "crawl": crawling.main,
        "fetch": fetching.main,
        "files": files.main,
        "load": loading.main,
        "orchestration": orchestration.main,
        "read": reading.main,
        "readers": readers_and_loads.main,
        "reprocess": reprocessing.main,
        "search": searching.main,
        "size": sizes.main,
        "team": team_server.main,
    }
    sized: dict[str, Callable[[int], None]] = {
        "load": loading.main,
        "readers": readers_and_loads.main,
        "search": searching.main,
        "size": sizes.main,
        "team": team_server.main,
    }
    arguments = sys.argv[1:]
    if len(arguments) == 2 and arguments[0] in sized and arguments[1].isdigit():
        sized[arguments[0]](int(arguments[1]))
        return 0
    wanted = arguments or list(benches)
    unknown = [name for name in wanted if name not in benches]
    if unknown:
        print(f"no such benchmark: {', '.join(unknown)}; there are {', '.join(benches)}", file=sys.stderr)
        return 2
    for name in wanted:
        benches[name]()
    return 0


if __name__ == "__main__":
    sys.exit(main())
