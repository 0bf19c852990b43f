"""Guardrails of the store: made, changed and deleted through the admin API and the real SDK, and named by configs."""

import json

from portkey_ai import Portkey

from harness.wire import send
from test_store_gateway import CHAT, AdminCase

WORDS = {"id": "default.contains", "parameters": {"words": ["forbidden"], "operator": "none"}}


class StoredGuardrails(AdminCase):
    """store: guardrails."""

    def chats(self, gateway, key, config, text):
        fields = {"x-portkey-api-key": key, "x-portkey-config": config if isinstance(config, str) else json.dumps(config)}
        return send(gateway.port, "POST", CHAT, fields, {"model": "mock", "messages": [{"role": "user", "content": text}]})

    def test_sdk(self):
        """the SDK makes, reads, lists, changes and deletes one"""
        gateway = self.start()
        admin = Portkey(base_url=f"{gateway.url}/v1", api_key=self.admin)
        made = admin.guardrails.create(name="No secrets", checks=[WORDS], actions={"deny": True})
        self.assertRegex(made.slug, r"^pg-no-secrets-[0-9a-f]{6}$")
        for name in (made.id, made.slug):
            read = admin.guardrails.retrieve(guardrail_id=name)
            self.assertEqual((read.id, read.name, read.checks, read.actions), (made.id, "No secrets", [WORDS], {"deny": True}))
        self.assertEqual([(row.slug, row.get("checks")) for row in admin.guardrails.list().data], [(made.slug, None)])
        changed = admin.guardrails.update(guardrail_id=made.slug, name="Other")
        self.assertEqual(changed.version_id, made.version_id)
        changed = admin.guardrails.update(guardrail_id=made.slug, actions={"deny": False})
        self.assertNotEqual(changed.version_id, made.version_id)
        read = admin.guardrails.retrieve(guardrail_id=made.id)
        self.assertEqual((read.name, read.checks, read.actions), ("Other", [WORDS], {"deny": False}))
        admin.guardrails.delete(guardrail_id=made.slug)
        self.assertEqual(admin.guardrails.list().total, 0)

    def test_faults(self):
        """what could not be run is refused, with where it stands; nothing is stored"""
        gateway = self.start()
        for body, field in (
                ({"name": "a", "checks": [{"id": "default.contain", "parameters": {}}], "actions": {}}, "checks[0].id"),
                ({"name": "a", "checks": [{"id": "default.contains", "parameters": {"words": 1, "operator": "none"}}], "actions": {}}, "checks[0].parameters"),
                ({"name": "a", "checks": [], "actions": {}}, "checks"), ({"name": "a", "checks": [WORDS]}, "actions"),
                ({"name": "a", "checks": [WORDS], "actions": {"deny": "x"}}, "actions.deny"), ({"name": "a", "checks": [WORDS], "actions": {"denny": True}}, "actions"),
                ({"name": "a", "checks": [WORDS], "actions": {"async": True}}, "actions.async"), ({"checks": [WORDS], "actions": {}}, "name"),
                ({"name": "a", "slug": "x", "checks": [WORDS], "actions": {}}, "slug"), ({"name": "a", "checks": "x", "actions": {}}, "checks")):
            with self.subTest(body=body):
                self.assertIn(field, self.ask(gateway, "POST", "/guardrails", body, status=400)["error"]["message"])
        self.assertEqual(self.ask(gateway, "GET", "/guardrails")["total"], 0)
        self.ask(gateway, "GET", "/guardrails/pg-none-000000", status=404)

    def test_named(self):
        """configs name them by slug and id, of the store and of a header; a change counts from the next request on, and so does a deletion"""
        gateway = self.start()
        kept = self.ask(gateway, "POST", "/guardrails", {"name": "words", "slug": "pg-words", "checks": [WORDS], "actions": {"deny": True}})
        slug = self.virtual_key(gateway)
        saved = self.ask(gateway, "POST", "/configs", {"name": "kept", "config": {"virtual_key": slug, "input_guardrails": ["pg-words"]}})["slug"]
        named = [saved, {"virtual_key": slug, "before_request_hooks": [kept["id"]]}]
        for config in named:
            self.assertEqual(self.chats(gateway, self.admin, config, "hello").status, 200)
            answer = self.chats(gateway, self.admin, config, "a forbidden word")
            self.assertEqual((answer.status, answer.json["hook_results"]["before_request_hooks"][0]["id"]), (446, "pg-words"), answer)
        self.ask(gateway, "PUT", "/guardrails/pg-words", {"checks": [{**WORDS, "parameters": {"words": ["other"], "operator": "none"}}]})
        for config in named:
            self.assertEqual([self.chats(gateway, self.admin, config, text).status for text in ("a forbidden word", "the other")], [200, 446])
        self.ask(gateway, "DELETE", "/guardrails/pg-words")
        for config in named:
            answer = self.chats(gateway, self.admin, config, "hello")
            self.assertGreaterEqual(answer.status, 400, answer)
            self.assertIn("is not known here", answer.body.decode())
        refused = self.ask(gateway, "POST", "/configs", {"name": "n", "config": {"virtual_key": slug, "input_guardrails": ["pg-words"]}}, status=400)
        self.assertIn('guardrail "pg-words" is not known here', refused["error"]["message"])

    def test_workspaces(self):
        """a workspace's guardrail is for its own configs; the organisation's is for all; a key of another neither sees nor names it"""
        gateway = self.start()
        spaces = [self.ask(gateway, "POST", "/admin/workspaces", {"name": name})["id"] for name in ("red", "blue")]
        scopes = ["guardrails.list", "guardrails.read", "guardrails.update", "guardrails.delete", "configs.create", "completions.write"]
        keys = [self.ask(gateway, "POST", "/api-keys/workspace/service", {"name": "k", "workspace_id": space, "scopes": scopes})["key"] for space in spaces]
        slug = self.virtual_key(gateway)
        body = {"name": "g", "checks": [WORDS], "actions": {"deny": True}}
        self.ask(gateway, "POST", "/guardrails", {**body, "slug": "pg-red", "workspace_id": spaces[0]})
        self.ask(gateway, "POST", "/guardrails", {**body, "slug": "pg-all"})
        self.assertEqual([row["slug"] for row in self.ask(gateway, "GET", "/guardrails", key=keys[0])["data"]], ["pg-red"])
        for method, sent in (("GET", None), ("PUT", {"name": "x"}), ("DELETE", None)):
            self.ask(gateway, method, "/guardrails/pg-red", sent, key=keys[1], status=404)
        config = {"virtual_key": slug, "input_guardrails": ["pg-red", "pg-all"]}
        own = self.ask(gateway, "POST", "/configs", {"name": "own", "config": config}, key=keys[0])["slug"]
        self.ask(gateway, "POST", "/configs", {"name": "own", "config": config}, key=keys[1], status=400)
        self.assertEqual(self.chats(gateway, keys[0], own, "a forbidden word").status, 446)
        self.assertEqual(self.chats(gateway, keys[1], {"virtual_key": slug, "input_guardrails": ["pg-all"]}, "a forbidden word").status, 446)
        self.assertEqual(self.chats(gateway, keys[1], {"virtual_key": slug, "input_guardrails": ["pg-red"]}, "hello").status, 400)
        space = self.ask(gateway, "POST", "/admin/workspaces", {"name": "green"})["id"]
        self.ask(gateway, "POST", "/guardrails", {**body, "slug": "pg-green", "workspace_id": space})
        self.assertIn("guardrail", self.ask(gateway, "DELETE", f"/admin/workspaces/{space}", status=409)["error"]["message"])
        self.ask(gateway, "DELETE", "/guardrails/pg-green")
        self.ask(gateway, "DELETE", f"/admin/workspaces/{space}")

    def test_survives(self):
        """guardrails survive a restart"""
        gateway = self.start()
        self.ask(gateway, "POST", "/guardrails", {"name": "words", "slug": "pg-words", "checks": [WORDS], "actions": {"deny": True}})
        slug = self.virtual_key(gateway)
        gateway.stop()
        again = self.start()
        self.assertEqual(self.chats(again, self.admin, {"virtual_key": slug, "input_guardrails": ["pg-words"]}, "a forbidden word").status, 446)
