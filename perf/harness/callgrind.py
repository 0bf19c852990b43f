"""Instructions of a serving process over a short round, counted by callgrind: the same for the same work, however busy the machine is."""

import re
import subprocess
import tempfile
from collections import Counter, defaultdict
from pathlib import Path

from harness.errors import ScenarioError
from harness.tools import tool

#: Caches to simulate, whatever the machine has: those of common servers, so that counts compare.
CACHES = ["--I1=32768,8,64", "--D1=32768,8,64", "--LL=1048576,16,64"]


class Callgrind:
    """A program to run under callgrind, which counts only while the block runs."""

    def __init__(self, shop, binary):
        # Debian 12's valgrind cannot read this compiler's debug information; symbols are enough.
        place = Path(tempfile.mkdtemp(prefix="callgrind-", dir=shop.directory))
        self.binary = str(place / Path(binary).name)
        shop.output([tool("strip"), "--strip-debug", "-o", self.binary, binary], "strip")
        for bundle in Path(binary).parent.glob("*.resources"):
            (place / bundle.name).symlink_to(bundle.resolve())
        self.output = shop.directory / "callgrind.out"

    @property
    def prefix(self):
        """What stands before the program in a command line."""
        return [tool("valgrind"), "--tool=callgrind", "--instr-atstart=no", "--dump-instr=yes", "--cache-sim=yes", *CACHES,
                f"--callgrind-out-file={self.output}.%p"]

    def control(self, pid, *arguments):
        done = subprocess.run([tool("callgrind_control"), *arguments, str(pid)], capture_output=True, text=True, timeout=60)
        if done.returncode != 0 or "OK" not in done.stdout:
            raise ScenarioError(f"callgrind_control {' '.join(arguments)}: {done.stdout.strip()} {done.stderr.strip()}")

    def count(self, pid, work):
        """Calls `work` and returns what it returns, with the counts of the meantime."""
        self.control(pid, "-i", "on")
        done = work()
        self.control(pid, "-i", "off")
        self.control(pid, "-d")
        dumps = sorted(Path(self.output.parent).glob(f"{self.output.name}.{pid}.*"))
        if not dumps:
            raise ScenarioError("callgrind has written no counts")
        counts = Counts(dumps[-1].read_text())
        if not counts.totals["Ir"]:
            raise ScenarioError("callgrind has counted nothing")
        for dump in dumps:
            dump.unlink()
        return done, counts


class Counts:
    """What a file of callgrind's says: instructions and cache misses in all and by function, and which lines of code ran how often."""

    def __init__(self, text):
        self.totals = Counter()
        self.by_function = defaultdict(Counter)
        self.by_address = Counter()
        names, function, events, is_call, address, program = {}, None, [], False, 0, None
        for line in text.splitlines():
            if line.startswith("events:"):
                events = line.split()[1:]
            elif line.startswith(("fn=", "cfn=")):
                number, name = re.match(r"c?fn=\((\d+)\)(?: (.*))?", line).groups()
                if name:
                    names[number] = name
                if line.startswith("fn="):
                    function = names[number]
            elif line.startswith("ob="):
                # Addresses are those in the file of the program or library.
                program = line.split(")")[0]
            elif line.startswith("calls="):
                is_call = True
            elif line[:1] in tuple("0123456789+-*"):
                # An address, a source line, and the counts; addresses and lines are relative to the ones before.
                place, _, *figures = line.split()
                if place.startswith("0x"):
                    address = int(place, 16)
                elif place[0] in "+-":
                    address += int(place, 0)
                if is_call:
                    is_call = False
                    continue
                counts = dict(zip(events, map(int, figures)))
                self.totals.update(counts)
                self.by_function[function].update(counts)
                self.by_address[program, address] += counts.get("Ir", 0)

    def lines(self, least):
        """Cache lines, of 64 bytes, and pages of code that ran at least so often."""
        ran = [place for place, count in self.by_address.items() if count >= least]
        return len({(program, address >> 6) for program, address in ran}), len({(program, address >> 12) for program, address in ran})
