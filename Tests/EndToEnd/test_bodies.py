"""Bodies kept beside records: what was asked, what was sent and what was answered, without secrets, over HTTP/1.1 and HTTP/2."""

import json
import os
import unittest
from pathlib import Path

import httpx
import openai
from portkey_ai import Portkey

from harness.gateway import command
from harness.waiting import soon
from test_analytics import CHAT, AnalyticsCase
from test_log_exports import fetch
from test_reported_logs import REQUEST, RESPONSE

SECRETS = ("sk-of-the-operator", "sk-of-the-client", "sk-inline", "hush")


class Bodies(AnalyticsCase):
    """bodies beside records."""

    @classmethod
    def start(cls, **members):
        providers = {"house": {"base_url": cls.mock.base, "api_key": "sk-of-the-operator"}, "nowhere": {"base_url": "http://127.0.0.1:9/v1", "auth": "none"}}
        return super().start(providers=providers, books={"mode": "required", "bodies": {"mode": "full", "fields": ["x-team"], "most": "64KiB"}}, **members)

    def path(self, answer):
        return f"/v1/logs/{(answer.headers if hasattr(answer, 'headers') else answer)['x-sluice-request-id']}"

    def log(self, answer, key=None):
        """A request's log, once its bodies are there."""
        path = self.path(answer)

        def read():
            found = self.send("GET", path, key)
            return found.status == 200 and found.json["request"]["headers"] is not None

        self.assertTrue(soon(read), self.send("GET", path, key).body)
        return self.send("GET", path, key).json

    def test_whole(self):
        """a whole answer: the request as it came and as it was sent, the answer as it was given, fields without secrets"""
        answer = self.ask({"authorization": "Bearer sk-of-the-client", "x-team": "search", "x-own": "hush", "x-portkey-trace-id": "t-1",
                           "x-portkey-config": json.dumps({"provider": "house", "api_key": "sk-inline", "override_params": {"model": "mock", "seed": 7}})}, user="ada")
        log = self.log(answer)
        asked = {"model": "mock", "messages": [{"role": "user", "content": "hello"}], "user": "ada"}
        self.assertEqual(log["request"]["body"], asked)
        self.assertEqual(log["transformedRequest"]["body"], {**asked, "seed": 7})
        self.assertEqual(log["response"]["body"], answer.json)
        self.assertEqual((log["request"]["headers"]["x-team"], log["request"]["headers"]["x-own"]), ("search", "[redacted]"))
        self.assertEqual((log["request"]["portkeyHeaders"]["x-portkey-trace-id"], log["request"]["portkeyHeaders"]["x-portkey-config"]), ("t-1", "[redacted]"))
        self.assertEqual(log["transformedRequest"]["headers"]["authorization"], "[redacted]")
        self.assertEqual(log["response"]["headers"]["x-sluice-request-id"], log["id"])
        self.assertFalse(log["bodies_incomplete"])
        for secret in (*SECRETS, self.admin):
            self.assertNotIn(secret, json.dumps(log))

    def test_streams(self):
        """streams with the openai SDK, over both versions: kept as the answer that their events come to, which is what the SDK puts together"""
        for http2 in (False, True):
            transport = httpx.Client(http1=not http2, http2=http2)
            client = openai.OpenAI(base_url=f"{self.gateway.url}/v1", api_key="sk-of-the-client", default_headers={"x-portkey-api-key": self.admin}, http_client=transport)
            asked = {"model": "mock?tokens=40", "stream": True, "messages": [{"role": "user", "content": "hi"}], **({"stream_options": {"include_usage": True}} if http2 else {})}
            with client.chat.completions.with_streaming_response.create(**asked) as answer:
                lines = [json.loads(line[6:]) for line in answer.iter_lines() if line.startswith("data: {")]
            text = "".join(line["choices"][0]["delta"].get("content") or "" for line in lines if line["choices"])
            log = self.log(answer)
            self.assertEqual(log["response"]["body"]["choices"][0]["message"]["content"], text)
            self.assertTrue(log["response"]["body_assembled"])
            # As the client was sent it: usage that it has not asked for is not in it.
            usage = log["response"]["body"].get("usage")
            self.assertEqual(usage and usage["completion_tokens"], log["record"]["tokens_out"] if http2 else None)
            self.assertEqual(log["transformedRequest"]["body"]["stream_options"], {"include_usage": True})

    def test_messages(self):
        """a stream of Anthropic's dialect, by translation too, is put together in that dialect"""
        body = {"model": "mock", "max_tokens": 20, "stream": True, "messages": [{"role": "user", "content": "hi"}]}
        answer = self.send("POST", "/v1/messages", body=body, headers={"anthropic-version": "2023-06-01"})
        log = self.log(answer)
        self.assertEqual((log["response"]["body"]["type"], log["response"]["body"]["role"], log["response"]["body_assembled"]), ("message", "assistant", True), log["response"])
        self.assertEqual(log["transformedRequest"]["body"]["max_completion_tokens"], 20)

    def test_refusals(self):
        """a refusal has its request beside it, and what was said; a request of a stranger leaves nothing but its record"""
        answer = self.ask({"x-portkey-config": "nobody"})
        log = self.log(answer)
        self.assertEqual((log["request"]["body"]["model"], log["response"]["body"]), ("mock", answer.json))
        stranger = self.send("POST", CHAT, "sk-sluice-nobodys", {"model": "mock", "messages": []})
        path = self.path(stranger)
        self.assertTrue(soon(lambda: self.send("GET", path).status == 200))
        self.assertIsNone(self.send("GET", path).json["request"]["body"])

    def test_debug_false(self):
        """x-portkey-debug: false keeps the figures alone"""
        answer = self.ask({"x-portkey-debug": "false"})
        after = self.ask()
        self.log(after)
        log = self.send("GET", self.path(answer)).json
        self.assertIsNone(log["request"]["body"])
        self.assertIsNone(log["response"]["headers"])
        self.assertGreater(log["record"]["tokens_out"], 0)

    def test_cut(self):
        """a body that is longer than is kept is cut, and its log says so; the request is not touched"""
        answer = self.ask(padding="x" * 70_000)
        log = self.log(answer)
        self.assertTrue(log["request"]["body_cut"] and log["transformedRequest"]["body_cut"])
        self.assertEqual(len(log["request"]["body"]), 65_536)
        self.assertEqual(answer.status, 200)

    def test_passed_on(self):
        """an upload that goes through unread is not kept; its fields and its answer are"""
        client = openai.OpenAI(base_url=f"{self.gateway.url}/v1", api_key="sk-of-the-client", default_headers={"x-portkey-api-key": self.admin})
        answer = client.files.with_raw_response.create(file=("a.jsonl", b"{}\n" * 1_000_000), purpose="batch")
        log = self.log(answer)
        self.assertTrue(log["request"]["body_passed_on"])
        self.assertIsNone(log["request"]["body"])

    def test_cache(self):
        """an answer that was kept is in its log as it was given"""
        cached = {"x-portkey-config": json.dumps({"provider": "house", "cache": {"mode": "simple"}, "override_params": {"model": "mock"}})}
        first, second = self.ask(cached, seed=99), self.ask(cached, seed=99)
        self.assertEqual(second["x-portkey-cache-status"], "HIT")
        self.assertEqual(self.log(second)["response"]["body"], first.json)
        self.assertIsNone(self.log(second)["transformedRequest"])

    def test_workspaces(self):
        """a workspace sees its own bodies alone"""
        workspace = self.send("POST", "/v1/admin/workspaces", body={"name": "other"}).json["id"]
        key = self.send("POST", "/v1/api-keys/workspace/service", body={"name": "k", "workspace_id": workspace, "scopes": ["logs.view", "completions.write"]}).json["key"]
        answer = self.ask()
        self.log(answer)
        self.assertEqual(self.send("GET", self.path(answer), key).status, 404)
        own = self.ask(key=key)
        self.assertEqual(self.log(own, key)["request"]["body"]["model"], "mock")

    def test_export(self):
        """an export has requests and answers as the log shows them"""
        answer = self.ask({"x-portkey-metadata": json.dumps({"team": "exported"})})
        log = self.log(answer)
        made = self.send("POST", "/v1/logs/exports", body={"filters": {**self.span, "metadata": {"team": "exported"}}, "requested_data": ["id", "request", "response"]}).json
        self.send("POST", f"/v1/logs/exports/{made['id']}/start")
        status, text, _ = fetch(self.client().logs.exports.download(export_id=made["id"]).signed_url)
        self.assertEqual(status, 200)
        self.assertEqual([json.loads(line) for line in text.splitlines()], [{"id": log["id"], "request": log["request"], "response": log["response"]}])

    def test_reported(self):
        """a request that went elsewhere, told of by Portkey's SDK, has its bodies as the gateway's own have, in the log, an export and the command; without them for who wants figures alone"""
        asked = {**REQUEST, "url": REQUEST["url"] + "?key=hush&limit=2", "headers": {**REQUEST["headers"], "x-team": "search"}}
        self.client().logs.create(request=asked, response={**RESPONSE, "headers": {"x-request-id": "r-1"}}, metadata={"traceId": "told-bodies", "team": "told"})
        [row] = self.rows(1, trace_id="told-bodies")
        log = self.log({"x-sluice-request-id": row["id"]})
        self.assertEqual((log["request"]["body"], log["response"]["body"]), (REQUEST["body"], RESPONSE["body"]))
        self.assertEqual((log["request"]["url"], log["request"]["headers"]), (REQUEST["url"] + "?key=[redacted]&limit=2", {"authorization": "[redacted]", "x-team": "search"}))
        self.assertEqual((log["response"]["status"], log["response"]["headers"], log["transformedRequest"]), (200, {"x-request-id": "r-1"}, None))
        made = self.send("POST", "/v1/logs/exports", body={"filters": {**self.span, "metadata": {"team": "told"}}, "requested_data": ["request", "response"]}).json
        self.send("POST", f"/v1/logs/exports/{made['id']}/start")
        _, text, _ = fetch(self.client().logs.exports.download(export_id=made["id"]).signed_url)
        self.assertEqual(json.loads(text), {"request": log["request"], "response": log["response"]})
        printed = json.loads(command("logs", "--data", str(self.data), "--bodies", "--filter", "trace=told-bodies").stdout)
        self.assertEqual((printed["request"], printed["response"]), (log["request"], log["response"]))
        Portkey(base_url=f"{self.gateway.url}/v1", api_key=self.admin, debug=False).logs.create(request=asked, response=RESPONSE, metadata={"traceId": "told-figures"})
        self.client().logs.create(request={**asked, "headers": {"x-portkey-debug": "false"}}, response=RESPONSE, metadata={"traceId": "told-figures"})
        self.client().logs.create(request=asked, response=RESPONSE, metadata={"traceId": "told-last"})
        self.log({"x-sluice-request-id": self.rows(1, trace_id="told-last")[0]["id"]})
        for row in self.rows(2, trace_id="told-figures"):
            self.assertIsNone(self.send("GET", f"/v1/logs/{row['id']}").json["request"]["headers"])
        for file in Path(self.data).glob("books/**/*"):
            self.assertFalse(file.is_file() and b"sk-of-theirs" in file.read_bytes(), file)

    def test_command(self):
        """`sluice logs --bodies` prints them, and says how there come to be some where there are none"""
        log = self.log(self.ask({"x-portkey-trace-id": "printed"}))
        printed = json.loads(command("logs", "--data", str(self.data), "--bodies", "--filter", "trace=printed").stdout)
        self.assertEqual((printed["request"], printed["response"], printed["transformed_request"]), (log["request"], log["response"], log["transformedRequest"]))
        self.assertEqual(printed["id"], log["id"])

    def test_disk(self):
        """nothing on the disk has a secret in it: not in the files as they are, nor in what their frames hold"""
        self.log(self.ask({"authorization": "Bearer sk-of-the-client", "x-own": "hush"}))
        for file in Path(self.data).rglob("*"):
            if file.is_file() and file.name != "keyring":
                for secret in (b"sk-of-the-operator", b"sk-of-the-client", self.admin.encode()):
                    self.assertNotIn(secret, file.read_bytes(), file)
        self.assertEqual(os.stat(next(Path(self.data).glob("books/bodies/*.sqlite"))).st_mode & 0o777, 0o600)


