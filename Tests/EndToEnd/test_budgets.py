"""Budgets and rate limits over the wire: with the SDK, across restarts, crashes and upgrades."""

import concurrent.futures
import json
import os
import re
import shutil
import signal
import socket
import tempfile
import threading
import time
import unittest

import openai

from harness.chance import chance, rounds
from harness.gateway import Gateway, Mock, command, new_key
from harness.waiting import soon
from harness.wire import Wire, request

#: Dollars a million tokens of what the mock makes, and in nano-dollars a token.
INPUT, OUTPUT = 3, 15
NANO_INPUT, NANO_OUTPUT = 3_000, 15_000


class BudgetCase(unittest.TestCase):
    """A gateway with one key, before a mock of its own, whose bills can be read."""

    def setUp(self):
        self.mock = Mock()
        self.addCleanup(self.mock.stop)
        self.data = tempfile.mkdtemp(prefix="sluice-test-data-")
        self.addCleanup(shutil.rmtree, self.data, ignore_errors=True)
        self.key, self.digest = new_key()

    def configuration(self, **limits):
        return {
            "version": 1,
            "data": self.data,
            "unpriced": {"input": INPUT, "output": OUTPUT},
            "providers": {"house": {"base_url": self.mock.base, "auth": "none"}},
            "keys": {"team": {"digest": self.digest, "config": "all", **limits}},
            "configs": {"all": {"provider": "house"}},
        }

    def start(self, **limits):
        gateway = Gateway(self.configuration(**limits))
        self.addCleanup(gateway.stop)
        return gateway

    def client(self, gateway):
        return openai.OpenAI(base_url=f"{gateway.url}/v1", api_key=self.key, max_retries=0)

    def ask(self, client, model="mock?tokens=20", **members):
        return client.chat.completions.create(model=model, messages=[{"role": "user", "content": "hello"}], **members)

    def billed(self):
        """What the mock would charge for so far, in nano-dollars."""
        stats = self.mock.stats()
        return stats["billed_input_tokens"] * NANO_INPUT + stats["billed_output_tokens"] * NANO_OUTPUT

    def metric(self, gateway, name, labels=""):
        wire = Wire(gateway.port)
        try:
            text = wire.send(request("GET", "/metrics", {"Host": "localhost"})).response().body.decode()
        finally:
            wire.socket.close()
        return float(re.search(rf"(?m)^{name}{re.escape(labels)} (\S+)$", text)[1])

    SPENT = '{scope="key",name="team",unit="dollars"}'

    def spent(self, gateway):
        """In nano-dollars."""
        return round(self.metric(gateway, "sluice_budget_spent", self.SPENT) * 1e9)


