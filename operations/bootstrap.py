"""Does everything after `sam deploy`: keys, lists, the first admin, a smoke test. Safe to repeat; the same everywhere.

    make bootstrap NAME=verinym ADMIN_EMAIL=admin@example.com STACK=aws       # or STACK=ministack, STACK=localstack
    make bootstrap NAME=verinym ADMIN_EMAIL=ann@example.com ROLE=moderator    # only gives the account this role

NAME is the stack's name. On AWS it uses the caller's ordinary credentials, and REGION or AWS_REGION. ADMIN_PASSWORD is
the account's password (asked for in a terminal), ADMIN_TOKEN the token of the link in the confirmation mail.
Exit codes: 0 done, 1 a step failed, 3 a person has to do something first (it says what).
"""

import getpass
import json
import os
import secrets
import sys
from collections.abc import Callable
from dataclasses import replace

from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError

from localstack.client import Client
from localstack.mailbox import Mailbox
from localstack.seed import ROLES, passwords, verify_sender
from operations import actions, checks, smoke
from operations.checks import Deployed
from operations.steps import Finding, StepFailed, Steps
from operations.target import Target, check_name

USABLE = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")
ADMIN = "admin"
LEFT_OVER = ("ROLLBACK_COMPLETE", "CREATE_FAILED", "ROLLBACK_FAILED", "DELETE_FAILED")


def bootstrap(
    target: Target,
    email: str,
    password: Callable[[bool], str | None],
    token: str | None,
    steps: Steps,
    role: str = ADMIN,
) -> int:
    """Runs all steps against a deployed stack and returns the exit code. A role other than admin is only given."""
    account = steps.run("account", lambda: caller(target))
    deployed = steps.run("stack", lambda: find_stack(target), needs=bool(account))
    if not deployed:
        return steps.finish()
    mailbox = Mailbox(target.settings.mailbox) if target.settings else None
    if role != ADMIN:
        public = Client(deployed.parameter("PublicUrl"))
        steps.run("role", lambda: give_role(target, public, email, role, password, token, mailbox))
        return steps.finish()
    run_checks(target, deployed, steps)
    if not target.on_aws:
        steps.run("sender", lambda: sender(target))
    steps.run("sandbox", lambda: sandbox(target, deployed))
    keys = bool(steps.run("keys", lambda: actions.rotate_keys(target)))
    configured = steps.run("refresh", lambda: refresh(target))

    public = Client(deployed.parameter("PublicUrl"))
    healthy = steps.run("health", lambda: health(target, deployed, public))
    steps.run("discovery", lambda: smoke.discovery(public, deployed), needs=bool(healthy and keys))
    steps.run(
        "admin",
        lambda: give_role(target, public, email, role, password, token, mailbox),
        needs=bool(healthy and keys),
    )
    made = steps.run("client", lambda: smoke.machine_client(target, public), needs=bool(healthy and keys))
    client_id, client = made or (None, None)
    loaded = steps.run(
        "lists",
        lambda: actions.wait_for_lists(target, configured[0], client, lambda text: steps.line("…", "lists", text)),
        needs=bool(configured),
    )
    steps.run("metrics", lambda: smoke.metrics(client), needs=bool(client))
    limit = smoke.LISTS_KNOWN_AFTER if loaded else 0.0
    steps.run("screening", lambda: smoke.screening(client, limit), needs=bool(client))
    steps.run("clean-up", lambda: smoke.delete_client(client_id, client), needs=bool(client))
    return steps.finish()


def caller(target: Target) -> str:
    try:
        found = target.client("sts").get_caller_identity()
    except NoCredentialsError:
        raise StepFailed(
            "There are no credentials.", "Sign in (aws sso login), or set AWS_PROFILE or AWS_ACCESS_KEY_ID."
        ) from None
    except EndpointConnectionError as error:
        if target.on_aws:
            raise
        raise StepFailed(
            str(error), f"{deploy_command(target)} PORT={target.settings.port}; or, if AWS is meant: STACK=aws."
        ) from None
    return f"{found['Account']} in {target.region} ({target.place}), as {found['Arn']}"


