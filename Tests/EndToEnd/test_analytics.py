"""Logs and analytics over the wire, with Portkey's own SDK; `sluice books`."""

import json
import os
import re
import shutil
import signal
import sqlite3
import tempfile
import time
import unittest
import urllib.parse
from datetime import datetime, timedelta, timezone
from pathlib import Path

from portkey_ai import Portkey

from harness.gateway import Gateway, Mock, command
from harness.waiting import soon
from harness.wire import Wire, request
from test_books import INPUT, NANO_INPUT, NANO_OUTPUT, OUTPUT

CHAT = "/v1/chat/completions"


class AnalyticsCase(unittest.TestCase):
    """A gateway with a store and books, before a mock of its own."""

    @classmethod
    def setUpClass(cls):
        cls.mock = Mock()
        cls.addClassCleanup(cls.mock.stop)
        cls.data = Path(tempfile.mkdtemp(prefix="sluice-test-analytics-"))
        cls.addClassCleanup(shutil.rmtree, cls.data, ignore_errors=True)
        cls.admin = re.search(r"sk-sluice-\w+", command("key", "new").stdout)[0]
        (cls.data / "prices.yaml").write_text(f'version: "test-1"\nsource: "tests"\nprices:\n  house:\n    "mock": {{input: {INPUT}, output: {OUTPUT}}}\n')
        cls.gateway = cls.start()
        cls.began = datetime.now(timezone.utc) - timedelta(minutes=1)

    @classmethod
    def start(cls, **members):
        configuration = {
            "version": 1, "prices": str(cls.data / "prices.yaml"), "books": {"mode": "required"},
            "providers": {"house": {"base_url": cls.mock.base, "auth": "none"}, "nowhere": {"base_url": "http://127.0.0.1:9/v1", "auth": "none"}},
            "configs": {"all": {"provider": "house", "override_params": {"model": "mock"}},
                        "second": {"strategy": {"mode": "fallback"}, "targets": [{"provider": "nowhere"}, {"provider": "house"}]}},
            "default": "all", **members,
        }
        gateway = Gateway(configuration, {"SLUICE_ADMIN_KEY": cls.admin, "SLUICE_DATA": str(cls.data)})
        cls.addClassCleanup(gateway.stop)
        return gateway

    def send(self, method, path, key=None, body=None, headers=None):
        with Wire(self.gateway.port) as wire:
            return wire.send(request(method, path, {"x-portkey-api-key": key or self.admin, **(headers or {})}, body)).response()

    def ask(self, headers=None, key=None, **members):
        return self.send("POST", CHAT, key, {"model": "mock", "messages": [{"role": "user", "content": "hello"}], **members}, headers)

    @property
    def span(self):
        """From a minute before the first request to a minute from now."""
        return {"time_of_generation_min": self.began.isoformat().replace("+00:00", "Z"),
                "time_of_generation_max": (datetime.now(timezone.utc) + timedelta(minutes=1)).isoformat().replace("+00:00", "Z")}

    def client(self, key=None):
        return Portkey(base_url=f"{self.gateway.url}/v1", api_key=key or self.admin)

    def get(self, path, expected=200, key=None, **query):
        answer = self.send("GET", f"{path}?{urllib.parse.urlencode({**self.span, **query})}", key)
        self.assertEqual(answer.status, expected, answer.body)
        return answer.json

    def rows(self, count, **query):
        """The list of logs, once it has so many."""
        self.assertTrue(soon(lambda: self.get("/v1/logs", **query)["total"] >= count), self.get("/v1/logs", **query))
        return self.get("/v1/logs", **query)["data"]


