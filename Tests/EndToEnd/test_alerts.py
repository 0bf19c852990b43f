"""Alerts of budgets, told to webhooks: what is posted, signed and tried again, whoever is dead, restarted or killed."""

import base64
import hashlib
import hmac
import http.server
import json
import os
import pathlib
import signal
import tempfile
import time

from harness.certificates import Certificate
from harness.gateway import Gateway, free_port
from harness.receiver import PostReceiver
from harness.waiting import soon
from harness.wire import Wire, request
from test_budgets import BudgetCase

#: As receivers' libraries make them, and its key.
SECRET = "whsec_" + base64.b64encode(b"a key of two dozen bytes").decode()
TOKEN = "Bearer token-that-nobody-reads"
PATH = "/T0/B0/path-that-is-a-secret"


class Receiver(PostReceiver):
    """A server that keeps what is posted to it and answers `status`, `location` with it; later at the port that it is given."""

    def __init__(self, port=0, certificate=None):
        self.status, self.location, self.posts = 200, None, []
        self.answer = b"ok"
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.posts.append((self.path, self.headers, body))
                receiver.goes.wait()
                try:
                    self.send_response(receiver.status)
                    if receiver.location:
                        self.send_header("location", receiver.location)
                    self.send_header("content-length", str(len(receiver.answer)))
                    self.end_headers()
                    self.wfile.write(receiver.answer)
                except OSError:  # Nobody waits any more.
                    pass

            def log_message(self, *_):
                pass

        self.serve(Handler, port, certificate)

    def bodies(self):
        return [json.loads(body) for _, _, body in self.posts]


