"""Fills a new stack with what it needs to be used: a verified sender, keys, the sandbox's credentials, three people.

Whatever is there already is left alone, so a second run changes nothing. People sign up like everybody else, through
the public API; only their roles come by the operator's function. All of it is what `make bootstrap` does as well.
"""

import json
import os
import secrets
import sys
from pathlib import Path

from localstack import totp
from localstack.aws import client
from localstack.client import Client
from localstack.deploy import Deployment
from localstack.mailbox import Mailbox
from localstack.settings import Settings, step
from operations import actions
from operations.target import Target

ROLES = ("admin", "moderator", "auditor")


def seed_platform(settings: Settings, deployment: Deployment) -> None:
    """What the functions need before the first call."""
    target = Target.local(settings)
    verify_sender(settings)
    actions.share_credentials(target, deployment.sandbox_secret, deployment.sandbox_credentials)
    actions.rotate_keys(target)


def verify_sender(settings: Settings) -> None:
    ses = client(settings, "ses")
    ses.verify_email_identity(EmailAddress=settings.mail_from)
    found = ses.get_identity_verification_attributes(Identities=[settings.mail_from])["VerificationAttributes"]
    if found.get(settings.mail_from, {}).get("VerificationStatus") != "Success":
        sys.exit(f"SES does not accept {settings.mail_from} as a sender.")


def seed_people(settings: Settings, deployment: Deployment) -> dict[str, str]:
    """Makes an admin, a moderator and an auditor; returns their addresses, passwords and the secrets of their second
    factors as variables.
    """
    target, api, mailbox = Target.local(settings), Client(deployment.api_url), Mailbox(settings.mailbox)
    kept = passwords(settings.data / "people.json")
    variables = {}
    made = []
    for role in ROLES:
        email = f"{role}@verinym.example"
        if actions.ensure_role(target, api, email, role, lambda new, role=role: kept[role], None, mailbox):
            made.append(role)
        variables[f"{role.upper()}_EMAIL"] = email
        variables[f"{role.upper()}_PASSWORD"] = kept[role]
        if secret := second_factor(settings, api, role, email, kept[role]):
            variables[f"{role.upper()}_TOTP_SECRET"] = secret
    step(f"people: {', '.join(ROLES)}" + (f" (new: {', '.join(made)})" if made else ""))
    return variables


def second_factor(settings: Settings, api: Client, role: str, email: str, password: str) -> str | None:
    """The secret of the authenticator app of a member of staff, who gets one in the first run where staff need one."""
    file = settings.data / "totp-secrets.json"

    def keep(secret: str) -> None:
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
            json.dump(known | {role: secret}, out)

    known = json.loads(file.read_text()) if file.exists() else {}
    answer = api.post("/v1/auth/login", {"email": email, "password": password})
    if "challenge" in answer:
        return known[role]
    return None if settings.convenient else totp.enroll(Client(api.base, answer["access_token"]), keep)


def passwords(file: Path) -> dict[str, str]:
    """One password for each role, made once for a data directory and readable by its owner only."""
    if not file.exists():
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            # A character of each class, for stacks with PasswordPolicy=classes.
            json.dump({role: secrets.token_urlsafe(18) + "-aA1" for role in ROLES}, out)
    return json.loads(file.read_text())
