"""Checks before `sam deploy`: what would make it fail half-way, or produce a stack that nobody can use.

    make preflight CONFIG=prod        # or dev, staging: the names that samconfig.toml has

Reads samconfig.toml and the account, with the caller's ordinary credentials; changes nothing. Exit codes: 0 nothing
stands in the way, 1 something does.
"""

import os
import shlex
import struct
import sys
import tomllib
from pathlib import Path
from urllib.parse import urlsplit

from operations import actions, checks
from operations.bootstrap import LEFT_OVER, caller
from operations.checks import Deployed
from operations.steps import Finding, StepFailed, Steps
from operations.target import Target, check_name
from operations.template import Template

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = "example.com"
# ELF's e_machine.
MACHINES = {"x86_64": 62, "arm64": 183}


def preflight(config: dict, target: Target, root: Path, steps: Steps) -> int:
    """Runs all checks of one configuration; `config` is the section `<name>.deploy.parameters` of samconfig.toml."""
    template = Template.read(root / "template.yaml", overrides(config))
    wanted = Deployed(target.name, target.region, template.parameters, {})
    steps.run("addresses", lambda: addresses(wanted))
    steps.run("alarms", lambda: told(wanted))
    steps.run("packages", lambda: packages(root / "target" / "lambda", wanted.parameter("Architecture")))
    account = steps.run("account", lambda: caller(target))
    if account:
        steps.run("stack", lambda: leftovers(target))
        steps.run("certificate", lambda: certificate(target, wanted))
        steps.run("concurrency", lambda: checks.concurrency(target.client("lambda"), template.reserved_concurrency()))
        steps.check("mail", lambda: checks.mail(target.client("sesv2"), wanted))
    return steps.finish()


def overrides(config: dict) -> dict[str, str]:
    """`parameter_overrides` as SAM takes them: a list of KEY=VALUE, or one string of them."""
    given = config.get("parameter_overrides", [])
    pairs = shlex.split(given) if isinstance(given, str) else given
    return dict(pair.split("=", 1) for pair in pairs)


def addresses(wanted: Deployed) -> str:
    """Checks the addresses. A domain needs its certificate, and the other way round."""
    url, name, arn = wanted.parameter("PublicUrl"), wanted.parameter("DomainName"), wanted.parameter("CertificateArn")
    examples = sorted(key for key, value in wanted.parameters.items() if EXAMPLE in value)
    if examples:
        raise StepFailed(f"{', '.join(examples)} still name {EXAMPLE}.", "Put your own addresses into samconfig.toml.")
    for parameter in ("PublicUrl", "AppUrl", "MailFrom"):
        if not wanted.parameter(parameter):
            raise StepFailed(
                f"{parameter} is not set.", f'Add "{parameter}=…" to parameter_overrides in samconfig.toml.'
            )
    if bool(name) != bool(arn):
        have, lack = ("DomainName", "CertificateArn") if name else ("CertificateArn", "DomainName")
        raise StepFailed(
            f"{have} is set and {lack} is not: the deployment fails half-way.",
            "Set both, or neither and let the domain be managed elsewhere.",
        )
    host = urlsplit(url).hostname
    if name and host != name:
        raise StepFailed(
            f"PublicUrl names {host}, and DomainName is {name}.", "Clients use PublicUrl: make both the same host."
        )
    return f"{url}, mails from {wanted.parameter('MailFrom')}"


def told(wanted: Deployed) -> Finding:
    """Checks that alarms of prod reach somebody."""
    address = wanted.parameter("AlarmEmail") or wanted.parameter("AlarmTopicArn")
    if address:
        return Finding(f"go to {address}")
    text = "Alarms are raised but tell nobody"
    if wanted.stage == "prod":
        raise StepFailed(f"{text}, and prod needs somebody.", 'Add "AlarmEmail=<address>" or "AlarmTopicArn=<arn>".')
    return Finding("tell nobody", [f'{text}: "AlarmEmail=<address>" in samconfig.toml changes that.'])


def packages(directory: Path, architecture: str) -> str:
    """Checks that the packages exist and have the architecture that the template declares."""
    binaries = sorted(directory.glob("*/bootstrap"))
    build = "make package (it builds for the architecture that template.yaml says)"
    if not binaries:
        raise StepFailed(f"There are no packages in {directory}.", build)
    wrong = [file.parent.name for file in binaries if machine(file) != MACHINES[architecture]]
    if wrong:
        raise StepFailed(f"{len(wrong)} packages are not built for {architecture}: {', '.join(wrong[:3])} …", build)
    return f"{len(binaries)} packages for {architecture}"


