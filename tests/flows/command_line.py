"""The ``nianbao`` command inside the test's own process: the same words and exit codes, without a start each time."""

from __future__ import annotations

import io
import os
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest

from deployments.portal.proxy import Portal
from flows.cli import main


@dataclass(frozen=True, slots=True)
class Done:
    """A command that ended."""

    returncode: int
    stdout: str
    stderr: str


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
