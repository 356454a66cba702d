"""A smoke test through the public address: health, issuer, metrics, and one screening."""

import base64
import json
import time
import urllib.error
from urllib.parse import urlencode, urlsplit

from localstack.client import Client, Refused
from operations import actions
from operations.checks import Deployed
from operations.steps import Finding, StepFailed
from operations.target import Target

# A function looks for newer lists every 30 s.
LISTS_KNOWN_AFTER = 35.0
PAUSE = 3.0
# A name that is on no list. The answer says which lists it was compared with.
NAME = "Smoke Test Of The Installation"


def health(public: Client, gateway: Client | None, target_of_domain: str) -> str:
    """GET /v1/health through the public address. If only the gateway's own address answers, the DNS record is wrong."""
    try:
        answer = get(public, "/v1/health")
    except Unreachable as unreachable:
        if gateway and answers(gateway):
            host = urlsplit(public.base).hostname
            raise StepFailed(
                f"{public.base} does not answer ({unreachable}), while the gateway's own address does.",
                f"Point the DNS record of {host} to {target_of_domain or 'the regional name of its API Gateway domain'}"
                " (CNAME or alias), and wait until it is known; or mend PublicUrl.",
            ) from None
        raise StepFailed(
            f"{public.base} does not answer: {unreachable}",
            "Look at DNS, certificate and PublicUrl; then at the deployment.",
        ) from None
    if answer.get("status") != "ok":
        raise StepFailed(f"/v1/health answers {answer}", "See the functions' logs.")
    return f"{public.base} answers, version {answer.get('version')}"


def discovery(public: Client, deployed: Deployed) -> str:
    """The discovery document must name the issuer of the tokens, and the key set must have a key."""
    wanted = deployed.parameter("Issuer") or deployed.parameter("PublicUrl")
    found = get(public, "/.well-known/openid-configuration")
    if found.get("issuer") != wanted:
        raise StepFailed(
            f"Discovery names the issuer {found.get('issuer')!r}, the stack's parameters {wanted!r}.",
            "The address leads to another stack, or a cache holds an old answer (an hour): check DNS and PublicUrl.",
        )
    keys = get(public, "/.well-known/jwks.json").get("keys", [])
    if not keys:
        raise StepFailed("The key set holds no key.", "The step `keys` makes them: see its line above.")
    return f"issuer {wanted}, {len(keys)} signing keys published"


# What the smoke test does: it reads lists and metrics, screens one name, and deletes itself.
SCOPES = ["aml:read", "aml:screen", "clients:manage", "metrics:read"]


def machine_client(target: Target, api: Client) -> tuple[str, tuple[str, Client]]:
    """A client of the API with a token of a machine client that the operator's function makes for this run."""
    made = actions.invoke(target, "admin-make-client", {"name": "Smoke test of make bootstrap", "scopes": SCOPES})
    credentials = f"{made['client_id']}:{made['client_secret']}"
    headers = {
        "Authorization": f"Basic {base64.b64encode(credentials.encode()).decode()}",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    form = urlencode({"grant_type": "client_credentials", "scope": " ".join(SCOPES)}).encode()
    try:
        answer = api.post("/v1/oauth/token", form, headers=headers)
    except Refused as refused:
        raise StepFailed(str(refused), f"See the functions' logs for {refused.correlation_id}.") from None
    return f"as {made['client_id']}", (made["client_id"], Client(api.base, answer["access_token"]))


def delete_client(client_id: str, api: Client) -> str:
    """Deletes the machine client of this run."""
    api.call("DELETE", f"/v1/admin/clients/{client_id}")
    return "deleted"


def metrics(client: Client) -> Finding:
    """GET /v1/metrics; dead letters in it are advice."""
    text = get_text(client, "/v1/metrics")
    samples = dict(line.rsplit(" ", 1) for line in text.splitlines() if line and not line.startswith("#"))
    queues = [name for name in samples if name.startswith("queue_messages{")]
    if not queues:
        raise StepFailed("/v1/metrics names no queue.", "See the functions' logs.")
    dead = {name: count for name, count in samples.items() if 'state="dead"' in name and count != "0"}
    advice = [f"Dead letters: {name} {count}; see the runbook in docs/operations.md." for name, count in dead.items()]
    return Finding(f"{len(samples)} samples, {sum(map(int, dead.values()))} dead letters", advice)


def screening(client: Client, limit: float = 0.0) -> Finding:
    """One screening against the lists in force. Repeated for up to `limit` seconds while the lists are stale or
    missing.
    """
    began = time.monotonic()
    while True:
        try:
            found = client.post("/v1/aml/screenings", {"name": NAME})
        except Refused as refused:
            raise StepFailed(
                str(refused), "No list is in force yet, or the artifact cannot be read: see the step `lists`."
            ) from None
        if found["lists_current"] or time.monotonic() - began >= limit:
            break
        time.sleep(PAUSE)
    counts = f"{len(found['lists'])} lists, {len(found['hits'])} hits"
    text = f"{counts}, {found['took_ms']} ms, engine {found['engine_version']}"
    if not found["lists"]:
        raise StepFailed("The screening looked at no list.", "See the step `lists`.")
    stale = [item["id"] for item in found["lists"] if item["stale"]]
    advice = (
        []
        if found["lists_current"]
        else [f"No hit means nothing now; stale: {', '.join(stale) or 'a list is missing'}."]
    )
    return Finding(text, advice)


class Unreachable(OSError):
    """No HTTP answer at all."""


def get(api: Client, path: str):
    """The JSON of a GET."""
    try:
        return api.get(path)
    except Refused as refused:
        raise StepFailed(str(refused), f"See the functions' logs for {refused.correlation_id}.") from None
    except (urllib.error.URLError, OSError) as error:
        raise Unreachable(getattr(error, "reason", error)) from None
    except json.JSONDecodeError:
        raise StepFailed(
            f"{api.base}{path} does not answer with JSON.", "Does PublicUrl lead to this stack?"
        ) from None


def get_text(api: Client, path: str) -> str:
    try:
        return api.call("GET", path, headers={"Accept": "text/plain"}, parse=False).decode()
    except Refused as refused:
        raise StepFailed(str(refused), f"See the functions' logs for {refused.correlation_id}.") from None


def answers(api: Client) -> bool:
    try:
        return api.get("/v1/health").get("status") == "ok"
    except (Refused, OSError, ValueError, AttributeError):
        return False
