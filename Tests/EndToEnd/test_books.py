"""The books: what each request leaves behind, over crashes, full disks, reloads and upgrades; and `sluice logs`."""

import collections
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import unittest
from pathlib import Path

import openai

from harness.chance import chance, rounds
from harness.gateway import Gateway, Mock, binary, command, new_key
from harness.upstream import Upstream
from harness.waiting import soon
from harness.wire import Cut, Wire, request

CHAT = "/v1/chat/completions"
#: Dollars a million tokens of what the mock makes, and in nano-dollars a token.
INPUT, OUTPUT = 3, 15
NANO_INPUT, NANO_OUTPUT = 3_000, 15_000
#: What `kill -9` may lose is 20 ms; a thread of a busy machine may wait for its turn besides.
WINDOW = 1.0


class BooksCase(unittest.TestCase):
    """A gateway with books and one key, before a mock of its own, whose bills can be read."""

    def setUp(self):
        self.mock = Mock()
        self.addCleanup(self.mock.stop)
        self.data = Path(tempfile.mkdtemp(prefix="sluice-test-books-"))
        self.addCleanup(shutil.rmtree, self.data, ignore_errors=True)
        self.key, self.digest = new_key()
        prices = self.data / "prices.yaml"
        prices.write_text(f'version: "test-1"\nsource: "tests"\nprices:\n  house:\n    "mock": {{input: {INPUT}, output: {OUTPUT}}}\n')

    def configuration(self, books=None, key=None, **members):
        return {
            "version": 1, "prices": str(self.data / "prices.yaml"), "books": {"mode": "required", **(books or {})},
            "providers": {"house": {"base_url": self.mock.base, "auth": "none"}, "nowhere": {"base_url": "http://127.0.0.1:9/v1", "auth": "none"}},
            "keys": {"team": {"digest": self.digest, "config": "all", **(key or {})}},
            "configs": {"all": {"provider": "house"},
                        "second": {"strategy": {"mode": "fallback"}, "targets": [{"provider": "nowhere"}, {"provider": "house"}]}},
            **members,
        }

    def start(self, configuration=None, **options):
        gateway = Gateway(configuration or self.configuration(), {"SLUICE_DATA": str(self.data)}, **options)
        self.addCleanup(gateway.stop)
        return gateway

    def ask(self, gateway, headers=None, path=CHAT, **members):
        body = {"model": "mock?tokens=20", "messages": [{"role": "user", "content": "hello"}], **members}
        with Wire(gateway.port) as wire:
            return wire.send(request("POST", path, {"x-portkey-api-key": self.key, **(headers or {})}, body)).response()

    def logs(self, *options):
        done = command("logs", "--data", str(self.data), *options)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def records(self, *options):
        # Ids are in the order of time; the journal has one worker's after another's.
        return sorted((json.loads(line) for line in self.logs("--json", "--since", "1d", *options).splitlines()), key=lambda record: record["id"])

    def recorded(self, count, *options):
        """All records, once there are so many."""
        self.assertTrue(soon(lambda: len(self.records(*options)) >= count), self.records(*options))
        return self.records(*options)

    def metrics(self, gateway):
        with Wire(gateway.port) as wire:
            text = wire.send(request("GET", "/metrics", {"Host": "localhost"})).response().body.decode()
        return {name: float(value) for name, value in re.findall(r"(?m)^(sluice_books_\w+) (\S+)$", text)}

    @property
    def journal(self):
        return self.data / "books" / "journal"


