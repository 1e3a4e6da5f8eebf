"""A Prefect notification block that sends e-mail by any SMTP server: Prefect itself brings only one provider's.

Prefect's server sends the notifications, so it must know the block: it learns of it by the entry point
``prefect.collections`` of this package, and of the other block of ours by what is imported here. Both are loaded with
every ``import prefect``, hence the late import of apprise.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from prefect.blocks.abstract import NotificationError
from prefect.blocks.notifications import AbstractAppriseNotificationBlock
from pydantic import Field, SecretStr

from flows.serving.sending_again import in_a_loop, sent_again
from flows.serving.webhook_block import Webhook

__all__ = ["SmtpEmail", "Webhook"]


class SmtpEmail(AbstractAppriseNotificationBlock):
    """Send notifications as e-mail by an SMTP server, up to four times in two minutes."""

    _block_type_name = "SMTP Email"
    _block_type_slug = "smtp-email"
    _description = "Send notifications as e-mail by any SMTP server."

    host: Annotated[str, Field(title="Server", description="Name or address of the SMTP server.")]
    port: Annotated[int, Field(title="Port", ge=1, le=65535)] = 587
    security: Annotated[
        Literal["starttls", "ssl", "none"],
        Field(title="Encryption", description="none only for a server on this machine or in a network of yours."),
    ] = "starttls"
    username: Annotated[str | None, Field(title="User name", description="Empty: without logging in.")] = None
    password: Annotated[SecretStr | None, Field(title="Password")] = None
    sender: Annotated[str, Field(title="From", description="Address that the messages come from.")]
    recipients: Annotated[list[str], Field(title="To", description="Addresses that they go to.", min_length=1)]

    def block_initialization(self) -> None:
        """Build the apprise client (see https://github.com/caronc/apprise/wiki/Notify_email)."""
        from apprise.plugins.email import NotifyEmail

        given: dict[str, Any] = {
            "smtp_host": self.host,
            "host": self.host,
            "port": self.port,
            "secure": self.security != "none",
            "secure_mode": "insecure" if self.security == "none" else self.security,
            "from_addr": self.sender,
            "targets": self.recipients,
            "format": "text",
        }
        if self.username is not None and self.password is not None:
            given |= {"user": self.username, "password": self.password.get_secret_value()}
        self._start_apprise_client(SecretStr(NotifyEmail(**given).url()))  # type: ignore[no-untyped-call]

    async def anotify(self, body: str, subject: str | None = None) -> None:
        """Raises ``NotificationError`` where no attempt was taken."""

        async def send() -> None:
            await super(SmtpEmail, self).anotify(body, subject)

        await sent_again(send, _passing)

    def notify(self, body: str, subject: str | None = None) -> Any:
        """Once and at once, for who waits for the answer; within a coroutine as :meth:`anotify`."""
        return self.anotify(body, subject) if in_a_loop() else super().notify(body, subject)


def _passing(error: Exception) -> str | None:
    """Apprise says of every failure the same, so each is tried again."""
    return "the mail server did not take it" if isinstance(error, NotificationError) else None
