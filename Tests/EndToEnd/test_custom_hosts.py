"""Hosts that callers name: none leads into the operator's network, by whatever name, answer or redirect."""

import time

from harness.gateway import Gateway, GatewayCase, free_port
from harness.nameserver import NameServer
from harness.upstream import CHAT, Upstream

#: Addresses that are no business of a caller's, as a resolver may give them.
PRIVATE = ("127.0.0.1", "127.9.9.9", "10.0.0.1", "172.16.0.1", "192.168.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1", "198.18.0.1",
           "255.255.255.255", "::1", "::", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "fd00::1", "fe80::1", "fd00:ec2::254",
           "64:ff9b::7f00:1", "2002:7f00:1::")


class Named(GatewayCase):
    """Names that lead to private addresses."""

    @classmethod
    def setUpClass(cls):
        cls.names = NameServer()
        cls.addClassCleanup(cls.names.close)
        cls.upstream = Upstream()
        cls.addClassCleanup(cls.upstream.close)
        # Open to the network: this machine is no caller's business either.
        configuration = {"version": 1, "listen": [f"0.0.0.0:{free_port()}"], "trusted_hosts": ["listed.example.com"],
                         "timeouts": {"connect": "500ms"}}
        cls.gateway = Gateway(configuration, enter=cls.names.enter)
        cls.addClassCleanup(cls.gateway.stop)

    def setUp(self):
        super().setUp()
        self.connections = self.upstream.connections

    def ask(self, name, **members):
        target = {"provider": "openai", "api_key": "k", "custom_host": f"http://{name}:{self.upstream.port}/v1", **members}
        return self.chat(target)

    def assert_not_connected(self):
        self.assertEqual((self.upstream.connections, self.upstream.requests), (self.connections, []))

    def test_listed(self):
        """a host that the operator lists is reached by the same names"""
        self.names.addresses["listed.example.com"] = ["127.0.0.1"]
        self.assertEqual(self.ask("listed.example.com").status, 200)

    def test_refused(self):
        """a name that leads to a private address is refused, whichever it is, and nothing is connected to"""
        for number, address in enumerate(PRIVATE):
            with self.subTest(address=address):
                name = f"n{number}.example.com"
                self.names.addresses[name] = [address]
                response = self.ask(name)
                self.assertEqual((response.status, response.json["error"]["code"]), (400, "invalid_custom_host"), response)
                self.assertIn(name, self.names.asked, "nobody asked for the name: this shows nothing")
                self.assert_not_connected()

    def test_among_others(self):
        """nor is one private address among public ones connected to"""
        # What is not routed here answers with an error or not at all; both end within the time to connect.
        self.names.addresses["mixed.example.com"] = ["198.41.0.4", "127.0.0.1", "::1"]
        response = self.ask("mixed.example.com")
        self.assertGreaterEqual(response.status, 400, response)
        self.assert_not_connected()

    def test_rebinding(self):
        """a name that changes its address between two answers leads nowhere private, however often it is asked for"""
        answers = [0]

        def flip():
            answers[0] += 1
            return ["127.0.0.1"] if answers[0] % 3 else ["198.41.0.4"]
        self.names.addresses["rebind.example.com"] = flip
        for _ in range(30):
            self.assertGreaterEqual(self.ask("rebind.example.com").status, 400)
            if answers[0] > 4:
                break
            # Names are kept for a second.
            time.sleep(0.4)
        self.assertGreater(answers[0], 4, "the name was hardly asked for: this shows nothing")
        self.assert_not_connected()

    def test_literals(self):
        """the same addresses written out, and other spellings of this machine's, are refused"""
        spelled = [f"[{address}]" if ":" in address else address for address in PRIVATE]
        for host in (*spelled, "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "127.0.1", "0", "localhost", "LOCALHOST", "localhost.", "a.localhost",
                     "①②⑦.⓪.⓪.①", "127。0。0。1", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:127.0.0.1]", "[::1%25lo]", "x@127.0.0.1", "example.com@127.0.0.1",
                     "127.0.0.1#@example.com", "127.0.0.1\\@example.com", "metadata.google.internal", "metadata", "instance-data"):
            with self.subTest(host=host):
                response = self.ask(host)
                # A config is refused for the first; whether this machine is meant, only the listeners know.
                self.assertIn((response.status, response.json["error"]["code"]), ((400, "invalid_config"), (400, "invalid_custom_host")), response)
                self.assertEqual(response.json.get("pointers", ["/custom_host"]), ["/custom_host"])
                if host.isascii():
                    response = self.chat(headers={**self.upstream.headers(), "x-portkey-custom-host": f"http://{host}:{self.upstream.port}/v1"})
                    self.assertEqual((response.status, response.json["error"]["code"]), (400, "invalid_custom_host"), response)
                self.assert_not_connected()


class Redirects(GatewayCase):
    """Redirects."""

    def test_not_followed(self):
        """a redirect is the client's to follow, wherever it leads, and takes no credential along"""
        elsewhere = Upstream()
        self.addCleanup(elsewhere.close)
        for status in (301, 302, 303, 307, 308):
            for location in (f"http://127.0.0.1:{elsewhere.port}/v1", "http://169.254.169.254/latest/meta-data", "//127.0.0.1/", "/v1/other",
                "file:///etc/passwd"):
                with self.subTest(status=status, location=location):
                    self.upstream.forget()
                    self.upstream.handler = lambda incoming, peer: peer.answer(b"", status, [("Location", location)])
                    response = self.chat()
                    self.assertEqual((response.status, response["location"]), (status, location), response)
                    self.assertEqual(len(self.upstream.requests), 1)
        self.assertEqual((elsewhere.connections, elsewhere.requests), (0, []))

    def test_no_other_target(self):
        """nor is one a way to another target of the config's"""
        self.upstream.handler = lambda incoming, peer: peer.answer(CHAT) if incoming["authorization"] == "Bearer b" else peer.answer(
            b"", 307, [("Location", f"http://127.0.0.1:{self.upstream.port}/v1/chat/completions")])
        config = {"strategy": {"mode": "fallback", "on_status_codes": [429]}, "targets": [self.upstream.target(api_key="a"), self.upstream.target(api_key="b")]}
        self.assertEqual(self.chat(config).status, 307)
        self.assertEqual([request["authorization"] for request in self.upstream.requests], ["Bearer a"])
