"""Makes a project-local Python environment from a pinned requirements file.

    python3 localstack/venv.py stack        # .venv/stack from localstack/requirements/stack.txt

Made once and made anew when the file or the Python version changes. Needs nothing but the standard library, since it
runs before there is an environment.
"""

import hashlib
import platform
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Older ones lack packages that the pinned requirements name (duckdb 2), and `tomllib`.
OLDEST_PYTHON = (3, 11)


def ensure(name: str) -> Path:
    """Returns the directory of the environment. Makes it first if it is missing or out of date."""
    requirements = ROOT / "localstack" / "requirements" / f"{name}.txt"
    home = ROOT / ".venv" / name
    stamp = home / ".made-from"
    wanted = hashlib.sha256(requirements.read_bytes() + platform.python_version().encode()).hexdigest()
    if stamp.is_file() and stamp.read_text() == wanted:
        return home
    if sys.version_info < OLDEST_PYTHON:
        sys.exit(f"Python {'.'.join(map(str, OLDEST_PYTHON))} or newer is needed, this is {platform.python_version()}")
    print(f"· Python environment .venv/{name}: installing {requirements.relative_to(ROOT)} …", flush=True)
    began = time.monotonic()
    shutil.rmtree(home, ignore_errors=True)
    run([sys.executable, "-m", "venv", str(home)], "python3 -m venv failed (on Debian: apt-get install python3-venv)")
    pip = [str(home / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    run([*pip, "--requirement", str(requirements)], f"installing {requirements} failed")
    stamp.write_text(wanted)
    print(f"  ready after {time.monotonic() - began:.0f} s", flush=True)
    return home


def run(command: list[str], complaint: str) -> None:
    if subprocess.run(command, check=False).returncode != 0:
        sys.exit(complaint)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    ensure(sys.argv[1])
