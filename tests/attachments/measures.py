"""How well a text and its tables were read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

Rows = Sequence[Sequence[str]]


def five_gram_f1(read: str, truth: str) -> float:
    """F1 of the 5-grams of characters, white space left out, each as often as it stands there."""
    grams = [
        Counter(bare[n : n + 5] for n in range(len(bare) - 4))
        for bare in ("".join(read.split()), "".join(truth.split()))
    ]
    common = sum((grams[0] & grams[1]).values())
    total = sum(grams[0].values()) + sum(grams[1].values())
    return 2 * common / total if total else 1.0


def right_cells(read: Sequence[Rows], truth: Sequence[Rows]) -> tuple[int, int]:
    """Cells of ``truth`` that stand at their place with their text, and how many there are.

    Tables are compared by their order; a cell too many in a row, or a row too many, counts as a wrong one.
    """
    right = total = 0
    for number, table in enumerate(truth):
        found = read[number] if number < len(read) else ()
        for y in range(max(len(table), len(found))):
            expected = table[y] if y < len(table) else ()
            seen = found[y] if y < len(found) else ()
            total += max(len(expected), len(seen))
            right += sum("".join(a.split()) == "".join(b.split()) for a, b in zip(expected, seen, strict=False))
    return right, total
