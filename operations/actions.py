"""What a new stack needs before it can be used: keys, lists, the sandbox's credentials, an admin. Safe to repeat.

`localstack.seed` fills the local stack by the same functions.
"""

import base64
import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from botocore.exceptions import ClientError

from localstack.client import Client, Refused
from operations.steps import Finding, StepFailed, StepWaits
from operations.target import Target

# The real lists: several downloads of up to 80 MB, then one compile.
LISTS_LIMIT = 300.0
# A refusal that is older than this did not come from before the refresh.
REFUSAL_STANDS = 20.0
PROGRESS_EVERY = 15.0


def invoke(target: Target, function: str, payload: dict):
    """Invokes a function of the stack as an operator; what it answers."""
    name = f"{target.name}-{function}"
    client = target.client("lambda")
    try:
        answer = client.invoke(FunctionName=name, Payload=json.dumps(payload).encode())
    except client.exceptions.ResourceNotFoundException:
        raise StepFailed(
            f"There is no function {name} in {target.region}.",
            "The deployed template is of another version (deploy again), or NAME or the region is wrong.",
        ) from None
    body = answer["Payload"].read().decode()
    if "FunctionError" in answer:
        raise FunctionFailed(name, message_of(body), f"What it logged: {target.logs_hint}")
    return json.loads(body or "null")


class FunctionFailed(StepFailed):
    """A function of ours answered an error; `message` is its own."""

    def __init__(self, function: str, message: str, remedy: str):
        super().__init__(f"{function} failed: {message}", remedy)
        self.message = message


def message_of(body: str) -> str:
    try:
        return json.loads(body)["errorMessage"]
    except (ValueError, KeyError, TypeError):
        return body


def rotate_keys(target: Target) -> str:
    """The first run makes all keys, later ones move on those that are due."""
    moved = invoke(target, "workers-rotate-keys", {})["processed"]
    return f"{moved} key rings made or moved on" if moved else "all key rings are as they should be"


# ---- Screening lists ---------------------------------------------------------------------------------------------


def lists_in_force(dynamodb, stack_name: str) -> set[str]:
    """Ids of the lists in force, as the pointer names them."""
    key = {"pk": {"S": "LISTS"}, "sk": {"S": "CURRENT"}}
    found = dynamodb.get_item(TableName=f"{stack_name}-kyc", Key=key, ConsistentRead=True)
    return set(found.get("Item", {}).get("lists", {}).get("M", {}))


def refresh_lists(target: Target) -> int:
    """Has each configured list fetched and the lists compiled; how many are configured. The work goes on behind."""
    return invoke(target, "workers-refresh-lists", {})["processed"]


def wait_for_lists(
    target: Target, configured: int, admin: Client | None, progress: Callable[[str], None], limit: float = LISTS_LIMIT
) -> Finding:
    """Waits until each configured list is in force. An admin's view says why one is not.

    Raises StepFailed when the time is up, or when each missing list is refused and stays so.
    """
    if configured == 0:
        return Finding(
            "none is configured", ["No screening list is configured, so nobody is cleared: docs/screening.md."]
        )
    view = AdminsView(admin) if admin else PointersView(target.client("dynamodb"), target.name, configured)
    began = shown = time.monotonic()
    while True:
        state = view.read()
        waited = time.monotonic() - began
        if time.monotonic() - shown > PROGRESS_EVERY:
            shown = time.monotonic()
            progress(f"{state.in_force} of {configured} in force after {waited:.0f} s")
        if not state.missing:
            text = f"{state.in_force} of {configured} lists in force after {waited:.0f} s"
            return Finding(text, [f"List {line}: the last good load stays in force." for line in state.refused])
        if waited > limit or (state.hopeless and waited > REFUSAL_STANDS):
            raise StepFailed(
                f"{state.in_force} of {configured} lists are in force after {waited:.0f} s; "
                f"not: {', '.join(state.missing)}.",
                "The runbook's part `Lists are stale` (docs/operations.md) says what each refusal means. "
                f"Loading goes on behind; every hour tries again.\nWhat the loader logged: {target.logs_hint}",
            )
        time.sleep(0.5)


@dataclass
class ListsState:
    in_force: int
    # Each with its refusal where one is known.
    missing: list[str]
    # In force, while what the source gives now is refused.
    refused: list[str]
    # Each missing one is refused: waiting longer changes nothing.
    hopeless: bool


class AdminsView:
    """The lists as `GET /v1/aml/lists` tells them to staff."""

    def __init__(self, api: Client):
        self.api = api

    def read(self) -> ListsState:
        items = self.api.get("/v1/aml/lists")["items"]
        missing = [item for item in items if item["version"] is None]
        return ListsState(
            in_force=len(items) - len(missing),
            missing=[f"{item['id']} ({refusal(item)})" for item in missing],
            refused=[f"{item['id']} ({refusal(item)})" for item in items if item["version"] and item["refused"]],
            hopeless=all(item["refused"] for item in missing),
        )


class PointersView:
    """The lists as the pointer in the table names them: for a caller who cannot sign in."""

    def __init__(self, dynamodb, stack_name: str, configured: int):
        self.dynamodb, self.stack_name, self.configured = dynamodb, stack_name, configured

    def read(self) -> ListsState:
        found = lists_in_force(self.dynamodb, self.stack_name)
        short = self.configured - len(found)
        missing = [f"{short} more (in force: {', '.join(sorted(found)) or 'none'})"] if short > 0 else []
        return ListsState(len(found), missing, refused=[], hopeless=False)