class Budgets(BudgetCase):
    """usage_limits and rate_limits."""

    def test_sdk(self):
        """the SDK spends what it is charged for, is cut to what is left and told so, and then refused; a restart forgets nothing"""
        gateway = self.start(usage_limits={"credit_limit": 0.004, "periodic_reset": "monthly", "alert_threshold": 0.001})
        client = self.client(gateway)
        for _ in range(4):
            self.ask(client, max_tokens=40)
        self.assertTrue(soon(lambda: self.spent(gateway) == self.billed() > 0))
        self.assertTrue(soon(lambda: 'budget of key "team" has passed $0.001 of $0.004' in gateway.said()), gateway.said())
        cut = client.chat.completions.with_raw_response.create(
            model="mock?tokens=500", messages=[{"role": "user", "content": "hello"}], max_tokens=500)
        self.assertRegex(cut.headers["x-sluice-warnings"], r"budget: the answer is limited to \d+ tokens")
        self.assertEqual(cut.parse().choices[0].finish_reason, "length")
        with self.assertRaises(openai.APIStatusError) as refused:
            for _ in range(20):
                self.ask(client, model="mock?tokens=500", max_tokens=500)
        self.assertEqual(refused.exception.status_code, 412)
        self.assertEqual(refused.exception.code, "budget_exceeded")
        self.assertIn('of the cost budget of key "team", $0.004, ', refused.exception.message)
        billed = self.billed()
        self.assertLessEqual(billed, 4_000_000)
        gateway.stop()
        again = self.start(usage_limits={"credit_limit": 0.004, "periodic_reset": "monthly"})
        self.assertEqual(self.spent(again), billed)
        with self.assertRaises(openai.APIStatusError):
            self.ask(self.client(again), model="mock?tokens=500", max_tokens=500)

    def test_rates(self):
        """of a thousand requests at once exactly as many pass as the limit has; the rest is told when to come again"""
        gateway = self.start(rate_limits=[{"type": "requests", "unit": "rpm", "value": 100}])
        body = {"model": "mock?tokens=1", "messages": []}

        def ask(_):
            wire = Wire(gateway.port)
            try:
                return wire.send(request("POST", "/v1/chat/completions", {"Authorization": f"Bearer {self.key}"}, body)).response()
            finally:
                wire.socket.close()

        with concurrent.futures.ThreadPoolExecutor(50) as pool:
            answers = list(pool.map(ask, range(1000)))
        self.assertEqual([sum(answer.status == status for answer in answers) for status in (200, 429)], [100, 900])
        refused = next(answer for answer in answers if answer.status == 429)
        self.assertEqual(refused["x-ratelimit-limit-requests"], "100")
        self.assertGreater(int(refused["retry-after"]), 0)
        self.assertEqual(self.mock.stats()["requests"], 100)

    def test_shapes(self):
        """what is refused is told in either dialect: a budget that is used up, a limit that is reached, a model without a price"""
        cases = {
            "budget_exceeded": (412, "budget_exceeded_error", {"usage_limits": {"type": "requests", "credit_limit": 0}}, {}),
            "rate_limit_exceeded": (429, "rate_limit_error", {"rate_limits": {"type": "tokens", "unit": "rpw", "value": 1}}, {}),
            "model_unpriced": (412, "budget_exceeded_error", {"usage_limits": {"credit_limit": 1}}, {"unpriced": "deny"}),
        }
        for code, (status, kind, limits, others) in cases.items():
            gateway = Gateway({**self.configuration(**limits), **others})
            self.addCleanup(gateway.stop)
            for path in ("/v1/chat/completions", "/v1/messages"):
                with self.subTest(code=code, path=path):
                    body = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hello"}]}
                    for _ in range(2):  # The limit of tokens has room for one.
                        with Wire(gateway.port) as wire:
                            answer = wire.send(request("POST", path, {"x-portkey-api-key": self.key}, body)).response()
                    self.assertEqual(answer.status, status, answer)
                    error = answer.json["error"]
                    if path == "/v1/messages":
                        # Anthropic has no word for it but these.
                        self.assertEqual((answer.json["type"], error["type"]), ("error", kind if status == 429 else "invalid_request_error"))
                    else:
                        self.assertEqual((error["type"], error["code"]), (kind, code))
            gateway.stop()

    def test_reload(self):
        """limits may come with a reload, and change with one; what is spent stays spent"""
        gateway = self.start()
        client = self.client(gateway)
        self.ask(client)
        file = json.loads(open(gateway.file).read())
        for cap, status in ((2, 200), (2, 200), (2, 412), (3, 200), (3, 412)):
            file["keys"]["team"]["usage_limits"] = {"type": "requests", "credit_limit": cap}
            with open(gateway.file, "w") as out:
                json.dump(file, out, indent=2)
            self.assertTrue(soon(lambda: f'sluice_budget_limit{{scope="key",name="team",unit="requests"}} {cap}' in self.metrics(gateway)))
            try:
                self.ask(client)
                self.assertEqual(status, 200)
            except openai.APIStatusError as error:
                self.assertEqual(error.status_code, status)

    def metrics(self, gateway):
        wire = Wire(gateway.port)
        try:
            return wire.send(request("GET", "/metrics", {"Host": "localhost"})).response().body.decode()
        finally:
            wire.socket.close()

    def test_unwritable(self):
        """without a place for its books a gateway with limits does not start, and says what to do"""
        blocked = os.path.join(self.data, "file")
        open(blocked, "w").close()
        configuration = {**self.configuration(usage_limits={"credit_limit": 1}), "data": os.path.join(blocked, "below")}
        with self.assertRaisesRegex(AssertionError, "budgets and rate limits are kept there: name another folder with data:"):
            Gateway(configuration)


