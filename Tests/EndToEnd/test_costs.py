"""What must cost nothing: allocations, counted by the benchmarks of a release build. Times are printed there and judged nowhere."""

import math
import os
import re
import shutil
import subprocess
import unittest
from pathlib import Path

from harness.gateway import ROOT, binary


class Costs(unittest.TestCase):
    """Allocations an operation."""

    #: Allocations that have a name: a config is compiled and a price book read once for a change, and what a request's guardrails came to is written
    #: into texts of its own (the two results and a time). An answer that is kept is copied once: the blob, its bytes, and a
    #: list of what goes for it.
    NAMED = {"policy/compile": math.inf, "ledger/price book read": math.inf, "guardrails/": 3, "cache/insert": 3}

    @classmethod
    def setUpClass(cls):
        program = Path(binary()).with_name("benchmarks")
        if program.parent.name != "release" or not program.exists():
            raise unittest.SkipTest("only a release build says what is allocated: swift build -c release --product benchmarks")
        said = subprocess.run([program, "--toy"], capture_output=True, text=True, timeout=60, check=True).stdout
        # Below some there is how they compare with others.
        rows = [line for line in said.splitlines()[1:] if not line.startswith("  = ")]
        cls.mallocs = {line.rsplit(maxsplit=4)[0]: float(line.split()[-2]) for line in rows}

    def test_free(self):
        """nothing that a request goes through allocates, the results of its guardrails and the keeping of its answer apart"""
        for name, count in self.mallocs.items():
            most = next((most for beginning, most in self.NAMED.items() if name.startswith(beginning)), 0)
            with self.subTest(benchmark=name):
                self.assertLessEqual(count, most)

    def test_counts(self):
        """the counting counts: compiling a config allocates"""
        self.assertGreater(self.mallocs["policy/compile: 3 levels, 10 targets"], 0)


class Hits(unittest.TestCase):
    """What a hit of the cache costs."""

    def test_beside_nginx(self):
        """perf/cache runs at toy size; a release build allocates nothing for a hit, of 1 KB or of 16 KB"""
        missing = [name for name in ("nginx", "wrk", "strace", "gcc", "taskset") if not shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")]
        if missing:
            raise unittest.SkipTest(f"perf/cache needs {', '.join(missing)}")
        done = subprocess.run([ROOT / "perf" / "cache", "--toy", "--sluice", binary()], capture_output=True, text=True, timeout=600)
        self.assertEqual(done.returncode, 0, done.stderr)
        counts = re.findall(r"allocations a hit at (.+?): ([\d.]+) ", done.stdout)
        self.assertEqual(len(counts), 2, done.stdout)
        if Path(binary()).parent.name == "release":
            for where, count in counts:
                # Of the thousands of a second, those of the start; one that each hit makes is a whole one.
                self.assertLessEqual(float(count), 0.1, where)
