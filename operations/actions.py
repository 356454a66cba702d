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
    """Invokes a function of the stack as an operator and returns its answer."""
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
        raise FunctionFailed(name, message_of(body), f"Its log: {target.logs_hint}")
    return json.loads(body or "null")


class FunctionFailed(StepFailed):
    """A function of the stack failed; `message` is its error message."""

    def __init__(self, function: str, message: str, remedy: str):
        super().__init__(f"{function} failed: {message}", remedy)
        self.message = message


def message_of(body: str) -> str:
    try:
        return json.loads(body)["errorMessage"]
    except (ValueError, KeyError, TypeError):
        return body


def rotate_keys(target: Target) -> str:
    """The first run makes all keys; later runs rotate those that are due."""
    moved = invoke(target, "workers-rotate-keys", {})["processed"]
    return f"{moved} key rings made or rotated" if moved else "all key rings are up to date"


# ---- Screening lists ---------------------------------------------------------------------------------------------


def lists_in_force(dynamodb, stack_name: str) -> set[str]:
    """The ids of the lists in force, read from the pointer in the table."""
    key = {"pk": {"S": "LISTS"}, "sk": {"S": "CURRENT"}}
    found = dynamodb.get_item(TableName=f"{stack_name}-kyc", Key=key, ConsistentRead=True)
    return set(found.get("Item", {}).get("lists", {}).get("M", {}))


def refresh_lists(target: Target) -> int:
    """Requests a refresh of each configured list and returns their number. Workers load and compile them in the
    background.
    """
    return invoke(target, "workers-refresh-lists", {})["processed"]


def wait_for_lists(
    target: Target, configured: int, admin: Client | None, progress: Callable[[str], None], limit: float = LISTS_LIMIT
) -> Finding:
    """Waits until each configured list is in force. With an admin's client it also reports why a list is not.

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
            return Finding(text, [f"List {line}: its last good version stays in force." for line in state.refused])
        if waited > limit or (state.hopeless and waited > REFUSAL_STANDS):
            raise StepFailed(
                f"{state.in_force} of {configured} lists are in force after {waited:.0f} s; "
                f"not: {', '.join(state.missing)}.",
                "The runbook's part `Lists are stale` (docs/operations.md) says what each refusal means. "
                "Loading continues in the background and is repeated every hour.\n"
                f"The log of the loader: {target.logs_hint}",
            )
        time.sleep(0.5)


@dataclass
class ListsState:
    in_force: int
    # Each with the reason why it was refused, if it is known.
    missing: list[str]
    # In force, but the current content of the source is refused.
    refused: list[str]
    # Every missing list is refused, so waiting does not help.
    hopeless: bool


class AdminsView:
    """The state of the lists by `GET /v1/aml/lists`, which needs a signed-in admin."""

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
    """The state of the lists by the pointer in the table, for an operator who cannot sign in."""

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
    """Writes the same credentials to the secrets of the sandbox, which checks them, and of the stack, which uses them.

    `ours` and `theirs` are the secrets' ARNs. Existing credentials are kept. Returns whether something was written.
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
    """The value of a secret, or an empty text if it has none yet (on AWS it is missing, in the emulator empty)."""
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
    """Registers, confirms and grants a role, as far as possible in this run. Returns False if the account had the role.

    `password(new)` returns the password or None; `new` says that it is for a new account. It is called only if needed.
    `token` is the one in the mailed link. `mailbox` reads it from the emulator's mails; it is None on AWS.
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
    """Confirms the address by the mailed token. Without one, the operator has to act first."""
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
    """Sends a POST. A refusal fails the step, with what the operator can do about it."""
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
