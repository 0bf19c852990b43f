"""Runs every case in this folder against the built binary and ends with a count.

Files run side by side, one after another in each of SLUICE_TEST_PROCESSES processes (default: one more than there are cores, as tests mostly
wait). A file that says `RUNS_ALONE = True` measures time or fills the machine: it runs when the others are done.
"""

import json
import os
import queue
import subprocess
import sys
import threading
import time
import unittest
from pathlib import Path

from harness.gateway import binary

FOLDER = Path(__file__).parent
#: Files of one test after another that take longest, and are begun first: what runs last runs with nothing beside it.
LONGEST_FIRST = ["test_supervisor", "test_budgets", "test_reload", "test_http2_upstream"]


class Report(unittest.TestResult):
    """One line a test, its sentence; what went wrong at once below it."""

    def __init__(self, say=print):
        super().__init__()
        self.say = say
        self.bad, self.faults, self.broken_classes = set(), [], 0

    def startTest(self, test):
        super().startTest(test)
        self.started = time.monotonic()

    def addSuccess(self, test):
        if test.id() not in self.bad:
            self.say(f"ok    {sentence(test)}{self._slow()}")

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.say(f"SKIP  {sentence(test)}: {reason}")

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
        fault = f"FAIL  {sentence(test)}{where}\n{indented(self._exc_info_to_string(error, test))}"
        self.faults.append(fault)
        self.say(fault)

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


def found(pattern, words):
    """The chosen tests of the files that match, as one suite."""
    return unittest.TestSuite(chosen(unittest.TestLoader().discover(str(FOLDER), pattern=pattern), words))


def runs_alone(path):
    return "\nRUNS_ALONE = True\n" in path.read_text()


def part():
    """One process of the suite: runs the files named on its standard input, and answers each with one line of JSON."""
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a test prints does not get between the lines
    words = sys.argv[2:]
    for name in sys.stdin:
        lines, began = [], time.monotonic()
        report = Report(lines.append)
        try:
            found(f"{name.strip()}.py", words).run(report)
            skipped, bad = len(report.skipped), len(report.bad)
            passed = report.testsRun - skipped - (bad - report.broken_classes)
        except Exception as error:  # a file that does not even load
            skipped, bad, passed = 0, 1, 0
            report.faults.append(f"FAIL  {name.strip()}: {error}")
            lines.append(report.faults[-1])
        if lines:
            lines.insert(0, f"== {name.strip()} ({time.monotonic() - began:.0f} s)")
        out.write(json.dumps({"lines": lines, "faults": report.faults, "passed": passed, "failed": bad, "skipped": skipped}) + "\n")
        out.flush()


class Part:
    """A process that runs files of the suite, and the thread that hands them to it."""

    def __init__(self, files, results, words):
        self.files, self.results = files, results
        self.process = subprocess.Popen([sys.executable, __file__, "--part", *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.thread = threading.Thread(target=self._feed)
        self.thread.start()

    def _feed(self):
        try:
            self._hand_out()
        finally:
            self.results.put(None)

    def _hand_out(self):
        while True:
            try:
                name = self.files.get_nowait()
            except queue.Empty:
                break
            try:
                self.process.stdin.write(name + "\n")
                self.process.stdin.flush()
                answer = json.loads(self.process.stdout.readline())
            except (OSError, ValueError):
                fault = f"FAIL  {name}: its process ended with {self.process.wait()}"
                answer = {"lines": [fault], "faults": [fault], "passed": 0, "failed": 1, "skipped": 0}
                self.results.put(answer)
                return
            self.results.put(answer)
        self.process.stdin.close()
        self.process.wait()


def side_by_side(names, processes, words, total):
    """Runs the files in so many processes, printing each file's lines when it is over."""
    files, results = queue.Queue(), queue.Queue()
    for name in names:
        files.put(name)
    running = [Part(files, results, words) for _ in range(min(processes, len(names)))]
    ended = 0
    while ended < len(running):
        answer = results.get()
        if answer is None:
            ended += 1
            continue
        for line in answer["lines"]:
            print(line)
        sys.stdout.flush()
        total["faults"] += answer["faults"]
        for count in ("passed", "failed", "skipped"):
            total[count] += answer[count]
    # Where every process died there are files that nobody ran.
    while not files.empty():
        total["failed"] += 1
        total["faults"].append(f"FAIL  {files.get()}: not run, as the processes of the suite had ended")
        print(total["faults"][-1])


def run():
    print(f"against {binary()}", flush=True)
    words = sys.argv[1:]
    paths = sorted(FOLDER.glob("test_*.py"), key=lambda path: (path.stem not in LONGEST_FIRST, -path.stat().st_size))
    together, alone = ([path.stem for path in paths if runs_alone(path) == wanted] for wanted in (False, True))
    processes = int(os.environ.get("SLUICE_TEST_PROCESSES") or (os.cpu_count() or 1) + 1)
    total = {"passed": 0, "failed": 0, "skipped": 0, "faults": []}
    side_by_side(together, processes, words, total)
    side_by_side(alone, 1, words, total)
    if total["faults"]:
        print("== what failed, again", *total["faults"], sep="\n")
    skipped = f", {total['skipped']} skipped" if total["skipped"] else ""
    print(f"{total['passed']} passed, {total['failed']} failed{skipped}")
    return 1 if total["failed"] or not total["passed"] else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--part"]:
        part()
    else:
        sys.exit(run())
