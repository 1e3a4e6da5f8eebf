"""Choices that look random and are the same on every machine, in every release of Python, in whatever order."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Lot:
    """A stream of choices that depends on its key alone. Two lots of one key draw the same; nothing is shared."""

    def __init__(self, *key: object) -> None:
        self._key = "\x1f".join(map(str, key)).encode()
        self._drawn = 0

    def _draw(self) -> int:
        digest = hashlib.blake2b(self._key, digest_size=8, salt=self._drawn.to_bytes(16, "big")).digest()
        self._drawn += 1
        return int.from_bytes(digest, "big")

    def number(self, low: int, high: int) -> int:
        """A whole number from ``low`` to ``high``, both included."""
        return low + self._draw() % (high - low + 1)

    def one(self, items: Sequence[T]) -> T:
        return items[self.number(0, len(items) - 1)]

    def some(self, items: Sequence[T], count: int) -> list[T]:
        """``count`` different items in the order in which they stood; all of them where there are fewer."""
        kept = list(range(len(items)))
        while len(kept) > count:
            del kept[self.number(0, len(kept) - 1)]
        return [items[index] for index in kept]

    def split(self, total: int, parts: int) -> list[int]:
        """``total`` dealt out over ``parts`` heaps, the first ones the larger."""
        heaps = []
        for left in range(parts, 1, -1):
            heap = self.number(total // left, min(total, total * 2 // left + 1)) if total else 0
            heaps.append(heap)
            total -= heap
        return [*heaps, total]
