"""What `/metrics` tells: read by Prometheus's own parser, held against what the mock counted, and against the page that explains it."""

import json
import os
import re
import shutil
import subprocess
import unittest

from harness.gateway import ROOT
from harness.metrics import scrape, total
from harness.waiting import soon
from harness.wire import Wire, request
from test_books import CHAT, INPUT, OUTPUT, BooksCase


class Metrics(BooksCase):
    """Metrics."""

    def text(self, gateway):
        return scrape(gateway)

    def sums(self, gateway, name, **labels):
        return total(scrape(gateway), name, **labels)

    def test_counts(self):
        """requests, tokens and money are what the mock has counted, told by endpoint, status, provider, stream and cache"""
        gateway = self.start(self.configuration(configs={
            "all": {"provider": "house", "override_params": {"model": "mock"}},
            "kept": {"provider": "house", "override_params": {"model": "mock"}, "cache": {"mode": "simple"}}}))
        for stream in (False, True) * 3:
            self.ask(gateway, stream=stream)
        for _ in range(3):
            self.ask(gateway, {"x-portkey-config": "kept"})
        self.ask(gateway, {"x-portkey-api-key": "sk-sluice-" + "A" * 49})
        self.ask(gateway, {"x-portkey-config": json.dumps({"provider": "nowhere"})})
        self.assertTrue(soon(lambda: self.sums(gateway, "request_count", endpoint=CHAT) == 11), self.text(gateway))
        stats = self.mock.stats()
        expected = {
            ("request_count", "code", "200"): 9, ("request_count", "code", "401"): 1, ("request_count", "code", "502"): 1,
            ("request_count", "cacheStatus", "hit"): 2, ("request_count", "cacheStatus", "miss"): 1, ("request_count", "stream", "true"): 3,
            ("http_request_duration_seconds_count", "code", "200"): 9, ("llm_request_duration_milliseconds_count", "code", "200"): 7,
            ("llm_cache_processing_duration_milliseconds_count", "provider", "house"): 2,
            ("llm_token_sum", "provider", "house"): stats["billed_input_tokens"] + stats["billed_output_tokens"],
            ("sluice_model_tokens_total", "direction", "input"): stats["billed_input_tokens"],
            ("sluice_model_tokens_total", "direction", "output"): stats["billed_output_tokens"],
            ("sluice_model_requests_total", "model", "mock"): 7,
            ("sluice_access_records_dropped_total", "", ""): 0,
        }
        found = {row: self.sums(gateway, row[0], **({"endpoint": CHAT} if "sluice" not in row[0] else {}), **({row[1]: row[2]} if row[1] else {})) for row in expected}
        self.assertEqual(found, expected)
        cost = (stats["billed_input_tokens"] * INPUT + stats["billed_output_tokens"] * OUTPUT) / 1e6
        self.assertAlmostEqual(self.sums(gateway, "llm_cost_sum", provider="house"), cost, places=9)
        self.assertAlmostEqual(self.sums(gateway, "sluice_model_cost_dollars_total"), cost, places=9)

    def test_labels(self):
        """labels that the file asks for are there, from metadata and configs too, with or without books, and constants with all"""
        for books in ("required", "off"):
            metrics = {"labels": ["model", "config_name", "metadata_team", "api_key_name", "payloadSizeRange"], "constant": {"app": "tests"}}
            gateway = self.start(self.configuration(books={"mode": books}, metrics=metrics, configs={"all": {"provider": "house", "override_params": {"model": "mock"}}}))
            for team in ("search", "search", "ads"):
                self.ask(gateway, {"x-portkey-metadata": json.dumps({"team": team})})
            self.assertTrue(soon(lambda: self.sums(gateway, "request_count", endpoint=CHAT) == 3), self.text(gateway))
            expected = {"model": "mock", "config_name": "all", "api_key_name": "team", "payloadSizeRange": "0-1KiB", "app": "tests"}
            for team, count in (("search", 2), ("ads", 1)):
                self.assertEqual(self.sums(gateway, "request_count", metadata_team=team, **expected), count, self.text(gateway))
            gateway.stop()

    def test_without_log(self):
        """requests are counted where no access lines are wanted"""
        gateway = self.start(self.configuration(log={"access": "off"}))
        self.ask(gateway)
        self.assertTrue(soon(lambda: self.sums(gateway, "request_count", endpoint=CHAT) == 1), self.text(gateway))

    def test_reckoned(self):
        """what no provider has counted, whole or cut short, is in the sums as its record has it, and by model nowhere"""
        gateway = self.start(self.configuration(
            providers={"house": {"base_url": self.mock.base, "auth": "none", "dialect": "anthropic"}},
            configs={"all": {"provider": "house", "override_params": {"model": "mock?no_usage=1"}}, "long": {"provider": "house", "override_params": {"model": "mock?tokens=500&gap=10"}}}))
        self.ask(gateway, model="mock", max_tokens=9)
        with Wire(gateway.port) as wire:
            body = {"model": "mock", "max_tokens": 500, "stream": True, "messages": [{"role": "user", "content": "hello"}]}
            wire.send(request("POST", "/v1/messages", {"x-portkey-api-key": self.key, "x-portkey-config": "long"}, body))
            self.assertTrue(wire.socket.recv(65536))
        records = self.recorded(2)
        self.assertEqual([record.get("estimated") for record in records], [True, True], records)
        self.assertTrue(soon(lambda: self.sums(gateway, "request_count", method="POST") == 2), self.text(gateway))
        self.assertEqual(self.sums(gateway, "llm_token_sum"), sum(record["tokens_in"] + record["tokens_out"] for record in records))
        self.assertAlmostEqual(self.sums(gateway, "llm_cost_sum"), sum(record["cost_usd"] for record in records), places=9)
        self.assertEqual(self.sums(gateway, "sluice_model_requests_total"), 0)

    def everything(self):
        """A gateway that has all features configured, once it has been asked and tells so."""
        gateway = self.start(self.configuration(
            books={"bodies": "full"}, key={"usage_limits": {"credit_limit": 100}},
            policies={"per-user": {"group_by": [{"key": "metadata._user"}], "usage_limits": {"credit_limit": 5}}},
            alert_webhooks={"ops": {"url": "http://127.0.0.1:9/"}}, exporters={"lake": {"type": "jsonl", "path": str(self.data / "requests.jsonl")}},
            configs={"all": {"strategy": {"mode": "fallback"}, "cache": {"mode": "simple"}, "targets": [
                {"provider": provider, "override_params": {"model": "mock"}} for provider in ("house", "nowhere")]}}))
        for stream in (True, False):
            self.assertEqual(self.ask(gateway, stream=stream).status, 200)
        self.assertTrue(soon(lambda: self.sums(gateway, "request_count", endpoint=CHAT) == 2), self.text(gateway))
        return gateway

    @staticmethod
    def told(text):
        """Of each metric that has a sample the labels of its samples."""
        found = {}
        for name, kind in re.findall(r"(?m)^# TYPE (\S+) (\S+)$", text):
            suffix = "(?:_bucket|_sum|_count)" if kind == "histogram" else ""
            if samples := re.findall(rf"(?m)^{name}{suffix}(?:{{(.*)}})? \S+$", text):
                found[name] = {label for labels in samples for label in re.findall(r'(\w+)="', labels)}
        return found

    @staticmethod
    def explained():
        """The metrics of docs/metrics.md."""
        page = re.sub(r"\{[^}]*\}", "", (ROOT / "docs" / "metrics.md").read_text())
        return set(re.findall(r"`((?:sluice|portkey|llm|http|request)_[a-z_]+)`", page))

    def test_explained(self):
        """each metric is explained in docs/metrics.md, and each that is explained there is told where all features are configured"""
        text = self.text(self.everything())
        self.assertEqual(set(re.findall(r"(?m)^# TYPE (\S+) ", text)) - self.explained(), set())
        self.assertEqual(self.explained() - self.told(text).keys(), set())

    def test_board(self):
        """the board for Grafana asks for metrics that are told, by labels that they have; whatever is lost, behind or open is on it"""
        board = json.loads((ROOT / "config" / "deploy" / "grafana.json").read_text())
        told, shown = self.told(self.text(self.everything())), set()
        queries = [(target["expr"], target["legendFormat"], panel["title"]) for panel in board["panels"] for target in panel["targets"]]
        queries += [(variable["query"], "", variable["name"]) for variable in board["templating"]["list"] if variable["type"] == "query"]
        for query, legend, where in queries:
            with self.subTest(panel=where, query=query):
                labels = {label for listed in re.findall(r"\bby \(([^)]*)\)", query) for label in listed.split(", ")}
                labels |= {*re.findall(r"(\w+)=~?\"", query), *re.findall(r"{{(\w+)}}", legend), *re.findall(r"label_values\(\w+, (\w+)\)", query)}
                bare = re.sub(r"\bby \([^)]*\)|{[^}]*}|\[[^]]*\]|, \w+\)$", "", query)
                names = {name.removesuffix("_bucket") for name in re.findall(r"[A-Za-z_]\w*\b(?!\s*\()", bare)}
                self.assertTrue(names)
                self.assertLessEqual(names, told.keys())
                for name in names:
                    self.assertLessEqual(labels, told[name], name)
                shown |= names
        alarming = {name for name in self.explained() if re.search("dropped|lost|unrecorded|fault|_lag_|breaker|stale|_state$", name)}
        self.assertEqual(alarming - shown, set())
        places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in board["panels"]]
        self.assertEqual((len(set(places)), len({panel["id"] for panel in board["panels"]})), (len(places), len(places)))

    def test_promtool(self):
        """promtool reads them; it may find names that it would have chosen otherwise, since they are Portkey's"""
        if not shutil.which("promtool"):
            self.assertNotIn("CI", os.environ, "promtool is not here, and in CI nothing is skipped for that")
            self.skipTest("promtool is not here: Tests/EndToEnd/run takes it out of Debian's package prometheus")
        text = self.text(self.everything())
        done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, timeout=60)
        complaints = [line for line in (done.stdout + done.stderr).splitlines() if line.startswith("sluice_") or not re.match(r"[a-z_]+ ", line)]
        self.assertNotEqual(done.returncode, 1, done.stderr)
        self.assertEqual(complaints, [])
        broken = subprocess.run(["promtool", "check", "metrics"], input=text + "sluice_nothing{ 1\n", capture_output=True, text=True, timeout=60)
        self.assertEqual(broken.returncode, 1, broken.stderr)
