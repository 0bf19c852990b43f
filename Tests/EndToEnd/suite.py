"""Runs every case in this folder against the built binary and ends with a count."""

import sys
import time
import unittest
from pathlib import Path

from harness.gateway import binary


class Report(unittest.TestResult):
    """One line a test, its sentence; what went wrong at once below it."""

    def __init__(self):
        super().__init__()
        self.bad, self.broken_classes = set(), 0

    def startTest(self, test):
        super().startTest(test)
        self.started = time.monotonic()

    def addSuccess(self, test):
        if test.id() not in self.bad:
            print(f"ok    {sentence(test)}{self._slow()}", flush=True)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        print(f"SKIP  {sentence(test)}: {reason}", flush=True)

    def addFailure(self, test, error):
        self._fault(test, error)

    def addError(self, test, error):
        self._fault(test, error)

    def addSubTest(self, test, subtest, error):
        if error is not None:
            self._fault(test, error, f" {subtest._subDescription()}")

    def _fault(self, test, error, where=""):
        if not isinstance(test, unittest.TestCase):  # a class that could not be set up: none of its tests ran
            self.broken_classes += 1
        self.bad.add(test.id())
        print(f"FAIL  {sentence(test)}{where}\n{indented(self._exc_info_to_string(error, test))}", flush=True)

    def _slow(self):
        taken = time.monotonic() - self.started
        return f" ({taken:.1f} s)" if taken > 2 else ""


def sentence(test):
    """What the test claims: its docstring, behind its subject."""
    subject = type(test).__doc__
    if isinstance(test, unittest.TestCase) and subject:
        return f"{subject.strip().rstrip('.')}: {test.shortDescription() or test._testMethodName}"
    return test.id()


def indented(text):
    return "\n".join("      " + line for line in text.strip().splitlines())


def chosen(suite, words):
    """The tests whose id or sentence holds any of the words; all when there are none."""
    for item in suite:
        if isinstance(item, unittest.TestSuite):
            yield from chosen(item, words)
        elif not words or any(word in item.id() or word in sentence(item) for word in words):
            yield item


def run():
    print(f"against {binary()}", flush=True)
    found = unittest.TestLoader().discover(str(Path(__file__).parent), pattern="test_*.py")
    tests = list(chosen(found, sys.argv[1:]))
    report = Report()
    unittest.TestSuite(tests).run(report)
    skipped = len(report.skipped)
    ran_bad = len(report.bad)
    passed = report.testsRun - skipped - (ran_bad - report.broken_classes)
    print(f"{passed} passed, {ran_bad} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if ran_bad or passed == 0 else 0


if __name__ == "__main__":
    sys.exit(run())