class Storm(BudgetCase):
    """A budget, and a policy's of each user, under everything at once."""

    CLIENTS = 64
    USERS = 5
    ADMIN = "an-admin-key-of-this-storm-0123456789abcdef"

    def start(self, **limits):
        # Of all users together more than the key may spend: now the one is used up, now the other.
        self.share = limits["usage_limits"]["credit_limit"] / 4
        policy = {"group_by": [{"key": "metadata._user"}], "usage_limits": {"credit_limit": self.share}}
        gateway = Gateway({**self.configuration(**limits), "policies": {"per-user": policy}}, {"SLUICE_DATA": self.data, "SLUICE_ADMIN_KEY": self.ADMIN})
        self.addCleanup(gateway.stop)
        return gateway

    def shares(self, gateway):
        """What each user has spent, in nano-dollars."""
        with Wire(gateway.port) as wire:
            answer = wire.send(request("GET", "/v1/policies/usage-limits/per-user/entities", {"x-portkey-api-key": self.ADMIN})).response()
        return {row["value_key"]: round(row["current_usage"] * 1e9) for row in answer.json["data"]}

    def test_never_overrun(self):
        """clients that stream, leave and fail, kills and upgrades under them: what the mock bills never passes the cap, nor any user's, and all of it is spent"""
        cap = rounds(1, 5)
        random = chance("budgets", "storm")
        gateway = self.start(usage_limits={"credit_limit": cap})
        self.now = gateway
        stopping = threading.Event()
        seeds = [random.randrange(1 << 30) for _ in range(self.CLIENTS)]
        statuses = {}

        def run(seed):
            own = chance("budgets", "client", seed)
            while not stopping.is_set():
                status = self.one(self.now, own)
                statuses[status] = statuses.get(status, 0) + 1

        threads = [threading.Thread(target=run, args=(seed,)) for seed in seeds]
        for thread in threads:
            thread.start()
        try:
            # Three in four of them are kills.
            for number in range(rounds(4, 136)):
                time.sleep(random.uniform(0.3, 1.0))
                if number % 4 == 1:
                    # The old process drains what it has while the new one reserves from the same budget.
                    upgraded = command("upgrade", "--pid", str(gateway.pid))
                    self.assertEqual(upgraded.returncode, 0, upgraded.stderr + gateway.said())
                elif number % 4 == 3:
                    # The supervisor as well, which would wait longer after each.
                    os.killpg(gateway.pid, signal.SIGKILL)
                    gateway = self.now = self.start(usage_limits={"credit_limit": cap})
                else:
                    try:
                        os.kill(gateway.serving, signal.SIGKILL)
                    except ProcessLookupError:
                        continue
                self.assertTrue(soon(lambda: self.is_serving(gateway), within=60), gateway.said())
                self.assertLessEqual(self.billed(), cap * 1e9)
        finally:
            stopping.set()
            for thread in threads:
                thread.join()
        self.assertTrue(soon(lambda: self.is_serving(gateway), within=60), gateway.said())
        self.assertTrue(soon(lambda: self.metric(gateway, "sluice_budget_reservations") == 0, within=30))
        self.assertTrue(soon(lambda: self.metric(gateway, "sluice_budget_reserved", self.SPENT) == 0))
        self.assertGreater(statuses.get(200, 0), self.CLIENTS)
        print(f"{sum(statuses.values())} requests: {statuses}; billed ${self.billed() / 1e9:.4f}, spent ${self.spent(gateway) / 1e9:.4f} of ${cap}", flush=True)
        self.assertLessEqual(self.billed(), self.spent(gateway))
        self.assertLessEqual(self.spent(gateway), cap * 1e9)
        shares = self.shares(gateway)
        print(f"by user: {shares}", flush=True)
        self.assertEqual(len(shares), self.USERS)
        self.assertLessEqual(max(shares.values()), self.share * 1e9)
        self.assertLessEqual(self.billed(), sum(shares.values()))
        # No refusal while it fits: what is left after all that is a whole request's, or the budget is used up.
        left = cap * 1_000_000_000 - self.spent(gateway)
        status = self.one(gateway, None)
        self.assertEqual(status, 200 if left > 100 * NANO_INPUT + 10 * NANO_OUTPUT else status)

    def is_serving(self, gateway):
        try:
            self.metrics_status(gateway)
            return True
        except (OSError, AssertionError, ValueError):
            return False

    def metrics_status(self, gateway):
        wire = Wire(gateway.port)
        try:
            return wire.send(request("GET", "/health", {"Host": "localhost"})).response().status
        finally:
            wire.socket.close()

    def one(self, gateway, own):
        """One request of a client that may not wait for its end; its status, None where there was none."""
        tokens = own.choice((1, 10, 50)) if own else 5
        fails = own.choice(("", "", "", "&status=500")) if own else ""
        streams = own.random() < 0.5 if own else False
        body = {"model": f"mock?tokens={tokens}&gap=1{fails}", "max_tokens": tokens if own is None or own.random() < 0.7 else tokens * 4,
                "stream": streams, "messages": [{"role": "user", "content": "x" * (own.randrange(200) if own else 5)}]}
        try:
            wire = Wire(gateway.port)
        except OSError:
            time.sleep(0.05)
            return None
        try:
            user = json.dumps({"_user": own.randrange(self.USERS) if own else "late"})
            wire.send(request("POST", "/v1/chat/completions", {"Authorization": f"Bearer {self.key}", "x-portkey-metadata": user}, body))
            if own and own.random() < 0.2:
                wire.socket.settimeout(own.uniform(0.001, 0.05))
                try:
                    wire.socket.recv(200)
                except (socket.timeout, OSError):
                    pass
                return None
            return wire.response().status
        except Exception:  # Killed under the request: whatever the wire makes of that.
            return None
        finally:
            wire.socket.close()


if __name__ == "__main__":
    unittest.main()
