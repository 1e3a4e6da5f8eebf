"""Notifications as people get them: Prefect's automations and blocks, to a web server and a mail server of the test."""

from __future__ import annotations

import email
import email.policy
import json
import socketserver
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from deployments.portal.demo import demo_network
from deployments.portal.proxy import Portal
from flows.settings import Settings
from scrapers.sources.overrides import china_day
from tests.flows.served import Served, free_port, serving, wait_for
from warehouse.database import writing

pytestmark = pytest.mark.slow
SECRET_PATH = "/hook/not-for-everybody"
PASSWORD = "a-password-of-the-mail-server"


class WebhookReceiver:
    """Takes every POST as JSON, but for ``turned_away`` of them."""

    def __init__(self) -> None:
        received: list[dict[str, str]] = []
        self.turned_away = 0
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                if receiver.turned_away:
                    receiver.turned_away -= 1
                    self.send_error(503)
                    return
                received.append({"path": self.path, **json.loads(body)})
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None: ...

        self.received = received
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}{SECRET_PATH}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class MailReceiver:
    """As much of an SMTP server as it takes to be handed a message, with a log-in."""

    def __init__(self) -> None:
        received: list[email.message.EmailMessage] = []
        logins: list[str] = []

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                self.say("220 ready")
                while line := self.rfile.readline().decode("ascii").strip():
                    match line.upper().split()[0].partition(":")[0]:
                        case "EHLO":
                            self.say("250-here", "250 AUTH PLAIN LOGIN")
                        case "AUTH":
                            logins.append(line)
                            self.say("235 welcome")
                        case "DATA":
                            self.say("354 go on")
                            self.take()
                        case "QUIT":
                            self.say("221 bye")
                            return
                        case _:
                            self.say("250 ok")

            def take(self) -> None:
                lines = []
                while (line := self.rfile.readline()) != b".\r\n":
                    lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
                message = email.message_from_bytes(b"".join(lines), policy=email.policy.default)
                assert isinstance(message, email.message.EmailMessage)
                received.append(message)
                self.say("250 taken")

            def say(self, *lines: str) -> None:
                self.wfile.write("".join(f"{line}\r\n" for line in lines).encode())

        self.received, self.logins = received, logins
        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.port = self._server.server_address[1]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture(scope="module")
def hook() -> Iterator[WebhookReceiver]:
    receiver = WebhookReceiver()
    yield receiver
    receiver.close()


@pytest.fixture(scope="module")
def mail() -> Iterator[MailReceiver]:
    receiver = MailReceiver()
    yield receiver
    receiver.close()


@pytest.fixture(scope="module")
def served(
    hook: WebhookReceiver, mail: MailReceiver, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Served, Portal]]:
    settings = {
        "NIANBAO_NOTIFY_WEBHOOK": hook.url,
        "NIANBAO_NOTIFY_EMAIL": '["operator@example.org"]',
        "NIANBAO_SMTP_HOST": "127.0.0.1",
        "NIANBAO_SMTP_PORT": str(mail.port),
        "NIANBAO_SMTP_SECURITY": "none",
        "NIANBAO_SMTP_FROM": "nianbao@example.org",
        "NIANBAO_SMTP_USER": "nianbao",
        "NIANBAO_SMTP_PASSWORD": PASSWORD,
        "NIANBAO_OVERDUE_GRACE_DAYS": "0",
    }
    folder = tmp_path_factory.mktemp("notified")
    with writing(Settings(data_dir=folder / "data").warehouse_path, "set other deadlines") as connection:
        # By the law's own, hardly a report is overdue from January to March.
        connection.execute('UPDATE core_deadlines SET "month" = 1, "day" = 1')
    # Nobody has published a report of 2025 or later, and one site shows an empty list.
    with Portal(demo_network(range(2022, 2025))) as portal, serving(folder, portal.url, **settings) as running:
        yield running, portal


def messages(hook: WebhookReceiver, subject: str) -> list[dict[str, str]]:
    return [message for message in hook.received if subject in message["subject"]]


