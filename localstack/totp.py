"""Codes of an authenticator app (TOTP, RFC 6238), for the staff of the local stack. Standard library only.

    ROLE=moderator python -m localstack.totp      # the next code of the seeded moderator
"""

import base64
import hashlib
import hmac
import json
import os
import sys
import time
from pathlib import Path

from localstack.client import Client, Refused
from localstack.settings import Settings

STEP = 30
# An app of the same secret may have given a code already.
TRIES = 3


def code(secret: str, step: int) -> str:
    """The code of a step (RFC 4226 §5.3)."""
    digest = hmac.digest(base64.b32decode(secret), step.to_bytes(8), hashlib.sha1)
    offset = digest[-1] & 15
    return f"{(int.from_bytes(digest[offset : offset + 4]) & 0x7FFFFFFF) % 10**6:06}"


class Authenticator:
    """The app of one secret. A step's code works once, so the last step is kept in a file for the next program."""

    def __init__(self, secret: str, file: Path):
        self.secret, self.file = secret, file

    def next_code(self) -> str:
        """A code that was not given yet. The API takes those of the step before and after; for another one it waits."""
        last = self.steps().get(self.secret, 0)
        while True:
            now = int(time.time()) // STEP
            step = max(last + 1, now - 1)
            if step <= now + 1:
                self.keep(step)
                return code(self.secret, step)
            time.sleep(0.5)

    def steps(self) -> dict[str, int]:
        return json.loads(self.file.read_text()) if self.file.exists() else {}

    def keep(self, step: int) -> None:
        new = self.file.with_suffix(".new")
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
            json.dump(self.steps() | {self.secret: step}, out)
        new.rename(self.file)


def enroll(signed: Client, keep) -> str:
    """Enrolls an authenticator app for the signed-in person; returns its secret. `keep(secret)` is called before it is in force."""
    secret = signed.post("/v1/auth/mfa/setup", {"method": "totp"})["secret"]
    keep(secret)
    signed.post("/v1/auth/mfa/activate", {"method": "totp", "code": code(secret, int(time.time()) // STEP - 1)})
    signed.post("/v1/auth/logout")
    return secret


def sign_in(api: Client, email: str, password: str, app: Authenticator | None, call=None) -> dict:
    """The tokens of somebody, who has a second factor if there is an app. `call(path, body)` sends a POST."""
    call = call or api.post
    answer = call("/v1/auth/login", {"email": email, "password": password})
    for tries in range(TRIES):
        if "challenge" not in answer:
            return answer
        form = {"challenge_token": answer["challenge"]["token"], "method": "totp", "code": app.next_code()}
        try:
            answer = call("/v1/auth/mfa/verify", form)
        except Refused as refused:
            if refused.code != "invalid_code" or tries == TRIES - 1:
                raise
    return answer


def main() -> None:
    settings, role = Settings.read(), os.environ.get("ROLE", "")
    secret = settings.variables().get(f"{role.upper()}_TOTP_SECRET")
    if not secret:
        sys.exit("ROLE must be admin, moderator or auditor, of a stack that is not PROFILE=convenient: make code ROLE=moderator")
    print(Authenticator(secret, settings.data / "totp-steps.json").next_code())


if __name__ == "__main__":
    main()
