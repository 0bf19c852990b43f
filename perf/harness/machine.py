"""What was measured, on what, when: the header of every result."""

import os
import re
import subprocess
from datetime import datetime, timezone

from harness import tools
from harness.processes import has_two_cores


def description(sluice=None):
    """Date, machine and versions as a dictionary of short strings."""
    return {
        "date": datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "processor": f"{os.cpu_count()} × {_processor()}",
        "kernel": f"Linux {os.uname().release}",
        "placement": "proxy on one core; client and upstream on another" if has_two_cores()
                     else "ONE CORE for proxy, client and upstream: latencies and rates mean little",
        "load": "%.2f at start" % os.getloadavg()[0],
        "versions": ", ".join(filter(None, [
            _version(["nginx", "-v"], r"nginx/[\d.]+"),
            _version(["haproxy", "-v"], r"HAProxy version [\d.]+"),
            _version(["wrk", "-v"], r"wrk \S+"),
            _version([sluice, "version"], r"\S.*") if sluice else "",
            _commit(),
        ])),
    }


def header(machine):
    """The description as two lines."""
    return (f"{machine['date']} · {machine['processor']} · {machine['kernel']} · load {machine['load']}\n"
            f"{machine['versions']} · {machine['placement']}")


def _processor():
    with open("/proc/cpuinfo") as file:
        return next((line.split(":", 1)[1].strip() for line in file if line.startswith("model name")), os.uname().machine)


def _version(command, pattern):
    if "/" not in command[0]:
        command = [tools.tool(command[0]), *command[1:]]
    done = subprocess.run(command, capture_output=True, text=True)
    found = re.search(pattern, done.stdout + done.stderr)
    return found.group(0).replace(" version ", "/") if found else ""


def _commit():
    done = subprocess.run(["git", "-C", str(tools.ROOT), "describe", "--always", "--dirty"], capture_output=True, text=True)
    return f"commit {done.stdout.strip()}" if done.returncode == 0 else ""
