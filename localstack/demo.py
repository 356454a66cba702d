"""Walks the main journey as a client that knows only the API's description.

    python -m localstack.demo

A person signs up, confirms the address, signs in, hands in a passport and is checked; one more is rejected, one goes
to the review queue and is decided by a person, one's name is nearly on a list. Each step prints what was called, what came back
and how long it took. Standard library only: copy from it.
"""

import re
import secrets
import sys
import textwrap
import time

from localstack.client import Client, Refused
from localstack.mailbox import Mail, wait_for_mail
from localstack.passport import picture
from localstack.settings import Settings
from localstack.totp import Authenticator, sign_in

# Longer than the slowest scenario played here takes on a busy machine.
PATIENCE = 90.0


class Journey:
    def __init__(self, settings: Settings):
        self.stack, self.data = settings.variables(), settings.data
        self.number = 0
        self.began = time.monotonic()

    def title(self, text: str) -> None:
        print(f"\n{text}", flush=True)

    def say(self, call: str, result: str, seconds: float) -> None:
        self.number += 1
        print(f"  {self.number:2}. {call:<44} {seconds * 1000:6.0f} ms  {result}", flush=True)

    def call(self, api: Client, method: str, path: str, body=None, summary=lambda answer: "", **options):
        answer = api.call(method, path, body, **options)
        shown = path if len(path) < 38 else path[:20] + "…" + path[-16:]
        self.say(f"{method} {shown}", f"{api.last.status} {summary(answer)}", api.last.seconds)
        return answer

    def anonymous(self) -> Client:
        return Client(self.stack["API_URL"])

    def sign_in(self, email: str, password: str, app: Authenticator | None = None) -> Client:
        api = self.anonymous()
        post = lambda path, body: self.call(api, "POST", path, body, signed_in)  # noqa: E731
        return Client(api.base, sign_in(api, email, password, app, post)["access_token"])

    def staff(self, role: str) -> Client:
        """A signed-in member of staff of the local stack."""
        secret = self.stack.get(f"{role}_TOTP_SECRET")
        app = Authenticator(secret, self.data / "totp-steps.json") if secret else None
        return self.sign_in(self.stack[f"{role}_EMAIL"], self.stack[f"{role}_PASSWORD"], app)

    def wait_mail(self, email: str, what: str, pattern: str) -> Mail:
        """Waits for a mail in whose text the pattern occurs."""
        began = time.monotonic()
        mail = wait_for_mail(
            self.stack["MAILBOX_URL"], email, lambda mail: re.search(pattern, mail.text, re.IGNORECASE), PATIENCE
        )
        self.say(f"mailbox: {what}", f"“{mail.subject}”", time.monotonic() - began)
        return mail

    def new_person(self, name: str, family: str = "Rao", born: str = "1990-04-12") -> tuple[Client, str, str]:
        """Signs up, confirms and signs in; returns the signed-in client, the address and the user's id."""
        email = f"{name.lower()}.{secrets.token_hex(4)}@example.org"
        password = secrets.token_urlsafe(18)
        api = self.anonymous()
        self.call(
            api,
            "POST",
            "/v1/auth/register",
            {
                "email": email,
                "password": password,
                "given_name": name,
                "family_name": family,
                "date_of_birth": born,
            },
            lambda answer: answer["status"] if "status" in answer else answer["user"]["id"],
        )
        mail = self.wait_mail(email, "confirm the address", r"[?&]token=")
        self.call(
            api,
            "POST",
            "/v1/auth/verify-email",
            {"token": mail.token, "password": password},
            lambda answer: f"email_verified {str(answer['user']['email_verified']).lower()}",
        )
        person = self.sign_in(email, password)
        me = self.call(
            person,
            "GET",
            "/v1/auth/me",
            summary=lambda answer: f"{answer['user']['given_name']}, kyc_status {answer['user']['kyc_status']}",
        )
        return person, email, me["user"]["id"]

    def hand_in(self, person: Client, number: str) -> str:
        """Uploads a passport with that number and starts a check; returns the check's id."""
        image = picture(number)
        document = person.upload(
            "/v1/kyc/documents",
            {"document_type": "passport", "document_number": number},
            "passport.png",
            "image/png",
            image,
        )
        self.say(
            "POST /v1/kyc/documents",
            f"{person.last.status} {short(document['id'])}, {document['size']} bytes, {document['number_masked']}",
            person.last.seconds,
        )
        check = self.call(
            person,
            "POST",
            "/v1/kyc/checks",
            {"document_ids": [document["id"]]},
            lambda answer: f"{short(answer['id'])} {answer['status']}",
            headers={"Idempotency-Key": secrets.token_hex(16)},
        )
        return check["id"]

    def poll(self, person: Client, check: str, what: str, done) -> dict:
        """Repeats a request until `done` accepts the answer, and shows the progress."""
        began = time.monotonic()
        shown = None
        while True:
            answer = person.get(f"/v1/kyc/checks/{check}")
            waited = time.monotonic() - began
            if done(answer):
                progress("")
                self.say(f"check is {what}", describe(answer), waited)
                return answer
            if waited > PATIENCE:
                progress("")
                raise SystemExit(
                    f"Check {check} is {answer['status']!r} after {PATIENCE:.0f} s, not {what}. "
                    "The functions' logs: make logs AREA=workers"
                )
            if shown is None or waited - shown > 1:
                shown = waited
                progress(f"      … {answer['status']} ({waited:.0f} s)")
            time.sleep(0.2)

    def history(self, person: Client, check: str) -> None:
        self.call(
            person,
            "GET",
            f"/v1/kyc/checks/{check}/history",
            summary=lambda answer: " ← ".join(item["type"].removeprefix("kyc.check.") for item in answer["items"]),
        )