class Analytics(AnalyticsCase):
    """logs and analytics."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        case = cls("run_requests")
        case.run_requests()

    def run_requests(self):
        """What all tests here look at: nine requests."""
        type(self).answers = [self.ask({"x-portkey-metadata": json.dumps({"team": team, "_user": user})})
                              for team, user in (("search", "ada"), ("search", "ada"), ("ads", "bob"))]
        self.ask(stream=True)
        self.ask({"x-portkey-config": "nobody"})
        self.ask({"x-portkey-config": json.dumps({"provider": "nowhere"})})
        self.ask({"x-portkey-config": "second"})
        cached = {"x-portkey-config": json.dumps({"provider": "house", "cache": {"mode": "simple"}, "override_params": {"model": "mock"}})}
        self.ask(cached)
        self.ask(cached)
        self.rows(9)

    def test_graphs(self):
        """every graph the SDK knows, with sums that are the requests'"""
        graphs = self.client().analytics.graphs
        stats = self.mock.stats()
        cents = (stats["billed_input_tokens"] * NANO_INPUT + stats["billed_output_tokens"] * NANO_OUTPUT) / 1e7
        summaries = {
            "requests": {"total": 9}, "errors": {"total": 2}, "errors_rate": {"rate": 22.222222}, "users": {"total": 2},
            "users_requests": {"total": 3, "unique": 2, "avg": 1.5}, "errors_stacks": {"total": 2},
            "errors_status_codes": {"total_errors": 2, "unique_error_codes": 2}, "requests_rescued": {"retry": 0, "fallback": 1},
            "cache_hit_rate": {"total": 1, "rate": 50},
        }
        for name, summary in summaries.items():
            with self.subTest(graph=name):
                graph = getattr(graphs, name)(**self.span)
                self.assertEqual(graph.object, "analytics-graph")
                self.assertEqual(graph.summary, summary)
                self.assertEqual(graph.data, graph.data_points)
        [hit] = [row for row in self.rows(9) if row["cache_status"] == "HIT"]
        points = graphs.cache_hit_rate(**self.span).data_points
        saved = [point["cumulative_simple_cache_savings"] for point in points]
        self.assertEqual((saved, {point["cumulative_semantic_cache_savings"] for point in points}), (sorted(saved), {0}))
        self.assertAlmostEqual(saved[-1], hit["saved_usd"] * 100, places=7)
        self.assertGreater(saved[-1], 0)
        cost = graphs.cost(**self.span)
        self.assertAlmostEqual(cost.summary["total"], cents, places=7)
        self.assertAlmostEqual(sum(point["total"] for point in cost.data_points), cents, places=6)
        tokens = graphs.tokens(**self.span)
        self.assertEqual(tokens.summary["total"], stats["billed_input_tokens"] + stats["billed_output_tokens"])
        latency = graphs.latency(**self.span)
        self.assertGreater(latency.summary["p99"], 0)
        self.assertLessEqual(latency.summary["p50"], latency.summary["p90"])
        self.assertGreaterEqual(graphs.cache_latency(**self.span).summary["avg"], 0)
        codes = graphs.errors_status_codes(**self.span)
        self.assertEqual(codes.data_points, [{"status_code": 400, "count": 1}, {"status_code": 502, "count": 1}])

    def test_rows(self):
        """a row tells how its config chose, what kind of hit it is, what waits and the provider took, and which program served"""
        rows = self.rows(9)
        self.assertEqual(len({row["gateway_version"] for row in rows} - {None}), 1)
        [hit] = [row for row in rows if row["cache_status"] == "HIT"]
        self.assertEqual((hit["cache_type"], hit["mode"], hit["queue_us"], hit["upstream_response_time"]), ("simple", "single", 0, None))
        [second] = [row for row in rows if row["config"] == "second"]
        self.assertEqual((second["cache_type"], second["mode"]), (None, "fallback"))
        self.assertLessEqual(second["upstream_response_time"], second["response_time"])
        [unknown] = [row for row in rows if row["error_code"] == "unknown_config"]
        self.assertEqual((unknown["mode"], unknown["upstream_response_time"]), (None, None))
        # Whoever came first has waited for a dial.
        self.assertTrue(any(row["queue_us"] >= row["connect_us"] > 0 for row in rows), rows)
        # For accounts a row has what its record has.
        for row in rows:
            record = self.send("GET", f"/v1/logs/{row['id']}").json["record"]
            for name in ("saved_usd", "saved_tokens_in", "saved_tokens_out", "price_book", "target", "attempts", "blame", "first_token_us", "gateway_us",
                         "peer", "agent", "key", "certificate", "bytes_in", "bytes_out", "first_byte_us", "token_us", "limits", "guardrails"):
                self.assertEqual(row[name], record.get(name), (name, row, record))
        self.assertEqual(({row["peer"] for row in rows}, min(row["bytes_in"] for row in rows) > 0), ({"127.0.0.1"}, True))
        self.assertEqual([row["id"] for row in rows if row["saved_usd"]], [hit["id"]])
        self.assertEqual({row["attempts"] for row in rows if row["config"] == "second"}, {2})
        self.assertEqual([row["blame"] for row in rows if row["error_code"] == "unknown_config"], ["client"])
        log = self.send("GET", f"/v1/logs/{rows[-1]['id']}").json["record"]
        self.assertEqual(len(log["tries"]), log["attempts"])
        self.assertEqual((log["tries"][0]["tokens_in"], log["tries"][0]["tokens_out"]), (log["tokens_in"], log["tokens_out"]))

    def test_points(self):
        """a graph has every point of its time, empty ones as well, and their sums are the whole's"""
        graph = self.client().analytics.graphs.requests(**self.span)
        times = [datetime.fromisoformat(point["timestamp"].replace("Z", "+00:00")) for point in graph.data_points]
        self.assertEqual({later - earlier for earlier, later in zip(times, times[1:])}, {timedelta(minutes=1)})
        self.assertEqual(sum(point["total"] for point in graph.data_points), 9)

    def test_filters(self):
        """the SDK's filters choose"""
        graphs = self.client().analytics.graphs
        for filters, count in (
            ({"status_code": "400,502"}, 2), ({"status_code": "200"}, 7), ({"metadata": json.dumps({"team": "search"})}, 2),
            ({"metadata": json.dumps({"team": ["search", "ads"]})}, 3), ({"configs": "second"}, 1), ({"configs": "second,all"}, 5), ({"cache_status": "hit"}, 1),
            ({"cache_status": "hit,miss"}, 2), ({"ai_org_model": "house__mock"}, 7), ({"ai_org_model": "nowhere__mock"}, 1), ({"virtual_keys": "none"}, 0),
            ({"cost_min": 0.0001}, 6), ({"cost_max": 0}, 3), ({"total_units_min": 1}, 6), ({"api_key_ids": "none"}, 0),
            ({"prompt_slug": "none"}, 0), ({"trace_id": self.answers[0]["x-portkey-trace-id"]}, 1), ({"trace_id": "none"}, 0), ({"span_id": "none"}, 0),
        ):
            with self.subTest(filters=filters):
                self.assertEqual(graphs.requests(**self.span, **filters).summary["total"], count)

    def test_ranges(self):
        """the SDK's ranges of tokens and of cost are each of what it is named for, both ends within, in graphs and in the list"""
        graphs = self.client().analytics.graphs
        rows = self.rows(9, page_size=100)
        kinds = [("prompt_token", "req_units", 1), ("completion_token", "res_units", 1), ("total_units", "total_units", 1), ("cost", "cost", 10_000_000)]
        # Nano-dollars, in cents; what has none of it has 0.
        values = {name: [round((row[member] or 0) * scale) for row in rows] for name, member, scale in kinds}
        self.assertEqual({name: sum(value > 0 for value in found) for name, found in values.items()}, dict.fromkeys(values, 6))
        # Were one of them asked for by another's name, or read from another's column, one of its bounds would choose others.
        self.assertEqual(len({max(found) for found in values.values()}), len(kinds), values)
        for name, _, scale in kinds:
            def of(bound):
                return bound if scale == 1 else f"{bound / scale:.7f}"
            most = max(values[name])
            for least, greatest in ((most, None), (most + 1, None), (None, most), (None, most - 1), (most, most), (1, most - 1), (0, 0)):
                ends = {f"{name}_{end}": of(bound) for end, bound in (("min", least), ("max", greatest)) if bound is not None}
                count = sum((least or 0) <= value <= (most + 1 if greatest is None else greatest) for value in values[name])
                with self.subTest(filters=ends):
                    self.assertEqual((graphs.requests(**self.span, **ends).summary["total"], self.get("/v1/logs", **ends)["total"]), (count, count))

    def test_groups(self):
        """groups as the SDK asks for them: by users, models, keys and values of metadata, sorted and in pages"""
        groups = self.client().analytics.groups
        users = groups.users(**self.span)
        self.assertEqual([(row["user"], row["requests"], row["object"]) for row in users.data], [("ada", 2, "analytics-group"), ("bob", 1, "analytics-group")])
        self.assertEqual([row["ai_model"] for row in groups.ai_models(**self.span).data], ["mock"])
        teams = groups.metadata(metadata_key="team", **self.span)
        self.assertEqual([(row["metadata_value"], row["requests"]) for row in teams.data], [("search", 2), ("ads", 1)])
        self.assertGreater(teams.data[0]["avg_tokens"], 0)
        self.assertTrue(teams.data[0]["last_seen"].endswith("Z"))
        for kind, values in (("status_code", [200, 400, 502]), ("config", ["all", "second"]), ("ai_service", ["house", "nowhere"])):
            rows = groups.group_by(group_by=kind, **self.span, columns="requests,cost", include_total=True)
            self.assertEqual(sorted(row[kind] for row in rows.data), values)
            self.assertEqual(set(rows.data[0]), {kind, "requests", "cost", "object"})
            self.assertEqual(rows.total, len(values))
        ordered = groups.users(**self.span, order_by="requests", order_by_type="asc", page_size=1, current_page=1)
        self.assertEqual((ordered.total, [row["user"] for row in ordered.data]), (2, ["ada"]))
        self.assertEqual(len(groups.group_by(group_by="api_key", **self.span).data), 1)
        self.assertEqual(groups.workspaces(**self.span).data, [])

    def test_summary(self):
        """what the cache has come to"""
        summary = self.client().analytics.summary.cache(**self.span)
        self.assertEqual((summary.object, summary.hits, summary.total_requests), ("analytics-summary", 1, 9))
        self.assertGreater(summary.cache_speedup, 0)
        self.assertEqual(summary.data["hits"], 1)

    def test_log(self):
        """one request's record, by the id that its answer carries"""
        identifier = self.answers[0]["x-sluice-request-id"]
        log = self.send("GET", f"/v1/logs/{identifier}").json
        self.assertEqual((log["_id"], log["object"], log["response"]["status"], log["request"]["url"]), (identifier, "log", 200, CHAT))
        usage = self.answers[0].json["usage"]
        metrics = log["metrics"]
        self.assertEqual((metrics["req_units"], metrics["res_units"], metrics["ai_org"], metrics["_user"]), (usage["prompt_tokens"], usage["completion_tokens"], "house", "ada"))
        self.assertAlmostEqual(metrics["cost"], (usage["prompt_tokens"] * NANO_INPUT + usage["completion_tokens"] * NANO_OUTPUT) / 1e7, places=7)
        self.assertEqual(log["record"]["metadata"], {"team": "search", "_user": "ada"})
        for unknown in ("nothing", "archive", "0193ffff-0000-7000-8000-000000000000"):
            self.assertEqual(self.send("GET", f"/v1/logs/{unknown}").status, 404)

    def test_list(self):
        """logs in pages, the latest first"""
        everything = self.get("/v1/logs", page_size=100)
        self.assertEqual(everything["total"], 9)
        times = [row["created_at"] for row in everything["data"]]
        self.assertEqual(times, sorted(times, reverse=True))
        pages = [row["id"] for page in range(5) for row in self.get("/v1/logs", page_size=2, current_page=page)["data"]]
        self.assertEqual(pages, [row["id"] for row in everything["data"]])
        [row] = self.get("/v1/logs", trace_id=everything["data"][3]["trace_id"])["data"]
        self.assertEqual(row["id"], everything["data"][3]["id"])

    def test_faults(self):
        """what is no filter is refused, by its name and with what would be one"""
        for query, says in (
            ({"time_of_generation_min": "yesterday"}, "time_of_generation_min must be a date"),
            ({"time_of_generation_max": "2000-01-01T00:00:00Z"}, "time_of_generation_max is not after time_of_generation_min"),
            ({"time_of_generation_min": "1990-01-01"}, "is more than 3660 days after"), ({"status_code": "abc"}, '"abc", which is no status'),
            ({"cache_status": "warm"}, "it is hit, miss"), ({"ai_org_model": "gpt-4o"}, "openai__gpt-4o"), ({"metadata": "{"}, "metadata is a text that is no JSON"),
            ({"metadata": '{"a":{}}'}, "metadata must have a text"), ({"cost_min": "x"}, "cost_min must be a number"), ({"cost_min": 5, "cost_max": 1}, "less than cost_min"),
            ({"total_units_min": -1}, "total_units_min must be a whole number"), ({"total_units_min": 5, "total_units_max": 4}, "less than total_units_min"),
            ({"prompt_slugs": "p"}, "prompt_slugs is unknown"), ({"prompt_slug": "pp-a@latest"}, "the number of a version"), ({"virtual_keys": ",".join("v" * 65)}, "at most 64"), ({"workspace_slug": "none"}, "names no workspace"),
        ):
            for path in ("/v1/analytics/graphs/requests", "/v1/logs", "/v1/analytics/groups/users"):
                with self.subTest(query=query, path=path):
                    self.assertIn(says, self.get(path, expected=400, **query)["error"]["message"])
        self.assertIn("time_of_generation_min is missing", self.send("GET", "/v1/analytics/graphs/cost").json["error"]["message"])
        self.assertIn("there are requests, cost", self.get("/v1/analytics/groups/users", expected=400, columns="x")["error"]["message"])
        self.assertEqual(self.send("POST", "/v1/analytics/graphs/cost", body={}).status, 405)
        self.assertEqual(self.send("GET", "/v1/analytics/graphs/nothing").status, 404)

    def test_description(self):
        """the description has the routes"""
        paths = self.send("GET", "/sluice/openapi.json").json["paths"]
        self.assertIn("/logs/{id}", "".join(paths))
        self.assertEqual(sum("/analytics/graphs/" in path for path in paths), 17)


