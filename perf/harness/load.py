"""The driver: wrk, with its figures taken as numbers."""

import json
import re
import subprocess

from harness.errors import ScenarioError
from harness.processes import pinned
from harness.tools import tool

#: wrk tells its figures through this script's last line; latencies in microseconds.
SCRIPT = """
wrk.method = "POST"
wrk.path = "{path}"
wrk.body = [==[{body}]==]
wrk.headers["Content-Type"] = "application/json"
{headers}
function done(summary, latency, requests)
    local errors = summary.errors
    io.write(string.format('\\nFIGURES {{"requests": %d, "duration": %d, "bytes": %d, "p50": %f, "p99": %f, '
        .. '"connect": %d, "read": %d, "write": %d, "status": %d, "timeout": %d}}\\n',
        summary.requests, summary.duration, summary.bytes, latency:percentile(50), latency:percentile(99),
        errors.connect, errors.read, errors.write, errors.status, errors.timeout))
end
"""


def chat_body(size=900, **members):
    """A chat request of about `size` bytes."""
    members = {"model": "gpt-4o-mini", **members, "messages": [
        {"role": "system", "content": "You are a terse assistant."}, {"role": "user", "content": ""}]}
    members["messages"][1]["content"] = "x" * max(0, size - len(json.dumps(members)))
    return json.dumps(members)


def write_script(path, body, headers, target="/v1/chat/completions"):
    """A wrk script that posts `body` with `headers` to `target`."""
    lines = "\n".join(f'wrk.headers["{name}"] = "{value}"' for name, value in headers.items())
    path.write_text(SCRIPT.format(body=body, headers=lines, path=target))
    return path


def wrk(script, port, connections, seconds, scheme="http"):
    """Runs one round on core 1; returns wrk's figures. Any failed request is an error: a proxy that
    answers 502 is not fast."""
    command = pinned([tool("wrk"), "-t", "1", "-c", str(connections), "-d", f"{seconds}s", "--timeout", "30s",
                      "-s", str(script), f"{scheme}://127.0.0.1:{port}"], core=1)
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 40)
    line = next((line for line in done.stdout.splitlines() if line.startswith("FIGURES ")), None)
    if line is None:
        raise ScenarioError(f"wrk gave no figures: {(done.stderr or done.stdout).strip()[-300:]}")
    figures = json.loads(line.removeprefix("FIGURES "))
    failed = {kind: figures[kind] for kind in ("connect", "read", "write", "status", "timeout") if figures[kind]}
    if failed:
        raise ScenarioError(f"wrk at {connections} connections to port {port}: {figures['requests']} answers, failures {failed}")
    return figures


def h2load(body, headers, port, connections, streams, seconds, scheme):
    """Runs one round of HTTP/2 on core 1, by prior knowledge, with so many streams at once over each connection."""
    how = ["-m", str(streams), "-D", str(seconds), *([] if scheme == "https" else ["-p", "h2c"])]
    return {"requests": _h2load(how, body, headers, port, connections, seconds, scheme), "duration": seconds * 1_000_000}


def held_rate(body, headers, port, connections, rate, seconds):
    """Requests over HTTP/1.1 at a held rate, from core 1; how many were answered."""
    return _h2load(["--h1", "--rps", str(rate / connections), "-n", str(rate * seconds)], body, headers, port, connections, 10 * seconds, "http")


def _h2load(how, body, headers, port, connections, seconds, scheme):
    """How many were answered; any failed request is an error."""
    lines = [part for name, value in headers.items() if name.lower() != "connection" for part in ("-H", f"{name.lower()}: {value}")]
    command = pinned([tool("h2load"), "-t", "1", "-c", str(connections), *how, "-d", str(body),
                      "-H", "content-type: application/json", *lines, f"{scheme}://127.0.0.1:{port}/v1/chat/completions"], core=1)
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 40)
    counts = re.search(r"requests: (\d+) total, \d+ started, (\d+) done, (\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout", done.stdout)
    if counts is None:
        raise ScenarioError(f"h2load gave no figures: {(done.stderr or done.stdout).strip()[-300:]}")
    _, answered, succeeded, failed, errored, late = map(int, counts.groups())
    if failed or errored or late or succeeded != answered:
        raise ScenarioError(f"h2load at {connections} connections to port {port}: {counts[0]}")
    return answered
