"""The portal as a command."""

from __future__ import annotations

import io
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import requests

from deployments.portal.serving import PortalUsageError, serve


def test_serve_prints_hosts_and_how_to_use_them_until_it_is_stopped(shared: Path) -> None:
    stop, out = threading.Event(), io.StringIO()
    arguments = (0, [shared / "seeds" / "site.json"], ["challenge_521:www.qinghe-demo.gov.cn"])
    server = threading.Thread(target=serve, args=arguments, kwargs={"stop": stop, "out": out, "families": True})
    server.start()
    try:
        told = waited_for(out, "curl")
        assert "http://www.lanting-demo.gov.cn/" in told
        assert "http://www.pj.gov.cn/" in told
        assert "http://www.rongxi-demo.gov.cn/" in told
        address = re.findall(r"NIANBAO_PROXY=(\S+)", told)[0]
        proxies = {"http": address}
        assert requests.get("http://www.pj.gov.cn/robots.txt", proxies=proxies, timeout=30).status_code == 404
        assert requests.get("http://www.qinghe-demo.gov.cn/", proxies=proxies, timeout=30).status_code == 521
        assert requests.get("http://www.lanting-demo.gov.cn/", proxies=proxies, timeout=30).status_code == 200
    finally:
        stop.set()
        server.join()
    with pytest.raises(requests.ConnectionError):
        requests.get(address, timeout=1)


@pytest.mark.parametrize(
    ("sites", "faults", "complaint"),
    [
        (["nowhere/site.json"], [], "there is no such file"),
        ([], ["flood"], "no fault is called 'flood'"),
        ([], ["slow:www.nirgendwo.gov.cn"], "no site www.nirgendwo.gov.cn"),
    ],
)
def test_what_cannot_be_served_is_said_at_once(sites: list[str], faults: list[str], complaint: str) -> None:
    with pytest.raises(PortalUsageError, match=complaint):
        serve(0, [Path(one) for one in sites], faults)


def test_a_site_that_is_well_again_after_a_while_can_be_watched() -> None:
    stop, out = threading.Event(), io.StringIO()
    keywords = {"stop": stop, "out": out, "heal_after": 2.0}
    server = threading.Thread(target=serve, args=(0, (), ["challenge_521:www.qinghe-demo.gov.cn"]), kwargs=keywords)
    server.start()
    try:
        address = re.findall(r"NIANBAO_PROXY=(\S+)", waited_for(out, "curl"))[0]
        statuses = []
        deadline = time.monotonic() + 60
        while 200 not in statuses and time.monotonic() < deadline:
            answer = requests.get("http://www.qinghe-demo.gov.cn/", proxies={"http": address}, timeout=30)
            statuses.append(answer.status_code)
            time.sleep(0.05)
        assert (statuses[0], statuses[-1]) == (521, 200)
        assert "All faults are taken back." in waited_for(out, "taken back")
    finally:
        stop.set()
        server.join()


def test_healing_without_a_fault_is_a_mistake() -> None:
    with pytest.raises(PortalUsageError, match="nothing to heal"):
        serve(0, heal_after=1.0)


def waited_for(out: io.StringIO, word: str) -> str:
    deadline = time.monotonic() + 60
    while word not in out.getvalue() and time.monotonic() < deadline:
        time.sleep(0.02)
    return out.getvalue()


def test_the_command_serves_and_ends_on_a_signal() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "flows.cli", "portal", "--port", "0"], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        told = ""
        while "curl" not in told:
            line = process.stdout.readline()
            assert line, told
            told += line
        address = re.findall(r"NIANBAO_PROXY=(\S+)", told)[0]
        assert requests.get("http://www.lanting-demo.gov.cn/", proxies={"http": address}, timeout=30).ok
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0