class Scopes(AnalyticsCase):
    """logs and analytics: scopes."""

    def test_scopes(self):
        """a key sees what its scopes say, and of its workspace alone"""
        workspace = self.send("POST", "/v1/admin/workspaces", body={"name": "One"}).json
        made = self.send("POST", "/v1/api-keys/workspace/service", body={
            "name": "of-one", "workspace_id": workspace["id"], "scopes": ["analytics.view", "logs.list", "logs.view", "completions.write"]}).json["key"]
        blind = self.send("POST", "/v1/api-keys/organisation/service", body={"name": "blind", "scopes": ["completions.write"]}).json["key"]
        for path in ("/v1/analytics/graphs/cost", "/v1/logs", "/v1/analytics/groups/users", "/v1/analytics/summary/cache"):
            self.assertIn("has not the scope", self.get(path, expected=403, key=blind)["error"]["message"])
        other = self.ask()
        self.rows(1)
        self.assertEqual(self.send("GET", f"/v1/logs/{other['x-sluice-request-id']}").status, 200)
        self.assertEqual(self.send("GET", f"/v1/logs/{other['x-sluice-request-id']}", made).status, 404)
        own = self.ask(key=made)
        self.assertEqual(own.status, 200, own.body)
        self.rows(2)
        self.assertEqual(self.get("/v1/logs", key=made)["total"], 1)
        self.assertEqual(self.get("/v1/analytics/graphs/requests", key=made)["summary"]["total"], 1)
        self.assertEqual(self.get("/v1/logs", workspace_slug=workspace["slug"])["total"], 1)
        [group] = self.get("/v1/analytics/groups/workspaces")["data"]
        self.assertEqual((group["workspace"], group["requests"]), (workspace["id"], 1))
        self.assertEqual(self.send("GET", f"/v1/logs/{own['x-sluice-request-id']}", made).status, 200)
        self.assertEqual(self.send("GET", "/v1/analytics/graphs/cost", "sk-sluice-" + "A" * 49).status, 401)


