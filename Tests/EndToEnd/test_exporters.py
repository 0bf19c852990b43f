"""Exporters: each record sent on to a collector, a file and a webhook, whatever becomes of those; and nobody waits for it."""

import base64
import collections
import gzip
import http.server
import json
import os
import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest, ExportTraceServiceResponse
from standardwebhooks import Webhook

from harness.certificates import Certificate
from harness.gateway import Gateway, command, free_port
from harness.receiver import PostReceiver
from harness.waiting import soon
from harness.wire import Wire, request
from test_books import CHAT, NANO_INPUT, NANO_OUTPUT, BooksCase

SECRET = "whsec_" + base64.b64encode(b"a key of two dozen bytes").decode()
TOKEN = "Bearer token-that-nobody-reads"
PATH = "/v1/traces"
#: Of each exporter of a test: nothing that is recorded waits for others for long.
SOON = {"every": "50ms", "start": "oldest"}


class Sink(PostReceiver):
    """A server that takes what is posted to it, or does with it what a test wants."""

    def __init__(self, port=0, answer=b"", certificate=None):
        self.answer, self.headers, self.status, self.delay = answer, {}, 200, 0
        self.taken, self.refused = [], []
        sink = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle(self):
                try:
                    super().handle()
                except OSError:  # Its client is gone.
                    pass

            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                if self.headers["content-encoding"] == "gzip":
                    body = gzip.decompress(body)
                time.sleep(sink.delay)
                sink.goes.wait()
                status = sink.status
                try:
                    self.send_response(status)
                    for name, value in {"content-length": str(len(sink.answer)), **sink.headers}.items():
                        self.send_header(name, value)
                    self.end_headers()
                    self.wfile.write(sink.answer)
                except OSError:  # Nobody waits any more.
                    pass
                # What was taken although nobody waited is taken all the same, and comes again.
                (sink.taken if status < 300 else sink.refused).append((self.path, self.headers, body))

            def log_message(self, *_):
                pass

        self.serve(Handler, port, certificate)

    def spans(self):
        """All spans that were taken."""
        found = []
        for _, _, body in list(self.taken):
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                found += [span for scope in resource.scope_spans for span in scope.spans]
        return found

    def requests(self):
        """The attributes of those that are of a request, and not of an attempt; by the record's id, once each."""
        found = (attributes(span.attributes) for span in self.spans())
        return {one["sluice.id"]: one for one in found if "sluice.id" in one}

    def records(self):
        """Those of messages, by their ids."""
        return {record["id"]: record for _, _, body in list(self.taken) for record in json.loads(body)["records"]}


def attributes(pairs):
    def value(any_value):
        kind = any_value.WhichOneof("value")
        found = getattr(any_value, kind)
        return [value(one) for one in found.values] if kind == "array_value" else found

    return {pair.key: value(pair.value) for pair in pairs}


class ExporterCase(BooksCase):
    def sink(self, *arguments, **options):
        sink = Sink(*arguments, **options)
        self.addCleanup(sink.close)
        return sink

    @property
    def lines(self):
        return self.data / "requests.jsonl"

    def collector(self, sink, **members):
        port = sink if isinstance(sink, int) else sink.port
        return {"type": "otlp", "endpoint": f"http://127.0.0.1:{port}{PATH}", "headers": {"authorization": "env:OTLP_TOKEN"}, **SOON, **members}

    def lake(self, **members):
        return {"type": "jsonl", "path": str(self.lines), **SOON, **members}

    def hook(self, sink, **members):
        port = sink if isinstance(sink, int) else sink.port
        return {"type": "webhook", "url": f"http://127.0.0.1:{port}/hidden-path", "secret": "env:HOOK_SECRET", **SOON, **members}

    def run_with(self, exporters, books=None, **members):
        members.setdefault("configs", {
            "all": {"provider": "house", "override_params": {"model": "mock"}},
            "second": {"strategy": {"mode": "fallback"}, "targets": [{"provider": "nowhere"}, {"provider": "house", "override_params": {"model": "mock"}}]}})
        environment = {"SLUICE_DATA": str(self.data), "OTLP_TOKEN": TOKEN, "HOOK_SECRET": SECRET}
        gateway = Gateway(self.configuration(books, exporters=exporters, **members), environment)
        self.addCleanup(gateway.stop)
        return gateway

    def metric(self, gateway, name, exporter):
        with Wire(gateway.port) as wire:
            text = wire.send(request("GET", "/metrics", {"Host": "localhost"})).response().body.decode()
        return next(float(line.split()[1]) for line in text.splitlines() if line.startswith(f'sluice_exporter_{name}{{exporter="{exporter}"}}'))

    def written(self):
        """Records of the file and of those that it was before, by their ids; a line that is being written is none yet."""
        files = sorted(self.lines.parent.glob("requests*.jsonl"))
        return {json.loads(line)["id"]: line for file in files for line in file.read_text().split("\n")[:-1]}

    def reload(self, gateway, **changes):
        with open(gateway.file) as file:
            configuration = {**json.load(file), **changes}
        with open(gateway.file, "w") as file:
            json.dump(configuration, file, indent=2)
        before = gateway.output.read_text().count("read again")
        self.assertTrue(soon(lambda: gateway.output.read_text().count("read again") > before), gateway.said())


