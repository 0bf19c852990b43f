"""Policies, workspaces' limits and integrations' in workspaces: from the file and through the API."""

import concurrent.futures
import json
import os
import signal
import time
import unittest
import urllib.parse

from harness.gateway import new_key
from harness.waiting import soon
from harness.wire import Wire, request, send
from test_budgets import BudgetCase
from test_store_gateway import CHAT, AdminCase


class FilePolicies(BudgetCase):
    """policies: in the file."""

    def configuration(self, **policies):
        return {**super().configuration(), "policies": policies}

    def user(self, client, user, **members):
        return self.ask(client, extra_headers={"x-portkey-metadata": json.dumps({"_user": user})}, **members)

    def test_per_user(self):
        """each user has a budget, also after a restart and kill -9; a refusal names the policy and the user"""
        limits = {"per-user": {"conditions": [{"key": "metadata._user", "value": "*"}], "group_by": [{"key": "metadata._user"}],
                               "usage_limits": {"type": "requests", "credit_limit": 2, "periodic_reset": "monthly", "alert_threshold": 1}}}
        gateway = self.start(**limits)
        client = self.client(gateway)
        self.assertEqual([self.status(lambda: self.user(client, user)) for user in ("ada", "ada", "ada", "bob")], [200, 200, 412, 200])
        self.assertEqual([self.status(lambda: self.ask(client)) for _ in range(3)], [200, 200, 200])
        self.assertTrue(soon(lambda: 'the request budget of policy "per-user" for metadata._user "ada" has passed 1 requests of 2' in gateway.said()), gateway.said())
        self.assertEqual(self.metric(gateway, "sluice_policy_accounts", '{name="per-user",kind="usage"}'), 2)
        os.kill(gateway.serving, signal.SIGKILL)
        self.assertTrue(soon(lambda: gateway.ended and self.status(lambda: self.user(client, "ada")) == 412))
        gateway.first = gateway.serving
        gateway.stop()
        again = self.client(self.start(**limits))
        with self.assertRaises(Exception) as refused:
            self.user(again, "ada")
        self.assertEqual((refused.exception.status_code, refused.exception.code), (412, "budget_exceeded"))
        self.assertIn('policy "per-user" for metadata._user "ada", 2 requests, 0 requests are left', refused.exception.message)
        self.assertEqual(self.status(lambda: self.user(again, "bob")), 200)

    def test_rates(self):
        """of requests at once of each group exactly as many pass as its limit has"""
        gateway = self.start(slow={"group_by": [{"key": "metadata.team"}], "rate_limits": {"type": "requests", "unit": "rpm", "value": 10}})
        body = {"model": "mock?tokens=1", "messages": []}

        def ask(number):
            with Wire(gateway.port) as wire:
                fields = {"Authorization": f"Bearer {self.key}", "x-portkey-metadata": json.dumps({"team": number % 3})}
                return wire.send(request("POST", CHAT, fields, body)).response()

        with concurrent.futures.ThreadPoolExecutor(30) as pool:
            answers = list(pool.map(ask, range(150)))
        self.assertEqual([sum(answer.status == status for answer in answers) for status in (200, 429)], [30, 120])
        refused = next(answer for answer in answers if answer.status == 429)
        self.assertIn('policy "slow" for metadata.team', refused.json["error"]["message"])
        self.assertGreater(int(refused["retry-after"]), 0)

    def test_adopted_meanwhile(self):
        """an attempt after configurations were adopted is charged to who asked, by the policies that there were"""
        gateway = self.start(per_key={"group_by": [{"key": "api_key"}], "usage_limits": {"type": "requests", "credit_limit": 100}})
        fields = {"Authorization": f"Bearer {self.key}", "x-portkey-config": json.dumps({"provider": "house", "retry": {"attempts": 3, "on_status_codes": [503]}})}
        body = {"model": "mock?latency=300&status=503", "messages": []}
        with Wire(gateway.port) as wire:
            wire.send(request("POST", CHAT, fields, body))
            for _ in range(4):
                time.sleep(0.2)
                os.kill(gateway.serving, signal.SIGHUP)
            self.assertEqual(wire.response().status, 503)
        self.assertEqual(self.metric(gateway, "sluice_policy_accounts", '{name="per_key",kind="usage"}'), 1)

    def status(self, ask):
        try:
            ask()
            return 200
        except Exception as error:
            return getattr(error, "status_code", None)


