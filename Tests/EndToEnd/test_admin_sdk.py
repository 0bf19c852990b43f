"""The console through the portkey-ai SDK: each kind of object made, listed, read, changed and deleted."""

import json
import shutil
import tempfile

from portkey_ai import Portkey
from portkey_ai.api_resources import exceptions
from portkey_ai.api_resources.utils import GenericResponse

from harness.gateway import Gateway, GatewayCase, mock

ADMIN = "an-admin-key-of-this-test-0123456789abcdef"
SECRET = "sk-test-0123456789abcdefghij"


class Admin(GatewayCase):
    """portkey-ai: admin."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        mock()
        cls.data = tempfile.mkdtemp(prefix="sluice-admin-")
        cls.console = Gateway(None, environment={"SLUICE_ADMIN_KEY": ADMIN, "SLUICE_DATA": cls.data})

    @classmethod
    def tearDownClass(cls):
        cls.console.stop()
        shutil.rmtree(cls.data, ignore_errors=True)
        super().tearDownClass()

    def client(self, key=ADMIN, **options):
        return Portkey(base_url=f"{self.console.url}/v1", api_key=key, **options)

    def get(self, path):
        return self.client().get(path=path, cast_to=GenericResponse)

    def refused(self, kind, call, **arguments):
        with self.assertRaises(kind) as caught:
            call(**arguments)
        return str(caught.exception)

    def test_keys(self):
        """API keys: four kinds, their answers as the SDK's types read them, rotation, disabling, deletion"""
        admin = self.client()
        workspace = admin.admin.workspaces.create(name="keys")
        user = admin.admin.users.invites.create(email="keys@example.com", role="member")
        for kind, sub, more in [
            ("organisation", "service", {}), ("organisation", "user", {"user_id": user.id}),
            ("workspace", "service", {"workspace_id": workspace.id}), ("workspace", "user", {"workspace_id": workspace.slug, "user_id": user.id}),
        ]:
            made = admin.api_keys.create(
                type=kind, sub_type=sub, name=f"{kind} {sub}", scopes=["completions.write", "virtual_keys.list"],
                usage_limits={"credit_limit": 10, "alert_threshold": 5, "periodic_reset": "monthly"},
                rate_limits=[{"type": "requests", "unit": "rpm", "value": 100}], defaults={"metadata": {"team": "x"}}, expires_at="2099-01-01T00:00:00Z", **more)
            self.assertEqual(made.object, "api-key")
            read = admin.api_keys.retrieve(id=made.id)
            self.assertEqual((read.type, read.status, read.usage_limits["credit_limit"]), (f"{kind}-{sub}", "active", 10))
            self.assertEqual(read.rate_limits, [{"type": "requests", "unit": "rpm", "value": 100}])
            self.assertTrue(read.key.endswith(made.key[-4:]) and made.key not in read.key)
            self.assertIn(made.id, [row["id"] for row in admin.api_keys.list(page_size=100).data])
            admin.api_keys.update(id=made.id, name="another", rate_limits=[])
            self.assertEqual(admin.api_keys.retrieve(id=made.id).name, "another")
            self.assertEqual(admin.api_keys.retrieve(id=made.id).usage_limits["current_usage"], 0)
            admin.api_keys.update(id=made.id, reset_usage=True)
            rotated = admin.post(f"/api-keys/{made.id}/rotate", key_transition_period_ms=0)
            self.assertNotEqual(rotated.key, made.key)
            admin.api_keys.update(id=made.id, status="disabled")
            self.assertEqual(admin.api_keys.retrieve(id=made.id).status, "disabled")
            admin.api_keys.delete(id=made.id)
            self.refused(exceptions.NotFoundError, admin.api_keys.retrieve, id=made.id)
        self.assertEqual(admin.api_keys.list(workspace_id=workspace.id).total, 0)

    def test_virtual_keys(self):
        """virtual keys, integrations and providers"""
        admin = self.client()
        made = admin.virtual_keys.create(name="main", provider="openai", key=SECRET, note="n", usage_limits={"credit_limit": 3})
        self.assertEqual(made.object, "virtual-key")
        read = admin.virtual_keys.retrieve(slug=made.slug)
        self.assertNotIn(SECRET, json.dumps(read.dict()))
        self.assertIn(made.slug, [row["slug"] for row in admin.virtual_keys.list().data])
        self.assertEqual(admin.virtual_keys.update(slug=made.slug, name="other", rate_limits=[{"type": "tokens", "unit": "rpd", "value": 5}]).slug, made.slug)
        self.assertEqual(admin.virtual_keys.retrieve(slug=made.slug).usage_limits["current_usage"], 0)
        integration = admin.integrations.create(name="account", ai_provider_id="openai", key=SECRET, description="d")
        detail = admin.integrations.retrieve(slug=integration.slug)
        self.assertEqual((detail.ai_provider_id, detail.masked_key[-4:]), ("openai", SECRET[-4:]))
        self.assertIn(integration.slug, [row.slug for row in admin.integrations.list(type="all").data])
        admin.integrations.update(slug=integration.slug, name="renamed", key=SECRET + "x")
        provider = admin.providers.create(
            name="slot", integration_id=integration.id, usage_limits={"credit_limit": 3}, rate_limits=[{"type": "tokens", "unit": "rpd", "value": 5}])
        self.assertEqual(admin.providers.retrieve(slug=provider.slug).rate_limits, [{"type": "tokens", "unit": "rpd", "value": 5}])
        self.assertIn(provider.slug, [row.slug for row in admin.providers.list().data])
        self.assertEqual(admin.providers.update(slug=provider.slug, name="again", reset_usage=True).slug, provider.slug)
        space = admin.admin.workspaces.create(name="shares")
        admin.integrations.workspaces.update(
            slug=integration.slug, global_workspace_access={"enabled": False}, override_existing_workspaces_access=True,
            workspaces=[{"id": space.id, "enabled": True, "usage_limits": [{"type": "cost", "credit_limit": 2}], "rate_limits": [{"type": "requests", "unit": "rpm", "value": 5}]}])
        [share] = admin.integrations.workspaces.list(slug=integration.slug).workspaces
        self.assertEqual((share.id, share.enabled, share.usage_limits["credit_limit"], share.rate_limits["value"]), (space.id, True, 2, 5))
        self.refused(exceptions.ConflictError, admin.integrations.delete, slug=integration.slug)
        admin.providers.delete(slug=provider.slug)
        admin.integrations.delete(slug=integration.slug)
        admin.virtual_keys.delete(slug=made.slug)
        self.refused(exceptions.NotFoundError, admin.virtual_keys.retrieve, slug=made.slug)

    def test_configs(self):
        """configs and their versions"""
        admin = self.client()
        made = admin.configs.create(name="retries", config={"retry": {"attempts": 2}}, is_default=0)
        self.assertTrue(made.slug.startswith("pc-retries-"))
        read = admin.configs.retrieve(slug=made.slug)
        self.assertEqual((read.config, read.is_default, read.version_id), ({"retry": {"attempts": 2}}, 0, made.version_id))
        changed = admin.configs.update(slug=made.slug, config={"retry": {"attempts": 3}})
        self.assertNotEqual(changed.version_id, made.version_id)
        self.assertEqual(len(self.get(f"/configs/{made.slug}/versions").data), 2)
        self.assertIn(made.slug, [row["slug"] for row in admin.configs.list().data])
        text = self.refused(exceptions.BadRequestError, admin.configs.update, slug=made.slug, config={"retry": {"attempts": 99}})
        self.assertIn("config.retry.attempts", text)
        admin.configs.delete(slug=made.slug)
        self.refused(exceptions.NotFoundError, admin.configs.retrieve, slug=made.slug)

    def test_people(self):
        """workspaces, users, invitations and members"""
        admin = self.client()
        self.assertEqual(admin.admin.users.list(email="none@example.com").data, [])
        invited = admin.admin.users.invites.create(email="ada@example.com", role="member", workspaces=[])
        self.assertEqual(admin.admin.users.invites.retrieve(invite_id=invited.id).email, "ada@example.com")
        self.assertIn(invited.id, [row.id for row in admin.admin.users.invites.list(page_size=100).data])
        workspace = admin.admin.workspaces.create(name="people", description="d", defaults={"metadata": {"a": "b"}}, users=[invited.id])
        self.assertEqual(workspace.users, [{"id": invited.id, "role": "member"}])
        self.assertEqual(admin.admin.workspaces.retrieve(workspace_id=workspace.slug).defaults, {"metadata": {"a": "b"}})
        self.assertIn(workspace.id, [row.id for row in admin.admin.workspaces.list(page_size=100).data])
        admin.admin.workspaces.update(workspace_id=workspace.id, description="e")
        members = admin.admin.workspaces.users
        self.assertEqual(members.retrieve(workspace_id=workspace.id, user_id=invited.id).role, "member")
        members.update(workspace_id=workspace.id, user_id=invited.id, role="manager")
        self.assertEqual([row["role"] for row in members.list(workspace_id=workspace.id).data], ["manager"])
        members.delete(workspace_id=workspace.id, user_id=invited.id)
        members.create(workspace_id=workspace.id, users=[{"id": invited.id, "role": "admin"}])
        self.assertEqual(admin.admin.users.retrieve(user_id=invited.id).workspace_ids, [workspace.id])
        admin.admin.users.update(user_id=invited.id, role="admin")
        admin.admin.workspaces.delete(workspace_id=workspace.id, name="people")
        admin.admin.users.delete(user_id=invited.id)
        self.refused(exceptions.NotFoundError, admin.admin.users.retrieve, user_id=invited.id)

    def test_policies_and_audit(self):
        """policies by the SDK's own post, get, put and delete; the audit log tells of them"""
        admin = self.client()
        made = admin.post(
            "/policies/usage-limits", name="per user", conditions=[{"key": "metadata._user", "value": "*"}], group_by=[{"key": "metadata._user"}],
            type="cost", credit_limit=1.5)
        self.assertEqual(made.object, "policy-usage-limits")
        path = f"/policies/usage-limits/{made.id}"
        admin.put(path=path, body={"credit_limit": 2}, cast_to=GenericResponse)
        self.assertEqual(self.get(path).credit_limit, 2)
        self.assertEqual(self.get(f"{path}/entities").data, [])
        admin.delete(path=path, cast_to=GenericResponse)
        rows = self.get(f"/audit-logs?resource_type=policies&resource_id={made.id}").records
        self.assertEqual([row["action"] for row in rows], ["delete", "update", "create"])

    def test_refusals(self):
        """no key, a stranger's key, and a key without the scope are the SDK's own exceptions"""
        self.refused(exceptions.AuthenticationError, self.client("nobody-nobody-nobody-nobody").api_keys.list)
        made = self.client().api_keys.create(type="organisation", sub_type="service", name="small", scopes=["completions.write"])
        text = self.refused(exceptions.PermissionDeniedError, self.client(made.key).configs.list)
        self.assertIn('"configs.list"', text)
        text = self.refused(exceptions.BadRequestError, self.client().configs.create, name="a")
        self.assertIn("config is missing", text)

    def test_made_to_be_used(self):
        """a virtual key, a config and a gateway key that the console made serve a request, until the key is deleted"""
        admin = self.client()
        slot = admin.virtual_keys.create(name="mock", provider="openai", key=SECRET, model_config={"custom_host": mock().base})
        config = admin.configs.create(name="mock", config={"virtual_key": slot.slug, "override_params": {"model": "mock"}})
        made = admin.api_keys.create(type="organisation", sub_type="service", name="user", scopes=["completions.write"])
        client = self.client(made.key, config=config.slug)
        messages = [{"role": "user", "content": "hello"}]
        completion = client.chat.completions.create(model="m", messages=messages)
        self.assertTrue(completion.choices[0].message.content)
        admin.api_keys.delete(id=made.id)
        with self.assertRaises(Exception) as caught:
            client.chat.completions.create(model="m", messages=messages)
        self.assertEqual(caught.exception.status_code, 401)
