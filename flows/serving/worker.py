"""Prefect's own process worker as a child of `nianbao serve`: it ends when its parent does, however that ends."""

from __future__ import annotations

import os
import runpy
import signal
import sys
import threading

GRACE = 20.0
"""Seconds a worker has to end its runs and itself once it was asked to."""


def _stop_with_parent() -> None:
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)
    threading.Event().wait(GRACE)
    os._exit(1)


def main() -> None:
    """``python -m flows.serving.worker POOL NAME``"""
    pool, name = sys.argv[1:]
    threading.Thread(target=_stop_with_parent, daemon=True).start()
    sys.argv = ["prefect", "worker", "start", "--pool", pool, "--type", "process", "--name", name]
    sys.argv += ["--install-policy", "never"]
    runpy.run_module("prefect", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