class StoredLimits(AdminCase):
    """store: limits of workspaces, integrations and policies."""

    def space_key(self, gateway, space):
        return self.ask(gateway, "POST", "/api-keys/workspace/service", {"name": "k", "workspace_id": space, "scopes": ["completions.write"]})["key"]

    def statuses(self, gateway, key, headers, count):
        return [self.chat(gateway, key, headers).status for _ in range(count)]

    def test_workspace(self):
        """a workspace's limits are those of all its keys, from the next request on, are named, shown, and set to nothing"""
        gateway = self.start()
        headers = {"x-portkey-virtual-key": self.virtual_key(gateway)}
        space = self.ask(gateway, "POST", "/admin/workspaces", {"name": "red", "usage_limits": [{"type": "requests", "credit_limit": 3, "periodic_reset": "weekly"}]})["id"]
        keys = [self.space_key(gateway, space) for _ in range(2)]
        self.assertEqual(self.statuses(gateway, keys[0], headers, 2) + self.statuses(gateway, keys[1], headers, 2), [200, 200, 200, 412])
        answer = self.chat(gateway, keys[0], headers)
        self.assertIn('request budget of workspace "red", 3 requests, 0 requests are left', answer.message)
        self.assertEqual(self.chat(gateway, self.admin, headers).status, 200)
        read = self.ask(gateway, "GET", f"/admin/workspaces/{space}")
        self.assertEqual((read["status"], read["usage_limits"][0]["current_usage"]), ("exhausted", 3))
        self.assertEqual(self.ask(gateway, "PUT", f"/admin/workspaces/{space}", {"reset_usage": True})["status"], "active")
        self.assertEqual(self.chat(gateway, keys[0], headers).status, 200)
        self.ask(gateway, "PUT", f"/admin/workspaces/{space}", {"rate_limits": [{"type": "requests", "unit": "rph", "value": 1}]})
        self.assertEqual(self.statuses(gateway, keys[1], headers, 2), [200, 429])
        self.assertIn('workspace "red" has 1 requests a hour', self.chat(gateway, keys[0], headers).message)

    def test_pricing(self):
        """a virtual key's pricing is what its budget, its records and its sums are reckoned by, from the next request on; null is the price book's again"""
        prices = self.data / "prices.yaml"
        prices.write_text('version: "test-1"\nsource: "tests"\nprices:\n  origin:\n    "m": {input: 1000, output: 1000}\n    "gpt-4o-mini": {input: 1000, output: 1000}\n')
        gateway = self.start(self.configuration(prices=str(prices)))
        slug = self.virtual_key(gateway, pricing={"multiplier": 0.5}, usage_limits={"credit_limit": 1000, "periodic_reset": "monthly"})
        spent = 0
        # The answer has three tokens of input and one of output, at a thousandth of a dollar each.
        for pricing, cost in (({"multiplier": 0.5}, 0.002), (None, 0.004), ({"fixed": 0.25}, 0.25), ({"multiplier": 2}, 0.008), ({"multiplier": 0}, 0)):
            self.ask(gateway, "PUT", f"/virtual-keys/{slug}", {"pricing": pricing})
            read = self.ask(gateway, "GET", f"/virtual-keys/{slug}")
            self.assertEqual(read["pricing"], pricing)
            answer = send(gateway.port, "POST", CHAT, {"x-portkey-api-key": self.admin, "x-portkey-virtual-key": slug},
                          {"model": "m", "max_tokens": 5, "messages": [{"role": "user", "content": "hi"}]})
            self.assertEqual(answer.status, 200, answer)
            spent += cost
            self.assertTrue(soon(lambda: abs(self.ask(gateway, "GET", f"/virtual-keys/{slug}")["usage_limits"]["current_usage"] - spent) < 1e-9),
                            (pricing, self.ask(gateway, "GET", f"/virtual-keys/{slug}")))
            log = f"/logs/{answer['x-sluice-request-id']}"
            self.assertTrue(soon(lambda: send(gateway.port, "GET", "/v1" + log, {"x-portkey-api-key": self.admin}).status == 200))
            self.assertAlmostEqual(self.ask(gateway, "GET", log)["record"]["cost_usd"], cost, places=9)
        self.ask(gateway, "PUT", f"/virtual-keys/{slug}", {"pricing": {"multiplier": 1, "fixed": 1}}, status=400)
        gateway.stop()
        again = self.start(self.configuration(prices=str(prices)))
        self.assertEqual(self.ask(again, "GET", f"/virtual-keys/{slug}")["pricing"], {"multiplier": 0})

    def test_integration(self):
        """an integration's limits in a workspace are those of its virtual keys there; a workspace that may not use it is told so"""
        gateway = self.start()
        self.ask(gateway, "POST", "/integrations", {"name": "account", "slug": "account", "ai_provider_id": "origin", "key": "sk-vault-0123456789abcdef"})
        spaces = [self.ask(gateway, "POST", "/admin/workspaces", {"name": name})["id"] for name in ("red", "blue", "green")]
        keys = [self.space_key(gateway, space) for space in spaces]
        slug = self.ask(gateway, "POST", "/providers", {"name": "shared", "integration_id": "account"})["slug"]
        own = self.ask(gateway, "POST", "/providers", {"name": "own", "integration_id": "account", "workspace_id": spaces[0]})["slug"]
        path = "/integrations/account/workspaces"
        self.ask(gateway, "PUT", path, {"workspaces": [
            {"id": spaces[0], "enabled": True, "usage_limits": [{"type": "requests", "credit_limit": 2}]}, {"id": spaces[1], "enabled": False}]})
        statuses = [self.chat(gateway, keys[0], {"x-portkey-virtual-key": name}).status for name in (slug, own, slug, own)]
        self.assertEqual(statuses, [200, 200, 412, 412])
        self.assertIn('integration "account" in workspace "red", 2 requests', self.chat(gateway, keys[0], {"x-portkey-virtual-key": own}).message)
        refused = self.chat(gateway, keys[1], {"x-portkey-virtual-key": slug})
        self.assertEqual((refused.status, refused.json["error"]["code"]), (403, "virtual_key_unusable"), refused)
        self.assertEqual(self.chat(gateway, keys[2], {"x-portkey-virtual-key": slug}).status, 200)
        [red] = [row for row in self.ask(gateway, "GET", path)["workspaces"] if row["id"] == spaces[0]]
        self.assertEqual((red["status"], red["usage_limits"][0]["current_usage"]), ("exhausted", 2))
        self.ask(gateway, "PUT", path, {"workspaces": [{"id": spaces[0], "reset_usage": True}]})
        self.assertEqual(self.chat(gateway, keys[0], {"x-portkey-virtual-key": own}).status, 200)

    def test_policies(self):
        """a policy counts each value by itself from the next request on; its entities are listed and set to nothing one by one; deleted, it is no more"""
        gateway = self.start()
        headers = {"x-portkey-virtual-key": self.virtual_key(gateway)}
        made = self.ask(gateway, "POST", "/policies/usage-limits", {
            "name": "per user", "conditions": [{"key": "metadata._user", "value": "*"}, {"key": "virtual_key", "value": headers["x-portkey-virtual-key"]}],
            "group_by": [{"key": "metadata._user"}], "type": "requests", "credit_limit": 2, "periodic_reset": "weekly"})
        path = f"/policies/usage-limits/{made['id']}"

        def users(*names):
            return [self.chat(gateway, self.admin, {**headers, "x-portkey-metadata": json.dumps({"_user": name})}).status for name in names]

        self.assertEqual(users("ada", "ada", "ada", "bob"), [200, 200, 412, 200])
        entities = self.ask(gateway, "GET", path + "/entities")
        self.assertEqual([(row["value_key"], row["current_usage"], row["status"]) for row in entities["data"]],
                         [("metadata._user:ada", 2, "exhausted"), ("metadata._user:bob", 1, "active")])
        self.ask(gateway, "PUT", f"{path}/entities/{entities['data'][0]['id']}/reset")
        self.assertEqual(users("ada", "ada", "ada"), [200, 200, 412])
        self.ask(gateway, "PUT", path, {"temporary_credit": {"amount": 1, "until": "2099-01-01"}})
        self.assertEqual(users("ada", "ada"), [200, 412])
        os.kill(gateway.serving, 9)
        self.assertTrue(soon(lambda: gateway.ended and self.said(gateway, self.admin, {**headers, "x-portkey-metadata": '{"_user":"ada"}'}) == 412))
        self.assertEqual(self.ask(gateway, "GET", path + "/entities?search=AD")["total"], 1)
        self.ask(gateway, "DELETE", path)
        self.assertEqual(users("ada"), [200])
        rate = self.ask(gateway, "POST", "/policies/rate-limits", {
            "name": "slow", "conditions": [{"key": "model", "value": "m"}], "group_by": [{"key": "api_key"}], "type": "requests", "unit": "rph", "value": 1})
        self.assertEqual(users("eve", "eve"), [200, 429])
        [entity] = self.ask(gateway, "GET", f"/policies/rate-limits/{rate['id']}/entities")["data"]
        self.assertEqual((entity["current_usage"], entity["status"]), (1, "exhausted"))
        self.ask(gateway, "PUT", f"/policies/rate-limits/{rate['id']}/entities/{entity['id']}/reset")
        self.assertEqual(users("eve"), [200])
        gateway.first = gateway.serving

    def test_default_metadata(self):
        """what a key's workspace says of its requests, and the key itself, is what policies divide by, conditions look at and logs show, whatever they say themselves"""
        gateway = self.start()
        headers = {"x-portkey-virtual-key": self.virtual_key(gateway)}
        space = self.ask(gateway, "POST", "/admin/workspaces", {"name": "red", "defaults": {"metadata": {"site": "oslo"}}})["id"]
        made = self.ask(gateway, "POST", "/api-keys/workspace/service", {
            "name": "k", "workspace_id": space, "scopes": ["completions.write"], "defaults": {"metadata": {"team": "search", "site": "rome", "_user": "ada"}}})
        key, path = made["key"], f"/api-keys/{made['id']}"
        policy = self.ask(gateway, "POST", "/policies/usage-limits", {
            "name": "teams", "conditions": [{"key": "metadata.site", "value": "oslo"}], "group_by": [{"key": "metadata.team"}], "type": "requests", "credit_limit": 2})
        own = {**headers, "x-portkey-metadata": json.dumps({"team": "ads", "_user": "bob", "tier": "gold"})}
        self.assertEqual(self.statuses(gateway, key, headers, 1) + self.statuses(gateway, key, own, 2), [200, 200, 412])
        self.assertIn('policy "teams" for metadata.team "search"', self.chat(gateway, key, headers).message)
        rows = self.ask(gateway, "GET", f"/policies/usage-limits/{policy['id']}/entities")["data"]
        self.assertEqual({row["value_key"]: row["current_usage"] for row in rows}, {"metadata.team:search": 2})
        for more, count in (({}, 4), ({"tier": "gold"}, 2)):
            span = {f"time_of_generation_{end}": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + past)) for end, past in (("min", -3600), ("max", 3600))}
            query = "/logs?" + urllib.parse.urlencode({**span, "metadata": json.dumps({"team": "search", "site": "oslo", "_user": "ada", **more})})
            self.assertTrue(soon(lambda: self.ask(gateway, "GET", query)["total"] == count), self.ask(gateway, "GET", query))
        condition = {"strategy": {"mode": "conditional", "conditions": [{"query": {"metadata.team": {"$eq": "search"}}, "then": "a"}], "default": "b"},
                     "targets": [{"name": "a", "virtual_key": headers["x-portkey-virtual-key"], "override_params": {"seed": 1}},
                                 {"name": "b", "virtual_key": headers["x-portkey-virtual-key"], "override_params": {"seed": 2}}]}
        self.ask(gateway, "DELETE", f"/policies/usage-limits/{policy['id']}")
        for more, seed in (({}, 1), ({"x-portkey-metadata": '{"team": "ads"}'}, 1), ({"x-portkey-metadata": "no JSON"}, 1)):
            self.assertEqual(self.chat(gateway, key, {"x-portkey-config": json.dumps(condition), **more}).status, 200)
            self.assertEqual((self.upstream.requests[-1].json["seed"], self.upstream.requests[-1]["x-portkey-metadata"]), (seed, None))
        # From the next request on.
        self.ask(gateway, "PUT", path, {"defaults": {"metadata": {"team": "maps"}}})
        self.assertEqual(self.chat(gateway, key, {"x-portkey-config": json.dumps(condition)}).status, 200)
        self.assertEqual(self.upstream.requests[-1].json["seed"], 2)
        self.ask(gateway, "PUT", path, {"defaults": None})
        self.ask(gateway, "PUT", f"/admin/workspaces/{space}", {"defaults": {"metadata": {"team": "search"}}})
        self.assertEqual(self.chat(gateway, key, {"x-portkey-config": json.dumps(condition)}).status, 200)
        self.assertEqual(self.upstream.requests[-1].json["seed"], 1)

    def test_metadata_of_the_file(self):
        """a key of the file has metadata as well"""
        secret, digest = new_key()
        gateway = self.start({
            **self.configuration(), "keys": {"team": {"digest": digest, "metadata": {"team": "search"}}},
            "policies": {"teams": {"group_by": [{"key": "metadata.team"}], "usage_limits": {"type": "requests", "credit_limit": 1}}}})
        headers = {"x-portkey-virtual-key": self.virtual_key(gateway)}
        self.assertEqual(self.statuses(gateway, secret, headers, 2), [200, 412])
        self.assertIn('policy "teams" for metadata.team "search"', self.chat(gateway, secret, headers).message)
        self.assertEqual(self.chat(gateway, secret, {**headers, "x-portkey-metadata": '{"team": "ads"}'}).status, 412)

    def test_file(self):
        """policies of the file are listed and read, and changed in the file alone"""
        gateway = self.start({**self.configuration(), "policies": {"all": {"usage_limits": {"type": "requests", "credit_limit": 5}}}})
        headers = {"x-portkey-virtual-key": self.virtual_key(gateway)}
        self.assertEqual(self.chat(gateway, self.admin, headers).status, 200)
        list_all = lambda: self.ask(gateway, "GET", "/policies/usage-limits")["data"]
        # What a request took is counted as its answer leaves.
        self.assertTrue(soon(lambda: list_all()[0]["current_usage"] == 1), list_all())
        [listed] = list_all()
        self.assertEqual((listed["id"], listed["source"]), ("all", "file"))
        self.ask(gateway, "PUT", "/policies/usage-limits/all", {"credit_limit": 9}, status=409)
        self.ask(gateway, "DELETE", "/policies/usage-limits/all", status=409)
        [entity] = self.ask(gateway, "GET", "/policies/usage-limits/all/entities")["data"]
        self.ask(gateway, "PUT", f"/policies/usage-limits/all/entities/{entity['id']}/reset")
        self.assertEqual(self.ask(gateway, "GET", "/policies/usage-limits/all")["current_usage"], 0)


if __name__ == "__main__":
    unittest.main()