class Exporters(ExporterCase):
    """exporters: what they send."""

    def test_spans(self):
        """a collector that decodes them with OpenTelemetry's own classes has a span for each request, and their sums are what the mock counted"""
        sink = self.sink()
        gateway = self.run_with({"collector": self.collector(sink, resource={"deployment.environment.name": "test"})})
        for number in range(6):
            fields = {"x-portkey-trace-id": f"{number:032x}" if number else "a-trace-of-theirs", "x-portkey-metadata": '{"_user": "ada", "team": "search"}'}
            self.assertEqual(self.ask(gateway, fields, stream=number % 2 == 0).status, 200)
        self.assertEqual(self.ask(gateway, {"x-portkey-config": "second"}).status, 200)
        self.ask(gateway, {"x-portkey-config": "nobody"})
        records = {record["id"]: record for record in self.recorded(8)}
        self.assertTrue(soon(lambda: len(sink.requests()) == 8), gateway.said())
        stats, found = self.mock.stats(), sink.requests()
        self.assertEqual(set(found), set(records))
        sums = {name: sum(one.get(f"gen_ai.usage.{name}", 0) for one in found.values()) for name in ("input_tokens", "output_tokens")}
        self.assertEqual((sums["input_tokens"], sums["output_tokens"]), (stats["billed_input_tokens"], stats["billed_output_tokens"]))
        cost = sum(round(one["sluice.cost_usd"] * 1e9) for one in found.values())
        self.assertEqual(cost, stats["billed_input_tokens"] * NANO_INPUT + stats["billed_output_tokens"] * NANO_OUTPUT)
        for identifier, record in records.items():
            one = found[identifier]
            self.assertEqual((one["http.response.status_code"], one.get("sluice.key"), one.get("sluice.config")),
                             (record["status"], record.get("key"), record.get("config")))
            self.assertEqual(one.get("gen_ai.response.finish_reasons"), [record["finish_reason"]] if "finish_reason" in record else None)
            self.assertEqual("gen_ai.response.time_to_first_chunk" in one, record.get("first_token_us", 0) > 0)
        path, headers, body = sink.taken[0]
        self.assertEqual((path, headers["content-type"], headers["authorization"], headers["expect"]), (PATH, "application/x-protobuf", TOKEN, None))
        [resource] = ExportTraceServiceRequest.FromString(body).resource_spans
        said = attributes(resource.resource.attributes)
        self.assertEqual((said["service.name"], said["deployment.environment.name"]), ("sluice", "test"))
        self.assertRegex(said["service.version"], r"^\d+\.\d+")
        spans = sink.spans()
        self.assertEqual({span.kind for span in spans}, {3})
        self.assertIn("chat mock?tokens=20", {span.name for span in spans})
        self.assertIn((5).to_bytes(16, "big"), {span.trace_id for span in spans})
        self.assertEqual(len({(span.trace_id, span.span_id) for span in spans}), len(spans))
        [failed] = [span for span in spans if span.name == "attempt 1" and span.status.code == 2]
        [parent] = [span for span in spans if span.span_id == failed.parent_span_id]
        self.assertEqual((attributes(failed.attributes)["error.type"], attributes(parent.attributes)["sluice.config"]), ("unreachable", "second"))
        [refused] = [span for span in spans if attributes(span.attributes).get("error.type") == "unknown_config"]
        self.assertEqual((refused.status.code, refused.status.message), (2, "unknown_config"))
        self.assertTrue(soon(lambda: self.metric(gateway, "records_total", "collector") == 8))
        self.assertEqual(self.metric(gateway, "backlog_bytes", "collector"), 0)
        written = gateway.output.read_text()
        self.assertNotIn(TOKEN, written)

    def test_packed(self):
        """what is posted is packed where that is declared, and as it is where nothing is said"""
        packed, plain = self.sink(), self.sink()
        gateway = self.run_with({"packed": self.collector(packed, compression="gzip"), "plain": self.collector(plain)})
        for _ in range(3):
            self.ask(gateway)
        self.assertTrue(soon(lambda: len(packed.requests()) == 3 and len(plain.requests()) == 3), gateway.said())
        self.assertEqual(packed.requests(), plain.requests())
        for sink, coding in ((packed, "gzip"), (plain, None)):
            self.assertEqual({(headers["content-encoding"], headers["content-type"]) for _, headers, _ in sink.taken}, {(coding, "application/x-protobuf")})

    def test_lines(self):
        """a file has the lines that `sluice logs --json` prints, each once; moved away, it is begun again"""
        gateway = self.run_with({"lake": self.lake()})
        for _ in range(5):
            self.ask(gateway)
        self.assertTrue(soon(lambda: len(self.written()) == 5), gateway.said())
        self.assertEqual(sorted(self.lines.read_text().splitlines()), sorted(self.logs("--json", "--since", "1d").splitlines()))
        self.assertEqual(self.lines.stat().st_mode & 0o777, 0o640)
        self.lines.rename(self.data / "requests-taken.jsonl")
        self.ask(gateway)
        self.assertTrue(soon(lambda: self.lines.exists() and len(self.lines.read_text().splitlines()) == 1), gateway.said())
        self.assertEqual(len(self.written()), 6)

    def test_messages(self):
        """a webhook's receiver finds the signature of each post its own with the library of Standard Webhooks, and in it the records as they are"""
        sink = self.sink()
        gateway = self.run_with({"hook": self.hook(sink, batch=2)})
        for _ in range(5):
            self.ask(gateway)
        self.assertTrue(soon(lambda: len(sink.records()) == 5), gateway.said())
        printed = {json.loads(line)["id"]: json.loads(line) for line in self.logs("--json", "--since", "1d").splitlines()}
        self.assertEqual(sink.records(), printed)
        for path, headers, body in sink.taken:
            self.assertEqual((path, headers["content-type"]), ("/hidden-path", "application/json"))
            told = Webhook(SECRET).verify(body, dict(headers))
            self.assertEqual(told["type"], "sluice.records")
            self.assertLessEqual(len(told["records"]), 2)
            self.assertTrue(headers["webhook-id"].startswith(told["records"][0]["id"]))
        self.assertNotIn("hidden-path", gateway.output.read_text())

    def test_chosen(self):
        """what others have told of is sent where it is wanted, and of other workspaces nothing is"""
        own, all_, none = self.sink(), self.sink(), self.sink()
        gateway = self.run_with({"own": self.collector(own), "all": self.collector(all_, reported=True), "none": self.collector(none, workspaces=["elsewhere"])})
        self.ask(gateway)
        body = {"request": {"url": "https://api.openai.com/v1/chat/completions", "body": {"model": "gpt-4o"}},
                "response": {"status": 200, "body": {"model": "gpt-4o", "usage": {"prompt_tokens": 7, "completion_tokens": 3}}}}
        with Wire(gateway.port) as wire:
            answer = wire.send(request("POST", "/v1/logs", {"x-portkey-api-key": self.key}, body)).response()
        self.assertEqual(answer.status, 200, answer.body)
        self.ask(gateway)
        self.assertTrue(soon(lambda: len(all_.requests()) == 3 and len(own.requests()) == 2), gateway.said())
        self.assertEqual(sum(one.get("sluice.reported", False) for one in all_.requests().values()), 1)
        self.assertTrue(soon(lambda: self.metric(gateway, "backlog_bytes", "none") == 0), gateway.said())
        self.assertEqual(none.taken, [])

    def test_answers(self):
        """Retry-After is waited for, what is refused is dropped and counted, and of what is taken in part the rest"""
        sink = self.sink()
        gateway = self.run_with({"collector": self.collector(sink)})
        sink.status, sink.headers = 429, {"retry-after": "3"}
        self.ask(gateway)
        self.assertTrue(soon(lambda: sink.refused), gateway.said())
        sink.status, sink.headers = 200, {}
        self.assertTrue(soon(lambda: self.metric(gateway, "state", "collector") == 1))
        self.assertGreater(self.metric(gateway, "backlog_bytes", "collector"), 0)
        self.assertTrue(soon(lambda: len(sink.requests()) == 1), gateway.said())
        self.assertEqual(len(sink.refused), 1)
        self.assertIn("it answered 429; tried again in 3000 ms", gateway.output.read_text())
        self.assertTrue(soon(lambda: self.metric(gateway, "failures_total", "collector") == 1))
        sink.status = 400
        self.ask(gateway)
        self.assertTrue(soon(lambda: self.metric(gateway, "dropped_total", "collector") == 1), gateway.said())
        partial = ExportTraceServiceResponse()
        partial.partial_success.rejected_spans, partial.partial_success.error_message = 1, "no room for it"
        sink.status, sink.answer = 200, partial.SerializeToString()
        self.ask(gateway)
        self.assertTrue(soon(lambda: self.metric(gateway, "dropped_total", "collector") == 2), gateway.said())
        self.assertEqual(self.metric(gateway, "records_total", "collector"), 1)

    def test_tls(self):
        """over TLS a sink is believed whose certificate an authority of ca_file vouches for, and no other"""
        authority = Certificate("Test Authority", is_authority=True)
        sink = self.sink(certificate=Certificate("collector", authority, ["localhost"]).write(self.data / "collector.pem"))
        authorities = self.data / "authorities.pem"
        authorities.write_bytes(authority.pem)
        endpoint = f"https://localhost:{sink.port}{PATH}"
        gateway = self.run_with({"known": self.collector(sink, endpoint=endpoint, ca_file=str(authorities)), "unknown": self.collector(sink, endpoint=endpoint)})
        for _ in range(3):
            self.ask(gateway)
        self.assertTrue(soon(lambda: self.metric(gateway, "records_total", "known") == 3), gateway.said())
        self.assertTrue(soon(lambda: self.metric(gateway, "failures_total", "unknown") >= 1), gateway.said())
        self.assertEqual((len(sink.requests()), self.metric(gateway, "records_total", "unknown")), (3, 0))

    def test_check(self):
        """sluice check says what is wrong with an exporter, and where"""
        path = self.data / "wrong.yaml"
        path.write_text("version: 1\nexporters:\n  lake: {type: jsonl, path: r, rotate_sise: 1MiB}\n")
        done = command("check", str(path))
        self.assertEqual(done.returncode, 1)
        self.assertIn(':3:', done.stdout + done.stderr)
        self.assertIn('unknown key "rotate_sise"; did you mean "rotate_size"?', done.stdout + done.stderr)


