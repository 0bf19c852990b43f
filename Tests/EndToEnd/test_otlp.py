"""Spans and log records of OpenTelemetry's own SDK, exported to the gateway; in logs, analytics and `sluice logs`."""

import gzip
import json
import time
import unittest

import openai
from openinference.instrumentation.openai import OpenAIInstrumentor
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.openai import OpenAIInstrumentor as TraceloopInstrumentor
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest, ExportTraceServiceResponse
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult
from opentelemetry.trace import Status, StatusCode

from harness.gateway import command
from harness.waiting import soon
from harness.wire import Wire, request
from test_analytics import AnalyticsCase
from test_books import NANO_INPUT, NANO_OUTPUT
from test_identity import new_key

TRACES = "/v1/otel/v1/traces"
CALL = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "house", "gen_ai.request.model": "mock", "gen_ai.usage.input_tokens": 7,
        "gen_ai.usage.output_tokens": 3, "gen_ai.response.finish_reasons": ["stop"], "user.id": "ada", "session.id": "s-1"}
COST = 7 * NANO_INPUT + 3 * NANO_OUTPUT


class OTLPCase(AnalyticsCase):
    @classmethod
    def start(cls, **members):
        cls.declared, digest = new_key()
        return super().start(keys={"app": {"digest": f"sha256:{digest}"}}, **members)

    def exporter(self, key=None, **options):
        return OTLPSpanExporter(endpoint=self.gateway.url + TRACES, headers={"x-portkey-api-key": key or self.declared}, **options)

    def provider(self, exporter):
        provider = TracerProvider(resource=Resource({"service.name": "app"}))
        provider.add_span_processor(BatchSpanProcessor(exporter))
        self.addCleanup(provider.shutdown)
        return provider

    def records(self, *options):
        said = command("logs", "--data", str(self.data), "--json", "--last", "1000", *options).stdout
        return [json.loads(line) for line in said.splitlines()]

    def records_of(self, trace, count, *options):
        filters = ("--filter", f"trace={trace:032x}", *options)
        self.assertTrue(soon(lambda: len(self.records(*filters)) >= count), self.records(*filters))
        return {record.get("span_name", ""): record for record in self.records(*filters)}

    def post(self, body, kind="application/json", path=TRACES, key=None, **headers):
        return self.send("POST", path, key, body, {"content-type": kind, **headers})

    def spans_of_call(self, provider, client, count):
        """The records of one call below a span of the application's, and its answer."""
        with provider.get_tracer("app").start_as_current_span("ask") as root:
            answer = client.chat.completions.create(model="mock", messages=[{"role": "user", "content": "what they asked"}])
        self.assertTrue(provider.force_flush())
        return self.records_of(root.get_span_context().trace_id, count, "--spans"), answer


