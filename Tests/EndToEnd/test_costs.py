"""What must cost nothing: allocations, counted by the benchmarks of a release build. Times are printed there and judged nowhere."""

import subprocess
import unittest
from pathlib import Path

from harness.gateway import binary


class Costs(unittest.TestCase):
    """Allocations an operation."""

    #: What may allocate, as it runs once for a change and not for a request.
    COSTLY = "policy/compile"

    @classmethod
    def setUpClass(cls):
        program = Path(binary()).with_name("benchmarks")
        if program.parent.name != "release" or not program.exists():
            raise unittest.SkipTest("only a release build says what is allocated: swift build -c release --product benchmarks")
        said = subprocess.run([program, "--toy"], capture_output=True, text=True, timeout=60, check=True).stdout
        cls.mallocs = {line.rsplit(maxsplit=4)[0]: float(line.split()[-2]) for line in said.splitlines()[1:]}

    def test_free(self):
        """nothing that a request goes through allocates"""
        for name, count in self.mallocs.items():
            if not name.startswith(self.COSTLY):
                with self.subTest(benchmark=name):
                    self.assertEqual(count, 0)

    def test_counts(self):
        """the counting counts: compiling a config allocates"""
        self.assertGreater(self.mallocs["policy/compile: 3 levels, 10 targets"], 0)
