"""The administrator's hook for alerts: a command of this machine, or mail through a local relay.

Rules this module upholds:

- The command runs without a shell, with an empty environment and without open files of ours, as the user of the daemon.
  It gets the message as its one argument. If it takes too long, it is killed with everything that it started.
- Mail goes to a relay on this machine alone.
- Nothing that the command prints is read, stored or logged.
"""

from __future__ import annotations

import os
import signal
import smtplib
import subprocess
from email.message import EmailMessage
from typing import TYPE_CHECKING, Final

from node.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from node.config import Config

COMMAND_SECONDS: Final = 10.0
"""The longest run of the command."""
MAIL_SECONDS: Final = 10.0
"""How long the relay may take for each answer."""
RELAY: Final = ("localhost", 25)


def hook_of(settings: Config) -> Callable[[str], None] | None:
    """Tells a message by every way that is configured; None if there is none."""
    ways: list[Callable[[str], None]] = []
    if settings.alert_command:
        ways.append(lambda words: run_command(settings.alert_command, words))
    if settings.alert_mail:
        ways.append(lambda words: send_mail(settings.alert_mail, words))

    def tell(words: str) -> None:
        for way in ways:
            way(words)

    return tell if ways else None


def run_command(path: str, words: str, seconds: float = COMMAND_SECONDS) -> None:
    """Runs the command. Raises `Unavailable` if it cannot be run, fails, or takes too long."""
    try:
        process = subprocess.Popen(  # noqa: S603 (the administrator's own command; no shell, one argument)
            [path, words],
            env={},
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        raise Unavailable(
            f"the command for alerts cannot be run: {os.strerror(error.errno or 0).lower()}",
            remedy="check alert_command in vigil.toml: it is a program that the daemon's user may run",
        ) from None
    try:
        code = process.wait(seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise Unavailable(
            f"the command for alerts took more than {seconds:.0f} s and was ended",
            remedy="let it hand the message on and end at once",
        ) from None
    if code:
        raise Unavailable(
            f"the command for alerts ended with code {code}", remedy="run it by hand, as the daemon's user"
        )


def send_mail(to: str, words: str, relay: tuple[str, int] = RELAY) -> None:
    """Mails the message: subject and text are the message. Raises `Unavailable` if the relay does not take it."""
    mail = EmailMessage()
    mail["From"] = to
    mail["To"] = to
    mail["Subject"] = words
    mail.set_content(words + "\n")
    try:
        with smtplib.SMTP(*relay, local_hostname="localhost", timeout=MAIL_SECONDS) as server:
            server.send_message(mail)
    except (OSError, smtplib.SMTPException) as error:
        raise Unavailable(
            f"the mail about alerts was not sent ({type(error).__name__})",
            remedy="check that a mail relay of this machine listens on localhost:25, and alert_mail in vigil.toml",
        ) from None
