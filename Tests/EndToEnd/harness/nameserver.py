"""A name server written in the test, and a place for the gateway to find it: a mount namespace with its own resolv.conf and hosts."""

import ctypes
import ipaddress
import os
import pathlib
import socket
import struct
import tempfile
import threading
import unittest

A, AAAA = 1, 28
#: Where it listens: resolv.conf has no place for a port, and this machine's own name server another address.
ADDRESS = "127.53.53.53"
CLONE_NEWNS, MS_BIND, MS_REC, MS_PRIVATE = 0x20000, 0x1000, 0x4000, 0x40000
_libc = ctypes.CDLL(None, use_errno=True)


class NameServer:
    """Answers A and AAAA with what `addresses` has for a name: a list of texts, or a function that gives one; TTL 0."""

    def __init__(self):
        if os.geteuid() != 0:
            raise unittest.SkipTest("a name server on port 53 and a mount namespace need root")
        self.addresses, self.asked = {}, []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((ADDRESS, 53))
        self.directory = tempfile.TemporaryDirectory()
        for name, text in (("resolv.conf", f"nameserver {ADDRESS}\noptions timeout:1 attempts:1\n"), ("hosts", "127.0.0.1 localhost\n")):
            pathlib.Path(self.directory.name, name).write_text(text)
        self.answering = threading.Thread(target=self._answer, daemon=True)
        self.answering.start()

    def close(self):
        self.socket.sendto(b"", (ADDRESS, 53))
        self.answering.join(2)
        self.socket.close()
        self.directory.cleanup()

    def enter(self):
        """To be called in a child before its program starts: there, names are asked of this server and no other."""
        def check(result):
            if result != 0:
                raise OSError(ctypes.get_errno(), "a mount namespace could not be made")
        check(_libc.unshare(CLONE_NEWNS))
        check(_libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None))
        for name in ("resolv.conf", "hosts"):
            check(_libc.mount(f"{self.directory.name}/{name}".encode(), f"/etc/{name}".encode(), None, MS_BIND, None))

    def _answer(self):
        while True:
            question, sender = self.socket.recvfrom(512)
            if not question:
                return
            at, labels = 12, []
            while question[at]:
                labels.append(question[at + 1:at + 1 + question[at]].decode())
                at += 1 + question[at]
            kind = struct.unpack(">H", question[at + 1:at + 3])[0]
            name = ".".join(labels).lower()
            self.asked.append(name)
            known = self.addresses.get(name)
            found = [ipaddress.ip_address(address) for address in (known() if callable(known) else known or [])]
            found = [address for address in found if kind == (A if address.version == 4 else AAAA)]
            flags = 0x8180 if known is not None else 0x8183
            answer = question[:2] + struct.pack(">HHHHH", flags, 1, len(found), 0, 0) + question[12:at + 5]
            for address in found:
                answer += struct.pack(">HHHIH", 0xC00C, kind, 1, 0, len(address.packed)) + address.packed
            self.socket.sendto(answer, sender)
