"""The scenarios of perf/ at toy size: that they run, and that what they claim holds as far as so little can show it."""

import subprocess
import sys
import unittest

from harness.gateway import ROOT, binary


class Scenarios(unittest.TestCase):
    """Scenarios."""

    def held(self, name, *arguments):
        done = subprocess.run([sys.executable, str(ROOT / "perf" / name), "--toy", "--sluice", binary(), *arguments],
                              capture_output=True, text=True, timeout=300, env=None)
        self.assertEqual(done.returncode, 0, done.stdout[-3000:] + done.stderr[-3000:])

    def test_overload(self):
        """five times the capacity is refused, and a quiet caller is not"""
        self.held("overload")

    def test_memory(self):
        """bodies beyond the memory there is are refused, and nobody is killed"""
        self.held("memory")

    def test_large_bodies(self):
        """large bodies of every shape are answered, also when they are translated or edited"""
        self.held("large-bodies")

    def test_instructions(self):
        """instructions of a request and of an event are counted, by function"""
        self.held("instructions")

    def test_storm(self):
        """connections by the thousand are all answered, by all workers"""
        self.held("storm")

    def test_start(self):
        """a start and a first answer are timed, also of a gateway with a store"""
        self.held("start")

    def test_books(self):
        """a journal is filled, its records get their rows, and every graph is asked for"""
        self.held("books")

    def test_bodies(self):
        """bodies are kept beside records at a held rate, and every one is"""
        self.held("bodies")

    def test_keys(self):
        """keys and credentials are made in a store, changed, and served by"""
        self.held("keys")

    def test_sinks(self):
        """sinks of records are in trouble in turn, and every record arrives"""
        self.held("sinks")

    def test_restart(self):
        """a serving process that is killed under load has a successor, and no connection is refused"""
        self.held("restart")

    def test_kills(self):
        """of what was answered before a kill nothing is lost, and the rows are the journal's records"""
        self.held("kills")

    def test_descriptors(self):
        """a gateway without descriptors neither spins nor floods its log, and comes back"""
        self.held("descriptors")

    def test_slow_clients(self):
        """slow clients are let go, and slow readers cost no memory"""
        self.held("slow-clients")
