"""``python -m tests.questions READER_COPY``: write the answers in ``docs/questions.md`` and the READMEs anew."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.questions.page import PAGES, answer_on, answered


def main(arguments: list[str]) -> int:
    if len(arguments) != 1 or not Path(arguments[0]).is_file():
        sys.stderr.write(
            "usage: python -m tests.questions READER_COPY   (that of the demo: data/demo/nianbao.duckdb)\n"
        )
        return 2
    for page in PAGES:
        page.write_text(answered(page.read_text("utf-8"), answer_on(Path(arguments[0]))), "utf-8")
        sys.stderr.write(f"wrote {page}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