def machine(file: Path) -> int | None:
    """The processor architecture of an ELF file."""
    with file.open("rb") as binary:
        head = binary.read(20)
    return struct.unpack_from("<H", head, 18)[0] if head[:4] == b"\x7fELF" and len(head) == 20 else None


def leftovers(target: Target) -> str:
    """Checks that the stack can be created or updated, and that no earlier attempt left resources with its names."""
    stack = actions.stack_of(target.client("cloudformation"), target.name)
    if stack is None:
        dynamodb = target.client("dynamodb")
        try:
            dynamodb.describe_table(TableName=f"{target.name}-identity")
        except dynamodb.exceptions.ResourceNotFoundException:
            return f"{target.name} is new"
        raise StepFailed(
            f"There is no stack {target.name}, but its tables exist: the deployment would fail with `already exists`.",
            "Do they hold data? Then take another name or import them: docs/deployment.md, "
            "`When the first deployment fails`.",
        )
    if stack["StackStatus"] in LEFT_OVER:
        raise StepFailed(
            f"The stack {target.name} is {stack['StackStatus']} and cannot be updated.",
            "docs/deployment.md, `When the first deployment fails`: read the events, delete the stack, deploy again.",
        )
    if stack["StackStatus"].endswith("_IN_PROGRESS"):
        raise StepFailed(f"The stack {target.name} is {stack['StackStatus']}.", "Wait until that deployment has ended.")
    return f"{target.name} is {stack['StackStatus']}; it will be updated"


def certificate(target: Target, wanted: Deployed) -> str:
    """Checks that the certificate is issued, in this region and for this domain."""
    arn, name = wanted.parameter("CertificateArn"), wanted.parameter("DomainName")
    if not arn:
        return "no custom domain by this stack"
    region = arn.split(":")[3] if arn.count(":") >= 5 else "?"
    if region != target.region:
        raise StepFailed(
            f"The certificate is in {region}, but a regional API needs one in its own region, {target.region}.",
            f"aws acm request-certificate --region {target.region} --domain-name {name} --validation-method DNS",
        )
    found = target.client("acm").describe_certificate(CertificateArn=arn)["Certificate"]
    if found["Status"] != "ISSUED":
        raise StepFailed(
            f"The certificate is {found['Status']}.", "Publish its validation record in the DNS, and wait."
        )
    names = [found["DomainName"], *found.get("SubjectAlternativeNames", [])]
    if not any(covers(pattern, name) for pattern in names):
        raise StepFailed(
            f"The certificate is for {', '.join(sorted(set(names)))}, not for {name}.", "Request one for this name."
        )
    return f"issued for {name}"


def covers(pattern: str, name: str) -> bool:
    """Whether a certificate's name covers a host: the same, or `*` for its first label (RFC 6125 §6.4.3)."""
    pattern, name = pattern.lower(), name.lower()
    return pattern == name or (pattern.startswith("*.") and name.partition(".")[2] == pattern[2:])


def read_config(file: Path, name: str) -> dict:
    configs = tomllib.loads(file.read_text())
    found = configs.get(name, {}).get("deploy", {}).get("parameters")
    if not found or "stack_name" not in found:
        known = sorted(key for key, value in configs.items() if isinstance(value, dict) and "deploy" in value)
        raise StepFailed(
            f"CONFIG is {name!r}, and samconfig.toml has {', '.join(known)}.", "make preflight CONFIG=prod"
        )
    return found


def main() -> int:
    steps = Steps()
    name = os.environ.get("CONFIG", "")
    print(f"Before sam deploy --config-env {name or '?'}", flush=True)
    config = steps.run("config", lambda: (f"samconfig.toml, {name}", read_config(ROOT / "samconfig.toml", name)))
    if not config or not steps.run("name", lambda: check_name(config["stack_name"])):
        return steps.finish()
    target = steps.run("target", lambda: read_target(config))
    return preflight(config, target, ROOT, steps) if target else steps.finish()


def read_target(config: dict) -> tuple[str, Target]:
    target = Target.aws(config["stack_name"], os.environ.get("REGION") or config.get("region"))
    return f"AWS, {target.region}", target


if __name__ == "__main__":
    sys.exit(main())
