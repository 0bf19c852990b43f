"""Programs the scenarios need, and the small C helpers built on demand."""

import os
import shutil
import subprocess
from pathlib import Path

from harness.errors import ScenarioError

ROOT = Path(__file__).resolve().parents[2]
PERF = ROOT / "perf"

#: Debian package of each program we may call.
PACKAGES = {
    "nginx": "nginx-light",
    "haproxy": "haproxy",
    "wrk": "wrk",
    "h2load": "nghttp2-client",
    "strace": "strace",
    "strip": "binutils",
    "valgrind": "valgrind",
    "callgrind_control": "valgrind",
    "taskset": "util-linux",
    "cc": "gcc",
    "openssl": "openssl",
    "testssl": "testssl.sh",
    "slowhttptest": "slowhttptest",
}

#: Where Debian keeps daemons; not on every user's PATH.
SEARCH_PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin", "/sbin"])


def tool(name):
    """Full path of a program, or an error that names the Debian package."""
    path = shutil.which(name, path=SEARCH_PATH)
    if path is None:
        raise ScenarioError(f"{name} is missing: sudo apt-get install {PACKAGES[name]}")
    return path


def filler(name, binary):
    """A program that puts data in place for a scenario: beside the gateway's binary, else the release build, else the debug build."""
    places = [Path(binary).parent, ROOT / ".build/release", ROOT / ".build/debug"]
    found = next((str(place / name) for place in places if os.access(place / name, os.X_OK)), None)
    if found is None:
        raise ScenarioError(f"{places[1]}/{name} is not there: swift build -c release --product {name}")
    return found


def sluice_binary(option):
    """The gateway's binary: the option, else the release build, else the debug build."""
    candidates = [Path(option)] if option else [ROOT / ".build/release/sluice", ROOT / ".build/debug/sluice"]
    for path in candidates:
        if os.access(path, os.X_OK):
            return str(path.resolve())
    raise ScenarioError(f"{candidates[0]} is not there: swift build -c release --product sluice, or name it with --sluice")


def build(source, output, *flags):
    """Compiles one C file of perf/ into `output`."""
    done = subprocess.run([tool("cc"), "-O2", "-Wall", "-o", str(output), str(PERF / source), *flags],
                          capture_output=True, text=True)
    if done.returncode != 0:
        raise ScenarioError(f"cc could not build perf/{source}:\n{done.stderr.strip()}")
    return str(output)
