"""Generates clients from docs/openapi.json, compiles them, and walks the journey of an applicant with each against the stack that is up.

    python -m localstack.clients

A walk of `tests/clients/` signs in, changes the profile by `If-Match` (and is refused with the old version), uploads two documents, lists them
by cursor, submits a check and reads its outcome. The Go client is tested where a Go compiler is installed.
"""

import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import time
from pathlib import Path

from localstack import node
from localstack.client import Client
from localstack.mailbox import Mailbox
from localstack.passport import picture
from localstack.settings import ROOT, Settings, step
from localstack.venv import ensure

DOCUMENT = ROOT / "docs" / "openapi.json"
WALKS = ROOT / "tests" / "clients"
# Seconds for one command.
LIMIT = 300
TSCONFIG = '{"compilerOptions": {"strict": true, "module": "nodenext", "target": "es2022", "skipLibCheck": true, "types": ["node"]}}'
# openapi-python-client knows few media types of files.
PYTHON_CLIENT = "content_type_overrides:\n" + "".join(
    f"  {media_type}: application/octet-stream\n"
    for media_type in ("application/pdf", "image/jpeg", "image/png", "image/webp")
)


class Workshop:
    """The tools, and a directory for each client."""

    def __init__(self, work: Path, environment: dict[str, str]):
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        self.work = work
        self.python = ensure("clients") / "bin"
        binaries = node.node()
        self.node = binaries / "node"
        self.modules = node.packages("clients", binaries) / "node_modules"
        (work / "node_modules").symlink_to(self.modules)
        path = os.pathsep.join([str(self.python), str(binaries), os.environ["PATH"]])
        self.environment = environment | {"PATH": path}

    def run(self, command: list[str | Path], cwd: Path, **variables: str) -> str:
        done = subprocess.run(
            [str(word) for word in command],
            cwd=cwd,
            env=self.environment | variables,
            capture_output=True,
            text=True,
            timeout=LIMIT,
            check=False,
        )
        if done.returncode != 0:
            sys.exit(f"{' '.join(map(str, command))} failed ({done.returncode}):\n{done.stdout}\n{done.stderr}")
        return done.stdout + done.stderr

    def directory(self, name: str) -> Path:
        made = self.work / name
        made.mkdir()
        return made

    def openapi_generator(self, language: str, out: Path, *options: str) -> None:
        self.run([self.python / "openapi-generator-cli", "generate", "-i", DOCUMENT, "-g", language, "-o", out, *options], self.work)

    def compile_typescript(self, home: Path, walk: str) -> list[str | Path]:
        shutil.copy(WALKS / walk, home / "walk.ts")
        (home / "package.json").write_text('{"type": "module"}')
        (home / "tsconfig.json").write_text(TSCONFIG)
        self.run([self.node, self.modules / "typescript" / "bin" / "tsc", "--project", home], home)
        return [self.node, home / "walk.js"]

    def openapi_fetch(self) -> list[str | Path]:
        home = self.directory("openapi-fetch")
        generator = self.modules / "openapi-typescript" / "bin" / "cli.js"
        self.run([self.node, generator, DOCUMENT, "--output", home / "schema.d.ts"], home)
        return self.compile_typescript(home, "openapi-fetch.ts")

    def hey_api(self) -> list[str | Path]:
        home = self.directory("hey-api")
        options = {"input": str(DOCUMENT), "output": {"path": str(home / "src"), "module": {"extension": ".js"}}}
        (home / "openapi-ts.config.mjs").write_text(f"export default {json.dumps(options)};\n")
        self.run([self.node, self.modules / "@hey-api" / "openapi-ts" / "bin" / "run.js"], home)
        return self.compile_typescript(home / "src", "hey-api.ts")

    def typescript_fetch(self) -> list[str | Path]:
        home = self.directory("typescript-fetch")
        self.openapi_generator("typescript-fetch", home, "--additional-properties=importFileExtension=.js")
        return self.compile_typescript(home, "openapi-generator.ts")

    def openapi_python_client(self) -> list[str | Path]:
        home = self.directory("openapi-python-client")
        (home / "config.yaml").write_text(PYTHON_CLIENT)
        command = [self.python / "openapi-python-client", "generate", "--path", DOCUMENT, "--output-path", home / "client"]
        said = self.run([*command, "--config", home / "config.yaml", "--fail-on-warning"], home)
        if "WARNING" in said:
            sys.exit(f"openapi-python-client warns:\n{said}")
        shutil.copy(WALKS / "openapi-python-client.py", home / "client" / "walk.py")
        return [self.python / "python", home / "client" / "walk.py"]

    def python_client(self) -> list[str | Path]:
        home = self.directory("openapi-generator-python")
        self.openapi_generator("python", home)
        shutil.copy(WALKS / "openapi-generator.py", home / "walk.py")
        return [self.python / "python", home / "walk.py"]

    def go_client(self) -> list[str | Path]:
        home = self.directory("openapi-generator-go")
        self.openapi_generator("go", home)
        # Its tests import a package of another host.
        shutil.rmtree(home / "test")
        (home / "go.mod").write_text("module verinym\n\ngo 1.19\n")
        (home / "walk").mkdir()
        shutil.copy(WALKS / "openapi-generator.go", home / "walk" / "main.go")
        cache = {"GOFLAGS": "-mod=mod", "GOPROXY": "off", "GOCACHE": str(self.work / "go-cache")}
        self.run(["go", "build", "-o", home / "walk" / "walk", "./walk"], home, **cache)
        return [home / "walk" / "walk"]


def confirmed_person(api_url: str, mailbox: Mailbox, name: str) -> dict[str, str]:
    """Signs somebody up, confirms the address, and returns the credentials as variables."""
    email, password = f"{name}-{secrets.token_hex(6)}@example.org", secrets.token_urlsafe(18)
    api = Client(api_url)
    person = {"given_name": "Ada", "family_name": "Lovelace", "date_of_birth": "1990-04-23"}
    api.post("/v1/auth/register", {"email": email, "password": password} | person)
    token = mailbox.wait(email, known=set())
    api.post("/v1/auth/verify-email", {"token": token, "password": password})
    return {"EMAIL": email, "PASSWORD": password}


def main() -> None:
    settings = Settings.read()
    stack = settings.variables()
    work = settings.data / "clients"
    passport = settings.data / "passport.png"
    passport.write_bytes(picture("clients"))
    workshop = Workshop(work, os.environ | {"API_URL": stack["API_URL"], "PASSPORT": str(passport)})
    clients = {
        "openapi-fetch": workshop.openapi_fetch,
        "hey-api": workshop.hey_api,
        "openapi-python-client": workshop.openapi_python_client,
        "openapi-generator typescript-fetch": workshop.typescript_fetch,
        "openapi-generator python": workshop.python_client,
    }
    if shutil.which("go"):
        clients["openapi-generator go"] = workshop.go_client
    for name, generate in clients.items():
        began = time.monotonic()
        command = generate()
        person = confirmed_person(stack["API_URL"], Mailbox(settings.mailbox), re.sub("[^a-z]", "", name))
        outcome = workshop.run(command, work, **person).strip()
        if not outcome.endswith("approved"):
            sys.exit(f"the walk of the client of {name} ended with {outcome}")
        step(f"client of {name}: {outcome} after {time.monotonic() - began:.1f} s")


if __name__ == "__main__":
    main()