class Outages(ExporterCase):
    """exporters: sinks that are away, disks that are full, processes that end."""

    def many(self, gateway, count):
        """Asks over two connections, and gives the times that it took."""
        times = []

        def work():
            with Wire(gateway.port) as wire:
                for _ in range(count // 2):
                    begun = time.monotonic()
                    answer = wire.send(request("POST", CHAT, {"x-portkey-api-key": self.key}, {"model": "mock?tokens=1", "messages": []})).response()
                    times.append(time.monotonic() - begun)
                    self.assertEqual(answer.status, 200)

        threads = [threading.Thread(target=work) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(len(times), count // 2 * 2)
        return sorted(times)

    def test_sinks(self):
        """sinks that are dead, hang, or are slow hold up neither requests nor each other, and have everything once they are back"""
        dead, hung, slow, well = free_port(), self.sink(), self.sink(), self.sink()
        hung.goes.clear()
        slow.delay = 0.3
        gateway = self.run_with({"dead": self.collector(dead, timeout="1s"), "hung": self.hook(hung, timeout="500ms"), "slow": self.collector(slow), "well": self.hook(well)})
        times = self.many(gateway, 200)
        print(f"with sinks dead, hung and slow: p50 {times[100] * 1e3:.1f} ms, p99 {times[198] * 1e3:.1f} ms", flush=True)
        self.assertTrue(soon(lambda: len(well.records()) == 200), gateway.said())
        self.assertTrue(soon(lambda: self.metric(gateway, "failures_total", "dead") >= 1 and self.metric(gateway, "failures_total", "hung") >= 1), gateway.said())
        self.assertGreater(self.metric(gateway, "lag_seconds", "dead"), 0)
        self.assertGreater(self.metric(gateway, "backlog_bytes", "dead"), 0)
        back = self.sink(dead)
        hung.goes.set()
        self.many(gateway, 20)
        self.assertTrue(soon(lambda: len(back.requests()) == 220 and len(hung.records()) == 220, within=60), gateway.said())
        self.assertTrue(soon(lambda: len(slow.requests()) == 220, within=60), gateway.said())
        said = gateway.output.read_text()
        self.assertEqual((said.count('exporter "dead" to'), said.count('exporter "hung" to')), (2, 2), said)
        self.assertIn("goes on after", said)

    def test_full_disk(self):
        """a full disk leaves no half of a line, and what waited is in the file when there is room"""
        folder = tempfile.mkdtemp(prefix="sluice-test-full-")
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", folder], capture_output=True).returncode != 0:
            self.skipTest("mounting needs root")
        self.addCleanup(subprocess.run, ["umount", "-l", folder], check=True)
        file, filler = Path(folder, "requests.jsonl"), Path(folder, "filler")
        filler.write_bytes(bytes(110 << 10))
        gateway = self.run_with({"lake": self.lake(path=str(file), batch=16)})
        self.many(gateway, 60)
        self.assertTrue(soon(lambda: self.metric(gateway, "failures_total", "lake") >= 1, within=20), gateway.said())
        for line in file.read_text().splitlines():
            json.loads(line)
        self.assertIn("No space left on device; tried again", gateway.output.read_text())
        filler.unlink()
        self.assertTrue(soon(lambda: len(file.read_text().splitlines()) == 60, within=60), gateway.said())
        self.assertEqual(len({json.loads(line)["id"] for line in file.read_text().splitlines()}), 60)

    def test_unable(self):
        """a path that cannot be written is told, stops nothing, and is written when it can be"""
        gateway = self.run_with({"lake": self.lake(path=str(self.data / "later" / "requests.jsonl"))})
        self.many(gateway, 10)
        self.assertTrue(soon(lambda: "No such file or directory; tried again" in gateway.output.read_text()), gateway.said())
        (self.data / "later").mkdir()
        self.assertTrue(soon(lambda: (self.data / "later" / "requests.jsonl").exists(), within=20), gateway.said())
        self.assertTrue(soon(lambda: len((self.data / "later" / "requests.jsonl").read_text().splitlines()) == 10, within=20), gateway.said())

    def test_ends(self):
        """over kills and restarts, with a sink that is away now and then, each record arrives at least once"""
        sink = self.sink()
        exporters = {"hook": self.hook(sink, batch=7), "lake": self.lake(batch=7)}
        gateway = self.run_with(exporters)
        for round_ in range(3):
            sink.status = 503 if round_ == 1 else 200
            self.many(gateway, 40)
            time.sleep(0.3)
            before = gateway.serving
            os.kill(before, signal.SIGKILL)
            self.assertTrue(soon(lambda: gateway.serving not in (before, gateway.pid) and self.ask(gateway).status == 200, within=30), gateway.said())
        gateway.stop()
        sink.status = 200
        gateway = self.run_with(exporters)
        self.many(gateway, 10)
        wanted = {record["id"] for record in self.records()}
        self.assertGreaterEqual(len(wanted), 130)
        self.assertTrue(soon(lambda: set(sink.records()) >= wanted and set(self.written()) >= wanted, within=30),
                        (len(wanted), len(sink.records()), len(self.written()), gateway.said()))
        # Rows may come behind the file, which reads the journal as they do.
        self.assertTrue(soon(lambda: set(self.written()) == {record["id"] for record in self.records()}, within=10), gateway.said())

    def test_last_words(self):
        """what was recorded before a stop is sent by who stops, or by who starts next, and not twice"""
        gateway = self.run_with({"lake": self.lake(every="1h")})
        self.many(gateway, 10)
        self.assertFalse(self.lines.exists())
        gateway.stop()
        print(f"sent by who stopped: {len(self.written())}", flush=True)
        again = self.run_with({"lake": self.lake()})
        self.assertTrue(soon(lambda: len(self.written()) == 10), again.said())
        self.assertEqual(len(self.lines.read_text().splitlines()), 10)

    def test_stopped_while_it_hangs(self):
        """a sink that hangs does not keep a gateway from stopping, and has what it did not take after the next start"""
        sink = self.sink()
        sink.goes.clear()
        gateway = self.run_with({"hook": self.hook(sink)})
        self.many(gateway, 10)
        time.sleep(0.5)
        begun = time.monotonic()
        gateway.child.terminate()
        self.assertEqual(gateway.child.wait(8), 0)
        print(f"stopped after {time.monotonic() - begun:.1f} s", flush=True)
        sink.goes.set()
        again = self.run_with({"hook": self.hook(sink)})
        self.assertTrue(soon(lambda: len(sink.records()) == 10, within=20), again.said())

    def test_upgrade(self):
        """over an upgrade under load one process at a time exports, and no record is missing or there twice"""
        gateway = self.run_with({"lake": self.lake(batch=5)})
        stopping, asked = threading.Event(), []

        def work():
            while not stopping.is_set():
                try:
                    asked.append(self.ask(gateway, model="mock?tokens=1").status)
                except (OSError, AssertionError):
                    time.sleep(0.02)

        threads = [threading.Thread(target=work) for _ in range(2)]
        for thread in threads:
            thread.start()
        try:
            time.sleep(0.5)
            done = command("upgrade", "--pid", str(gateway.pid))
            self.assertEqual(done.returncode, 0, done.stderr)
            time.sleep(1)
        finally:
            stopping.set()
            for thread in threads:
                thread.join()
        self.recorded(len(asked))
        # One whose answer nobody got has a record, too, and that may come last.
        self.assertTrue(soon(lambda: set(self.written()) == {record["id"] for record in self.records()}, within=30),
                        (len(asked), len(self.records()), len(self.written()), gateway.said()[-300:]))
        counts = collections.Counter(json.loads(line)["id"] for line in self.lines.read_text().splitlines())
        self.assertEqual({count for count in counts.values()}, {1})
        self.assertTrue(soon(lambda: self.metric(gateway, "state", "lake") == 0, within=20), gateway.said())

    def test_reload(self):
        """an exporter that comes with the file begins with what comes; one that changes goes on from where it was, and one that goes is heard of no more"""
        gateway = self.run_with({})
        self.many(gateway, 4)
        self.recorded(4)
        first, second = self.sink(), self.sink()
        self.reload(gateway, exporters={"hook": {**self.hook(first), "start": "now"}})
        self.many(gateway, 6)
        self.assertTrue(soon(lambda: len(first.records()) == 6), gateway.said())
        first.status = 500
        self.many(gateway, 6)
        self.assertTrue(soon(lambda: first.refused), gateway.said())
        self.reload(gateway, exporters={"hook": {**self.hook(second), "start": "oldest"}})
        self.assertTrue(soon(lambda: len(second.records()) == 6), gateway.said())
        self.assertFalse(set(first.records()) & set(second.records()))
        self.reload(gateway, exporters={})
        self.many(gateway, 4)
        self.reload(gateway, exporters={"hook": self.hook(second)})
        self.assertTrue(soon(lambda: len(second.records()) == 10, within=20), gateway.said())

    def test_removed(self):
        """what the journal has removed before a sink was back is counted and told once, and the rest arrives"""
        port = free_port()
        gateway = self.run_with({"hook": self.hook(port, batch=20)}, books={"segment": "64KiB", "keep_size": "1MiB"})
        large = {"x-portkey-metadata": '{"a":"' + "x" * 4080 + '"}'}
        for _ in range(400):
            self.ask(gateway, large, model="mock?tokens=1")
        self.assertTrue(soon(lambda: self.metric(gateway, "lost_segments_total", "hook") > 0, within=60), gateway.said())
        self.assertIn("removed before all of them was sent", gateway.output.read_text())
        sink = self.sink(port)
        self.assertTrue(soon(lambda: self.metric(gateway, "backlog_bytes", "hook") == 0, within=90), gateway.said())
        kept = {record["id"] for record in self.records()}
        self.assertTrue(kept <= set(sink.records()), (len(kept), len(sink.records())))
        self.assertLess(len(sink.records()), 400)
