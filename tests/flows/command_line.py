"""The ``nianbao`` command, in a process of its own or, sooner, in the test's: the same words and exit codes."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest

from deployments.portal.demo import SOURCES
from deployments.portal.proxy import Portal
from flows.cli import main


@dataclass(frozen=True, slots=True)
class Done:
    """A command that ended."""

    returncode: int
    stdout: str
    stderr: str


def started(*arguments: str, data: Path, **settings: str) -> subprocess.CompletedProcess[bytes]:
    """Run a command in a process of its own, over the demo's sources, with nothing but ``settings`` set."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PREFECT_", "NIANBAO_"))}
    environment |= {"NIANBAO_DATA_DIR": str(data), "NIANBAO_SOURCES_DIR": str(SOURCES), "NIANBAO_PACE_SECONDS": "0"}
    return subprocess.run(
        [sys.executable, "-m", "flows.cli", *arguments],
        env=environment | {f"NIANBAO_{name.upper()}": value for name, value in settings.items()},
        capture_output=True,
        timeout=120,
        check=False,
    )


def nianbao(*arguments: str, folder: Path, portal: Portal | None = None, **settings: str) -> Done:
    """Run a command with its data and its registry below ``folder``, on ``portal``; ``settings`` stand before these."""
    given = {"data_dir": str(folder / "data"), "sources_dir": str(folder / "sources"), "pace_seconds": "0"}
    given |= ({"proxy": portal.url} if portal is not None else {}) | settings
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        for key in [key for key in os.environ if key.startswith(("PREFECT_", "NIANBAO_"))]:
            patch.delenv(key)
        for name, value in given.items():
            patch.setenv(f"NIANBAO_{name.upper()}", value)
        patch.setenv("COLUMNS", "200")
        patch.setattr(sys, "argv", ["nianbao", *arguments])
        with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as ended:
            main()
    code = ended.value.code
    return Done(code if isinstance(code, int) else 0, out.getvalue(), err.getvalue())
