"""`sluice explain`, without a gateway."""

import json
import tempfile
import unittest

from harness.gateway import command


class Explain(unittest.TestCase):
    """sluice explain."""

    def explain(self, configuration, request):
        with tempfile.TemporaryDirectory() as directory:
            for name, value in (("sluice.yaml", configuration), ("request.json", request)):
                with open(f"{directory}/{name}", "w") as file:
                    json.dump(value, file)
            return command("explain", "--config", f"{directory}/sluice.yaml", "--request", f"{directory}/request.json")

    CONFIGURATION = {
        "version": 1,
        "virtual_keys": {"prod": {"provider": "openai", "api_key": "env:NOT_THERE"}},
        "configs": {"main": {
            "strategy": {"mode": "conditional", "conditions": [{"query": {"metadata.plan": "pro"}, "then": "large"}], "default": "small"},
            "targets": [{"name": "small", "provider": "mock"},
                        {"name": "large", "strategy": {"mode": "fallback"}, "targets": [{"virtual_key": "prod"}, {"provider": "mock"}]}]}},
        "default": "main",
    }

    def test_order(self):
        """the targets are printed in the order they would be tried, with reasons and without secrets"""
        said = self.explain(self.CONFIGURATION, {"headers": {"x-portkey-metadata": {"plan": "pro"}}, "body": {"model": "m"}})
        self.assertEqual((said.returncode, said.stderr), (0, ""))
        lines = said.stdout.splitlines()
        self.assertEqual(len(lines), 2)
        self.assertRegex(lines[0], r"^1\. config\.targets\[1\]\.targets\[0\]  openai  with virtual key prod  \(first\)$")
        self.assertRegex(lines[1], r"^2\. config\.targets\[1\]\.targets\[1\]  mock .*\(fallback\)$")

    def test_body_alone(self):
        """a request may be its body alone"""
        said = self.explain(self.CONFIGURATION, {"model": "m"})
        self.assertRegex(said.stdout, r"^1\. config\.targets\[0\]  mock .*\(default\)\n$")

    def test_header_config(self):
        """a config in the request's header is explained, or refused with its faults"""
        good = {"headers": {"x-portkey-config": json.dumps({"provider": "openai", "api_key": "k"})}, "body": {}}
        self.assertIn("1. config  openai  with its own key", self.explain(self.CONFIGURATION, good).stdout)
        guarded = {"headers": {"x-portkey-config": json.dumps({"provider": "openai", "api_key": "k", "input_guardrails": [{"notNull": {}}]})}, "body": {}}
        self.assertIn("guarded by 1 input and 0 output hooks", self.explain(self.CONFIGURATION, guarded).stdout)
        bad = self.explain(self.CONFIGURATION, {"headers": {"x-portkey-config": '{"strategy":{"mode":"zz"},"targets":[{"provider":"openai"}]}'}, "body": {}})
        self.assertEqual(bad.returncode, 1)
        self.assertIn("Invalid 'mode' value", bad.stderr)

    def test_certificate(self):
        """a request may come with a client certificate, which conditions look at"""
        query = {"certificate.san": "URI:spiffe://acme/search", "certificate.subject": "CN=search"}
        configuration = {**self.CONFIGURATION, "configs": {"main": {
            "strategy": {"mode": "conditional", "conditions": [{"query": query, "then": "large"}], "default": "small"},
            "targets": [{"name": "small", "provider": "mock"}, {"name": "large", "virtual_key": "prod"}]}}}
        shown = {"subject": "CN=search", "san": ["DNS:search.example", "URI:spiffe://acme/search"]}
        self.assertIn("virtual key prod", self.explain(configuration, {"certificate": shown, "body": {"model": "m"}}).stdout)
        for certificate in ({}, {"subject": "CN=search"}, {**shown, "subject": "CN=other"}):
            self.assertIn("mock", self.explain(configuration, {"certificate": certificate, "body": {"model": "m"}}).stdout)
        self.assertEqual(self.explain(configuration, {"certificate": {"names": []}}).returncode, 64)

    def test_nothing_to_decide(self):
        """what cannot be explained is said, and is a failure"""
        self.assertEqual(self.explain({"version": 1}, {"model": "m"}).returncode, 1)
        self.assertEqual(self.explain(self.CONFIGURATION, {"headers": {"x-portkey-provider": "openai"}, "body": {}}).returncode, 1)
