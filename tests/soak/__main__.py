"""``make soak``."""

from __future__ import annotations

import sys

from tests.soak.soaking import main  # a process that is started anew cannot find functions of __main__

if __name__ == "__main__":
    sys.exit(main())
