"""Deploys both templates through CloudFormation, a second time if functions must learn the address of their own API.

A stack that already is what it should be is left alone. What it is stands in the code bucket: the digest of the
template with the digests of the binaries in it, and of the parameters. (Not in a tag: LocalStack's UpdateStack keeps
old tags.)
"""

import hashlib
import json
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass

from botocore.exceptions import ClientError, WaiterError

from localstack import packages, risk
from localstack.aws import client
from localstack.sign_in import REDIRECT_URI
from localstack.settings import LOCALSTACK, ROOT, Settings, step
from operations.actions import outputs_of, stack_of

MAIN_TEMPLATE = ROOT / "template.yaml"
SANDBOX_TEMPLATE = ROOT / "functions" / "sandbox" / "template.yaml"
STAGE = "local"
# Seconds that a deployment may take; on LocalStack and a small machine it takes minutes.
DEPLOY_LIMIT = 600

# Everything else is as in production. The scale of the rate limits is in each `RateLimit-Policy`.
LOCAL_PARAMETERS = {"Stage": STAGE, "LogRetention": "7"}


@dataclass(frozen=True)
class Deployment:
    api_url: str
    sandbox_url: str
    sandbox_credentials: str
    sandbox_secret: str
    social_secret: str
    documents_bucket: str
    lists_bucket: str


def deploy(settings: Settings) -> Deployment:
    began = time.monotonic()
    names = packages.functions_of(MAIN_TEMPLATE) + packages.functions_of(SANDBOX_TEMPLATE)
    digests = packages.digest_binaries(settings, names)
    packages.upload(settings, digests)

    sandbox = settled_stack(settings, settings.sandbox_stack, SANDBOX_TEMPLATE, digests, sandbox_parameters)
    sandbox_url = settings.api_url(sandbox["ApiId"], "sandbox")
    main = settled_stack(
        settings,
        settings.stack_name,
        MAIN_TEMPLATE,
        digests,
        lambda settings, api: main_parameters(settings, api, sandbox_url),
    )
    packages.remove_stale(settings, digests)
    api_url = settings.api_url(main["ApiId"], STAGE)
    step(f"{len(names)} functions deployed after {time.monotonic() - began:.1f} s: {api_url}")
    return Deployment(
        api_url=api_url,
        sandbox_url=sandbox_url,
        sandbox_credentials=sandbox["CredentialsArn"],
        sandbox_secret=main["SandboxSecretArn"],
        social_secret=main["SignInProvidersSecretArn"],
        documents_bucket=main["DocumentsBucket"],
        lists_bucket=main["ListsBucket"],
    )


def sandbox_parameters(settings: Settings, api: str) -> dict[str, str]:
    return architecture(settings) | {"PublicUrl": settings.api_url(api, "sandbox")}


def architecture(settings: Settings) -> dict[str, str]:
    """The architecture of the functions. LocalStack chooses the image by it; MiniStack runs binaries as
    processes of this machine.
    """
    return {"Architecture": settings.architecture} if settings.flavour == LOCALSTACK else {}


def main_parameters(settings: Settings, api: str, sandbox_url: str) -> dict[str, str]:
    url = settings.api_url(api, STAGE)
    return LOCAL_PARAMETERS | architecture(settings) | risk.PARAMETERS | {
        "EnumerationProtection": "false" if settings.convenient else "true",
        "StaffMfa": "false" if settings.convenient else "true",
        "SmsCountries": "DE,IN,US,GB",
        "RateLimitScale": settings.rate_limit_scale,
        "CorsOrigins": settings.cors_origins,
        "PublicUrl": url,
        "AppUrl": settings.app_url,
        "MailFrom": settings.mail_from,
        "SandboxUrl": sandbox_url,
        "RedirectUris": REDIRECT_URI,
    }


def settled_stack(settings: Settings, name: str, template, digests: dict[str, str], parameters_for) -> dict[str, str]:
    """Deploys until the parameters name the API of the stack; returns the outputs.

    The API's id is known only after the first deploy, and an emulator may give a new one when the API's definition
    changes. Two rounds are the usual number, one when nothing moved.
    """
    cloudformation = client(settings, "cloudformation")
    body = packages.deployable(settings, template, digests)
    outputs = outputs_of(stack_of(cloudformation, name))
    for _ in range(3):
        api = outputs.get("ApiId", "unknown")
        outputs = deploy_stack(settings, cloudformation, name, body, parameters_for(settings, api))
        if outputs["ApiId"] == api:
            return outputs
    sys.exit(f"Stack {name}: its API got a new id at every deploy, so its address cannot be told to the functions.")


def deploy_stack(settings: Settings, cloudformation, name: str, body: str, parameters: dict[str, str]) -> dict:
    digest = hashlib.sha256(json.dumps([body, parameters], sort_keys=True).encode()).hexdigest()
    stack = stack_of(cloudformation, name)
    if stack and stack["StackStatus"] in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
        if deployed_digest(settings, name) == [stack["StackId"], digest]:
            return outputs_of(stack)
    if stack and stack["StackStatus"] in ("CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED"):
        sys.exit(f"Stack {name} is {stack['StackStatus']} from an earlier try. It cannot be updated: make reset.")
    key = f"templates/{name}.yaml"
    client(settings, "s3").put_object(Bucket=settings.code_bucket, Key=key, Body=body.encode())
    verb, waiter = ("update", "stack_update_complete") if stack else ("create", "stack_create_complete")
    step(f"{verb} of stack {name} …")
    arguments = {
        "StackName": name,
        # Too large for the request itself.
        "TemplateURL": f"{settings.endpoint}/{settings.code_bucket}/{key}",
        "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
    }
    try:
        getattr(cloudformation, f"{verb}_stack")(**arguments)
        cloudformation.get_waiter(waiter).wait(StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": DEPLOY_LIMIT})
    except WaiterError:
        sys.exit(f"Stack {name} failed:\n{failures_of(cloudformation, name)}")
    except ClientError as error:
        sys.exit(f"Stack {name} was refused: {error.response['Error'].get('Message', error)}")
    stack = stack_of(cloudformation, name)
    note = json.dumps([stack["StackId"], digest])
    client(settings, "s3").put_object(Bucket=settings.code_bucket, Key=digest_key(name), Body=note.encode())
    return outputs_of(stack)


def deployed_digest(settings: Settings, name: str) -> list[str] | None:
    """The stack's id and the digest of what was last deployed to it. The id is included because a bucket may
    outlive its stack.
    """
    s3 = client(settings, "s3")
    try:
        return json.load(s3.get_object(Bucket=settings.code_bucket, Key=digest_key(name))["Body"])
    except s3.exceptions.NoSuchKey:
        return None


def digest_key(name: str) -> str:
    return f"deployed/{name}.json"


def failures_of(cloudformation, name: str) -> str:
    events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
    failed = [event for event in events if event["ResourceStatus"].endswith("FAILED")]
    return "\n".join(f"  {event['LogicalResourceId']}: {event.get('ResourceStatusReason', '?')}" for event in failed)


def check_discovery(deployment: Deployment) -> None:
    """Asserts that the functions know their own address: the discovery document must name the address that
    clients get.
    """
    url = f"{deployment.api_url}/.well-known/openid-configuration"
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            issuer = json.load(answer).get("issuer")
    except (urllib.error.URLError, ValueError) as error:
        sys.exit(f"{url} does not answer as it should: {error}")
    if issuer != deployment.api_url:
        sys.exit(f"{url} names the issuer {issuer!r}, but the API is {deployment.api_url!r}")
