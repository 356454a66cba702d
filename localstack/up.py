"""Starts the emulator, deploys, seeds, and writes the variables that clients and tests need.

    python -m localstack.up

Every step leaves alone what is already as it should be, so that a second run takes a second or two.
"""

import os
import time

from localstack import emulator, sign_in
from localstack.client import Refused
from localstack.deploy import Deployment, check_discovery, deploy
from localstack.lists import bucket, put_configuration, seed_lists
from localstack.risk import put_risk_files
from localstack.seed import seed_people, seed_platform
from localstack.settings import Settings, step
from localstack.settle import settle
from operations.steps import StepFailed


def up(settings: Settings) -> dict[str, str]:
    began = time.monotonic()
    emulator.start(settings)
    deployment = deploy(settings)
    put_configuration(settings, deployment.lists_bucket)
    put_risk_files(settings, deployment.lists_bucket)
    settle(settings)
    try:
        seed_platform(settings, deployment)
        check_discovery(deployment)
        sign_in.start(settings, deployment.api_url, deployment.social_secret)
        seed_lists(settings, deployment.lists_bucket)
        people = seed_people(settings, deployment)
    except StepFailed as failure:
        raise SystemExit(f"Seeding failed: {failure}\n{failure.remedy}") from failure
    except (Refused, TimeoutError) as trouble:
        raise SystemExit(f"Seeding failed: {trouble}\nThe functions' logs: make logs") from trouble
    variables = variables_of(settings, deployment) | people
    write(settings, variables)
    step(f"up after {time.monotonic() - began:.1f} s; variables in {emulator.shown(settings.env_file)}")
    return variables


def variables_of(settings: Settings, deployment: Deployment) -> dict[str, str]:
    return settings.environment | {
        # Tests that an emulator cannot pass are skipped by its name.
        "EMULATOR": settings.flavour,
        "API_URL": deployment.api_url,
        "STACK_NAME": settings.stack_name,
        "MAILBOX_URL": settings.mailbox,
        "SANDBOX_URL": deployment.sandbox_url,
        "SANDBOX_STACK_NAME": settings.sandbox_stack,
        "DOCUMENTS_BUCKET": deployment.documents_bucket,
        "LISTS_BUCKET": deployment.lists_bucket,
        "LIST_SAMPLES_BUCKET": bucket(settings),
        "APP_URL": settings.app_url,
        "MAIL_FROM": settings.mail_from,
        "STACK_DATA": str(settings.data),
    }


def write(settings: Settings, variables: dict[str, str]) -> None:
    """Writes `NAME=value` lines that a shell can source and a test can parse. Only the owner may read them,
    because of the passwords.
    """
    settings.env_file.parent.mkdir(parents=True, exist_ok=True)
    draft = settings.env_file.with_suffix(".draft")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        out.writelines(f"{name}={value}\n" for name, value in sorted(variables.items()))
    draft.replace(settings.env_file)


if __name__ == "__main__":
    up(Settings.read())
