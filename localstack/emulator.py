"""Starts and stops the emulator: MiniStack, which needs no Docker, or LocalStack in a container (`containers`).

    python -m localstack.emulator start|stop|reset|status

MiniStack is one process on loopback. Its state lies under the data directory and is written on a clean stop only, hence
SIGTERM and patience. The environment is built from nothing: functions inherit the emulator's, so anything left in it
would reach them.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from localstack import containers, sign_in
from localstack.settings import LOCALSTACK, ROOT, Settings, step

START_LIMIT = 30.0
STOP_LIMIT = 90.0


def start(settings: Settings) -> None:
    """Starts the emulator, unless it already runs on this port."""
    if settings.flavour == LOCALSTACK:
        settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        if healthy(settings):
            step(f"emulator already runs on {settings.endpoint}")
        else:
            containers.start(settings)
        return
    running = running_port(settings)
    if running is not None:
        if running != settings.port:
            sys.exit(
                f"The stack of {shown(settings.data)} already runs on port {running}. "
                f"Use PORT={running}, or stop it first (make down)."
            )
        wait_until_healthy(settings)
        step(f"emulator already runs on {settings.endpoint}")
        return
    if port_taken(settings.port):
        sys.exit(
            f"Port {settings.port} is taken by another program (not by the stack of {shown(settings.data)}). "
            "Stop that, or choose another port: make up PORT=4577"
        )
    began = time.monotonic()
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    for directory in ("state", "s3", "tmp"):
        (settings.data / directory).mkdir(parents=True, exist_ok=True)
    with settings.log.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "ministack"],
            env=environment(settings),
            cwd=settings.data,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    pid_file(settings).write_text(json.dumps({"pid": process.pid, "port": settings.port}))
    wait_until_healthy(settings, process)
    step(f"emulator up on {settings.endpoint} after {time.monotonic() - began:.1f} s (log: {shown(settings.log)})")


def stop(settings: Settings) -> None:
    """Stops the emulator. MiniStack keeps its data; LocalStack's community edition keeps none."""
    if settings.flavour == LOCALSTACK:
        containers.stop(settings)
        return
    sign_in.stop(settings)
    process = running_process(settings)
    if process is None:
        step("emulator is not running")
        return
    began = time.monotonic()
    os.kill(process["pid"], signal.SIGTERM)
    while alive(process["pid"]):
        if time.monotonic() - began > STOP_LIMIT:
            sys.exit(
                f"The emulator (process {process['pid']}) has not stopped within {STOP_LIMIT:.0f} s; it may still be "
                f"writing its state. See {shown(settings.log)}."
            )
        time.sleep(0.05)
    end_functions(process["pid"])
    pid_file(settings).unlink(missing_ok=True)
    shutil.rmtree(settings.data / "tmp", ignore_errors=True)
    step(f"emulator stopped after {time.monotonic() - began:.1f} s, data kept in {shown(settings.data)}")


def end_functions(emulator: int) -> None:
    """Ends the remaining processes of the emulator's process group: functions that wait for their next call."""
    try:
        os.killpg(emulator, signal.SIGKILL)
    except ProcessLookupError:
        pass


def reset(settings: Settings) -> None:
    """Stops the emulator and wipes the data directory: tables, mails, passwords, logs."""
    stop(settings)
    shutil.rmtree(settings.data, ignore_errors=True)
    settings.env_file.unlink(missing_ok=True)
    step(f"wiped {shown(settings.data)}")


def environment(settings: Settings) -> dict[str, str]:
    # AUTH=true makes the emulator enforce the functions' roles: one run of the tests uses it.
    return {
        "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
        "HOME": str(settings.data),
        "TMPDIR": str(settings.data / "tmp"),
        "LANG": "C.UTF-8",
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(settings.port),
        "AWS_ENDPOINT_URL": settings.endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "MINISTACK_REGION": settings.region,
        "MINISTACK_ACCOUNT_ID": settings.account,
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "PERSIST_STATE": "1",
        "STATE_DIR": str(settings.data / "state"),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(settings.data / "s3"),
        "LOG_LEVEL": os.environ.get("EMULATOR_LOG_LEVEL", "WARNING"),
        "AUTH": "true" if os.environ.get("AUTH") == "true" else "false",
    }


def wait_until_healthy(settings: Settings, process: subprocess.Popen | None = None) -> None:
    deadline = time.monotonic() + START_LIMIT
    while not healthy(settings):
        if process is not None and process.poll() is not None:
            pid_file(settings).unlink(missing_ok=True)
            sys.exit(f"The emulator ended at once (code {process.returncode}):\n{tail(settings.log)}")
        if time.monotonic() > deadline:
            sys.exit(f"The emulator does not answer on {settings.health}:\n{tail(settings.log)}")
        time.sleep(0.05)


def healthy(settings: Settings) -> bool:
    try:
        with urllib.request.urlopen(settings.health, timeout=2) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False


def status(settings: Settings) -> str:
    """Whether the emulator runs. LocalStack runs in Docker, so it is asked by HTTP."""
    if settings.flavour == LOCALSTACK:
        return f"running on port {settings.port}" if healthy(settings) else f"nothing answers on {settings.health}"
    port = running_port(settings)
    return f"running on port {port}" if port else "not running"


def running_port(settings: Settings) -> int | None:
    process = running_process(settings)
    return process["port"] if process else None


def running_process(settings: Settings) -> dict | None:
    """The process that the pid file names, if it lives and is the emulator. A stale file is removed."""
    file = pid_file(settings)
    try:
        process = json.loads(file.read_text())
        pid = int(process["pid"])
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        file.unlink(missing_ok=True)
        return None
    if alive(pid) and "ministack" in command_of(pid):
        return process
    file.unlink(missing_ok=True)
    return None


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return not command_of(pid).startswith("Z")  # ended, and not yet collected by its parent


def command_of(pid: int) -> str:
    """State and command line of a process. The number may belong to another program by now."""
    if sys.platform == "linux":
        try:
            kernel = Path(f"/proc/{pid}")
            state = (kernel / "stat").read_text().rpartition(") ")[2][0]
            return state + " " + (kernel / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            return "Z"
    command = ["ps", "-o", "state=,command=", "-p", str(pid)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def port_taken(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def pid_file(settings: Settings) -> Path:
    return settings.data / "emulator.pid"


def tail(file: Path, lines: int = 15) -> str:
    return "\n".join(file.read_text(errors="replace").splitlines()[-lines:]) if file.exists() else ""


def shown(path: Path) -> str:
    """A path relative to the current directory, as one would type it."""
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def main() -> None:
    settings = Settings.read()
    commands = {"start": start, "stop": stop, "reset": reset}
    command = sys.argv[1] if len(sys.argv) == 2 else ""
    if command == "status":
        print(status(settings))
    elif command in commands:
        commands[command](settings)
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
