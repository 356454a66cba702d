"""Runs named steps and reports what each did, why one failed, and what the operator can do about it."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, field

from botocore.exceptions import BotoCoreError, ClientError

from localstack.client import Refused

DONE, FAILED, WAITING = 0, 1, 3
NAME_WIDTH = 12

ACCESS_DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationErrorException")


class StepFailed(Exception):
    """A step failed; `remedy` is what the operator can do about it."""

    def __init__(self, why: str, remedy: str):
        super().__init__(why)
        self.remedy = remedy


class StepWaits(StepFailed):
    """A step cannot go on until a person has done something (confirm an address, give a password)."""


@dataclass
class Finding:
    """The result of a step: one line, and advice on what is left to do and does not stop other steps."""

    text: str
    advice: list[str] = field(default_factory=list)


class Steps:
    """Runs steps in order. A failed step stops only the steps that need it, so one run reports everything that
    is left to do.
    """

    def __init__(self, out=None):
        self.out = out or sys.stdout
        self.failed: list[str] = []
        self.waiting: list[str] = []
        self.advice: list[str] = []

    def run(self, name: str, action: Callable[[], object], needs: bool = True) -> object | None:
        """The step's value, or None if it failed. An action returns text or a Finding, or a pair with a value."""
        if not needs:
            self.line("skipped", name, "it needs a step that is not done")
            return None
        try:
            result = action()
        except StepWaits as wait:
            self.waiting.append(name)
            self.problem("waits", name, str(wait), wait.remedy)
        except StepFailed as failure:
            self.failed.append(name)
            self.problem("FAILED", name, str(failure), failure.remedy)
        except ClientError as error:
            self.failed.append(name)
            self.problem("FAILED", name, describe(error), remedy_of(error))
        except BotoCoreError as error:
            self.failed.append(name)
            self.problem(
                "FAILED", name, str(error), "Check network, region (AWS_REGION) and credentials, and run it again."
            )
        except (Refused, OSError) as error:
            self.failed.append(name)
            self.problem("FAILED", name, str(error), "See the answer above and the functions' logs, and run it again.")
        else:
            found, value = result if isinstance(result, tuple) else (result, True)
            finding = found if isinstance(found, Finding) else Finding(str(found))
            self.line("ok", name, finding.text)
            self.advise(finding.advice)
            return value
        return None

    def check(self, name: str, action: Callable[[], Finding]) -> None:
        """Runs a check that only advises. If the caller lacks the permission for it, that is reported and the
        run continues.
        """
        try:
            finding = action()
        except ClientError as error:
            self.line("unknown", name, describe(error))
            self.advise([f"{name} was not checked: {remedy_of(error)}"])
            return
        except BotoCoreError as error:
            self.line("unknown", name, str(error))
            return
        self.line("to do" if finding.advice else "ok", name, finding.text)
        self.advise(finding.advice)

    def line(self, state: str, name: str, text: str) -> None:
        print(f"  {state:<8}{name:<{NAME_WIDTH}}{text}", file=self.out, flush=True)

    def problem(self, state: str, name: str, why: str, remedy: str) -> None:
        self.line(state, name, indented(why))
        print(f"{' ' * (10 + NAME_WIDTH)}→ {indented(remedy, 12 + NAME_WIDTH)}", file=self.out, flush=True)

    def advise(self, advice: list[str]) -> None:
        self.advice += advice

    def finish(self) -> int:
        """Prints what is left to do. Returns the exit code: 0 done, 1 a step failed, 3 a person has to act first."""
        if self.advice:
            print("\nLeft to do (optional for the steps above):", file=self.out)
            for number, text in enumerate(self.advice, 1):
                print(f"  {number}. {indented(text, 5)}", file=self.out)
        if self.failed:
            verdict = f"FAILED at: {', '.join(self.failed)}. Fix that and run it again; steps that are done stay done."
        elif self.waiting:
            verdict = f"Not finished: {', '.join(self.waiting)} needs you first (see → above). Then run it again."
        else:
            verdict = "Done."
        print(f"\n{verdict}", file=self.out, flush=True)
        return FAILED if self.failed else WAITING if self.waiting else DONE


def indented(text: str, width: int = 10 + NAME_WIDTH) -> str:
    return text.replace("\n", "\n" + " " * width)


def describe(error: ClientError) -> str:
    code, message = error.response["Error"].get("Code", "?"), error.response["Error"].get("Message", "")
    return f"{error.operation_name}: {code}: {message}"


def remedy_of(error: ClientError) -> str:
    code = error.response["Error"].get("Code", "")
    if code in ACCESS_DENIED:
        return f"Your credentials may not call {error.operation_name}; docs/deployment.md lists the permissions."
    if code in ("ExpiredToken", "ExpiredTokenException", "RequestExpired"):
        return "Your credentials have expired: sign in again (aws sso login)."
    if code in (
        "InvalidClientTokenId",
        "UnrecognizedClientException",
        "SignatureDoesNotMatch",
        "InvalidSignatureException",
    ):
        return (
            "AWS does not know these credentials: check AWS_PROFILE and the AWS_* variables "
            "(target/stack.env sets the emulator's)."
        )
    if code in ("Throttling", "ThrottlingException", "TooManyRequestsException"):
        return "AWS throttles: wait a minute and run it again."
    return "See the message; run it again once that is mended."
