"""What an operator may set of the client. Seconds and bytes throughout."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from scrapers.web.quiet_hours import QuietHours

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """Limits and manners of the client; checked when made (``ValueError`` names the field)."""

    user_agent: str
    """Says who we are, with an address for complaints; its product token is what robots.txt rules are matched by."""
    proxy: str | None = None
    """``http://host:port`` of a forward proxy. Proxies from the environment are ignored."""
    connect_timeout: float = 10.0
    read_timeout: float = 30.0
    """Longest silence while an answer is awaited or read."""
    total_timeout: float = 120.0
    """Longest time for one request and its whole answer, so that a dripping body is cut."""
    max_bytes: int = 30 * MEBIBYTE
    """Largest body, both as sent and decoded."""
    max_attempts: int = 3
    """How often a fetch is tried where a later try may succeed."""
    pace_seconds: float = 2.0
    """Least time between two requests to a host; 0: no pace (loopback only)."""
    backoff_seconds: float = 1.0
    """Wait before the second attempt; doubled for each further one, then shortened at random by up to a half."""
    backoff_cap: float = 30.0
    retry_after_cap: float = 120.0
    """A host that asks to wait longer than this is not asked again in this fetch, and by nobody until then."""
    max_requests_per_host: int | None = None
    """Requests that this client sends to one host, robots.txt, redirects and further tries included; ``None``: any."""
    max_requests: int | None = None
    """The same over all hosts."""
    quiet_hours: QuietHours | None = None
    """Hours at which no host is asked that has none of its own."""
    quiet_hours_wait: float = 900.0
    """Quiet hours that end within this are waited for."""
    max_redirects: int = 10
    crawl_delay_cap: float = 60.0
    """Crawl-delay of robots.txt is followed up to here."""
    allow_private_addresses: bool = False
    """Let requests go to loopback and private addresses: for the portal and the tests."""
    obey_robots: bool = True
    robots_folder: Path | None = None
    """Keeps robots.txt of every origin for a day, over runs; ``None``: for the life of the client."""
    ca_bundle: str | None = None
    """File of trusted certificates instead of the ones that come with requests."""

    def __post_init__(self) -> None:
        if not self.user_agent.strip() or "\n" in self.user_agent or "\r" in self.user_agent:
            raise ValueError("user_agent: give one line that says who crawls")
        for name in ("connect_timeout", "read_timeout", "total_timeout", "max_bytes", "max_attempts"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name}: {getattr(self, name)} is not above 0")
        for name in (
            "pace_seconds",
            "backoff_seconds",
            "backoff_cap",
            "retry_after_cap",
            "max_redirects",
            "crawl_delay_cap",
            "quiet_hours_wait",
        ):
            if getattr(self, name) < 0:
                raise ValueError(f"{name}: {getattr(self, name)} is below 0")
        for name in ("max_requests_per_host", "max_requests"):
            if (bound := getattr(self, name)) is not None and bound <= 0:
                raise ValueError(f"{name}: {bound} is not above 0")