def approved(journey: Journey) -> str:
    journey.title("Asha signs up and is approved")
    person, email, user = journey.new_person("Asha")
    check = journey.hand_in(person, f"OK{secrets.randbelow(10**6):06}")
    journey.poll(person, check, "approved", lambda answer: decided(answer, "approved"))
    journey.history(person, check)
    journey.call(
        person,
        "GET",
        "/v1/kyc/status",
        summary=lambda answer: f"kyc_status {answer['kyc_status']}, valid until {answer['valid_until']}",
    )
    journey.wait_mail(email, "the decision", r"\bverified\b")
    return user


def rejected(journey: Journey) -> None:
    journey.title("Bela's passport is a forgery")
    person, email, _ = journey.new_person("Bela")
    check = journey.hand_in(person, f"BAD{secrets.randbelow(10**6):06}")
    journey.poll(person, check, "rejected", lambda answer: decided(answer, "rejected"))
    journey.wait_mail(email, "the decision", r"\b(rejected|declined|not approved|could not)\b")


def reviewed(journey: Journey) -> None:
    journey.title("The provider is unsure of Chitra's passport, so a moderator decides")
    person, email, _ = journey.new_person("Chitra")
    check = journey.hand_in(person, f"REVIEW{secrets.randbelow(10**6):06}")
    moderator = journey.staff("MODERATOR")
    seen = wait_for_review(journey, moderator, check)
    journey.call(
        moderator,
        "POST",
        f"/v1/kyc/checks/{check}/claim",
        summary=lambda _: "claimed for 15 minutes",
        headers={"Idempotency-Key": secrets.token_hex(16)},
    )
    journey.call(
        moderator,
        "GET",
        f"/v1/admin/kyc/checks/{check}",
        summary=lambda answer: f"state {answer['state']}, ETag {moderator.last.headers.get('etag')}",
    )
    journey.call(
        moderator,
        "PUT",
        f"/v1/kyc/checks/{check}",
        {"decision": "approve", "note": "Seen against the original."},
        lambda answer: f"state {answer['state']} (it was {seen['state']})",
        headers={"If-Match": moderator.last.headers["etag"]},
    )
    journey.poll(person, check, "approved", lambda answer: decided(answer, "approved"))
    journey.wait_mail(email, "the decision", r"\bverified\b")


def listed(journey: Journey) -> None:
    journey.title("Grigori's name is nearly one of the sample of the UN list: two people look at it")
    person, email, _ = journey.new_person("Grigori", "Malinow", "1966-02-11")
    check = journey.hand_in(person, f"OK{secrets.randbelow(10**6):06}")
    moderator = journey.staff("MODERATOR")
    wait_for_review(journey, moderator, check)
    seen = journey.call(
        moderator,
        "GET",
        f"/v1/admin/kyc/checks/{check}",
        summary=lambda answer: f"{answer['reasons'][0]['code']}, {plural(answer['hit_counts']['open'], 'open hit')}",
    )
    print("        " + "\n        ".join(textwrap.wrap(seen["hits"][0]["explanation"], 108)), flush=True)
    journey.call(
        person,
        "GET",
        f"/v1/kyc/checks/{check}",
        summary=lambda answer: f"what Grigori sees: {answer['status']}, and nothing of a list",
    )
    admin = journey.staff("ADMIN")
    for hit in seen["hits"]:
        for reviewer, what in ((moderator, "proposed"), (admin, "agreed by another")):
            hit = journey.call(
                reviewer,
                "POST",
                f"/v1/aml/hits/{hit['id']}/decision",
                {"decision": "false_positive", "reason": "Another person: other passport, other birthplace."},
                lambda answer, what=what: f"{hit['list']}: {answer['decision']}, {what}",
                headers={"If-Match": f'"{hit["version"]}"'},
            )
    for reviewer in (moderator, admin):
        reviewer.get(f"/v1/admin/kyc/checks/{check}")
        journey.call(
            reviewer,
            "PUT",
            f"/v1/kyc/checks/{check}",
            {"decision": "approve", "note": "Not the listed person."},
            lambda answer: f"risk {answer['risk']['level']}, state {answer['state']}",
            headers={"If-Match": reviewer.last.headers["etag"]},
        )
    journey.poll(person, check, "approved", lambda answer: decided(answer, "approved"))
    journey.wait_mail(email, "the decision", r"\bverified\b")


