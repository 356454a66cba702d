"""Starts and stops LocalStack in Docker with compose, and removes what it leaves behind.

LocalStack runs each function in a container of its own, beside compose's. One that is killed leaves those running, so
they are removed by the name that it gives them.
"""

import os
import subprocess
import sys

from localstack.settings import ROOT, Settings, step

COMPOSE_FILE = ROOT / "localstack" / "compose.yaml"


def start(settings: Settings) -> None:
    """Starts the container and waits until it is healthy."""
    step(f"LocalStack starts in Docker on port {settings.port} …")
    compose(settings, "up", "--detach", "--wait")


def stop(settings: Settings) -> None:
    """Stops the container, removes remaining containers of functions, then everything that compose made.

    In this order: a running LocalStack makes new ones, and compose cannot remove a network that one of them is on.
    """
    compose(settings, "stop")
    left = docker("ps", "--all", "--quiet", "--filter", f"name=^{name(settings)}-lambda-").split()
    if left:
        docker("rm", "--force", *left)
        step(f"{len(left)} containers of functions removed")
    compose(settings, "down", "--volumes")


def name(settings: Settings) -> str:
    """The name of the container, from the compose file."""
    return f"verinym-localstack-{settings.port}"


def compose(settings: Settings, *arguments: str) -> None:
    project = ["compose", "--project-name", f"verinym-{settings.port}", "--file", str(COMPOSE_FILE)]
    docker(*project, *arguments, environment={"PORT": str(settings.port)}, capture=False)


def docker(*arguments: str, environment: dict[str, str] | None = None, capture: bool = True) -> str:
    """Returns the output of a docker command; exits with its error output if it fails."""
    try:
        ran = subprocess.run(
            ["docker", *arguments],
            env=os.environ | (environment or {}),
            stdout=subprocess.PIPE if capture else None,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        sys.exit("STACK=localstack needs Docker with its compose plugin; STACK=ministack needs neither.")
    if ran.returncode != 0:
        sys.exit(f"docker {arguments[0]} failed (code {ran.returncode}). STACK=localstack needs Docker with compose.")
    return ran.stdout or ""
