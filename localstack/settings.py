"""Paths and names of the local stack. All of them can be set by the environment, as the Makefile does."""

import os
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

MINISTACK = "ministack"
LOCALSTACK = "localstack"
PRODUCTION = "production"
CONVENIENT = "convenient"


@dataclass(frozen=True)
class Settings:
    flavour: str
    port: int
    data: Path
    env_file: Path
    binaries: Path
    stack_name: str = "verinym"
    region: str = "eu-central-1"
    account: str = "000000000000"
    mail_from: str = "no-reply@verinym.example"
    app_url: str = "http://localhost:3000"
    architecture: str = "x86_64"
    # Reveals taken addresses at registration.
    convenient: bool = False
    rate_limit_scale: str = "10000"
    cors_origins: str = "http://localhost:3000,http://localhost:5173"

    @classmethod
    def read(cls) -> "Settings":
        flavour = os.environ.get("STACK", MINISTACK)
        if flavour not in (MINISTACK, LOCALSTACK):
            sys.exit(f"STACK must be {MINISTACK} or {LOCALSTACK}, not {flavour!r}")
        profile = os.environ.get("PROFILE") or PRODUCTION
        if profile not in (PRODUCTION, CONVENIENT):
            sys.exit(f"PROFILE must be {PRODUCTION} or {CONVENIENT}, not {profile!r}")
        port = os.environ.get("PORT", "4566")
        if not port.isdecimal() or not 0 < int(port) < 65536:
            sys.exit(f"PORT must be a number from 1 to 65535, not {port!r}")
        target = Path(os.environ.get("CARGO_TARGET_DIR") or "target")
        # LocalStack's functions run in Amazon Linux's containers: they need what `make package` builds for those.
        built = target / "debug" if flavour == MINISTACK else Path("target") / "lambda"
        return cls(
            flavour=flavour,
            port=int(port),
            data=ROOT / os.environ.get("DATA", f".stack/{'dev' if flavour == MINISTACK else flavour}"),
            env_file=ROOT / os.environ.get("STACK_ENV", "target/stack.env"),
            binaries=ROOT / (os.environ.get("BINARIES") or built),
            architecture=os.environ.get("ARCH") or "x86_64",
            convenient=profile == CONVENIENT,
            rate_limit_scale=os.environ.get("RATE_LIMIT_SCALE") or cls.rate_limit_scale,
            cors_origins=os.environ.get("CORS_ORIGINS") or cls.cors_origins,
        )

    def variables(self) -> dict[str, str]:
        """What `make up` wrote about the stack: its address, and the people that it made."""
        if not self.env_file.exists():
            sys.exit(f"{self.env_file} is missing: make up")
        return dict(line.split("=", 1) for line in self.env_file.read_text().splitlines() if line)

    def binary(self, name: str) -> Path:
        """A function's binary: `<name>` as cargo builds it, or `<name>/bootstrap` as cargo-lambda packages it."""
        path = self.binaries / name
        return path / "bootstrap" if path.is_dir() else path

    @property
    def host(self) -> str:
        """A host name that reaches the emulator both from here and from a function.

        LocalStack runs functions in containers, where 127.0.0.1 is the container itself; its own name resolves to
        loopback here and to LocalStack there.
        """
        return "127.0.0.1" if self.flavour == MINISTACK else "localhost.localstack.cloud"

    @property
    def endpoint(self) -> str:
        return f"http://{self.host}:{self.port}"

    @property
    def health(self) -> str:
        return f"http://127.0.0.1:{self.port}/_localstack/health"

    @property
    def mailbox(self) -> str:
        path = "/_ministack/ses/messages" if self.flavour == MINISTACK else "/_aws/ses"
        return self.endpoint + path

    def api_url(self, api: str, stage: str) -> str:
        return f"{self.endpoint}/_aws/execute-api/{api}/{stage}"

    @property
    def sandbox_stack(self) -> str:
        return f"{self.stack_name}-sandbox"

    @property
    def code_bucket(self) -> str:
        return f"{self.stack_name}-code"

    @property
    def log(self) -> Path:
        return self.data / "emulator.log"

    @cached_property
    def environment(self) -> dict[str, str]:
        """The variables that an AWS client needs to reach this stack. The emulator accepts `test` as the root
        of the account.
        """
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        }


def step(text: str) -> None:
    """One line of progress."""
    print(f"· {text}", flush=True)