class Refusals(AnalyticsCase):
    """logs: refusals."""

    def test_own(self):
        """what a key was refused for stands in its workspace's own logs, with whose it was and what came along"""
        workspace = self.send("POST", "/v1/admin/workspaces", body={"name": "Two"}).json
        made = [self.send("POST", "/v1/api-keys/workspace/service", body={"name": name, "workspace_id": workspace["id"], "scopes": scopes}).json
                for name, scopes in (("reader", ["logs.list"]), ("elsewhere", ["completions.write"]))]
        reader, elsewhere = made
        self.assertEqual(self.send("PUT", f"/v1/api-keys/{elsewhere['id']}", body={"allowed_endpoints": ["/v1/embeddings"]}).status, 200)
        refused = [self.ask({"x-portkey-metadata": '{"team":"a"}'}, key=key["key"]) for key in made]
        self.assertEqual([answer.status for answer in refused], [403, 403])
        rows = self.rows(2, key=reader["key"])
        self.assertEqual({row["api_key_id"] for row in rows}, {key["id"] for key in made})
        self.assertEqual([row["metadata"] for row in rows], [{"team": "a"}] * 2)
        self.assertEqual({row["workspace_id"] for row in rows}, {workspace["id"]})

    def test_largest(self):
        """a request for more tokens than there are leaves a row that lists and graphs can be made of"""
        made = self.send("POST", "/v1/api-keys/organisation/service", body={
            "name": "limited", "scopes": ["completions.write"], "rate_limits": [{"type": "tokens", "unit": "rpm", "value": 1 << 40}]})
        self.assertEqual(made.status, 200, made.body)
        body = {"model": "mock?latency=5000", "messages": [{"role": "user", "content": "hello"}], "n": 1 << 40, "max_tokens": 1 << 40}
        with Wire(self.gateway.port) as wire:
            wire.send(request("POST", CHAT, {"x-portkey-api-key": made.json["key"], "x-portkey-config": "second"}, body))
            time.sleep(0.5)
        self.rows(1, api_key_ids=made.json["id"])
        for graph in ("cost", "tokens", "latency", "requests"):
            self.get(f"/v1/analytics/graphs/{graph}")


