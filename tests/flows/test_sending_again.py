"""A notification whose receiver is down for a moment is sent again; one that is refused for good is not."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from prefect.blocks.abstract import NotificationError
from prefect.blocks.notifications import AbstractAppriseNotificationBlock
from prefect.types import SecretDict

from flows.serving import sending_again
from flows.serving.email_block import SmtpEmail
from flows.serving.webhook_block import Webhook

SECRET = "http://127.0.0.1:9/hook/not-for-everybody"
Receiver = list[Any]
"""What it does at each attempt: an error that is raised, or a status that is answered."""


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending_again, "WAITS", (0.0, 0.0, 0.0))


def attempts(monkeypatch: pytest.MonkeyPatch, receiver: Receiver) -> list[str]:
    taken: list[str] = []

    async def request(_: httpx.AsyncClient, **asked: Any) -> httpx.Response:
        taken.append(asked["json"]["text"])
        answer = receiver[len(taken) - 1]
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer, request=httpx.Request("POST", SECRET))

    monkeypatch.setattr(httpx.AsyncClient, "request", request)
    return taken


async def as_the_server_does(block: Any) -> None:
    with block.raise_on_failure():
        await block.notify(subject="subject", body="words")


def webhook() -> Webhook:
    return Webhook(
        name="nianbao", headers=None, cookies=None, url="{{address}}", json_data={"text": "{{body}}"},
        secrets=SecretDict({"address": SECRET}),
    )  # fmt: skip


@pytest.mark.parametrize("down", [[httpx.ConnectError(SECRET)], [503, 502], [httpx.ReadTimeout(SECRET), 429, 500]])
def test_a_webhook_that_is_down_for_a_moment_gets_the_message(monkeypatch: pytest.MonkeyPatch, down: Receiver) -> None:
    taken = attempts(monkeypatch, [*down, 204])
    asyncio.run(as_the_server_does(webhook()))
    assert taken == ["words"] * (len(down) + 1)


def test_a_webhook_that_stays_down_is_given_up_without_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = attempts(monkeypatch, [httpx.ConnectError(SECRET)] * 9)
    with pytest.raises(NotificationError) as given_up:
        asyncio.run(as_the_server_does(webhook()))
    assert len(taken) == 4
    assert given_up.value.log == "it does not answer: ConnectError"


@pytest.mark.parametrize("status", [400, 401, 404, 410])
def test_a_webhook_that_refuses_is_asked_once(monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    taken = attempts(monkeypatch, [status] * 9)
    with pytest.raises(httpx.HTTPStatusError):
        asyncio.run(as_the_server_does(webhook()))
    assert len(taken) == 1


@pytest.mark.filterwarnings("ignore:'imghdr':DeprecationWarning")  # of a library of apprise
@pytest.mark.parametrize("failures", [0, 1, 3])
def test_a_mail_server_that_is_down_for_a_moment_gets_the_message(
    monkeypatch: pytest.MonkeyPatch, failures: int
) -> None:
    taken: list[str] = []

    async def hand_over(_: object, body: str, subject: str | None = None) -> None:
        taken.append(body)
        if len(taken) <= failures:
            raise NotificationError(log="Connection error")

    monkeypatch.setattr(AbstractAppriseNotificationBlock, "anotify", hand_over)
    mail = SmtpEmail(host="127.0.0.1", sender="nianbao@example.org", recipients=["operator@example.org"])
    asyncio.run(as_the_server_does(mail))
    assert taken == ["words"] * (failures + 1)


def test_the_waits_are_together_two_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert sum(sending_again.WAITS) == 120.0