def find_stack(target: Target) -> tuple[str, Deployed]:
    """The deployed stack. Fails if it does not exist or its deployment is incomplete."""
    cloudformation = target.client("cloudformation")
    stack = actions.stack_of(cloudformation, target.name)
    if stack is None:
        raise StepFailed(
            f"There is no stack {target.name} on {target.place} in {target.region}.",
            f"{deploy_command(target)} first, or give the name and region that it has (NAME=…, REGION=…).",
        )
    status = stack["StackStatus"]
    if status in LEFT_OVER:
        raise StepFailed(
            f"The stack {target.name} is {status}: an earlier deployment failed and cannot be updated.",
            "docs/deployment.md, `When the first deployment fails`: read the events, delete the stack, deploy again.",
        )
    if status not in USABLE:
        raise StepFailed(f"The stack {target.name} is {status}.", "Wait until the deployment has ended.")
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=target.name)
    resources = [item for page in pages for item in page["StackResourceSummaries"]]
    deployed = Deployed(
        name=target.name,
        region=target.region,
        parameters={item["ParameterKey"]: item["ParameterValue"] for item in stack.get("Parameters", [])},
        outputs={item["OutputKey"]: item["OutputValue"] for item in stack.get("Outputs", [])},
        termination_protection=stack.get("EnableTerminationProtection", False),
        topics=tuple(
            item["PhysicalResourceId"]
            for item in resources
            if item["ResourceType"] == "AWS::SNS::Topic" and item.get("PhysicalResourceId")
        ),
    )
    if not deployed.parameter("PublicUrl"):
        raise StepFailed(
            f"The stack {target.name} is not Verinym's main stack.", "Give the main stack's name, not the sandbox's."
        )
    return f"{target.name} is {status}, stage {deployed.stage}", deployed


def deploy_command(target: Target) -> str:
    return "Run sam deploy --config-env <dev|staging|prod>" if target.on_aws else f"Run make up STACK={target.place}"


def run_checks(target: Target, deployed: Deployed, steps: Steps) -> None:
    """Checks what the account must have. Emulators have no quotas."""
    steps.check("concurrency", lambda: concurrency(target))
    if target.on_aws:
        steps.check("mail", lambda: checks.mail(target.client("sesv2"), deployed))
        steps.check("alarms", lambda: checks.alarms(target.client("sns"), deployed))
        steps.check("domain", lambda: checks.domain(target.client("apigateway"), deployed))
        steps.check("protection", lambda: checks.protection(deployed))


def concurrency(target: Target) -> Finding:
    found = checks.concurrency(target.client("lambda"))
    return found if target.on_aws else replace(found, advice=[])


def sender(target: Target) -> str:
    verify_sender(target.settings)
    return f"{target.settings.mail_from} is a verified sender of the emulator"


def sandbox(target: Target, deployed: Deployed) -> Finding:
    """Shares the sandbox provider's credentials, if the stack calls a sandbox in the same account."""
    if not deployed.parameter("SandboxUrl"):
        return Finding("not used (SandboxUrl is empty)")
    found = actions.stack_of(target.client("cloudformation"), f"{target.name}-sandbox")
    theirs = actions.outputs_of(found).get("CredentialsArn") if found else None
    ours = deployed.outputs.get("SandboxSecretArn")
    if not theirs or not ours:
        advice = (
            f"SandboxUrl is set, and there is no stack {target.name}-sandbox here: "
            f"put its credentials into the secret of the output SandboxSecretArn ({ours or 'missing'}) by hand; "
            "docs/deployment.md says their form."
        )
        return Finding("elsewhere", [advice])
    changed = actions.share_credentials(target, ours, theirs)
    return Finding("credentials shared" if changed else "both sides have the same credentials")


