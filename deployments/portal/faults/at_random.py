"""A share of all answers is faulty, each in a way drawn at random: a bad week of a whole network."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable

from deployments.portal.exchange import Answer, Asked, Role
from deployments.portal.faults.fault import Fault, Tunnel


class AtRandom:
    """Spoils ``share`` (0 to 1) of the answers by a fault that touches them; ``seed`` makes the draws repeatable.

    Left out are faults of robots.txt, for what it forbids is not asked again for a day, and those that need more than
    the one answer (a row published meanwhile, a tunnel). ``given`` counts what was given, by name.
    """

    def __init__(self, faults: Iterable[Fault], share: float, seed: int = 0) -> None:
        if not 0 <= share <= 1:
            raise ValueError(f"share: {share} is no part of the answers; give a number from 0 to 1")
        self._faults = [one for one in faults if _stands_alone(one)]
        self._share = share
        self._draw = random.Random(seed)  # noqa: S311  # for a test network, not for secrets
        self.given: Counter[str] = Counter()

    def apply(self, asked: Asked, answer: Answer) -> Answer:
        if self._draw.random() >= self._share:
            return answer
        fitting = [one for one in self._faults if answer.role in one.roles and one.touches(asked, answer)]
        if not fitting:
            return answer
        chosen = self._draw.choice(fitting)
        self.given[chosen.name] += 1
        return chosen.spoil(asked, answer)

    def lets_publish(self, _asked: Asked, _answer: Answer) -> bool:
        """Never: nothing is published by chance."""
        return False

    def tunnel_to(self, _host: str) -> Tunnel | None:
        """None: there are no tunnels."""
        return None


def _stands_alone(fault: Fault) -> bool:
    of_robots = fault.roles <= {Role.ROBOTS, Role.MISSING}
    return not (of_robots or fault.publishes or fault.after or fault.tunnel is not None)