class Records(BooksCase):
    """books: records."""

    def test_request(self):
        """a request's record says who, what, where, what it took and what it cost"""
        gateway = self.start()
        answer = self.ask(gateway, {"x-portkey-metadata": json.dumps({"team": "search", "_user": "ada", "n": 3}), "x-portkey-trace-id": "trace-7",
                                    "x-portkey-package-version": "portkey-2.3.4", "x-portkey-span-id": "s1", "x-portkey-parent-span-id": "s0", "x-portkey-span-name": "ask", "User-Agent": "tests/1"})
        usage = answer.json["usage"]
        [record] = self.recorded(1)
        expected = {
            "trace": "trace-7", "span": "s1", "parent_span": "s0", "span_name": "ask", "key": "team", "key_id": "team", "user": "ada",
            "metadata": {"team": "search", "_user": "ada", "n": "3"}, "peer": "127.0.0.1", "agent": "tests/1", "sdk": "portkey-2.3.4", "endpoint": "chat.completions", "method": "POST",
            "path": CHAT, "config": "all", "provider": "house", "target": "config", "model": "mock?tokens=20", "status": 200,
            "finish_reason": answer.json["choices"][0]["finish_reason"], "attempts": 1, "cache": "DISABLED", "stream": False,
            "tokens_in": usage["prompt_tokens"], "tokens_out": usage["completion_tokens"], "id": answer["x-sluice-request-id"],
        }
        self.assertEqual({name: record.get(name) for name in expected}, expected)
        self.assertEqual((record["mode"], record["gateway_version"]), ("single", command("version").stdout.split()[1]))
        self.assertRegex(record["config_digest"], r"^[0-9a-f]{8}$")
        self.assertLessEqual(record["first_byte_us"], record["total_us"])
        self.assertLessEqual(record["gateway_us"], record["total_us"])
        self.assertNotIn("estimated", record)
        # Nobody was connected: it has waited for a dial.
        self.assertGreater(record["queue_us"], 0)
        self.assertEqual(record["connect_us"], record["queue_us"])
        self.assertLessEqual(record["gateway_us"] + record["queue_us"], record["first_byte_us"])
        [tried] = record["tries"]
        self.assertEqual({name: tried[name] for name in tried if name not in ("ms", "key")}, {
            "target": "config", "status": 200, "why": "only", "begun_us": record["gateway_us"], "queue_us": record["queue_us"],
            "first_byte_us": record["first_byte_us"], "over_us": record["total_us"], "tokens_in": record["tokens_in"], "tokens_out": record["tokens_out"]})

    def test_cost(self):
        """what a request costs is its tokens by the price book, whose version is named; the sum of all is what the mock billed"""
        gateway = self.start(self.configuration(configs={"all": {"provider": "house", "override_params": {"model": "mock"}}}))
        for stream in (False, True) * 3:
            self.ask(gateway, stream=stream)
        records = self.recorded(6)
        stats = self.mock.stats()
        billed = stats["billed_input_tokens"] * NANO_INPUT + stats["billed_output_tokens"] * NANO_OUTPUT
        self.assertEqual(sum(round(record["cost_usd"] * 1e9) for record in records), billed)
        self.assertGreater(billed, 0)
        self.assertEqual({record["price_book"].split()[0] for record in records}, {"test-1"})
        for record in records:
            if record["stream"]:
                self.assertLessEqual(record["first_token_us"], record["total_us"])

    def test_tier(self):
        """a request that asks for other terms costs what they do, in its record as in its budget"""
        prices = self.data / "prices.yaml"
        prices.write_text(prices.read_text().replace(f"output: {OUTPUT}}}", f"output: {OUTPUT}, flex: {{input: 1, output: 2}}}}"))
        gateway = self.start(self.configuration(
            key={"usage_limits": {"credit_limit": 10}}, configs={"all": {"provider": "house", "override_params": {"model": "mock"}}}))
        answer = self.ask(gateway, service_tier="flex")
        usage = answer.json["usage"]
        [record] = self.recorded(1)
        self.assertEqual(round(record["cost_usd"] * 1e9), usage["prompt_tokens"] * 1_000 + usage["completion_tokens"] * 2_000)
        with Wire(gateway.port) as wire:
            text = wire.send(request("GET", "/metrics", {"Host": "localhost"})).response().body.decode()
        self.assertEqual(round(float(re.search(r"(?m)^sluice_budget_spent\{.*\} (\S+)$", text)[1]) * 1e9), round(record["cost_usd"] * 1e9))

    def test_limits_and_guardrails(self):
        """a record names whose limits it was counted in, what each guardrail came to, and which credential each try went through"""
        guardrails = [{"id": "words", "deny": False, "checks": [{"id": "default.contains", "parameters": {"operator": "any", "words": ["nothing"]}}]}]
        target = {"provider": "house", "input_guardrails": guardrails}
        gateway = self.start(self.configuration(
            key={"usage_limits": {"type": "requests", "credit_limit": 10}},
            virtual_keys={"spent": {"provider": "nowhere", "api_key": "k", "usage_limits": {"type": "requests", "credit_limit": 9}}, "used": {"provider": "house", "api_key": "k", "rate_limits": [{"type": "requests", "unit": "rpm", "value": 9}]}},
            configs={"all": {"strategy": {"mode": "fallback"}, "targets": [{"virtual_key": "spent"}, {"virtual_key": "used"}]}, "judged": target}))
        self.assertEqual(self.ask(gateway).status, 200)
        self.assertEqual(self.ask(gateway, {"x-portkey-config": "judged"}).status, 246)
        tried, judged = self.recorded(2)
        self.assertEqual(tried["limits"], ["key:team", "virtual_key:used"])
        self.assertEqual([(entry["key"], entry.get("status")) for entry in tried["tries"]], [("spent", None), ("used", 200)])
        self.assertNotIn("guardrails", tried)
        self.assertEqual((judged["limits"], judged["guardrails"]), (["key:team"], [{"id": "words", "side": "input", "verdict": False, "deny": False}]))

    def test_uncounted_sound(self):
        """sound that its provider has counted costs by the class, and what nobody has counted has no price: it is not reckoned from its bytes"""
        self.check_sound({})

    def test_uncounted_sound_limited(self):
        """the same of a key whose requests are limited"""
        self.check_sound({"rate_limits": [{"type": "requests", "unit": "rpm", "value": 9}]})

    def test_uncounted_sound_budget(self):
        """the same of a key whose tokens are limited: it is charged those that were counted"""
        self.assertEqual(self.check_sound({"usage_limits": {"type": "tokens", "credit_limit": 1_000_000}}), 59)

    def test_counted_sound_charged(self):
        """sound that was let through without a price is charged to a budget of money what its record says, once its provider has counted it"""
        self.assertEqual(self.check_sound({"usage_limits": {"credit_limit": 10}}), 4 * NANO_INPUT + 10 * 6_000 + 45 * NANO_OUTPUT)

    def check_sound(self, key):
        """Two answers by one key, one counted by time; returns what its budget was charged, nano-dollars or its own unit."""
        told = {"type": "tokens", "input_tokens": 14, "input_token_details": {"text_tokens": 4, "audio_tokens": 10}, "output_tokens": 45, "total_tokens": 59}
        answers = iter([{"type": "duration", "seconds": 12}, told])
        upstream = Upstream(lambda request, peer: peer.answer({"text": "hi", "model": "mock", "usage": next(answers)}))
        self.addCleanup(upstream.close)
        configuration = self.configuration(key=key, unpriced="allow")
        configuration["providers"]["house"]["base_url"] = upstream.base
        prices = self.data / "prices.yaml"
        prices.write_text(prices.read_text().replace(f"output: {OUTPUT}", f"audio_input: 6, output: {OUTPUT}"))
        gateway = self.start(configuration)
        for _ in range(2):
            with Wire(gateway.port) as wire:
                fields = {"x-portkey-api-key": self.key, "Content-Type": "multipart/form-data; boundary=b"}
                answer = wire.send(request("POST", "/v1/audio/transcriptions", fields, b"--b\r\n\r\n" + bytes(100_000) + b"\r\n--b--\r\n")).response()
                self.assertEqual(answer.status, 200, answer)
        by_time, by_tokens = self.recorded(2)
        self.assertTrue(by_time["unpriced"])
        for name in ("tokens_in", "cost_usd", "estimated"):
            self.assertNotIn(name, by_time)
        self.assertEqual((by_tokens["tokens_in"], by_tokens["tokens_audio_in"], by_tokens["tokens_out"]), (14, 10, 45))
        self.assertEqual(round(by_tokens["cost_usd"] * 1e9), 4 * NANO_INPUT + 10 * 6_000 + 45 * NANO_OUTPUT)
        with Wire(gateway.port) as wire:
            text = wire.send(request("GET", "/metrics", {"Host": "localhost"})).response().body.decode()
        found = re.search(r'(?m)^sluice_budget_spent\{.*unit="(\w+)".*\} (\S+)$', text)
        return found and round(float(found[2]) * (1e9 if found[1] == "dollars" else 1))

    def test_cut_sound(self):
        """a stream of sound that is cut behind its usage took what it has told"""
        told = {"type": "transcript.text.done", "text": "hi", "usage": {"type": "tokens", "input_tokens": 14, "output_tokens": 45, "total_tokens": 59}}

        def answer(request, peer):
            peer.stream(f"data: {json.dumps(told)}\n\n".encode(), end=False)
            time.sleep(0.3)
            peer.cut()

        upstream = Upstream(answer)
        self.addCleanup(upstream.close)
        configuration = self.configuration()
        configuration["providers"]["house"]["base_url"] = upstream.base
        gateway = self.start(configuration)
        with Wire(gateway.port) as wire:
            fields = {"x-portkey-api-key": self.key, "Content-Type": "multipart/form-data; boundary=b"}
            wire.send(request("POST", "/v1/audio/transcriptions", fields, b"--b\r\n\r\n" + bytes(1000) + b"\r\n--b--\r\n"))
            while wire.socket.recv(65536):
                pass
        [record] = self.recorded(1)
        self.assertEqual((record.get("tokens_in"), record.get("tokens_out"), record.get("estimated")), (14, 45, True), record)

    def test_uncounted_chat_limited(self):
        """a chat that nobody has counted is reckoned from its bytes where only requests are limited, a token for four bytes"""
        upstream = Upstream(lambda request, peer: peer.answer({"model": "mock", "choices": []}))
        self.addCleanup(upstream.close)
        configuration = self.configuration(key={"rate_limits": [{"type": "requests", "unit": "rpm", "value": 9}]})
        configuration["providers"]["house"]["base_url"] = upstream.base
        gateway = self.start(configuration)
        self.assertEqual(self.ask(gateway, model="mock", messages=[{"role": "user", "content": "hello" * 100}]).status, 200)
        [record] = self.recorded(1)
        self.assertTrue(record["estimated"], record)
        self.assertGreater(record["tokens_in"], 125)
        self.assertEqual(round(record["cost_usd"] * 1e9), record["tokens_in"] * NANO_INPUT + record["tokens_out"] * NANO_OUTPUT)

    def test_config_digest(self):
        """a config of the file has the same digest whenever it says the same, and another when it says something else"""
        digests = []
        for config in ({"provider": "house"}, {"provider": "house", "override_params": {"top_p": 1}}, {"provider": "house"}):
            gateway = self.start(self.configuration(configs={"all": config}))
            self.assertEqual(self.ask(gateway).status, 200)
            digests.append(self.recorded(len(digests) + 1)[-1]["config_digest"])
            gateway.stop()
        self.assertEqual(digests[0], digests[2])
        self.assertNotEqual(digests[0], digests[1])

    def test_failures(self):
        """what is refused, fails, falls back or is left is recorded as that, with whose fault it was"""
        gateway = self.start()
        self.ask(gateway, {"x-portkey-api-key": "sk-sluice-" + "A" * 49})
        self.ask(gateway, {"x-portkey-config": "nobody"})
        self.ask(gateway, {"x-portkey-config": "second"})
        self.ask(gateway, {"x-portkey-config": json.dumps({"provider": "nowhere"})})
        with Wire(gateway.port) as wire:
            wire.send(request("POST", CHAT, {"x-portkey-api-key": self.key}, {"model": "mock?tokens=1000&gap=20", "stream": True, "messages": []}))
            self.assertIn(b"data:", wire.socket.recv(65536))
            time.sleep(0.3)
        records = {record.get("error", record["status"]): record for record in self.recorded(5)}
        self.assertEqual((records["invalid_api_key"]["status"], records["invalid_api_key"]["blame"], records["invalid_api_key"]["cost_usd"]), (401, "client", 0))
        self.assertEqual((records["unknown_config"]["status"], records["unknown_config"]["key"]), (400, "team"))
        self.assertEqual((records["upstream_unreachable"]["status"], records["upstream_unreachable"]["blame"]), (502, "upstream"))
        [fallback] = [record for record in self.records() if record.get("config") == "second"]
        self.assertEqual((fallback["status"], fallback["attempts"], fallback["target"], fallback["mode"]), (200, 2, "config.targets[1]", "fallback"))
        self.assertNotIn("mode", records["unknown_config"])
        self.assertEqual([entry.get("end") for entry in fallback["tries"]], ["unreachable", None])
        self.assertLessEqual(fallback["tries"][0]["over_us"], fallback["tries"][1]["begun_us"])
        self.assertEqual([(entry["target"], entry["end"]) for entry in records["upstream_unreachable"]["tries"]], [("config", "unreachable")])
        [left] = [record for record in self.records() if record.get("aborted")]
        self.assertTrue(left["estimated"])
        self.assertGreater(left["tokens_out"], 0)

    def test_user(self):
        """the user is the metadata's, else the body's metadata's, else the body's `user`"""
        gateway = self.start()
        self.ask(gateway, {"x-portkey-metadata": '{"_user":"a"}'}, user="c")
        self.ask(gateway, metadata={"_user": "b"}, user="c")
        self.ask(gateway, user="c")
        self.ask(gateway)
        self.assertEqual([record.get("user") for record in self.recorded(4)], ["a", "b", "c", None])
        self.assertEqual([record.get("metadata", {}).get("_user") for record in self.records()], ["a", "b", "c", None])

    def test_metadata_bounds(self):
        """metadata of 4096 bytes is kept, a byte more is left out and said so; what is no object has no members"""
        gateway = self.start()
        for count in (190, 192, 193, 4096, 4097):
            self.ask(gateway, {"x-portkey-metadata": '{"a":"' + "x" * (count - 8) + '"}'})
        self.ask(gateway, {"x-portkey-metadata": "no json"})
        records = self.recorded(6)
        self.assertEqual([len(record.get("metadata", {}).get("a", "")) for record in records], [128, 128, 128, 128, 0, 0])
        self.assertEqual([record.get("metadata_left_out", False) for record in records], [False] * 4 + [True, False])

    def test_cache(self):
        """an answer that was kept costs nothing, and says what it saved"""
        gateway = self.start()
        config = {"x-portkey-config": json.dumps({"provider": "house", "cache": {"mode": "simple"}, "override_params": {"model": "mock"}})}
        for _ in range(2):
            self.ask(gateway, config)
        first, second = self.recorded(2)
        self.assertEqual((first["cache"], second["cache"]), ("MISS", "HIT"))
        self.assertEqual((second["cost_usd"], second["saved_usd"]), (0, first["cost_usd"]))
        self.assertEqual(second["saved_tokens_out"], first["tokens_out"])

    def test_own(self):
        """what the gateway answers itself leaves no record"""
        gateway = self.start()
        for path in ("/health", "/ready", "/metrics", "/", "/nowhere", "/v1/sluice/targets"):
            with Wire(gateway.port) as wire:
                wire.send(request("GET", path, {"Host": "localhost"})).response()
        self.ask(gateway)
        self.assertEqual(len(self.recorded(1)), 1)

    def test_off_with_bodies(self):
        """with `mode: off` bodies that were kept before go when their time is over, and no others"""
        folder = self.data / "books" / "bodies"
        folder.mkdir(parents=True)
        old, new = folder / "2025-01-01-00.sqlite", folder / time.strftime("%Y-%m-%d-%H.sqlite", time.gmtime())
        for file in (old, new):
            file.touch()
        gateway = self.start(self.configuration({"mode": "off", "bodies": {"keep": "1h"}}))
        self.assertTrue(soon(lambda: not old.exists()))
        self.assertTrue(new.exists())
        gateway.stop()

    def test_off(self):
        """with `mode: off` nothing is written; without a folder neither"""
        gateway = self.start(self.configuration({"mode": "off"}))
        self.assertEqual(self.ask(gateway).status, 200)
        self.assertFalse(self.journal.exists())
        self.assertEqual(self.metrics(gateway), {})

    def test_nothing_secret(self):
        """no credential and no body is in the journal"""
        gateway = self.start()
        self.ask(gateway, {"Authorization": "Bearer sk-caller-secret"}, messages=[{"role": "user", "content": "what-nobody-reads"}])
        self.recorded(1)
        written = b"".join(file.read_bytes() for file in self.journal.iterdir())
        for secret in (self.key, "sk-caller-secret", "what-nobody-reads"):
            self.assertNotIn(secret.encode(), written)
        self.assertEqual({file.stat().st_mode & 0o777 for file in self.journal.iterdir()}, {0o600})


