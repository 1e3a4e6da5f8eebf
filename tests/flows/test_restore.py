"""What `docs/operating.md` says of backing up and restoring, done as it says."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from deployments.portal.demo import demo_network
from deployments.portal.proxy import Portal
from tests.flows.served import Served
from tests.flows.test_killed_crawl import content

pytestmark = pytest.mark.slow

KEPT = ("archive", "landing", "nianbao.duckdb")
"""Of what the runbook copies: what a crawl leaves."""


@pytest.mark.parametrize("with_copy", [True, False])
def test_a_lost_data_folder_is_restored_from_its_backup(with_copy: bool, tmp_path: Path) -> None:
    with Portal(demo_network(range(2022, 2026))) as portal:
        here = Served(tmp_path, portal.url)
        chosen = ("--source", "qinglan/qinghe", "--source", "yunling/yanxi")
        assert here.nianbao("crawl", "--no-prefect", *chosen).returncode == 0
        data, backup = tmp_path / "data", tmp_path / "backup"
        before = content(data / "nianbao.duckdb")
        backup.mkdir()
        for name in KEPT if with_copy else KEPT[:2]:
            source = data / name
            (shutil.copytree if source.is_dir() else shutil.copy2)(source, backup / name)
        shutil.rmtree(data)

        shutil.copytree(backup, data)
        if with_copy:
            (data / "warehouse").mkdir()
            shutil.copyfile(data / "nianbao.duckdb", data / "warehouse" / "nianbao.duckdb")
        rebuilt = here.nianbao("archive", "rebuild")
        assert rebuilt.returncode == 0, rebuilt.stderr
        verified = here.nianbao("archive", "verify")
        assert verified.returncode == 0, verified.stdout + verified.stderr
        assert content(data / "nianbao.duckdb") == before

        sent = len(portal.log)
        again = here.nianbao("crawl", "--no-prefect", *chosen)
        assert again.returncode == 0
        assert "Nothing new" in again.stderr
        assert len(portal.log) - sent < 20, "nothing that was held is asked for again"