def refresh(target: Target) -> tuple[str, list[int]]:
    """The number is in a list, because a step's value 0 would count as failed."""
    configured = actions.refresh_lists(target)
    return f"refresh of {configured} lists requested", [configured]


def health(target: Target, deployed: Deployed, public: Client) -> str:
    gateway, points_to = None, ""
    if target.on_aws:
        gateway = Client(deployed.outputs["ApiUrl"]) if "ApiUrl" in deployed.outputs else None
        points_to = domain_target(target, deployed.parameter("DomainName"))
    return smoke.health(public, gateway, points_to)


def give_role(
    target: Target, api: Client, email: str, role: str, password, token: str | None, mailbox: Mailbox | None
) -> str:
    new = actions.ensure_role(target, api, email, role, password, token, mailbox)
    return f"{email} has the role {role} {'now' if new else 'already'}"


def domain_target(target: Target, name: str) -> str:
    """Where the DNS record of a custom domain has to point; None without a custom domain or the permission to
    read it.
    """
    if not name:
        return ""
    try:
        return target.client("apigateway").get_domain_name(domainName=name).get("regionalDomainName", "")
    except ClientError:
        return ""


def password_of(target: Target, email: str) -> Callable[[bool], str | None]:
    """The account's password: from the environment, from the local stack's file, or asked for in a terminal.
    Asked at most once.
    """
    known: list[str] = []

    def password(new: bool) -> str | None:
        if not known:
            found = os.environ.get("ADMIN_PASSWORD") or (
                local_password(target, email) if target.settings else ask(email, new)
            )
            known.extend([found] if found else [])
        return known[0] if known else None

    return password


def ask(email: str, new: bool) -> str | None:
    """Asks for a password in a terminal; twice for a new account, because with a mistyped one it could not be
    confirmed.
    """
    if not sys.stdin.isatty():
        return None
    while True:
        first = getpass.getpass(f"          password of {email}{' (a new account)' if new else ''}: ")
        if not first or not new or getpass.getpass("          once more: ") == first:
            return first or None
        print("          The two passwords differ.", flush=True)


def local_password(target: Target, email: str) -> str:
    """The password from people.json in the data directory, which has the seeded people by role. A new address
    gets a new one.
    """
    file = target.settings.data / "people.json"
    kept = passwords(file)
    name, _, domain = email.partition("@")
    if domain == "verinym.example" and name in ROLES:
        return kept[name]
    if email not in kept:
        kept[email] = secrets.token_urlsafe(18) + "-aA1"
        file.write_text(json.dumps(kept))
    return kept[email]


def main() -> int:
    name, email = os.environ.get("NAME", ""), os.environ.get("ADMIN_EMAIL", "")
    role = os.environ.get("ROLE") or ADMIN
    steps = Steps()
    print(f"Bootstrap of the stack {name or '?'}", flush=True)
    target = None
    if steps.run("name", lambda: check_name(name)):
        target = steps.run("target", lambda: read_target(name, email, role))
    if not target:
        return steps.finish()
    return bootstrap(target, email, password_of(target, email), os.environ.get("ADMIN_TOKEN"), steps, role)


def read_target(name: str, email: str, role: str) -> tuple[str, Target]:
    if "@" not in email:
        raise StepFailed(
            f"ADMIN_EMAIL is {email!r}.", f"make bootstrap NAME={name} ADMIN_EMAIL=<address of the first admin>"
        )
    if role not in ROLES:
        raise StepFailed(f"ROLE is {role!r}.", f"ROLE must be one of {', '.join(ROLES)}.")
    target = Target.read(name)
    where = f"port {target.settings.port}; for AWS: STACK=aws" if target.settings else f"region {target.region}"
    return f"{target.place}, {where}", target


if __name__ == "__main__":
    sys.exit(main())
