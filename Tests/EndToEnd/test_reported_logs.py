"""Requests that went past the gateway, told of with Portkey's own SDK and what its callbacks send; in logs, analytics and `sluice logs`."""

import asyncio
import json
import os
import re
import signal
import time
import unittest
from datetime import datetime, timezone

from portkey_ai import AsyncPortkey
from portkey_ai.api_resources import exceptions
from portkey_ai.api_resources.apis.logger import Logger

from harness.gateway import command
from harness.waiting import soon
from test_analytics import AnalyticsCase
from test_books import NANO_INPUT, NANO_OUTPUT
from test_identity import new_key

PATH = "/v1/logs"
REQUEST = {"url": "https://api.openai.com/v1/chat/completions", "provider": "house", "method": "POST", "headers": {"authorization": "Bearer sk-of-theirs"},
           "body": {"model": "mock", "user": "ada", "messages": [{"role": "user", "content": "what they asked"}]}}
RESPONSE = {"status": 200, "response_time": 250, "headers": {}, "body": {
    "model": "mock", "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "what they heard"}}],
    "usage": {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}}}
COST = 7 * NANO_INPUT + 3 * NANO_OUTPUT


class ReportedLogs(AnalyticsCase):
    """requests that are told of."""

    @classmethod
    def start(cls, **members):
        cls.declared, digest = new_key()
        return super().start(keys={"app": {"digest": f"sha256:{digest}"}}, **members)

    def test_sdk(self):
        """logs.create of the SDK, and of its async one: the record is in the list, by its id, in the sums and in `sluice logs`, priced"""
        client = self.client()
        client.logs.create(request=REQUEST, response=RESPONSE, metadata={"traceId": "told-1", "spanName": "ask", "team": "told"})

        async def later():
            other = AsyncPortkey(base_url=f"{self.gateway.url}/v1", api_key=self.admin)
            await other.logs.create(request=REQUEST, response={**RESPONSE, "status": 500, "body": {}}, metadata={"traceId": "told-2", "team": "told"})

        asyncio.run(later())
        mine = {"metadata": '{"team":"told"}'}
        rows = {row["trace_id"]: row for row in self.rows(2, **mine)}
        row = rows["told-1"]
        self.assertEqual((row["ai_org"], row["ai_model"], row["req_units"], row["res_units"], row["cost"], row["response_time"], row["_user"], row["span_name"]),
                         ("house", "mock", 7, 3, COST / 1e7, 250, "ada", "ask"))
        self.assertTrue(row["is_reported"])
        self.assertEqual((rows["told-2"]["response_status_code"], rows["told-2"]["cost"], rows["told-2"]["is_success"]), (500, 0, False))
        log = self.send("GET", f"{PATH}/{row['id']}").json
        self.assertEqual((log["record"]["reported"], log["request"]["url"], log["record"]["endpoint"]), (True, "/v1/chat/completions", "chat.completions"))
        span = {**self.span, **mine}
        self.assertEqual(client.analytics.graphs.requests(**span).summary["total"], 2)
        self.assertEqual(client.analytics.graphs.cost(**span).summary["total"], COST / 1e7)
        said = command("logs", "--data", str(self.data), "--json", "--filter", "trace=told-1").stdout
        record = json.loads(said)
        self.assertEqual((record["reported"], record["tokens_in"], record["cost_usd"]), (True, 7, COST / 1e9))
        self.assertTrue(record["price_book"].startswith("test-1 over "), record)
        # Neither what was said nor a credential is kept.
        self.assertNotIn("what they", said + json.dumps(log))
        self.assertNotIn("sk-of-theirs", said + json.dumps(log))

    def test_callbacks(self):
        """the SDK's logger, as its callbacks and its exporter of spans use it, with a key of the file"""
        logger = Logger(api_key=self.declared, base_url=f"{self.gateway.url}/v1")
        answer = logger.log([
            {"trace_id": "told-3", "span_id": "b", "parent_span_id": "a", "span_name": "llm", "event_type": "llm", "start_time": time.time(), "tags": None,
             "request": REQUEST, "response": {**RESPONSE, "response_time": "0250", "streamingMode": False}, "metadata": {"_source": "Langchain", "team": "calls"}},
            {"metadata": {"traceId": "told-3", "spanId": 1234567890123456789, "parentSpanId": None, "startTime": time.time_ns(), "_logType": "opentelemetry", "team": "calls"},
             "request": {"method": "POST", "headers": {}, "body": {"name": "a span"}}, "response": {"status": 200, "headers": {}, "body": {}, "response_time": 0.25}}])
        self.assertEqual((answer.status_code, answer.json()["message"], len(answer.json()["log_ids"])), (200, "ok", 2), answer.text)
        rows = self.rows(2, metadata='{"team":"calls"}')
        self.assertEqual({row["id"] for row in rows}, set(answer.json()["log_ids"]))
        self.assertEqual(sorted(row["span_id"] for row in rows), ["1234567890123456789", "b"])
        self.assertEqual({row["api_key_id"] for row in rows}, {"app"})
        # It gives, and does not read.
        self.assertEqual(self.send("GET", PATH, self.declared).status, 401)

    def test_errors(self):
        """what is wrong is an error of the SDK's that names the member; nothing is recorded; GET and POST alone are there"""
        client = self.client()
        for arguments, says in (
            ({"response": RESPONSE}, "request is missing"), ({"request": {"url": 7}}, "request.url must be a text"),
            ({"request": REQUEST, "response": {"status": "ok"}}, "response.status must be a whole number"),
        ):
            with self.subTest(arguments=arguments), self.assertRaises(exceptions.BadRequestError) as caught:
                client.logs.create(**arguments)
            self.assertIn(says, str(caught.exception))
        long = {"request": {**REQUEST, "body": {"model": "mock", "messages": [{"role": "user", "content": "x" * (1 << 20)}]}}}
        self.assertEqual(self.send("POST", PATH, body=long).status, 413)
        fits = {"request": {**REQUEST, "body": {"model": "mock", "messages": [{"role": "user", "content": "x" * 900_000}]}}, "trace_id": "told-long"}
        self.assertEqual(self.send("POST", PATH, body=fits).status, 200)
        self.assertEqual(self.rows(1, trace_id="told-long")[0]["cost"], None)
        self.assertEqual(self.send("DELETE", PATH).status, 405)
        with self.assertRaises(exceptions.AuthenticationError):
            self.client("sk-sluice-" + "A" * 49).logs.create(request=REQUEST)

    def test_dates(self):
        """`sluice logs` has dates from the first line on that is not of today, and columns stand below their heads"""
        def table(*options):
            return command("logs", "--data", str(self.data), "--filter", "metadata.team=dates", *options).stdout.splitlines()

        def asked(count):
            self.ask({"x-portkey-metadata": '{"team":"dates"}'})
            self.assertTrue(soon(lambda: len(table("--json")) == count))

        asked(1)
        # A day is the most that one may have taken.
        body = {"request": REQUEST, "response": {**RESPONSE, "response_time": 86_400_000}, "metadata": {"team": "dates"}, "trace_id": "dates-told"}
        self.assertEqual(self.send("POST", PATH, body=body).status, 200)
        self.assertTrue(soon(lambda: len(table("--json")) == 2))
        asked(3)
        first, told, last = (json.loads(line)["time"] for line in table("--json"))
        self.assertLess(told[:10], first[:10])
        dated = table("--filter", "trace=dates-told")
        self.assertRegex(dated[0], "^DATE        TIME          KEY  ")
        self.assertEqual((dated[1][:10], dated[1][12:24]), (told[:10], told[11:23]))
        for lines in (table(), table("--since", "2d")):
            # Unless midnight has come in between.
            if first[:10] == datetime.now(timezone.utc).strftime("%Y-%m-%d"):
                self.assertRegex(lines[0], "^TIME          KEY  ")
                self.assertTrue(lines[1].startswith(f"{first[11:23]}  "), lines)
                self.assertEqual((lines[2:4], lines[4][:10], lines[4][12:24], len(lines)), (dated, last[:10], last[11:23], 5))
            places = [dated[0].index(title) for title in ("TIME", "KEY", "MODEL", "TARGET", "STATUS", "CACHE", "TOKENS")]
            for line in lines[-2:]:
                self.assertTrue(all(line[place - 2:place] == "  " and line[place] != " " for place in places), line)

    def test_killed(self):
        """what was answered a moment ago is there after a kill"""
        ids = self.send("POST", PATH, body=[{"request": REQUEST, "trace_id": "told-kill"} for _ in range(100)]).json["log_ids"]
        # The window that docs/books.md states, and a busy machine's share.
        time.sleep(0.5)
        os.kill(self.gateway.serving, signal.SIGKILL)
        self.assertTrue(soon(lambda: self.get(PATH, trace_id="told-kill")["total"] == 100))
        self.assertEqual(len(set(ids)), 100)
        self.assertTrue(all(re.fullmatch(r"[0-9a-f-]{36}", one) for one in ids))


if __name__ == "__main__":
    unittest.main()