def refusal(item: dict) -> str:
    return f"refused: {item['refused']['code']}" if item["refused"] else "not loaded yet"


# ---- The sandbox provider's credentials --------------------------------------------------------------------------


def share_credentials(target: Target, ours: str, theirs: str) -> bool:
    """Gives the sandbox's credentials to both sides: the sandbox, which checks them, and us, who call with them.

    Secrets by ARN. Existing credentials are kept; whether something had to be written.
    """
    manager = target.client("secretsmanager")
    known = secret_value(manager, theirs)
    changed = not known
    if not known:
        known = json.dumps(
            {
                "api_key": secrets.token_urlsafe(32),
                "account_id": target.name if target.on_aws else "local",
                "webhook_secret": "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode(),
            }
        )
        manager.put_secret_value(SecretId=theirs, SecretString=known)
    if secret_value(manager, ours) != known:
        manager.put_secret_value(SecretId=ours, SecretString=known)
        changed = True
    return changed


def secret_value(manager, arn: str) -> str:
    """The value, or nothing where the secret has none yet (as on AWS, or an empty one as in the emulator)."""
    try:
        return manager.get_secret_value(SecretId=arn).get("SecretString", "")
    except manager.exceptions.ResourceNotFoundException:
        return ""


# ---- People ------------------------------------------------------------------------------------------------------


def grant_role(target: Target, email: str, role: str) -> str:
    """Gives a confirmed account a role: `granted`, `held` if it had it, `unknown_account`, or `not_confirmed`."""
    try:
        answer = invoke(target, "admin-bootstrap", {"email": email, "role": role})
    except FunctionFailed as failure:
        for code in ("unknown_account", "not_confirmed"):
            if f"({code})" in failure.message:
                return code
        raise
    return "granted" if answer["changed"] else "held"


def ensure_role(target: Target, api: Client, email: str, role: str, password, token: str | None, mailbox) -> bool:
    """Takes an address as far towards a role as it goes now: register, confirm, grant. False if it had the role.

    `password(new)` gives the password or None, of a new account if `new`; it is called only where it is needed.
    `token` is the one in the mailed link; `mailbox` finds it where mails can be read (the emulator), and is None where
    they cannot.
    """
    state = grant_role(target, email, role)
    if state == "held":
        return False
    if state == "unknown_account":
        if not password(True):
            raise StepWaits(
                f"{email} has no account yet, and there is no password to make one with.",
                "Run it again in a terminal (it asks), or with ADMIN_PASSWORD in the environment; or sign up in your\n"
                "application, confirm the address, and run it again.",
            )
        known = mailbox.tokens(email) if mailbox else set()
        call(api, "/v1/auth/register", {"email": email, "password": password(True)})
        token = mailbox.wait(email, known) if mailbox else None
        state = "not_confirmed"
    elif state == "not_confirmed" and mailbox and not token:
        # An earlier run ended between sign-up and confirmation.
        known = mailbox.tokens(email)
        call(api, "/v1/auth/verify-email/resend", {"email": email})
        token = mailbox.wait(email, known)
    if state == "not_confirmed":
        confirm(api, email, password, token)
        state = grant_role(target, email, role)
    if state not in ("granted", "held"):
        raise StepFailed(
            f"admin-bootstrap still says {state} after {email} was confirmed.",
            f"Another account may have taken the address: {target.logs_hint}",
        )
    return True


def confirm(api: Client, email: str, password, token: str | None) -> None:
    """Confirms the address by the mailed token; waits for the operator where there is none."""
    if not token or not password(False):
        raise StepWaits(
            f"{email} has an account that is not confirmed; a mail with a link went to it.",
            "Take the token from the link (…?token=<token>) and run it again with ADMIN_TOKEN=<token> and the\n"
            "account's password (it is asked for, or ADMIN_PASSWORD in the environment); or open the link in your\n"
            "application. Another mail:\n"
            f'curl -X POST {api.base}/v1/auth/verify-email/resend -H "Content-Type: application/json" '
            f"-d '{json.dumps({'email': email})}'",
        )
    call(api, "/v1/auth/verify-email", {"token": token, "password": password(False)})


REMEDIES = {
    "invalid_token": "The token is used up or another mail came after it: take it from the newest mail.",
    "expired_token": "The link has expired: have another mail sent (POST /v1/auth/verify-email/resend).",
    "invalid_credentials": "This is not the password that the account was registered with.",
    "rate_limited": "Too many tries: wait for as long as Retry-After says.",
    "temporarily_locked": "Too many wrong passwords: wait for as long as Retry-After says.",
    "validation_failed": "The body above says which rule the password or the address breaks.",
}


def call(api: Client, path: str, body: dict):
    """A POST whose refusal is a failure of the step, with what to do about it."""
    try:
        return api.post(path, body)
    except Refused as refused:
        raise StepFailed(
            str(refused), REMEDIES.get(refused.code, "See the answer above and the functions' logs.")
        ) from None


# ---- CloudFormation ----------------------------------------------------------------------------------------------


def stack_of(cloudformation, name: str) -> dict | None:
    """A stack as CloudFormation describes it; None if there is no such stack."""
    try:
        return cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as error:
        if "does not exist" in error.response["Error"].get("Message", ""):
            return None
        raise


def outputs_of(stack: dict | None) -> dict[str, str]:
    return {item["OutputKey"]: item["OutputValue"] for item in (stack or {}).get("Outputs", [])}
