"""Edits to a network between two crawls: a page replaced, a page taken away."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from deployments.portal.exchange import Answer, Asked, Role

_VALIDATORS = ("etag", "last-modified")


def entity_tag(body: bytes) -> str:
    """A strong entity tag of the payload, quotes included (RFC 9110, 8.8.3)."""
    return f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'


class Changes:
    """What has been done to single addresses; each change answers for the whole address, query included."""

    def __init__(self) -> None:
        self._bodies: dict[str, bytes | None] = {}

    def replace(self, url: str, body: bytes | str) -> None:
        self._bodies[url] = body.encode() if isinstance(body, str) else body

    def remove(self, url: str) -> None:
        self._bodies[url] = None

    def restore(self, url: str) -> None:
        """Raises ``LookupError`` where nothing was done to ``url``."""
        if url not in self._bodies:
            raise LookupError(f"{url} was neither replaced nor removed")
        del self._bodies[url]

    def apply(self, asked: Asked, answer: Answer) -> Answer:
        """The answer after the change to its address, if there is one; a new body has a new entity tag."""
        if asked.url not in self._bodies:
            return answer
        body = self._bodies[asked.url]
        if body is None:
            return Answer(404, b"<html><body>404</body></html>", (("Content-Type", "text/html"),), Role.MISSING)
        kept = tuple(pair for pair in answer.headers if pair[0].lower() not in _VALIDATORS)
        role = Role.STORED if answer.role is Role.MISSING else answer.role
        return replace(answer, status=200, body=body, headers=(*kept, ("ETag", entity_tag(body))), role=role)
