"""Reads the mails that were sent, where the emulator keeps them as JSON. Standard library.

    python -m localstack.mailbox                    # prints them
    TO=ada@example.org python -m localstack.mailbox  # prints the newest one to an address, with its links
    PHONE=+4915112345678 python -m localstack.mailbox  # prints the newest text message to a number
"""

import json
import os
import re
import sys
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass

from localstack.settings import Settings


@dataclass(frozen=True)
class Mail:
    recipients: tuple[str, ...]
    subject: str
    text: str
    html: str

    @property
    def token(self) -> str | None:
        """The token of the link in the mail, if it has one."""
        found = re.search(r"[?&]token=([A-Za-z0-9._~-]+)", self.text)
        return found[1] if found else None

    @property
    def links(self) -> list[str]:
        """The links in the text, without the punctuation of the sentence that they end."""
        return [link.rstrip(".,;:!?)") for link in re.findall(r"https?://[^\s>\"]+", self.text)]

    def is_to(self, address: str) -> bool:
        """Whether it was sent to an address. Case does not matter: accounts keep addresses in lower case."""
        return address.lower() in (recipient.lower() for recipient in self.recipients)


def mails(url: str) -> list[Mail]:
    """All mails, oldest first."""
    with urllib.request.urlopen(url, timeout=10) as answer:
        messages = json.load(answer)["messages"]
    if isinstance(messages, dict):  # MiniStack: by account
        return [
            Mail(tuple(item["To"]), item["Subject"], item["BodyText"] or "", item["BodyHtml"] or "")
            for account in messages.values()
            for item in account
        ]
    return [  # LocalStack
        Mail(
            tuple(item["Destination"].get("ToAddresses", [])),
            item.get("Subject", ""),
            item["Body"].get("text_part") or "",
            item["Body"].get("html_part") or "",
        )
        for item in messages
    ]


def wait_for_mail(url: str, address: str, wanted: Callable[[Mail], object], limit: float = 30.0) -> Mail:
    """Waits for a mail to an address that meets the condition, and returns the newest one."""
    deadline = time.monotonic() + limit
    while time.monotonic() < deadline:
        found = [mail for mail in mails(url) if mail.is_to(address) and wanted(mail)]
        if found:
            return found[-1]
        time.sleep(0.1)
    raise TimeoutError(f"no such mail to {address} within {limit:.0f} s")


class Mailbox:
    """The tokens that were mailed to an address, for scripts that confirm it on behalf of its owner."""

    def __init__(self, url: str):
        self.url = url

    def tokens(self, address: str) -> set[str]:
        return {mail.token for mail in mails(self.url) if mail.token and mail.is_to(address)}

    def wait(self, address: str, known: set[str]) -> str:
        """The token of a new mail."""
        return wait_for_mail(self.url, address, lambda mail: mail.token and mail.token not in known).token


def texts(endpoint: str, number: str) -> list[str]:
    """The text messages to a number, oldest first."""
    with urllib.request.urlopen(f"{endpoint}/_ministack/sns/sms-messages", timeout=10) as answer:
        messages = json.load(answer)["sms_messages"]
    return [message["Message"] for message in messages.get(number, [])]


def wait_for_text(endpoint: str, number: str, limit: float = 30.0) -> str:
    """The newest text message to a number; waits for it, since messages are sent in the background."""
    deadline = time.monotonic() + limit
    while time.monotonic() < deadline:
        found = texts(endpoint, number)
        if found:
            return found[-1]
        time.sleep(0.1)
    raise TimeoutError(f"no text message to {number} within {limit:.0f} s")


def shown(mail: Mail) -> str:
    return f"To: {', '.join(mail.recipients)}\nSubject: {mail.subject}\n\n{mail.text}"


def newest(url: str, address: str) -> str:
    """The newest mail to an address, with its links below; waits for it, since mails are sent in the background."""
    mail = wait_for_mail(url, address, lambda _: True)
    return shown(mail) + "".join(f"\nLink: {link}" for link in mail.links)


if __name__ == "__main__":
    settings = Settings.read()
    mailbox, address, phone = settings.mailbox, os.environ.get("TO", ""), os.environ.get("PHONE", "")
    if phone:
        try:
            print(wait_for_text(settings.endpoint, phone))
        except TimeoutError as nothing:
            sys.exit(f"{nothing}")
    elif address:
        try:
            print(newest(mailbox, address))
        except TimeoutError as nothing:
            sys.exit(f"{nothing}")
    else:
        for mail in mails(mailbox):
            print(f"{shown(mail)}\n{'-' * 60}")
