"""System calls of a process tree over a short round, counted by strace."""

import re
import signal
import subprocess
import time

from harness import readings
from harness.errors import ScenarioError
from harness.tools import tool


class SystemCalls:
    """Counts while the block runs; afterwards `.calls` is a dictionary from name to count."""

    def __init__(self, pid, output):
        self.command = [tool("strace"), "-c", "-f", "-o", str(output)]
        for member in readings.tree(pid):
            self.command += ["-p", str(member)]
        self.output = output

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        time.sleep(0.5)  # attached by then; it tells nobody when
        if self.process.poll() is not None:
            raise ScenarioError(f"strace could not attach: {self.process.stderr.read().strip()[-200:]}")
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        # % time, seconds, usecs/call, calls, [errors,] name
        rows = re.findall(r"^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?(\w+)$", self.output.read_text(), re.M)
        self.calls = {name: int(count) for count, name in rows if name != "total"}