class Survival(BooksCase):
    """books: crashes, disks and upgrades."""

    def client(self, stopping, gateway, answered):
        """Asks until it is told to stop; notes when each answer was whole, and what it says of its tokens."""
        number = 0
        while not stopping.is_set():
            number += 1
            name = f"{threading.get_ident()}-{number}"
            try:
                answer = self.ask(gateway, {"x-portkey-trace-id": name}, model="mock?tokens=3")
            except (Cut, OSError, AssertionError, ValueError):
                time.sleep(0.02)
                continue
            if answer.status == 200:
                answered[name] = (time.monotonic(), answer.json["usage"]["completion_tokens"])

    def test_kill(self):
        """killed again and again under load: of what was answered a moment before, each is recorded, once, and with what its provider billed"""
        random = chance("books", "kill")
        gateway = self.start(self.configuration({"segment": "64KiB"}))
        answered, kills, stopping = {}, [], threading.Event()
        threads = [threading.Thread(target=self.client, args=(stopping, gateway, answered)) for _ in range(8)]
        for thread in threads:
            thread.start()
        try:
            for _ in range(rounds(4, 40)):
                time.sleep(random.uniform(WINDOW + 0.2, WINDOW + 1))
                kills.append(time.monotonic())
                os.kill(gateway.serving, signal.SIGKILL)
                self.assertTrue(soon(lambda count=len(answered): len(answered) > count + 8, within=60), gateway.said())
        finally:
            stopping.set()
            for thread in threads:
                thread.join()
        gateway.stop()
        records = self.records()
        counts = collections.Counter(record["id"] for record in records)
        self.assertEqual([identifier for identifier, count in counts.items() if count > 1], [])
        by_trace = {record["trace"]: record for record in records}
        # An answer that came before the kill may be noted a moment after it.
        safe = {name for name, (when, _) in answered.items() if not any(kill - WINDOW < when <= kill + 0.3 for kill in kills)}
        self.assertEqual(safe - set(by_trace), set())
        for name, (_, tokens) in answered.items():
            if name in by_trace and by_trace[name]["status"] == 200:
                self.assertEqual(by_trace[name]["tokens_out"], tokens)
        self.assertLessEqual(sum(record.get("tokens_out", 0) for record in records if not record.get("estimated")), self.mock.stats()["billed_output_tokens"])
        self.assertGreater(len(safe), 50)
        print(f"{len(kills)} kills, {len(answered)} answers, {len(set(answered) - set(by_trace))} of them within a window lost", flush=True)
        self.assertFalse([file for file in self.journal.iterdir() if file.suffix == ".new"])

    def test_torn(self):
        """what a killed process left torn is put aside and told by the next, and the records before it are read"""
        gateway = self.start()
        for _ in range(3):
            self.ask(gateway)
        self.recorded(3)
        os.killpg(gateway.pid, signal.SIGKILL)
        gateway.child.wait()
        [segment] = self.journal.iterdir()
        whole = segment.read_bytes()
        segment.write_bytes(whole[:-10])
        again = self.start()
        self.assertIn("are no whole one, and are kept in", again.output.read_text())
        self.assertEqual(len(self.records()), 2)
        [aside] = [file for file in self.journal.iterdir() if file.suffix == ".torn"]
        self.assertTrue(whole[:-10].endswith(aside.read_bytes()))
        self.ask(again)
        self.assertEqual(len(self.recorded(3)), 3)

    def block(self):
        """From the next segment on nothing can be written: there is a file where the folder was."""
        self.journal.rename(self.data / "moved")
        self.journal.write_text("")

    def unblock(self):
        """Back to where it was; what was opened meanwhile was nothing."""
        self.journal.unlink()
        (self.data / "moved").rename(self.journal)

    def test_full(self):
        """while the disk takes nothing requests that must be recorded are refused with 503; those let in are recorded when it does again, all of them"""
        gateway = self.start(self.configuration({"segment": "64KiB"}), workers=1)
        self.ask(gateway)
        self.recorded(1)
        self.block()
        large = {"x-portkey-metadata": '{"a":"' + "x" * 4080 + '"}'}
        statuses = collections.Counter()
        with Wire(gateway.port) as wire:
            for _ in range(2000):
                answer = wire.send(request("POST", CHAT, {"x-portkey-api-key": self.key, **large}, {"model": "mock?tokens=1", "messages": []})).response()
                statuses[answer.status] += 1
                if statuses[503] == 10:
                    break
        self.assertEqual(statuses[503], 10, statuses)
        self.assertEqual(answer.json["error"]["code"], "unrecordable")
        self.assertEqual(answer["retry-after"], "1")
        with Wire(gateway.port) as wire:
            answer = wire.send(request("POST", "/v1/messages", {"x-portkey-api-key": self.key}, {"model": "m", "max_tokens": 1, "messages": []})).response()
        self.assertEqual((answer.status, answer.json["type"]), (503, "error"))
        # The refusals themselves are counted: what room there is, is for those under way.
        self.assertEqual(self.metrics(gateway)["sluice_books_unrecorded_total"], 11)
        self.assertGreater(self.metrics(gateway)["sluice_books_waiting_bytes"], 2 << 20)
        self.assertIn("sluice: journal: ", gateway.output.read_text())
        self.unblock()
        self.assertTrue(soon(lambda: self.ask(gateway).status == 200))
        self.assertTrue(soon(lambda: "the journal is written again" in gateway.output.read_text()))
        asked = 1 + statuses[200] + 1
        self.assertTrue(soon(lambda: sum(record["status"] == 200 for record in self.records()) == asked))
        self.assertTrue(all(record.get("error") == "unrecordable" for record in self.records() if record["status"] != 200))

    def test_modes(self):
        """while the disk takes nothing `auto` refuses requests with a budget alone, and counts what of others is not recorded"""
        configuration = self.configuration({"mode": "auto", "segment": "64KiB"}, unpriced={"input": INPUT, "output": OUTPUT})
        capped, digest = new_key()
        configuration["keys"]["capped"] = {"digest": digest, "config": "all", "usage_limits": {"credit_limit": 100}}
        gateway = self.start(configuration, workers=1)
        self.ask(gateway)
        self.recorded(1)
        self.block()
        large = {"x-portkey-metadata": '{"a":"' + "x" * 4080 + '"}'}
        with Wire(gateway.port) as wire:
            for count in range(3000):
                fields = {"x-portkey-api-key": self.key, **large}
                self.assertEqual(wire.send(request("POST", CHAT, fields, {"model": "mock?tokens=1", "messages": []})).response().status, 200)
                if count % 50 == 0 and self.metrics(gateway)["sluice_books_unrecorded_total"] > 0:
                    break
        self.assertGreater(self.metrics(gateway)["sluice_books_unrecorded_total"], 0)
        self.assertEqual(self.ask(gateway, {"x-portkey-api-key": capped}).status, 503)
        self.unblock()
        self.assertTrue(soon(lambda: self.ask(gateway, {"x-portkey-api-key": capped}).status == 200))

    def test_upgrade(self):
        """over an upgrade under load each answer is recorded once, by the process that gave it"""
        gateway = self.start()
        answered, stopping = {}, threading.Event()
        threads = [threading.Thread(target=self.client, args=(stopping, gateway, answered)) for _ in range(4)]
        for thread in threads:
            thread.start()
        try:
            time.sleep(0.5)
            done = command("upgrade", "--pid", str(gateway.pid))
            self.assertEqual(done.returncode, 0, done.stderr)
            time.sleep(0.5)
        finally:
            stopping.set()
            for thread in threads:
                thread.join()
        gateway.stop()
        traces = collections.Counter(record["trace"] for record in self.records())
        self.assertEqual(set(answered) - set(traces), set())
        self.assertEqual({count for count in traces.values()}, {1})
        self.assertEqual(len({file.name.split("-")[2] for file in self.journal.iterdir()}), 2)
        self.assertEqual({file.suffix for file in self.journal.iterdir()}, {".journal"})

    def test_retention(self):
        """the oldest segments are removed when all take more than they may"""
        gateway = self.start(self.configuration({"segment": "64KiB", "keep_size": "1MiB"}))
        large = {"x-portkey-metadata": '{"a":"' + "x" * 4080 + '"}'}
        for _ in range(400):
            self.ask(gateway, large, model="mock?tokens=1")
        self.assertTrue(soon(lambda: self.metrics(gateway)["sluice_books_segments_removed_total"] > 0, within=60))
        self.assertLessEqual(sum(file.stat().st_size for file in self.journal.iterdir()), 1 << 20)
        self.assertGreater(len(self.records()), 100)

    def test_unusable(self):
        """a gateway whose journal cannot be there does not start, and says what to do"""
        (self.data / "books").mkdir()
        self.journal.write_text("")
        with self.assertRaisesRegex(AssertionError, r"name another folder with --data, or record nothing: books: \{mode: off\}"):
            self.start()


