"""What `/metrics` tells: read by Prometheus's own parser, held against what the mock counted, and against the page that explains it."""

import json
import re
import shutil
import subprocess
import unittest

from prometheus_client.parser import text_string_to_metric_families

from harness.gateway import ROOT
from harness.waiting import soon
from harness.wire import Wire, request
from test_books import CHAT, INPUT, OUTPUT, BooksCase


class Metrics(BooksCase):
    """Metrics."""

    def text(self, gateway):
        with Wire(gateway.port) as wire:
            return wire.send(request("GET", "/metrics", {"Host": "localhost"})).response().body.decode()

    def sums(self, gateway, name, **labels):
        """The sum of the samples of that name that have these labels."""
        found = [sample for family in text_string_to_metric_families(self.text(gateway)) for sample in family.samples if sample.name in (name, f"{name}_total")]
        return sum(sample.value for sample in found if labels.items() <= sample.labels.items())

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

    def test_explained(self):
        """each metric is explained in docs/metrics.md"""
        gateway = self.start()
        self.ask(gateway)
        told = set(re.findall(r"(?m)^# TYPE (\S+) ", self.text(gateway)))
        explained = set(re.findall(r"`([a-z_]+)`", re.sub(r"\{[^}]*\}", "", (ROOT / "docs" / "metrics.md").read_text())))
        self.assertEqual(told - explained, set())

    @unittest.skipUnless(shutil.which("promtool"), "promtool is not here: Debian's package prometheus has it")
    def test_promtool(self):
        """promtool reads them; it may find names that it would have chosen otherwise, since they are Portkey's"""
        gateway = self.start()
        self.ask(gateway)
        done = subprocess.run(["promtool", "check", "metrics"], input=self.text(gateway), capture_output=True, text=True, timeout=60)
        complaints = [line for line in (done.stdout + done.stderr).splitlines() if line.startswith("sluice_") or not re.match(r"[a-z_]+ ", line)]
        self.assertNotEqual(done.returncode, 1, done.stderr)
        self.assertEqual(complaints, [])