class Alerts(BudgetCase):
    """alert_webhooks."""

    def receiver(self, *arguments, **options):
        receiver = Receiver(*arguments, **options)
        self.addCleanup(receiver.close)
        return receiver

    def file(self, *receivers, **others):
        """A gateway's configuration: a key with two thresholds, and a webhook for each port."""
        hooks = {
            f"hook-{number}": {"url": f"http://127.0.0.1:{port}{PATH}?a=b", "secret": "env:HOOK_SECRET", "headers": {"Authorization": "env:HOOK_TOKEN"}}
            for number, port in enumerate(receivers)
        }
        limits = {"type": "requests", "credit_limit": 100, "periodic_reset": "monthly", "alert_thresholds": [2, 4]}
        return {**self.configuration(usage_limits=limits), "alert_webhooks": hooks, **others}

    def start(self, *receivers, **others):
        gateway = Gateway(self.file(*receivers, **others), {"HOOK_SECRET": SECRET, "HOOK_TOKEN": TOKEN})
        self.addCleanup(gateway.stop)
        return gateway

    def many(self, gateway, count, **headers):
        client = self.client(gateway)
        for _ in range(count):
            self.ask(client, extra_headers=headers)

    def metric(self, gateway, name, hook="hook-0", outcome=None):
        return super().metric(gateway, f"sluice_alert_webhook_{name}", f'{{webhook="{hook}"' + (f',outcome="{outcome}"}}' if outcome else "}"))

    def verify(self, headers, body):
        """What a receiver does by the specification: the signature is ours, and not an old one."""
        sent = headers["webhook-timestamp"]
        self.assertLess(abs(time.time() - int(sent)), 60)
        signed = f"{headers['webhook-id']}.{sent}.".encode() + body
        code = hmac.new(base64.b64decode(SECRET.removeprefix("whsec_")), signed, hashlib.sha256).digest()
        self.assertEqual(headers["webhook-signature"], "v1," + base64.b64encode(code).decode())

    def test_told(self):
        """each threshold is posted once to each webhook: whose budget, by how much, signed, with the fields that the receiver wants"""
        first, second = self.receiver(), self.receiver()
        gateway = self.start(first.port, second.port, policies={
            "per-user": {"group_by": [{"key": "metadata._user"}], "usage_limits": {"type": "tokens", "credit_limit": 100_000, "alert_threshold": 1}}})
        self.many(gateway, 6, **{"x-portkey-metadata": '{"_user": "alice"}'})
        self.assertTrue(soon(lambda: len(first.posts) == len(second.posts) == 3), gateway.said())
        self.assertEqual([post[2] for post in first.posts], [post[2] for post in second.posts])
        for path, headers, body in first.posts:
            self.assertEqual(path, PATH + "?a=b")
            self.assertEqual((headers["content-type"], headers["authorization"], headers["expect"]), ("application/json", TOKEN, None))
            self.verify(headers, body)
            told = json.loads(body)
            self.assertEqual((told["id"], told["type"]), (headers["webhook-id"], "budget.alert"))
            self.assertRegex(told["timestamp"], r"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        data = sorted((body["data"] for body in first.bodies()), key=lambda data: data["threshold"])
        self.assertEqual(data[0]["budget"], {"scope": "policy", "id": "per-user", "name": "per-user", "group": {"metadata._user": "alice"}})
        self.assertEqual((data[0]["unit"], data[0]["threshold"], data[0]["limit"], data[0]["period"], data[0]["resets_at"]), ("tokens", 1, 100_000, None, None))
        self.assertGreater(data[0]["used"], 1)
        for one, threshold in zip(data[1:], (2, 4)):
            self.assertEqual(one["budget"], {"scope": "key", "id": "team", "name": "team"})
            self.assertEqual((one["unit"], one["threshold"], one["used"], one["limit"], one["period"]), ("requests", threshold, threshold, 100, "monthly"))
            self.assertRegex(one["resets_at"], r"^20\d\d-\d\d-01T00:00:00\.000Z$")
        self.assertEqual(len({body["id"] for body in first.bodies()}), 3)
        self.assertTrue(soon(lambda: self.metric(gateway, "messages_total", "hook-1", "delivered") == 3))
        self.assertEqual(os.listdir(os.path.join(self.data, "alerts")), ["lock"])

    def test_dead(self):
        """nobody waits for a receiver that is not there, or hangs; it is tried again, the log says so once, and it is told when it is back"""
        port, hanging, well = free_port(), self.receiver(), self.receiver()
        hanging.goes.clear()
        gateway = self.start(port, hanging.port, well.port)
        self.many(gateway, 30)
        # The hanging one may have a post first, and then the others wait for its time-out.
        self.assertTrue(soon(lambda: len(well.posts) == 2, within=40), gateway.said())
        self.assertTrue(soon(lambda: self.metric(gateway, "retries_total") >= 2, within=40), gateway.said())
        self.assertEqual((self.metric(gateway, "waiting"), self.metric(gateway, "messages_total", outcome="delivered")), (2, 0))
        self.many(gateway, 10)
        hanging.goes.set()
        back = self.receiver(port)
        self.assertTrue(soon(lambda: self.metric(gateway, "messages_total", outcome="delivered") == 2, within=60), gateway.said())
        self.assertTrue(soon(lambda: self.metric(gateway, "messages_total", "hook-1", "delivered") == 2, within=60), gateway.said())
        self.assertEqual(sorted(body["data"]["threshold"] for body in back.bodies()), [2, 4])
        for _, headers, body in back.posts:
            self.verify(headers, body)
        said = pathlib.Path(gateway.output).read_text()
        self.assertEqual(said.count('alert webhook "hook-0" at 127.0.0.1:'), 2, said)
        self.assertIn(f'alert webhook "hook-0" at 127.0.0.1:{port} takes alerts again', said)
        for secret in (SECRET, TOKEN, "path-that-is-a-secret"):
            self.assertNotIn(secret, said)
            self.assertNotIn(secret, self.metrics(gateway))

    def metrics(self, gateway):
        with Wire(gateway.port) as wire:
            return wire.send(request("GET", "/metrics", {"Host": "localhost"})).response().body.decode()

    def test_restart(self):
        """what was not delivered is after a restart and after a kill, once and with the same id; what was told is not told again"""
        receiver = self.receiver()
        receiver.status = 503
        gateway = self.start(receiver.port)
        self.many(gateway, 2)
        self.assertTrue(soon(lambda: receiver.posts), gateway.said())
        gateway.stop()
        receiver.status = 200
        gateway = self.start(receiver.port)
        self.assertTrue(soon(lambda: self.metric(gateway, "messages_total", outcome="delivered") == 1), gateway.said())
        self.assertEqual(len({body["id"] for body in receiver.bodies()}), 1)
        receiver.posts.clear()
        receiver.status = 500
        self.many(gateway, 2)
        self.assertTrue(soon(lambda: receiver.posts), gateway.said())
        os.kill(gateway.serving, signal.SIGKILL)
        receiver.status = 200
        self.assertTrue(soon(lambda: len(os.listdir(os.path.join(self.data, "alerts"))) == 1, within=30), gateway.said())
        self.assertEqual({(body["id"], body["data"]["threshold"]) for body in receiver.bodies()}, {(receiver.bodies()[0]["id"], 4)})
        self.assertEqual(receiver.posts[0][2], receiver.posts[-1][2])
        self.many(gateway, 3)
        gateway.stop()
        gateway = self.start(receiver.port)
        self.many(gateway, 1)
        told = len(receiver.posts)
        time.sleep(0.5)
        self.assertEqual(len(receiver.posts), told)
        self.assertEqual({body["data"]["threshold"] for body in receiver.bodies()}, {4})

    def test_killed(self):
        """what a killed process had under way counts as spent, and the thresholds that it passes are told: of a key, and of a policy's account"""
        receiver = self.receiver()
        gateway = self.start(receiver.port, policies={
            "per-user": {"group_by": [{"key": "metadata._user"}], "usage_limits": {"type": "requests", "credit_limit": 100, "alert_threshold": 3}}})
        headers = {"Authorization": f"Bearer {self.key}", "x-portkey-metadata": '{"_user": "alice"}'}
        body = {"model": "mock?tokens=1000&gap=100", "stream": True, "messages": [{"role": "user", "content": "hello"}]}
        for _ in range(3):
            wire = Wire(gateway.port)
            self.addCleanup(wire.socket.close)
            self.assertEqual(wire.send(request("POST", "/v1/chat/completions", headers, body)).head().status, 200)
        self.assertEqual(receiver.posts, [])
        os.kill(gateway.serving, signal.SIGKILL)
        self.assertTrue(soon(lambda: len(receiver.posts) == 2, within=20), gateway.said())
        told = {body["data"]["budget"]["name"]: body["data"] for body in receiver.bodies()}
        self.assertEqual((told["team"]["threshold"], told["team"]["used"]), (2, 2))
        self.assertEqual((told["per-user"]["threshold"], told["per-user"]["used"], told["per-user"]["budget"]["group"]), (3, 3, {"metadata._user": "alice"}))

    def test_last_words(self):
        """an alert of the last request before a stop is told by who stops, or, where that had no time, by who starts next"""
        receiver = self.receiver()
        gateway = self.start(receiver.port)
        self.many(gateway, 2)
        gateway.stop()
        print(f"told by who stopped: {len(receiver.posts)}", flush=True)
        again = self.start(receiver.port)
        self.assertTrue(soon(lambda: len(os.listdir(os.path.join(self.data, "alerts"))) == 1), again.said())
        self.assertEqual(len({body["id"] for body in receiver.bodies()}), 1)
        self.assertEqual(os.listdir(os.path.join(self.data, "alerts")), ["lock"])

    def test_stopped_while_it_hangs(self):
        """a receiver that hangs does not keep a gateway from stopping"""
        receiver = self.receiver()
        receiver.goes.clear()
        gateway = self.start(receiver.port)
        self.many(gateway, 2)
        self.assertTrue(soon(lambda: receiver.posts), gateway.said())
        start = time.monotonic()
        gateway.child.terminate()
        self.assertEqual(gateway.child.wait(8), 0)
        print(f"stopped after {time.monotonic() - start:.1f} s", flush=True)
        self.assertEqual(len(os.listdir(os.path.join(self.data, "alerts"))), 2)

    def test_redirect(self):
        """a redirect is not followed: the operator named one host and no other"""
        elsewhere, receiver = self.receiver(), self.receiver()
        receiver.status, receiver.location = 307, f"http://127.0.0.1:{elsewhere.port}/"
        gateway = self.start(receiver.port)
        self.many(gateway, 2)
        self.assertTrue(soon(lambda: len(receiver.posts) >= 2, within=20), gateway.said())
        self.assertIn("it answered 307, and redirects are not followed", pathlib.Path(gateway.output).read_text())
        self.assertEqual(elsewhere.posts, [])

    def test_long_answer(self):
        """what a receiver says beside its status is not read to its end, and counts for nothing"""
        receiver = self.receiver()
        receiver.answer = bytes(32 << 20)
        gateway = self.start(receiver.port)
        self.many(gateway, 2)
        self.assertTrue(soon(lambda: self.metric(gateway, "messages_total", outcome="delivered") == 1, within=20), gateway.said())
        self.assertEqual((len(receiver.posts), self.metric(gateway, "retries_total")), (1, 0))

    def test_tls(self):
        """over TLS a receiver is believed whose certificate an authority of ca_file vouches for, and no other"""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        authority = Certificate("Test Authority", is_authority=True)
        path = Certificate("receiver", authority, ["localhost"]).write(pathlib.Path(folder.name, "receiver.pem"))
        authorities = pathlib.Path(folder.name, "authorities.pem")
        authorities.write_bytes(authority.pem)
        receiver = self.receiver(certificate=path)
        url = f"https://localhost:{receiver.port}/"
        gateway = self.start(alert_webhooks={"known": {"url": url, "ca_file": str(authorities)}, "unknown": {"url": url}})
        self.many(gateway, 2)
        self.assertTrue(soon(lambda: self.metric(gateway, "messages_total", "known", "delivered") == 1, within=20), gateway.said())
        self.assertTrue(soon(lambda: self.metric(gateway, "retries_total", "unknown") >= 1, within=20), gateway.said())
        self.assertEqual(len(receiver.posts), 1)
        self.assertIsNone(receiver.posts[0][1]["webhook-signature"])

    def test_reload(self):
        """webhooks come and change with the file"""
        gateway = self.start()
        self.many(gateway, 2)
        receiver = self.receiver()
        with open(gateway.file) as file:
            changed = json.load(file)
        changed["alert_webhooks"] = self.file(receiver.port)["alert_webhooks"]
        with open(gateway.file, "w") as file:
            json.dump(changed, file, indent=2)
        self.assertTrue(soon(lambda: 'webhook="hook-0"' in self.metrics(gateway)), gateway.said())
        self.many(gateway, 2)
        self.assertTrue(soon(lambda: len(receiver.posts) == 1), gateway.said())
        self.verify(*receiver.posts[0][1:])
        self.assertEqual(receiver.bodies()[0]["data"]["threshold"], 4)
