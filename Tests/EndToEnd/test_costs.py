"""What must cost nothing: allocations, counted by the benchmarks of a release build. Times are printed there and judged nowhere."""

import math
import subprocess
import unittest
from pathlib import Path

from harness.gateway import binary


class Costs(unittest.TestCase):
    """Allocations an operation."""

    #: Allocations that have a name: a config is compiled once for a change, and what a request's guardrails came to is written
    #: into texts of its own (the two results and a time). An answer that is kept is copied once: the entry, the blob and its bytes.
    NAMED = {"policy/compile": math.inf, "guardrails/": 3, "cache/insert": 3}

    @classmethod
    def setUpClass(cls):
        program = Path(binary()).with_name("benchmarks")
        if program.parent.name != "release" or not program.exists():
            raise unittest.SkipTest("only a release build says what is allocated: swift build -c release --product benchmarks")
        said = subprocess.run([program, "--toy"], capture_output=True, text=True, timeout=60, check=True).stdout
        cls.mallocs = {line.rsplit(maxsplit=4)[0]: float(line.split()[-2]) for line in said.splitlines()[1:]}

    def test_free(self):
        """nothing that a request goes through allocates, the results of its guardrails and the keeping of its answer apart"""
        for name, count in self.mallocs.items():
            most = next((most for beginning, most in self.NAMED.items() if name.startswith(beginning)), 0)
            with self.subTest(benchmark=name):
                self.assertLessEqual(count, most)

    def test_counts(self):
        """the counting counts: compiling a config allocates"""
        self.assertGreater(self.mallocs["policy/compile: 3 levels, 10 targets"], 0)