def test_what_is_new_is_announced_once_to_everybody(
    served: tuple[Served, Portal], hook: WebhookReceiver, mail: MailReceiver
) -> None:
    if (today := china_day(datetime.now(UTC))) == date(today.year, 1, 1):
        pytest.skip("on 1 January no report can be overdue")
    running, portal = served
    portal.inject("empty_list", host="www.yanxi-demo.gov.cn")
    assert running.ended(running.run("crawl/crawl-daily"))["type"] == "COMPLETED"

    def announced() -> list[dict[str, str]]:
        return messages(hook, "overdue")

    (message,) = wait_for("the announcement", announced, 120)
    assert message["path"] == SECRET_PATH
    assert "due 20" in message["text"]
    assert "docs/operating.md, 'a report is overdue'" in message["text"]
    mailed = wait_for("the mail", lambda: [m for m in mail.received if "overdue" in str(m["subject"])], 30)
    assert len(mailed) == 1
    assert mailed[0]["to"] is not None
    assert "operator@example.org" in str(mailed[0]["to"])
    body = mailed[0].get_body(("plain",))
    assert body is not None
    assert "政府" in body.get_content()
    assert mail.logins
    (empty,) = messages(hook, "lists nothing") or messages(hook, "list nothing")
    assert "www.yanxi-demo.gov.cn" in empty["text"]

    assert running.ended(running.run("publish/publish"))["type"] == "COMPLETED"
    assert running.ended(running.run("crawl/crawl-daily"))["type"] == "COMPLETED"
    assert len(announced()) == 1


def test_a_run_that_fails_is_told_with_the_reason_and_where_to_look(
    served: tuple[Served, Portal], hook: WebhookReceiver
) -> None:
    running, _ = served
    asked = json.dumps({"parameters": {"sources": ["no/such"]}})
    hook.turned_away = 1  # it is being restarted, say
    # Validation of the form cannot know the registry, so the run itself must fail.
    run = running.run("watch/watch", "--params", asked)
    state = running.ended(run, 240)
    assert state["type"] == "FAILED"
    (message,) = wait_for("the notification", lambda: messages(hook, "failed"), 60)
    assert hook.turned_away == 0
    assert message["subject"] == "nianbao: watch no/such failed"
    assert "no/such" in message["text"]
    assert f"{running.url}/" in message["text"]


def test_what_was_deployed_with_notifications_is_as_wanted_and_without_them_says_what_would_end(
    served: tuple[Served, Portal],
) -> None:
    running, _ = served
    checked = running.nianbao("deploy", "--check")
    assert (checked.returncode, checked.stdout) == (0, ""), checked.stderr
    elsewhere = running.nianbao("deploy", "--check", NIANBAO_NOTIFY_WEBHOOK="", NIANBAO_NOTIFY_EMAIL="[]", PWD="/")
    assert elsewhere.returncode == 1
    assert elsewhere.stdout.splitlines() == [
        f"remove automation {name}: the settings here name nobody to notify: set notify_webhook, notify_email or "
        "notify_blocks to keep it"
        for name in ("a run failed", "something to announce")
    ] + [
        f"remove block {kind}/nianbao: the settings here no longer describe it"
        for kind in ("nianbao-webhook", "smtp-email")
    ]


def test_a_test_message_goes_every_way_that_is_set(
    served: tuple[Served, Portal], hook: WebhookReceiver, mail: MailReceiver
) -> None:
    running, _ = served
    sent = running.nianbao("notify", NIANBAO_NOTIFY_BLOCKS='["smtp-email/nianbao"]')
    assert sent.returncode == 0, sent.stderr
    assert {"nianbao-webhook/nianbao: sent", "smtp-email/nianbao: sent"} <= set(sent.stderr.splitlines())
    (message,) = messages(hook, "a test message")
    assert "nianbao notify" in message["text"]
    assert [str(one["subject"]) for one in mail.received].count("nianbao: a test message") >= 1


