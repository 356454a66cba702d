"""Deploys the templates of docs/authorizer.md, as their readers would, and calls the APIs that they make."""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from localstack.aws import client
from localstack.client import Client, Refused
from localstack.clients import confirmed_person
from localstack.mailbox import Mailbox
from localstack.settings import LOCALSTACK, Settings, step
from localstack.snippets import blocks
from operations.actions import outputs_of, stack_of

# Kind of API: the stage of its template, and the status of a token that is not valid.
APIS = {"http": ("$default", 403), "rest": ("prod", 401)}


def check(settings: Settings, api_url: str) -> None:
    """Calls both APIs with a token that is valid, with others, and with one whose session just ended."""
    if settings.flavour == LOCALSTACK:
        # Its community edition has no HTTP APIs and runs no functions of customers without Docker.
        step("docs/authorizer.md: skipped on LocalStack")
        return
    began = time.monotonic()
    for kind, (stage, refused) in APIS.items():
        with api(settings, kind) as id:
            walk(settings, api_url, Client(settings.api_url(id, stage)), refused)
    step(f"docs/authorizer.md: an HTTP API and a REST API admitted live sessions alone after {time.monotonic() - began:.1f} s")


@contextmanager
def api(settings: Settings, kind: str) -> Iterator[str]:
    """The id of the API that the template of this kind makes."""
    cloudformation = client(settings, "cloudformation")
    [template] = blocks("authorizer.md", f"yaml {kind}")
    arn = outputs_of(stack_of(cloudformation, settings.stack_name))["AuthorizerArn"]
    name = f"{settings.stack_name}-orders-{kind}"
    cloudformation.create_stack(
        StackName=name,
        TemplateBody=template,
        Parameters=[{"ParameterKey": "AuthorizerArn", "ParameterValue": arn}],
        Capabilities=["CAPABILITY_IAM"],
    )
    try:
        cloudformation.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
        yield outputs_of(stack_of(cloudformation, name))["ApiId"]
    finally:
        cloudformation.delete_stack(StackName=name)


def walk(settings: Settings, api_url: str, orders: Client, refused: int) -> None:
    person = confirmed_person(api_url, Mailbox(settings.mailbox), "authorizer")
    signed_in = Client(api_url)
    tokens = signed_in.post("/v1/auth/login", {"email": person["EMAIL"], "password": person["PASSWORD"]})
    signed_in.token = token = tokens["access_token"]

    expect(orders, None, 401)
    expect(orders, f"{token}x", refused)
    expect(orders, token[: token.rindex(".")] + ".c2ln", refused)
    caller = expect(orders, token, 200)
    known = {"sub": tokens["user"]["id"], "sid": tokens["session"]["id"], "roles": "user", "kyc_status": "none", "amr": "pwd"}
    if any(caller.get(name) != value for name, value in known.items()):
        sys.exit(f"The authorizer passed on {caller} instead of {known}.")
    signed_in.post("/v1/auth/logout")
    expect(orders, token, refused)


def expect(orders: Client, token: str | None, status: int) -> dict:
    orders.token = token
    try:
        return orders.get("/orders", expect=(status,), parse=status == 200) or {}
    except (Refused, json.JSONDecodeError) as error:
        sys.exit(f"An API behind the authorizer did not answer {status}: {error}")


if __name__ == "__main__":
    settings = Settings.read()
    check(settings, settings.variables()["API_URL"])
