"""The stack that a command is for, and clients for it: AWS with the caller's ordinary credentials, or an emulator."""

import os
import re
from dataclasses import dataclass, replace

import boto3
from botocore.config import Config

from localstack import aws
from localstack.settings import LOCALSTACK, MINISTACK, Settings
from operations.steps import StepFailed

AWS = "aws"
# Longest resource name from the stack's: a bucket, 63 characters in all, with account and the longest region name.
LONGEST_NAME = 25
NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


@dataclass(frozen=True)
class Target:
    """A stack by name, and where it is."""

    name: str
    place: str
    region: str
    # None on AWS.
    settings: Settings | None = None
    session: boto3.Session | None = None

    @classmethod
    def read(cls, name: str) -> "Target":
        """From STACK (`ministack`, `localstack` or `aws`) and, on AWS, REGION or what the caller's profile says."""
        place = os.environ.get("STACK", MINISTACK)
        if place == AWS:
            return cls.aws(name, os.environ.get("REGION"))
        if place not in (MINISTACK, LOCALSTACK):
            raise StepFailed(f"STACK is {place!r}.", f"STACK must be {AWS}, {MINISTACK} or {LOCALSTACK}.")
        return cls.local(replace(Settings.read(), stack_name=name))

    @classmethod
    def local(cls, settings: Settings) -> "Target":
        return cls(settings.stack_name, settings.flavour, settings.region, settings)

    @classmethod
    def aws(cls, name: str, region: str | None) -> "Target":
        session = boto3.Session(region_name=region or None)
        if not session.region_name:
            raise StepFailed("No region is set.", "Set AWS_REGION, or REGION=eu-central-1 on the command line.")
        return cls(name, AWS, session.region_name, session=session)

    @property
    def on_aws(self) -> bool:
        return self.settings is None

    @property
    def logs_hint(self) -> str:
        """How the operator reads the log of a function."""
        if self.settings:
            return f"make logs STACK={self.place} PORT={self.settings.port}"
        return f"aws logs tail /{self.name}/workers --since 10m --region {self.region} (or /{self.name}/admin, …)"

    def client(self, service: str):
        if self.settings:
            return aws.client(self.settings, service)
        # Never an endpoint from the environment: `source target/stack.env` must not turn AWS into the emulator.
        config = Config(
            retries={"max_attempts": 5, "mode": "standard"},
            read_timeout=180,
            ignore_configured_endpoint_urls=True,
        )
        return self.session.client(service, config=config)


def check_name(name: str) -> str:
    """Refuses a name with which a deployment would fail half-way. Names of buckets are lower case and have at
    most 63 characters.
    """
    remedy = f"Choose at most {LONGEST_NAME} characters: lower-case letters, digits, single hyphens; a letter first."
    if not name:
        raise StepFailed("NAME is missing.", "Give the name of the stack: NAME=<stack name>.")
    if len(name) > LONGEST_NAME:
        raise StepFailed(f"{name!r} has {len(name)} characters; names of buckets made from it are too long.", remedy)
    if not NAME.fullmatch(name):
        raise StepFailed(f"{name!r} cannot be part of the name of a bucket.", remedy)
    return name