def test_a_way_that_fails_says_why_and_no_secret(served: tuple[Served, Portal]) -> None:
    running, _ = served
    nowhere = running.nianbao(
        "notify", NIANBAO_NOTIFY_WEBHOOK=f"{running.url}/api{SECRET_PATH}", NIANBAO_SMTP_PORT=str(free_port())
    )
    assert nowhere.returncode == 1
    webhook, smtp = (line for line in nowhere.stderr.splitlines() if line.startswith("error "))
    assert webhook.startswith("error nianbao-webhook/nianbao: its server answers 4")
    assert smtp.startswith("error smtp-email/nianbao: Connection error")
    assert SECRET_PATH not in nowhere.stdout + nowhere.stderr
    nobody = running.nianbao("notify", NIANBAO_NOTIFY_WEBHOOK="", NIANBAO_NOTIFY_EMAIL="[]")
    assert (nobody.returncode, nobody.stderr.partition(":")[0]) == (2, "error nobody is notified")


def test_secrets_are_in_no_log_and_no_answer_of_the_api(served: tuple[Served, Portal], hook: WebhookReceiver) -> None:
    running, _ = served
    logs = [path.read_text() for path in (running.folder / "data" / "prefect").glob("*.log")]
    said: list[Any] = [
        running.log,
        *logs,
        running.ask("artifacts/filter"),
        running.ask("logs/filter"),
        running.ask("automations/filter"),
        running.ask("block_documents/filter", include_secrets=False),
        running.ask("deployments/filter"),
        running.nianbao("doctor").stdout,
        running.nianbao("deploy", "--check", NIANBAO_NOTIFY_WEBHOOK="http://127.0.0.1:1/another-secret").stdout,
    ]
    for secret in (SECRET_PATH, PASSWORD, "another-secret"):
        assert not [text for text in said if secret in str(text)]
    database = (running.folder / "data" / "prefect" / "prefect.db").read_bytes()
    assert PASSWORD.encode() not in database, "Prefect keeps the secrets of blocks encrypted"


def test_a_secret_in_the_settings_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "nianbao.toml").write_text('smtp_password = "in the open"\n')
    done = Served(tmp_path, "http://127.0.0.1:9").nianbao("deploy")
    assert done.returncode == 2
    assert "setting smtp_password is a secret" in done.stderr
    assert "in the open" not in done.stdout + done.stderr


def test_a_run_that_was_killed_with_its_server_is_told_when_it_comes_back(
    served: tuple[Served, Portal], hook: WebhookReceiver
) -> None:
    running, portal = served
    asked = len(portal.log)
    run = running.run("watch/watch")
    wait_for("the middle of the watch", lambda: len(portal.log) > asked, 60)
    running.kill_all()
    running.start()
    assert running.state(run)["type"] == "CRASHED"
    (message,) = wait_for("the notification", lambda: messages(hook, "crashed"), 90)
    assert message["subject"] == "nianbao: watch all sources crashed"


def test_a_way_that_is_taken_out_of_the_settings_leaves_no_secret_on_the_server(
    served: tuple[Served, Portal],
) -> None:
    running, _ = served
    deployed = running.nianbao("deploy", NIANBAO_NOTIFY_WEBHOOK="")
    assert deployed.returncode == 0, deployed.stderr
    assert "remove block nianbao-webhook/nianbao" in deployed.stdout + deployed.stderr
    names = {f"{block['block_type']['slug']}/{block['name']}" for block in running.ask("block_documents/filter")}
    assert "smtp-email/nianbao" in names
    assert "nianbao-webhook/nianbao" not in names
    by_hand = running.nianbao("deploy", "--check", NIANBAO_NOTIFY_WEBHOOK="", NIANBAO_NOTIFY_EMAIL="[]",
                              NIANBAO_NOTIFY_BLOCKS='["smtp-email/nianbao"]')  # fmt: skip
    assert "remove block" not in by_hand.stdout, "a block that is named is used"
