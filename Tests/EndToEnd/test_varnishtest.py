"""What varnishtest(1) makes of the gateway: the scripts of varnishtest/, with its client, its server, and its reading of both protocols."""

import shutil
import subprocess
import unittest
from pathlib import Path

from harness.configuration import reverse_proxy
from harness.gateway import Gateway, free_port
from harness.chance import rounds

PROGRAM = shutil.which("varnishtest")
SCRIPTS = Path(__file__).with_name("varnishtest")


@unittest.skipUnless(PROGRAM, "varnishtest is missing: apt-get install varnish")
class Scripts(unittest.TestCase):
    """varnishtest."""

    def test_scripts(self):
        """every script passes"""
        scripts = sorted(SCRIPTS.glob("*.vtc"))
        self.assertGreaterEqual(len(scripts), 7)
        for script in scripts:
            with self.subTest(script=script.name):
                # Its own gateway: a server of varnishtest's is gone when its script ends.
                origin = free_port()
                gateway = Gateway(reverse_proxy(f"http://127.0.0.1:{origin}/v1"))
                self.addCleanup(gateway.stop)
                said = subprocess.run(
                    [PROGRAM, "-n", str(rounds(1, 50)), "-t", "30", "-D", f"gateway={gateway.port}", "-D", f"origin={origin}", script], capture_output=True, text=True, timeout=600)
                self.assertEqual(said.returncode, 0, said.stdout[-6000:])
                self.assertIsNone(gateway.ended)