class Choices(AnalyticsCase):
    """logs and analytics: who asked, with what."""

    @classmethod
    def start(cls, **members):
        keyed = {"dialect": "openai", "base_url": cls.mock.base}
        return super().start(providers={"keyed": keyed, "house": {"base_url": cls.mock.base, "auth": "none"}}, configs={"all": {"provider": "house"}}, **members)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        case = cls("make")
        case.make()

    def made(self, path, **body):
        answer = self.send("POST", f"/v1{path}", body=body)
        self.assertEqual(answer.status, 200, answer.body)
        return answer.json

    def make(self):
        """What all tests here look at: three workspaces' keys, two virtual keys, two prompts in three versions; and which requests were made with them."""
        cls = type(self)
        cls.virtual_keys = [self.made("/virtual-keys", name=name, provider="keyed", key=f"sk-{name}-0123456789abcdef")["slug"] for name in ("east", "west")]
        cls.workspaces = [self.made("/admin/workspaces", name=name)["id"] for name in ("One", "Two")]
        cls.keys = [self.made("/api-keys/workspace/service", name=name, workspace_id=workspace, scopes=["completions.write"])
                    for name, workspace in zip(("one", "two"), self.workspaces)]
        folder = self.made("/collections", name="prompts")["id"]
        cls.prompts = [self.made("/prompts", name=name, string='[{"role":"user","content":"hello"}]', parameters={"model": "mock-prompt"},
                                 virtual_key=self.virtual_keys[0], collection_id=folder)["slug"] for name in ("greet", "part")]
        said = {"string": '[{"role":"user","content":"bye"}]', "parameters": {"model": "mock-prompt"}, "patch": True}
        self.assertEqual(self.send("PUT", f"/v1/prompts/{self.prompts[0]}", body=said).status, 200)
        east, west = ({"x-portkey-virtual-key": slug} for slug in self.virtual_keys)
        one, two = (key["key"] for key in self.keys)
        cls.asked = {
            "one-east": self.ask(east, one, model="mock-a"), "one-west": self.ask(west, one, model="mock-b"), "two-west": self.ask(west, two, model="mock-b"),
            "house": self.ask({"x-portkey-span-id": "span-of-house"}, model="mock-a"), "two-house": self.ask(key=two, model="mock-a"),
            **{f"prompt-{number}": self.send("POST", f"/v1/prompts/{name}/completions", body={"variables": {}})
               for number, name in enumerate((self.prompts[0], f"{self.prompts[0]}@2", self.prompts[1]))},
        }
        self.assertEqual({name: answer.status for name, answer in self.asked.items()}, dict.fromkeys(self.asked, 200))
        self.rows(len(self.asked))

    def test_filters(self):
        """filters by virtual key, API key, prompt, span and workspace choose those that were made with them, in lists, graphs and groups"""
        (east, west), (one, two), (greet, part) = self.virtual_keys, (key["id"] for key in self.keys), self.prompts
        prompts = ["prompt-0", "prompt-1", "prompt-2"]
        for filters, names in (
            ({"virtual_keys": east}, ["one-east", *prompts]), ({"virtual_keys": west}, ["one-west", "two-west"]),
            ({"virtual_keys": f"{east},{west}"}, ["one-east", "one-west", "two-west", *prompts]),
            ({"api_key_ids": one}, ["one-east", "one-west"]), ({"api_key_ids": f"{one}, {two}"}, ["one-east", "one-west", "two-house", "two-west"]),
            ({"api_key_ids": two, "virtual_keys": west}, ["two-west"]), ({"api_key_ids": one, "prompt_slug": greet}, []),
            ({"prompt_slug": greet}, ["prompt-0", "prompt-1"]), ({"prompt_slug": f"{greet}@2"}, ["prompt-1"]), ({"prompt_slug": f"{greet}@1,{part}"}, ["prompt-0", "prompt-2"]),
            ({"span_id": "span-of-house"}, ["house"]), ({"span_id": "span"}, []), ({"span_id": "span-of-house", "virtual_keys": east}, []),
            ({"workspace_slug": self.workspaces[1]}, ["two-house", "two-west"]), ({"ai_org_model": "house__mock-a"}, ["house", "two-house"]),
            ({"ai_org_model": "keyed__mock-b,keyed__mock-prompt"}, ["one-west", "two-west", *prompts]),
        ):
            with self.subTest(filters=filters):
                found = {row["id"] for row in self.get("/v1/logs", page_size=100, **filters)["data"]}
                self.assertEqual(sorted(name for name, answer in self.asked.items() if answer["x-sluice-request-id"] in found), sorted(names))
                self.assertEqual((len(found), self.get("/v1/analytics/graphs/requests", **filters)["summary"]["total"]), (len(names), len(names)))
                groups = self.get("/v1/analytics/groups/ai_service", **filters)["data"]
                self.assertEqual(sum(group["requests"] for group in groups), len(names))

    def test_groups(self):
        """groups by virtual key, prompt, version, model, provider, API key and workspace, as the SDK asks for them, count what was made with each"""
        (east, west), (greet, part) = self.virtual_keys, self.prompts
        groups = self.client().analytics.groups
        for kind, counts in (
            ("provider", {east: 4, west: 2}), ("prompt", {greet: 2, part: 1}), ("prompt_version", {f"{greet}@1": 1, f"{greet}@2": 1, f"{part}@1": 1}),
            ("model", {"mock-a": 3, "mock-b": 2, "mock-prompt": 3}), ("ai_service", {"keyed": 6, "house": 2}),
            ("workspace", dict(zip(self.workspaces, (2, 2)))),
        ):
            with self.subTest(group=kind):
                rows = groups.group_by(group_by=kind, **self.span)
                self.assertEqual({row[kind]: row["requests"] for row in rows.data}, counts)
                self.assertEqual((rows.total, {(row["object"], row["errors"]) for row in rows.data}), (len(counts), {("analytics-group", 0)}))
        keys = {row["api_key"]: row["requests"] for row in groups.group_by(group_by="api_key", **self.span).data}
        self.assertEqual([keys.pop(key["id"]) for key in self.keys] + list(keys.values()), [2, 2, 4])
        # And of what a filter leaves.
        some = groups.group_by(group_by="model", **self.span, virtual_keys=west)
        self.assertEqual([(row["model"], row["requests"]) for row in some.data], [("mock-b", 2)])