class WorkspacesApart(AnalyticsCase):
    """bodies of some workspaces and not of others."""

    def test_exception(self):
        """one workspace keeps what all others do not"""
        workspace = self.send("POST", "/v1/admin/workspaces", body={"name": "kept", "slug": "ws-kept"}).json
        self.gateway.stop()
        said = command("logs", "--data", str(self.data), "--bodies")
        self.assertEqual((said.returncode, "books: { bodies: full }" in said.stderr), (2, True), said)
        type(self).gateway = self.start(books={"mode": "required", "bodies": {"workspaces": {workspace["slug"]: "full"}}})
        body = {"name": "k", "workspace_id": workspace["id"], "scopes": ["logs.view", "logs.write", "completions.write"]}
        key = self.send("POST", "/v1/api-keys/workspace/service", body=body).json["key"]
        plain, kept = self.ask(), self.ask(key=key)
        told = [self.send("POST", "/v1/logs", whose, {"request": REQUEST}).json["log_ids"][0] for whose in (self.admin, key)]
        self.assertTrue(soon(lambda: self.send("GET", f"/v1/logs/{kept['x-sluice-request-id']}").json.get("request", {}).get("body")))
        self.assertIsNone(self.send("GET", f"/v1/logs/{plain['x-sluice-request-id']}").json["request"]["body"])
        self.assertTrue(soon(lambda: self.send("GET", f"/v1/logs/{told[1]}").json.get("request", {}).get("body")))
        self.assertIsNone(self.send("GET", f"/v1/logs/{told[0]}").json["request"]["body"])


if __name__ == "__main__":
    unittest.main()