class OTLP(OTLPCase):
    """OpenTelemetry."""

    def test_sdk(self):
        """a trace of the SDK, in protobuf and gzip, is a tree of observations with its calls priced; `sluice logs` shows calls, and the rest when asked"""
        for compression in (Compression.Gzip, Compression.NoCompression):
            with self.subTest(compression=compression):
                provider = self.provider(self.exporter(compression=compression))
                tracer = provider.get_tracer("a library", "1.0")
                with tracer.start_as_current_span("plan a trip", attributes={"gen_ai.operation.name": "invoke_agent", "gen_ai.request.model": "mock", **{
                        "gen_ai.usage.input_tokens": 7, "gen_ai.input.messages": "what they asked"}}) as agent:
                    with tracer.start_as_current_span("chat mock", attributes=CALL):
                        time.sleep(0.05)
                    with self.assertRaises(ValueError), tracer.start_as_current_span("search", attributes={"openinference.span.kind": "TOOL", "tool.name": "web"}):
                        raise ValueError("with sk-of-theirs in it")
                self.assertTrue(provider.force_flush())
                trace = agent.get_span_context().trace_id
                spans = self.records_of(trace, 3, "--spans")
                self.assertEqual({name: span.get("kind") for name, span in spans.items()}, {"plan a trip": "agent", "chat mock": None, "search": "tool"})
                chat, root, tool = spans["chat mock"], spans["plan a trip"], spans["search"]
                self.assertEqual((chat["tokens_in"], chat["tokens_out"], chat["cost_usd"], chat["finish_reason"], chat["user"], chat["key"]),
                                 (7, 3, COST / 1e9, "stop", "ada", "app"))
                self.assertEqual(chat["metadata"], {"session_id": "s-1", "service": "app", "_user": "ada"})
                self.assertTrue(chat["reported"] and chat["total_us"] >= 50_000)
                self.assertEqual((chat["parent_span"], tool["parent_span"], root.get("parent_span")), (root["span"], root["span"], None))
                self.assertEqual((tool["status"], tool["error"], tool["observation"], tool["metadata"]["tool"]), (500, "ValueError", True, "web"))
                self.assertNotIn("cost_usd", root)
                self.assertNotIn("tokens_in", root)
                # A call is a request, the rest is not.
                self.assertEqual(list(self.records_of(trace, 1)), ["chat mock"])
                self.assertEqual(list(self.records_of(trace, 1, "--filter", "kind=tool")), ["search"])
                self.assertNotIn("what they", json.dumps(spans))
                self.assertNotIn("sk-of-theirs", json.dumps(spans))
                shown = command("logs", "--data", str(self.data), "--spans", "--filter", f"trace={trace:032x}").stdout
                self.assertIn("agent: plan a trip", shown)
                row = next(row for row in self.rows(1, trace_id=f"{trace:032x}") if row["span_name"] == "chat mock")
                self.assertEqual((row["ai_org"], row["ai_model"], row["req_units"], row["res_units"], row["cost"], row["is_reported"], row["_user"]),
                                 ("house", "mock", 7, 3, COST / 1e7, True, "ada"))

    def test_instrumented(self):
        """OpenAI's SDK, instrumented by OpenInference and by OpenLLMetry: another host's call has its tokens; one through the gateway has one record with its cost"""
        elsewhere = openai.OpenAI(base_url=self.mock.base, api_key="sk-of-theirs")
        through = openai.OpenAI(base_url=f"{self.gateway.url}/v1", api_key=self.declared)
        for kind in (OpenAIInstrumentor, TraceloopInstrumentor):
            provider = self.provider(self.exporter(compression=Compression.Gzip))
            instrumentor = kind()
            instrumentor.instrument(tracer_provider=provider)
            try:
                with self.subTest(kind=kind):
                    spans, answer = self.spans_of_call(provider, elsewhere, 2)
                    [call] = [span for span in spans.values() if not span.get("observation")]
                    self.assertEqual((call["provider"], call["model"], call["tokens_in"], call["tokens_out"], call["endpoint"], call["finish_reason"]),
                                     ("openai", "mock", answer.usage.prompt_tokens, answer.usage.completion_tokens, "chat.completions", "stop"))
                    self.assertNotIn("what they", json.dumps(spans))
                if kind is not TraceloopInstrumentor:
                    continue
                # It names the server, and gives its span on as the request's parent.
                spans, answer = self.spans_of_call(provider, through, 3)
                own = spans.pop("")
                [call] = [span for span in spans.values() if span["kind"] == "llm"]
                self.assertEqual((len(spans), call.get("cost_usd"), own["parent_span"], own.get("reported")), (2, None, call["span"], None))
                self.assertEqual((own["tokens_in"], own["cost_usd"] > 0), (answer.usage.prompt_tokens, True))
            finally:
                instrumentor.uninstrument()

    def test_own_calls(self):
        """a call that went through this gateway is an observation; sent twice it is one row"""
        tracer = (provider := self.provider(self.exporter())).get_tracer("app")
        with tracer.start_as_current_span("chat mock", attributes={**CALL, "server.address": "127.0.0.1", "server.port": self.gateway.port}) as span:
            pass
        provider.force_flush()
        trace = span.get_span_context().trace_id
        record = self.records_of(trace, 1, "--spans")["chat mock"]
        self.assertEqual((record["kind"], record["observation"], record.get("cost_usd")), ("llm", True, None))
        # Of one that names no server its trace tells, once its request has a row.
        with tracer.start_as_current_span("chat mock", attributes=CALL) as span:
            context = span.get_span_context()
            trace = f"{context.trace_id:032x}"
            self.assertEqual(self.ask({"traceparent": f"00-{trace}-{context.span_id:016x}-01"}).status, 200)
            self.rows(1, trace_id=trace)
        provider.force_flush()
        spans = self.records_of(context.trace_id, 2, "--spans")
        self.assertEqual((spans["chat mock"]["kind"], spans["chat mock"].get("cost_usd"), spans[""]["cost_usd"] > 0), ("llm", None, True))
        self.assertEqual(self.get("/v1/logs", trace_id=trace)["total"], 1)
        # One that is sent at its end comes before the row, which is waited for: on a machine with much to do not long enough each time.
        found = 0
        for _ in range(5):
            with tracer.start_as_current_span("chat mock", attributes=CALL) as span:
                context = span.get_span_context()
                self.assertEqual(self.ask({"traceparent": f"00-{context.trace_id:032x}-{context.span_id:016x}-01"}).status, 200)
            provider.force_flush()
            found += self.records_of(context.trace_id, 2, "--spans")["chat mock"]["kind"] == "llm"
        self.assertGreaterEqual(found, 3)
        start = time.time_ns() - 3_000_000_000
        body = {"resourceSpans": [{"scopeSpans": [{"spans": [{
            "traceId": "aa" * 16, "spanId": "bb" * 8, "name": "twice", "startTimeUnixNano": str(start), "endTimeUnixNano": str(start + 1_500_000_000),
            "attributes": [{"key": name, "value": {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value}}
                           for name, value in CALL.items() if not isinstance(value, list)]}]}]}]}
        for _ in range(2):
            self.assertEqual((answer := self.post(body)).status, 200, answer.body)
            self.assertEqual((answer.json, answer["content-type"]), ({}, "application/json"))
        self.assertEqual(len(self.rows(1, trace_id="aa" * 16)), 1)
        self.assertTrue(soon(lambda: len(self.records("--filter", f"trace={'aa' * 16}")) == 2))
        [row] = self.rows(1, trace_id="aa" * 16)
        self.assertEqual((row["response_time"], row["cost"]), (1500, COST / 1e7))

    def test_logs(self):
        """an event of a call becomes a record; other lines are taken, and nothing is kept of them"""
        provider = LoggerProvider(resource=Resource({"service.name": "app"}))
        provider.add_log_record_processor(SimpleLogRecordProcessor(OTLPLogExporter(
            endpoint=self.gateway.url + "/v1/otel/v1/logs", headers={"x-portkey-api-key": self.declared}, compression=Compression.Gzip)))
        logger = provider.get_logger("app")
        details = "gen_ai.client.inference.operation.details"
        logger.emit(timestamp=time.time_ns(), body="a line", attributes={"gen_ai.request.model": "mock"})
        logger.emit(timestamp=time.time_ns(), event_name=details, attributes={**CALL, "session.id": "by an event"})
        provider.shutdown()
        found = lambda: self.records("--filter", "metadata.session_id=by an event")
        self.assertTrue(soon(lambda: len(found()) == 1), found())
        self.assertEqual((found()[0]["span_name"], found()[0]["cost_usd"]), (details, COST / 1e9))
        # The alias tells the two apart where they are JSON.
        self.assertEqual(self.post({"resourceLogs": []}, path="/v1/logs/otel").json, {})
        self.assertEqual(self.post({"resourceSpans": []}, path="/v1/logs/otel").json, {})

    def test_refused(self):
        """what cannot be read is refused with a status in its own encoding; what lacks ids is told apart; who may not is not let in"""
        protobuf = "application/x-protobuf"
        empty = self.post(b"", protobuf)
        self.assertEqual((empty.status, empty.body, empty["content-type"]), (200, b"", protobuf))
        broken = self.post(b"\x0b", protobuf)
        self.assertEqual((broken.status, broken["content-type"], broken.body[0]), (400, protobuf, 0x08))
        self.assertIn(b"groups are not taken", broken.body)
        nameless = ExportTraceServiceRequest()
        nameless.resource_spans.add().scope_spans.add().spans.add(name="nobody's")
        answer = self.post(gzip.compress(nameless.SerializeToString()), protobuf, **{"content-encoding": "gzip"})
        partial = ExportTraceServiceResponse.FromString(answer.body).partial_success
        self.assertEqual((answer.status, partial.rejected_spans), (200, 1))
        self.assertIn("without a trace id", partial.error_message)
        self.assertEqual(self.post(b"{", "application/json").json["code"], 3)
        self.assertEqual(self.post(b"{}", "text/plain").status, 415)
        self.assertEqual(self.post(b"{}", "application/json", **{"content-encoding": "br"}).status, 415)
        self.assertEqual(self.post(gzip.compress(bytes(64 << 20)), protobuf, **{"content-encoding": "gzip"}).status, 413)
        # Refused by its length, before it is sent.
        with Wire(self.gateway.port) as wire:
            head = {"x-portkey-api-key": self.admin, "content-type": protobuf, "content-length": str((4 << 20) + 1)}
            self.assertEqual(wire.send(request("POST", TRACES, head)).response().status, 413)
        self.assertEqual(self.send("GET", TRACES).status, 405)
        self.assertEqual(self.post({}, key="sk-sluice-" + "A" * 49).status, 401)
        self.assertEqual(self.exporter("sk-sluice-" + "A" * 49).export([]), SpanExportResult.FAILURE)