class Rows(AnalyticsCase):
    """books: rows."""

    def day(self):
        return sqlite3.connect(next((self.data / "books" / "days").glob("*.sqlite")), timeout=10)

    def test_kill_and_rebuild(self):
        """killed again and again each record has one row, the sums are the rows', and rows made anew are the same"""
        for number in range(4):
            for _ in range(25):
                self.ask()
            time.sleep(0.3)
            os.kill(self.gateway.serving, signal.SIGKILL)
            self.assertTrue(soon(self.is_serving, within=60))
        records = [json.loads(line) for line in command("logs", "--data", str(self.data), "--json", "--since", "1d").stdout.splitlines()]
        self.assertTrue(soon(lambda: self.get("/v1/logs")["total"] == len(records)))
        with self.day() as day:
            self.assertEqual({row[0] for row in day.execute("SELECT lower(hex(id)) FROM records")}, {record["id"].replace("-", "") for record in records})
            sums = day.execute("SELECT count(*), sum(cost), sum(tokens_in), sum(tokens_out) FROM records").fetchone()
            self.assertEqual({file.stat().st_mode & 0o777 for file in (self.data / "books" / "days").iterdir()}, {0o600})
            self.assertEqual(sums, day.execute("SELECT sum(requests), sum(cost), sum(tokens_in), sum(tokens_out) FROM sums WHERE level = 0").fetchone())
        self.assertEqual(sums[1], sum(round(record["cost_usd"] * 1e9) for record in records))
        done = command("books", "rebuild", "--data", str(self.data))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, rf"(?m)^20\d\d-\d\d-\d\d: {len(records)} records of \d+ segments$")
        with self.day() as day:
            self.assertEqual(sums, day.execute("SELECT count(*), sum(cost), sum(tokens_in), sum(tokens_out) FROM records").fetchone())
        self.ask()
        self.assertTrue(soon(lambda: self.get("/v1/logs")["total"] == len(records) + 1))

    def is_serving(self):
        try:
            return self.send("GET", "/health", headers={"Host": "localhost"}).status == 200
        except (OSError, AssertionError, ValueError):
            return False

    def test_nothing(self):
        """without a journal there is nothing to make anew"""
        done = command("books", "rebuild", "--data", str(self.data / "none"))
        self.assertEqual(done.returncode, 2)
        self.assertIn("there is no journal", done.stderr)


if __name__ == "__main__":
    unittest.main()