class Logs(BooksCase):
    """sluice logs."""

    def test_table(self):
        """a line a request: when, who, what, where, tokens, cost, times"""
        gateway = self.start(self.configuration(configs={"all": {"provider": "house", "override_params": {"model": "mock"}}}))
        self.ask(gateway)
        [record] = self.recorded(1)
        head, line = self.logs().splitlines()
        self.assertEqual(head.split(), ["TIME", "KEY", "MODEL", "TARGET", "STATUS", "CACHE", "TOKENS", "COST", "FIRST", "TOTAL"])
        words = line.split()
        self.assertRegex(words[0], r"^\d\d:\d\d:\d\d\.\d{3}$")
        self.assertEqual(words[1], "team")
        self.assertIn("house", words)
        self.assertIn(f"{record['tokens_in']}/{record['tokens_out']}", words)
        self.assertIn(f"${record['cost_usd']:.9f}".rstrip("0"), words)

    def test_choice(self):
        """filters, times and counts choose; what is none is refused with what would be one"""
        gateway = self.start()
        for team in "abc":
            self.ask(gateway, {"x-portkey-metadata": json.dumps({"team": team})}, model=f"mock-{team}?tokens=1")
        self.ask(gateway, {"x-portkey-config": "nobody"})
        self.recorded(4)
        for options, count in (
            (["--filter", "metadata.team=b"], 1), (["--filter", "metadata.team!=b"], 3), (["--filter", "status=4xx"], 1),
            (["--filter", "status=200", "--filter", "model=mock-c?tokens=1"], 1), (["--filter", "key=team"], 4), (["--filter", "key=other"], 0),
            (["--last", "2"], 2), (["-n", "0"], 0), (["--since", "1h"], 4), (["--since", "2000-01-01"], 4), (["--since", "2999-01-01T00:00:00Z"], 0),
        ):
            with self.subTest(options=options):
                self.assertEqual(len(self.logs("--json", *options).splitlines()), count)
        for options, says in ((["--filter", "modle=x"], "virtual_key"), (["--filter", "x"], "key=value"), (["--since", "yesterday"], "2026-11-26"),
                              (["--last=-1"], "0 to 1000000")):
            with self.subTest(options=options):
                done = command("logs", "--data", str(self.data), *options)
                self.assertEqual(done.returncode, 64)
                self.assertIn(says, done.stderr)

    def test_follow(self):
        """--follow prints what is recorded from then on, also over a change of segments"""
        gateway = self.start(self.configuration({"segment": "64KiB"}))
        self.ask(gateway)
        self.recorded(1)
        follower = subprocess.Popen([binary(), "logs", "--data", str(self.data), "--follow", "--json", "-n", "1"], stdout=subprocess.PIPE, text=True)
        self.addCleanup(follower.wait)
        self.addCleanup(follower.stdout.close)
        self.addCleanup(follower.kill)
        json.loads(follower.stdout.readline())
        large = {"x-portkey-metadata": '{"a":"' + "x" * 4080 + '"}'}
        for number in range(40):
            self.ask(gateway, {**large, "x-portkey-trace-id": f"t{number}"}, model="mock?tokens=1")
        self.assertEqual({json.loads(follower.stdout.readline())["trace"] for _ in range(40)}, {f"t{number}" for number in range(40)})

    def test_none(self):
        """without a journal it says how there comes to be one"""
        done = command("logs", "--data", str(self.data / "none"))
        self.assertEqual(done.returncode, 2)
        self.assertIn("`sluice serve --data FOLDER` keeps one", done.stderr)

    def test_terminal(self):
        """what a client sends does not move a terminal's cursor"""
        gateway = self.start()
        self.ask(gateway, model="a\x1b[2Jb")
        self.recorded(1)
        self.assertNotIn("\x1b", self.logs())

    def test_sdk(self):
        """what the SDK asks is recorded with its own name"""
        gateway = self.start()
        client = openai.OpenAI(base_url=f"{gateway.url}/v1", api_key=self.key, max_retries=0)
        list(client.chat.completions.create(model="mock?tokens=5", messages=[{"role": "user", "content": "hi"}], stream=True))
        [record] = self.recorded(1)
        self.assertTrue(record["agent"].startswith("OpenAI/Python"))
        self.assertEqual((record["stream"], record["tokens_out"]), (True, 5))


if __name__ == "__main__":
    unittest.main()