class SpanBodies(OTLPCase):
    """what spans say was asked and answered."""

    @classmethod
    def start(cls, **members):
        return super().start(books={"mode": "required", "bodies": {"mode": "full", "most": "64KiB"}}, **members)

    def log(self, record):
        """A record's log, once what it asked is there."""
        path = f"/v1/logs/{record['id']}"

        def read():
            found = self.send("GET", path)
            return found.status == 200 and found.json["request"]["body"] is not None

        self.assertTrue(soon(read), self.send("GET", path).body)
        return self.send("GET", path).json

    def test_instrumented(self):
        """OpenAI's SDK, instrumented by OpenInference and by OpenLLMetry: the log of a call has the messages and the answer, and `sluice logs --bodies` prints them"""
        client = openai.OpenAI(base_url=self.mock.base, api_key="sk-of-theirs")
        said = {OpenAIInstrumentor: lambda log: (log["request"]["body"]["llm.input_messages"][0]["message"]["content"],
                                                 log["response"]["body"]["llm.output_messages"][0]["message"]["content"]),
                TraceloopInstrumentor: lambda log: (json.dumps(log["request"]["body"]), json.dumps(log["response"]["body"]))}
        for kind, read in said.items():
            provider = self.provider(self.exporter(compression=Compression.Gzip))
            instrumentor = kind()
            instrumentor.instrument(tracer_provider=provider)
            try:
                with self.subTest(kind=kind):
                    spans, answer = self.spans_of_call(provider, client, 2)
                    [call] = [span for span in spans.values() if not span.get("observation")]
                    log = self.log(call)
                    asked, answered = read(log)
                    self.assertIn("what they asked", asked)
                    self.assertIn(answer.choices[0].message.content, answered)
                    self.assertIsNone(log["transformedRequest"])
                    self.assertNotIn("sk-of-theirs", json.dumps(log))
                    [printed] = self.records("--bodies", "--filter", f"trace={call['trace']}")
                    self.assertEqual((printed["request"], printed["response"]), (log["request"], log["response"]))
            finally:
                instrumentor.uninstrument()

    def test_observations(self):
        """an observation has its own, found by its id; what is longer than is kept is cut; x-portkey-debug: false leaves figures alone"""
        tracer = (provider := self.provider(self.exporter())).get_tracer("app")
        with tracer.start_as_current_span("search", attributes={"openinference.span.kind": "TOOL", "input.value": '{"q": "rain"}', "output.value": "x" * 70_000}) as span:
            span.add_event("gen_ai.user.message", {"content": "what they asked"})
        provider.force_flush()
        log = self.log(self.records_of(span.get_span_context().trace_id, 1, "--spans")["search"])
        self.assertEqual(log["request"]["body"], {"input.value": {"q": "rain"}, "events": [{"name": "gen_ai.user.message", "attributes": {"content": "what they asked"}}]})
        self.assertEqual((log["response"]["body_cut"], len(log["response"]["body"]), log["record"]["kind"]), (True, 65_536, "tool"))
        exporter = OTLPSpanExporter(endpoint=self.gateway.url + TRACES, headers={"x-portkey-api-key": self.declared, "x-portkey-debug": "false"})
        tracer = (provider := self.provider(exporter)).get_tracer("app")
        with tracer.start_as_current_span("chat mock", attributes={**CALL, "gen_ai.input.messages": "[]"}) as span:
            pass
        provider.force_flush()
        record = self.records_of(span.get_span_context().trace_id, 1)["chat mock"]
        # What is told of later has its body by now.
        tracer = (provider := self.provider(self.exporter())).get_tracer("app")
        with tracer.start_as_current_span("later", attributes={"openinference.span.kind": "TOOL", "input.value": "later"}) as span:
            pass
        provider.force_flush()
        self.assertEqual(self.log(self.records_of(span.get_span_context().trace_id, 1, "--spans")["later"])["request"]["body"], {"input.value": "later"})
        self.assertIsNone(self.send("GET", f"/v1/logs/{record['id']}").json["request"]["body"])


if __name__ == "__main__":
    unittest.main()
