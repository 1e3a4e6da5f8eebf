"""How many requests one run may send: to a host, and in all. Robots.txt, redirects and further tries count too."""

from __future__ import annotations

import threading
from collections import Counter


class Budget:
    """Requests left, for the life of a client. ``None``: without bound. Safe for threads."""

    def __init__(self, per_host: int | None = None, total: int | None = None) -> None:
        self._per_host = per_host
        self._total = total
        self._spent: Counter[str] = Counter()
        self._lock = threading.Lock()

    def refusal(self, host: str) -> str | None:
        """Why ``host`` may not be asked any more; ``None``: it may."""
        with self._lock:
            return self._refusal(host)

    def spend(self, host: str) -> str | None:
        """Take one request to ``host`` from the budget, or say why there is none left."""
        with self._lock:
            refusal = self._refusal(host)
            if refusal is None:
                self._spent[host] += 1
            return refusal

    def _refusal(self, host: str) -> str | None:
        if self._per_host is not None and self._spent[host] >= self._per_host:
            return f"budget: the {self._per_host} requests of this run to {host} are spent (max_requests_per_host)"
        if self._total is not None and self._spent.total() >= self._total:
            return f"budget: the {self._total} requests of this run are spent (max_requests)"
        return None
