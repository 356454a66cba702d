"""Sends requests that schemathesis derives from docs/openapi.json to the stack that is up, and compares the answers with the document.

    python -m localstack.fuzz

The caller is a reviewer, so that the routes of staff are reached. `tests/schemathesis.toml` says what is checked, and what is not, with the reasons.
"""

import os
import re
import subprocess
import sys
import time
import uuid

from localstack.client import Client
from localstack.clients import DOCUMENT, confirmed_person
from localstack.mailbox import Mailbox
from localstack.passport import picture
from localstack.settings import ROOT, Settings, step
from localstack.totp import Authenticator, sign_in
from localstack.venv import ensure

# Seconds.
LIMIT = 600


def signed_in(api_url: str, email: str, password: str, app: Authenticator | None = None) -> Client:
    return Client(api_url, sign_in(Client(api_url), email, password, app)["access_token"])


def main() -> None:
    settings = Settings.read()
    stack = settings.variables()
    url = stack["API_URL"]
    person = confirmed_person(url, Mailbox(settings.mailbox), "fuzz")
    applicant = signed_in(url, person["EMAIL"], person["PASSWORD"])
    form = {"document_type": "passport", "document_number": f"OK-{uuid.uuid4().hex[:8]}"}
    document = applicant.upload("/v1/kyc/documents", form, "passport.png", "image/png", picture("fuzz"))["id"]
    check = applicant.post("/v1/kyc/checks", {"document_ids": [document]})["id"]
    app = Authenticator(stack["MODERATOR_TOTP_SECRET"], settings.data / "totp-steps.json")
    staff = signed_in(url, stack["MODERATOR_EMAIL"], stack["MODERATOR_PASSWORD"], app)
    command = [
        str(ensure("schemathesis") / "bin" / "schemathesis"),
        *("--config-file", str(ROOT / "tests" / "schemathesis.toml")),
        *("run", str(DOCUMENT), "--url", url, "--phases", "examples,coverage,fuzzing"),
        *("--header", f"Authorization: Bearer {staff.token}"),
    ]
    began = time.monotonic()
    environment = os.environ | {"CHECK_ID": check, "DOCUMENT_ID": document}
    done = subprocess.run(command, cwd=settings.data, env=environment, capture_output=True, text=True, timeout=LIMIT, check=False)
    counted = re.search(r"(\d+) generated, (.+)", done.stdout)
    if done.returncode != 0 or counted is None:
        sys.exit(f"schemathesis failed ({done.returncode}):\n{done.stdout}\n{done.stderr}")
    step(f"schemathesis: {counted[0].strip()}, after {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
