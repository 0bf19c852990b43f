"""Certificates made for one test, and a server that shows them and records what it is sent."""

import datetime
import ipaddress
import ssl

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from harness.listener import Listener

DAY = datetime.timedelta(days=1)


class Certificate:
    """A certificate and its key, signed by `issuer` or by itself; `days` from now is it valid."""

    def __init__(self, name, issuer=None, names=(), is_authority=False, days=(-1, 1), usage=ExtendedKeyUsageOID.SERVER_AUTH):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        now = datetime.datetime.now(datetime.timezone.utc)
        builder = (x509.CertificateBuilder().subject_name(self.name).issuer_name(issuer.name if issuer else self.name).public_key(self.key.public_key())
                   .serial_number(x509.random_serial_number()).not_valid_before(now + days[0] * DAY).not_valid_after(now + days[1] * DAY)
                   .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True))
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName([self._alternative(name) for name in names]), critical=False)
        if not is_authority:
            builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        self.certificate = builder.sign(issuer.key if issuer else self.key, hashes.SHA256())
        self.chain = [self, *(issuer.chain if issuer else [])]

    @staticmethod
    def _alternative(name):
        try:
            return x509.IPAddress(ipaddress.ip_address(name))
        except ValueError:
            return x509.DNSName(name)

    @property
    def pem(self):
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def write(self, path):
        """Key, certificate and its issuers, as a server wants them; returns the path."""
        key = self.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        path.write_bytes(key + b"".join(one.pem for one in self.chain))
        return path


class TLSUpstream(Listener):
    """Answers `answer` to whatever comes over TLS; keeps the names asked for, the plaintext, and the raw bytes of all connections."""

    def __init__(self, path, answer, newest=ssl.TLSVersion.MAXIMUM_SUPPORTED):
        self.answer, self.names, self.plaintext, self.raw = answer, [], b"", b""
        self.context = None
        if path:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(path)
            self.context.maximum_version = newest
            if newest < ssl.TLSVersion.TLSv1_2:
                self.context.minimum_version = newest
                self.context.set_ciphers("ALL:@SECLEVEL=0")
            self.context.sni_callback = lambda session, name, context: self.names.append(name)
        super().__init__()

    def serve(self, connection):
        connection.settimeout(5)
        with connection:
            try:
                self._speak(connection)
            except (OSError, ValueError):
                pass  # the client had enough: what it sent until then is kept

    def _speak(self, connection):
        if not self.context:
            self.raw += connection.recv(65536)
            return connection.sendall(self.answer)
        # In memory, so that the bytes of the wire can be kept as well.
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        session = self.context.wrap_bio(incoming, outgoing, server_side=True)
        step = session.do_handshake
        while True:
            try:
                result = step()
                if step == session.do_handshake:
                    step = self._reading(session)
                elif result:
                    self.plaintext += result
                    session.write(self.answer)
                else:
                    return
            except ssl.SSLWantReadError:
                self._flush(connection, outgoing)
                data = connection.recv(65536)
                self.raw += data
                if not data:
                    return
                incoming.write(data)
            except ssl.SSLError:
                return self._flush(connection, outgoing)

    @staticmethod
    def _reading(session):
        return lambda: session.read(65536)

    @staticmethod
    def _flush(connection, outgoing):
        if data := outgoing.read():
            connection.sendall(data)
