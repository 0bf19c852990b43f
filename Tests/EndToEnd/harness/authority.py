"""Certificates made for one run, by openssl(1)."""

import os
import ssl
import subprocess
import tempfile
from pathlib import Path


class Authority:
    """A certificate authority in a folder of its own, and what it signs."""

    def __init__(self, name="tests"):
        self.directory = Path(tempfile.mkdtemp(prefix="sluice-certificates-"))
        self.name = name
        self.file, self._key = self._request(f"/CN={name}", "ca", ["-addext", "basicConstraints=critical,CA:TRUE"])

    def _request(self, subject, file, options):
        certificate, key = self.directory / f"{file}.pem", self.directory / f"{file}.key"
        done = subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj", subject,
             "-keyout", str(key), "-out", str(certificate), *options], capture_output=True, text=True)
        if done.returncode != 0:
            raise AssertionError(f"openssl made no certificate: {done.stderr}")
        os.chmod(key, 0o600)
        return str(certificate), str(key)

    def sign(self, file, names="", subject="/CN=server", purpose="serverAuth"):
        """Certificate and key for `names` in openssl's notation ("DNS:a.example,URI:spiffe://a/b"): two paths."""
        options = ["-CA", self.file, "-CAkey", self._key, "-addext", f"extendedKeyUsage={purpose}", "-addext", "basicConstraints=CA:FALSE"]
        return self._request(subject, file, options + (["-addext", f"subjectAltName={names}"] if names else []))

    def context(self, client=None, **options):
        """What a client trusts: this authority, and with which certificate and key it shows itself."""
        context = ssl.create_default_context(cafile=self.file)
        if client:
            context.load_cert_chain(*client)
        for name, value in options.items():
            setattr(context, name, value)
        return context
