"""Starts and stops the identity providers of the local stack (`sign_in_provider.mjs`), and gives the functions their settings.

They are one Node process on loopback, whose packages are pinned in `requirements/sign-in-provider`. LocalStack runs functions in
containers, which cannot reach it, so there no provider is configured.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from localstack import node
from localstack.aws import client
from localstack.settings import LOCALSTACK, ROOT, Settings, step

REDIRECT_URI = "http://localhost:3000/callback"
SCRIPT = ROOT / "localstack" / "sign_in_provider.mjs"
SET = "sign-in-provider"
START_LIMIT = 20.0


def start(settings: Settings, api_url: str, secret: str) -> None:
    """Starts the providers, unless they already run for this API, and stores their settings in the secret."""
    if settings.flavour == LOCALSTACK:
        return
    if running(settings) != api_url:
        stop(settings)
        launch(settings, api_url)
    given = (settings.data / "sign-in-providers.json").read_text()
    secrets = client(settings, "secretsmanager")
    if secrets.get_secret_value(SecretId=secret)["SecretString"] != given:
        secrets.put_secret_value(SecretId=secret, SecretString=given)
    step(f"sign-in providers on http://127.0.0.1:{port(settings)}: {', '.join(json.loads(given))}")


def launch(settings: Settings, api_url: str) -> None:
    binaries = node.node()
    packages = node.packages(SET, binaries)
    written = settings.data / "sign-in-providers.json"
    written.unlink(missing_ok=True)
    log = settings.data / "sign-in-providers.log"
    with log.open("ab") as out:
        process = subprocess.Popen(
            [str(binaries / "node"), str(SCRIPT), str(port(settings)), api_url, str(written), str(packages)],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    pid_file(settings).write_text(json.dumps({"pid": process.pid, "api_url": api_url}))
    deadline = time.monotonic() + START_LIMIT
    while not written.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            sys.exit(f"The sign-in providers do not start:\n{log.read_text()[-2000:]}")
        time.sleep(0.05)


def stop(settings: Settings) -> None:
    process = read(settings)
    if process is None:
        return
    try:
        os.kill(process["pid"], signal.SIGTERM)
    except ProcessLookupError:
        pass
    pid_file(settings).unlink(missing_ok=True)


def running(settings: Settings) -> str | None:
    """The address of the API that they run for."""
    process = read(settings)
    return process["api_url"] if process else None


def read(settings: Settings) -> dict | None:
    """The process that the pid file names, if it still is ours: its number may belong to another program by now."""
    try:
        process = json.loads(pid_file(settings).read_text())
        command = command_of(process["pid"])
    except (FileNotFoundError, ValueError, KeyError):
        return None
    return process if SCRIPT.name in command else None


def command_of(pid: int) -> str:
    """The command line of a process; empty if there is none. `ps` is missing on small machines, `/proc` on macOS."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        ps = ["ps", "-o", "command=", "-p", str(pid)]
        return subprocess.run(ps, capture_output=True, text=True, check=False).stdout


def port(settings: Settings) -> int:
    """Beside the emulator's, so that several stacks do not meet."""
    return settings.port + 10_000 if settings.port < 55_000 else settings.port - 10_000


def pid_file(settings: Settings):
    return settings.data / "sign-in-providers.pid"