def signed_in(answer: dict) -> str:
    if "challenge" in answer:
        return f"a challenge for the second factor ({', '.join(answer['challenge']['methods'])})"
    return f"access token for {answer['expires_in']} s, session {short(answer['session']['id'])}"


def wait_for_review(journey: Journey, moderator: Client, check: str) -> dict:
    began = time.monotonic()
    while time.monotonic() - began < PATIENCE:
        for item in review_queue(moderator):
            if item["id"] == check:
                progress("")
                journey.say("GET /v1/admin/kyc/checks", f"the review queue has {short(check)}", time.monotonic() - began)
                return item
        progress(f"      … not in the review queue yet ({time.monotonic() - began:.0f} s)")
        time.sleep(0.2)
    progress("")
    raise SystemExit(f"Check {check} did not reach the review queue within {PATIENCE:.0f} s: make logs AREA=workers")


def review_queue(moderator: Client):
    """All checks of the review queue, page by page."""
    cursor = ""
    while cursor is not None:
        page = moderator.get("/v1/admin/kyc/checks?limit=100" + (f"&cursor={cursor}" if cursor else ""))
        yield from page["items"]
        cursor = page["next_cursor"]


def audited(journey: Journey, user: str) -> None:
    journey.title("The auditor reads what happened to Asha")
    auditor = journey.staff("AUDITOR")
    page = journey.call(
        auditor,
        "GET",
        f"/v1/admin/audit-logs?person={user}&limit=100",
        summary=lambda answer: f"{len(answer['items'])} events, newest first",
    )
    for item in page["items"]:
        actor = item["actor"]["type"]
        print(f"        {item['occurred_at']}  {item['type']:<28} by {actor}", flush=True)


def decided(answer: dict, wanted: str) -> bool:
    """Whether the check is decided as expected; any other end is a failure."""
    if answer["status"] in ("approved", "rejected", "cancelled", "expired") and answer["status"] != wanted:
        raise SystemExit(f"Check {answer['id']} ended {answer['status']}, not {wanted}: {answer}")
    return answer["status"] == wanted


def describe(answer: dict) -> str:
    reasons = ", ".join(reason["code"] for reason in answer.get("reasons") or [])
    return f"version {answer['version']}" + (f", reasons: {reasons}" if reasons else "")


def plural(count: int, thing: str) -> str:
    return f"{count} {thing}{'' if count == 1 else 's'}"


def short(identifier: str) -> str:
    return identifier if len(identifier) < 20 else identifier[:9] + "…" + identifier[-4:]


def progress(text: str) -> None:
    """Prints a line that the next one replaces; on a terminal only."""
    if sys.stdout.isatty():
        print(f"\r\033[K{text}", end="", flush=True)


def main() -> None:
    settings = Settings.read()
    journey = Journey(settings)
    stack = journey.stack
    try:
        journey.title(f"Verinym at {stack['API_URL']}")
        journey.call(journey.anonymous(), "GET", "/v1/health", summary=lambda answer: answer["status"])
        user = approved(journey)
        rejected(journey)
        reviewed(journey)
        listed(journey)
        audited(journey, user)
    except Refused as refusal:
        sys.exit(
            f"\nThe journey broke at step {journey.number + 1}:\n{refusal}\n"
            f"What the functions logged: make logs ID={refusal.correlation_id}"
        )
    except (TimeoutError, KeyError) as trouble:
        sys.exit(
            f"\nThe journey broke at step {journey.number + 1}: {trouble!r}\n"
            f"What the functions logged: make logs   (the emulator: {settings.log})"
        )
    print(
        f"""
Done: {journey.number} steps in {time.monotonic() - journey.began:.1f} s.

  API         {stack["API_URL"]}
  Reference   {stack["API_URL"]}/docs
  OpenAPI     {stack["API_URL"]}/v1/openapi.json
  Mails       {stack["MAILBOX_URL"]}        (make mails)
  Variables   {settings.env_file}
  People      {stack["ADMIN_EMAIL"]}, {stack["MODERATOR_EMAIL"]}, {stack["AUDITOR_EMAIL"]} (passwords: there; codes: make code ROLE=admin)

Go on:  set -a; source target/stack.env; set +a; curl "$API_URL/v1/health"
        make logs ID=<correlation id> · make test · make down (keeps the data) · make reset"""
    )


if __name__ == "__main__":
    main()
