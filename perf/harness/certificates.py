"""A certificate for a run, made by openssl(1)."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from harness.errors import ScenarioError
from harness.tools import tool


@dataclass
class Certificate:
    """Paths of an authority, of a certificate for localhost that it signed, of its key, and of both in one file."""
    authority: Path
    certificate: Path
    key: Path
    both: Path


def make(directory):
    """One of P-256, good for 90 days."""
    _request(directory, "authority", "/CN=perf", "basicConstraints=critical,CA:TRUE")
    _request(directory, "server", "/CN=localhost", "subjectAltName=DNS:localhost,IP:127.0.0.1", "basicConstraints=CA:FALSE", "extendedKeyUsage=serverAuth",
             signed=["-CA", f"{directory}/authority.pem", "-CAkey", f"{directory}/authority.key"])
    made = Certificate(directory / "authority.pem", directory / "server.pem", directory / "server.key", directory / "both.pem")
    made.both.write_bytes(made.certificate.read_bytes() + made.key.read_bytes())
    return made


def _request(directory, name, subject, *extensions, signed=()):
    key = directory / f"{name}.key"
    command = [tool("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "90", "-subj", subject,
               "-keyout", str(key), "-out", str(directory / f"{name}.pem"), *signed]
    for extension in extensions:
        command += ["-addext", extension]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise ScenarioError(f"openssl made no certificate: {done.stderr.strip()[-300:]}")
    os.chmod(key, 0o600)
