"""Fills a new stack with what it needs to be used: a verified sender, keys, the sandbox's credentials, three people.

Whatever is there already is left alone, so a second run changes nothing. People sign up like everybody else, through
the public API; only their roles come by the operator's function.
"""

import base64
import json
import os
import secrets
import sys
from pathlib import Path

from localstack.aws import client
from localstack.client import Client, Refused
from localstack.deploy import Deployment
from localstack.mailbox import mails, wait_for_mail
from localstack.settings import Settings, step

ROLES = ("admin", "moderator", "auditor")


def seed_platform(settings: Settings, deployment: Deployment) -> None:
    """What the functions need before the first call."""
    verify_sender(settings)
    share_credentials(settings, deployment)
    invoke(settings, "workers-rotate-keys", {})


def verify_sender(settings: Settings) -> None:
    ses = client(settings, "ses")
    ses.verify_email_identity(EmailAddress=settings.mail_from)
    found = ses.get_identity_verification_attributes(Identities=[settings.mail_from])["VerificationAttributes"]
    if found.get(settings.mail_from, {}).get("VerificationStatus") != "Success":
        sys.exit(f"SES does not accept {settings.mail_from} as a sender.")


def share_credentials(settings: Settings, deployment: Deployment) -> None:
    """Gives the sandbox's credentials to both sides: the sandbox, which checks them, and us, who call with them."""
    manager = client(settings, "secretsmanager")
    known = secret_value(manager, deployment.sandbox_credentials)
    if not known:
        known = json.dumps(
            {
                "api_key": secrets.token_urlsafe(32),
                "account_id": "local",
                "webhook_secret": "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode(),
            }
        )
        manager.put_secret_value(SecretId=deployment.sandbox_credentials, SecretString=known)
    if secret_value(manager, deployment.sandbox_secret) != known:
        manager.put_secret_value(SecretId=deployment.sandbox_secret, SecretString=known)


def secret_value(manager, arn: str) -> str:
    """The value, or nothing where the secret has none yet (as on AWS, or an empty one as in the emulator)."""
    try:
        return manager.get_secret_value(SecretId=arn).get("SecretString", "")
    except manager.exceptions.ResourceNotFoundException:
        return ""


def seed_people(settings: Settings, deployment: Deployment) -> dict[str, str]:
    """Makes an admin, a moderator and an auditor; gives their addresses and passwords as variables."""
    kept = passwords(settings.data / "people.json")
    variables = {}
    made = []
    for role in ROLES:
        email = f"{role}@verinym.example"
        if sign_up(settings, deployment, email, kept[role]):
            made.append(role)
        invoke(settings, "admin-bootstrap", {"email": email, "role": role})
        variables[f"{role.upper()}_EMAIL"] = email
        variables[f"{role.upper()}_PASSWORD"] = kept[role]
    step(f"people: {', '.join(ROLES)}" + (f" (new: {', '.join(made)})" if made else ""))
    return variables


def passwords(file: Path) -> dict[str, str]:
    """One password for each role, made once for a data directory and readable by its owner only."""
    if not file.exists():
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            # A letter of each class besides, for stacks with PasswordPolicy=classes.
            json.dump({role: secrets.token_urlsafe(18) + "-aA1" for role in ROLES}, out)
    return json.loads(file.read_text())


def sign_up(settings: Settings, deployment: Deployment, email: str, password: str) -> bool:
    """Registers and confirms an account; False where it was there already."""
    api = Client(deployment.api_url)
    if can_sign_in(api, email, password):
        return False
    known = {mail.token for mail in mails(settings.mailbox) if email in mail.recipients}
    try:
        api.post("/v1/auth/register", {"email": email, "password": password})
    except Refused as refusal:
        if refusal.code != "email_taken":
            raise
        # An earlier run ended between sign-up and confirmation.
        api.post("/v1/auth/verify-email/resend", {"email": email})
    mail = wait_for_mail(settings.mailbox, email, lambda mail: mail.token and mail.token not in known)
    api.post("/v1/auth/verify-email", {"token": mail.token, "password": password})
    return True


def can_sign_in(api: Client, email: str, password: str) -> bool:
    try:
        tokens = api.post("/v1/auth/login", {"email": email, "password": password})
        if "access_token" in tokens:  # else a second factor is asked for, and there is no session to end
            Client(api.base, tokens["access_token"]).post("/v1/auth/logout")
        return True
    except Refused as refusal:
        if refusal.code in ("invalid_credentials", "email_not_verified"):
            return False
        raise


def invoke(settings: Settings, function: str, payload: dict):
    """Invokes a function as the operator would; its error is ours."""
    name = f"{settings.stack_name}-{function}"
    answer = client(settings, "lambda").invoke(FunctionName=name, Payload=json.dumps(payload).encode())
    body = answer["Payload"].read().decode()
    if "FunctionError" in answer:
        sys.exit(f"{name} failed: {body}\nIts log: make logs")
    return json.loads(body or "null")
