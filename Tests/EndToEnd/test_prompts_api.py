"""Prompts of the store, and what belongs to them, through the admin API and the real SDK."""

import json
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from portkey_ai import Portkey
from portkey_ai.api_resources import exceptions
from portkey_ai.api_resources.utils import GenericResponse

from harness.gateway import command
from harness.wire import send
from test_store_gateway import AdminCase


class PromptsCase(AdminCase):
    """A gateway with a store, and the SDK towards it."""

    def setUp(self):
        super().setUp()
        self.gateway = self.start()
        self.sdk = self.client(self.admin)

    def client(self, key):
        return Portkey(base_url=f"{self.gateway.url}/v1", api_key=key)

    def key_of(self, workspace, *scopes):
        return self.ask(self.gateway, "POST", "/api-keys/workspace/service", {"name": "k", "workspace_id": workspace, "scopes": list(scopes)})["key"]

    def workspace(self, name):
        return self.ask(self.gateway, "POST", "/admin/workspaces", {"name": name})["id"]

    def refused(self, kind, call, *arguments, **members):
        with self.assertRaises(kind) as caught:
            call(*arguments, **members)
        return str(caught.exception)


class LabelsAndCollections(PromptsCase):
    """prompts: labels and collections."""

    def test_labels(self):
        """labels are made, listed before everybody's, read, changed and deleted; what is everybody's stays"""
        labels = self.sdk.labels
        made = labels.create(name="canary", description="first to see", color_code="#ff0000")
        read = labels.retrieve(made.id)
        self.assertEqual((read.name, read.description, read.color_code, read.is_universal), ("canary", "first to see", "#ff0000", False))
        self.assertEqual([row["name"] for row in labels.list().data], ["canary", "production", "staging", "development"])
        self.assertEqual(labels.list(current_page=1, page_size=3).data[0]["name"], "development")
        labels.update(made.id, name="beta")
        self.assertEqual(labels.retrieve(made.id).name, "beta")
        for name in ("latest", "12", "a b", "production"):
            self.assertIn("name", self.refused(exceptions.BadRequestError, labels.create, name=name))
        self.refused(exceptions.ConflictError, labels.create, name="beta")
        self.refused(exceptions.ConflictError, labels.delete, "production")
        self.refused(exceptions.ConflictError, labels.update, "staging", name="other")
        self.assertTrue(labels.retrieve("staging").is_universal)
        labels.delete(made.id)
        for call in (labels.retrieve, labels.delete, labels.update):
            self.refused(exceptions.NotFoundError, call, made.id)
        self.assertEqual(labels.list().total, 3)

    def test_collections(self):
        """collections are a tree: made, listed with how much is in them, read, renamed, and deleted once they are empty"""
        collections = self.sdk.collections
        space = self.workspace("red")
        top = collections.create("Support", workspace_id=space)
        inner = collections.create("Mails", parent_collection_id=top.slug)
        self.assertRegex(top.slug, r"^support-[0-9a-f]{6}$")
        read = collections.retrieve(top.slug)
        self.assertEqual((read.id, read.parent_collection_id, [row["id"] for row in read.child_collections]), (top.id, None, [inner.id]))
        self.assertEqual((collections.retrieve(inner.id).parent_collection_id, collections.retrieve(inner.id).workspace_id), (top.id, space))
        listed = collections.list(workspace_id=space)
        self.assertEqual([(row["name"], row["collection_details"]["child_collections_count"]) for row in listed.data], [("Mails", 0), ("Support", 1)])
        self.assertEqual(collections.list(search="mail", page_size=1, current_page=0).total, 1)
        collections.update(inner.slug, name="Letters")
        self.assertEqual(collections.retrieve(inner.id).name, "Letters")
        self.refused(exceptions.BadRequestError, collections.create, "a", parent_collection_id="none")
        self.refused(exceptions.BadRequestError, collections.create, "a", workspace_id="none")
        self.assertIn("used by 1 collection", self.refused(exceptions.ConflictError, collections.delete, top.id))
        self.assertIn("collection", self.ask(self.gateway, "DELETE", f"/admin/workspaces/{space}", status=409)["error"]["message"])
        collections.delete(inner.id)
        collections.delete(top.id)
        for call in (collections.retrieve, collections.delete):
            self.refused(exceptions.NotFoundError, call, top.id)
        self.refused(exceptions.NotFoundError, collections.update, top.id, name="x")
        self.ask(self.gateway, "DELETE", f"/admin/workspaces/{space}")

    def test_scopes(self):
        """each route needs its scope, and a key of a workspace has what is its workspace's"""
        red, blue = self.workspace("red"), self.workspace("blue")
        nothing = self.client(self.key_of(red, "completions.write"))
        for call, arguments in ((nothing.labels.create, {"name": "a"}), (nothing.labels.list, {}), (nothing.labels.retrieve, {"label_id": "staging"}),
                                (nothing.labels.update, {"label_id": "a"}), (nothing.labels.delete, {"label_id": "a"}),
                                (nothing.collections.create, {"name": "a"}), (nothing.collections.list, {}), (nothing.collections.retrieve, {"collection_id": "a"}),
                                (nothing.collections.update, {"collection_id": "a"}), (nothing.collections.delete, {"collection_id": "a"})):
            self.assertIn("scope", self.refused(exceptions.PermissionDeniedError, call, **arguments))
        scopes = [f"{kind}.{verb}" for kind in ("labels", "collections") for verb in ("create", "list", "read", "update", "delete")]
        mine, theirs = self.client(self.key_of(red, *scopes)), self.client(self.key_of(blue, *scopes))
        label, collection = mine.labels.create(name="canary"), mine.collections.create("Mine")
        self.assertEqual((len(mine.labels.list().data), len(theirs.labels.list().data)), (4, 3))
        self.assertEqual((mine.collections.list().total, theirs.collections.list().total), (1, 0))
        for call, name in ((theirs.labels.retrieve, label.id), (theirs.labels.delete, label.id), (theirs.collections.retrieve, collection.slug),
                           (theirs.collections.delete, collection.id)):
            self.refused(exceptions.NotFoundError, call, name)


MESSAGES = json.dumps([{"role": "system", "content": "Be kind."}, {"role": "user", "content": "{{question}} \"quoted\"\n"}])
FUNCTION = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}


class Prompts(PromptsCase):
    """prompts: the registry."""

    def make(self, **members):
        return self.sdk.prompts.create(**{"name": "Greeting", "collection_id": "", "string": MESSAGES, "parameters": {"temperature": 0.5}, **members})

    def test_life(self):
        """a prompt is made in a collection, read by slug and id, listed, changed, published, and deleted"""
        prompts, slug = self.sdk.prompts, self.virtual_key(self.gateway)
        folder = self.sdk.collections.create("Support")
        made = self.make(collection_id=folder.slug, virtual_key=slug, model="gpt-4o", tools=[FUNCTION], tool_choice={"type": "auto"},
                         version_description="the first", template_metadata={"template_type": "chat"})
        self.assertRegex(made.slug, r"^pp-greeting-[0-9a-f]{6}$")
        for name in (made.slug, made.id, made.slug + "@1", made.slug + "@latest"):
            read = prompts.retrieve(name)
            self.assertEqual((read.id, read.slug, read.name, read.collection_id), (made.id, made.slug, "Greeting", folder.id))
            self.assertEqual((read.string, read.parameters, read.virtual_key, read.model), (MESSAGES, {"temperature": 0.5}, slug, "gpt-4o"))
            self.assertEqual((read.tools, read.tool_choice, read.template_metadata), ([FUNCTION], {"type": "auto"}, {"template_type": "chat"}))
            self.assertEqual((read.prompt_version, read.prompt_version_id, read.prompt_version_status), (1, made.version_id, "active"))
        self.assertEqual([(row["slug"], row["model"]) for row in prompts.list(collection_id=folder.id).data], [(made.slug, "gpt-4o")])
        self.assertEqual((prompts.list(search="greet", page_size=1, current_page=0).total, prompts.list(search="none").total), (1, 0))
        changed = prompts.update(made.slug, string="plain {{text}}", parameters={}, version_description="the second")
        self.assertEqual((changed.slug, prompts.retrieve(made.slug).string), (made.slug, MESSAGES))
        self.assertEqual(prompts.retrieve(made.slug + "@latest").prompt_version_id, changed.prompt_version_id)
        prompts.publish(made.slug, version=2)
        self.assertEqual((prompts.retrieve(made.slug).string, prompts.retrieve(made.slug).model), ("plain {{text}}", None))
        patched = self.sdk.put(path=f"/prompts/{made.slug}", body={"patch": True, "model": "gpt-4o-mini"}, cast_to=GenericResponse)
        self.assertEqual(patched.prompt_version, 3)
        self.assertEqual((prompts.retrieve(made.slug + "@3").string, prompts.retrieve(made.slug + "@3").model), ("plain {{text}}", "gpt-4o-mini"))
        prompts.update(made.slug, name="Renamed")
        self.assertEqual((prompts.retrieve(made.id).name, prompts.retrieve(made.id).prompt_version), ("Renamed", 2))
        self.assertIn("used by 1 prompt", self.refused(exceptions.ConflictError, self.sdk.collections.delete, folder.id))
        prompts.delete(made.slug)
        for call, arguments in ((prompts.retrieve, {}), (prompts.update, {"name": "x"}), (prompts.delete, {}), (prompts.publish, {"version": 1}),
                                (prompts.versions.list, {}), (prompts.versions.retrieve, {"version_id": made.version_id}),
                                (prompts.versions.update, {"version_id": made.version_id, "label_id": "staging"})):
            self.refused(exceptions.NotFoundError, call, made.slug, **arguments)
        self.sdk.collections.delete(folder.id)

    def test_versions(self):
        """versions are listed as the SDK reads them and as they are described, read one by one, and labelled"""
        made, versions = self.make(), self.sdk.prompts.versions
        second = self.sdk.prompts.update(made.slug, string="two", parameters={})
        listed = versions.list(made.slug).data
        self.assertEqual([(row["prompt_version"], row["status"], row["prompt_template"]["string"]) for row in listed],
                         [(2, "archived", "two"), (1, "active", MESSAGES)])
        plain = self.ask(self.gateway, "GET", f"/prompts/{made.slug}/versions")
        self.assertEqual([row["id"] for row in plain], [second.prompt_version_id, made.version_id])
        self.assertEqual(versions.retrieve(made.slug, made.version_id).string, MESSAGES)
        versions.update(made.slug, made.version_id, label_id="production")
        own = self.sdk.labels.create(name="canary").id
        versions.update(made.slug, second.prompt_version_id, label_id=own)
        read = self.sdk.prompts.retrieve
        self.assertEqual((read(made.slug + "@production").prompt_version, read(made.slug + "@canary").prompt_version), (1, 2))
        self.assertEqual(read(made.slug + "@canary").prompt_version_label_id, own)
        versions.update(made.slug, second.prompt_version_id, label_id="production")
        self.assertEqual((read(made.slug + "@production").prompt_version, read(made.slug + "@1").prompt_version_label_id), (2, None))
        self.sdk.labels.delete(own)
        for name in ("@canary", "@3", "@staging", "@0"):
            self.assertIn("no version", self.refused(exceptions.NotFoundError, read, made.slug + name))
        self.refused(exceptions.BadRequestError, versions.update, made.slug, made.version_id, label_id="none")
        self.refused(exceptions.BadRequestError, versions.update, made.slug, made.version_id)
        self.refused(exceptions.NotFoundError, versions.retrieve, made.slug, self.make().version_id)
        self.refused(exceptions.NotFoundError, self.sdk.prompts.publish, made.slug, version=3)
        self.refused(exceptions.BadRequestError, self.sdk.prompts.publish, made.slug, version=0)

    def test_faults(self):
        """what cannot be is refused by name, and nothing is saved"""
        for members, field in (({"collection_id": "none"}, "collection_id"), ({"virtual_key": "none"}, "virtual_key"), ({"name": "n" * 257}, "name"),
                               ({"string": "{", "template_metadata": {"template_type": "chat"}}, "string"), ({"string": 7}, "string"),
                               ({"parameters": [1]}, "parameters"), ({"tools": {}}, "tools"), ({"tool_choice": 7}, "tool_choice"), ({"string": "x" * 262_145}, "string")):
            with self.subTest(field=field, members=str(members)[:60]):
                self.assertIn(field, self.refused(exceptions.BadRequestError, self.make, **members))
        self.assertEqual(self.sdk.prompts.list().total, 0)
        made = self.make()
        self.assertIn("patch", self.refused(exceptions.BadRequestError, self.sdk.prompts.update, made.slug, string="x"))
        self.assertEqual(len(self.sdk.prompts.versions.list(made.slug).data), 1)

    def test_partials(self):
        """partials are made, listed, read, changed, published and deleted, before any prompt of that path"""
        partials = self.sdk.prompts.partials
        made = partials.create(name="Tone", string="Be kind.", version_description="first")
        read = partials.retrieve(made.slug)
        self.assertEqual((read.id, read.string, read.version, read.prompt_partial_version_id), (made.id, "Be kind.", 1, made.version_id))
        changed = partials.update(made.slug, string="Be kinder.", description="more")
        self.assertEqual((partials.retrieve(made.slug).string, partials.retrieve(made.slug + "@2").string), ("Be kind.", "Be kinder."))
        partials.publish(made.slug, version=2)
        self.assertEqual(partials.retrieve(made.id).prompt_partial_version_id, changed.prompt_partial_version_id)
        self.assertEqual([row["description"] for row in partials.versions.list(made.slug).data], ["more", "first"])
        self.assertEqual([row["slug"] for row in partials.list().data], [made.slug])
        self.assertEqual([row["slug"] for row in self.ask(self.gateway, "GET", "/prompts/partials")], [made.slug])
        partials.update(made.slug, name="Voice", status="archived")
        self.assertEqual((partials.retrieve(made.slug).name, partials.retrieve(made.slug).status), ("Voice", "archived"))
        self.refused(exceptions.BadRequestError, partials.create, name="", string="x")
        self.refused(exceptions.BadRequestError, partials.update, made.slug, status="gone")
        self.refused(exceptions.NotFoundError, partials.publish, made.slug, version=3)
        self.refused(exceptions.NotFoundError, self.sdk.prompts.retrieve, made.slug)
        partials.delete(made.slug)
        for call, arguments in ((partials.retrieve, {}), (partials.update, {"name": "x"}), (partials.delete, {}), (partials.versions.list, {})):
            self.refused(exceptions.NotFoundError, call, made.slug, **arguments)

    def test_scopes(self):
        """each route needs its scope; a key of a workspace has what is its workspace's; what may be published is for who may publish"""
        red, blue = self.workspace("red"), self.workspace("blue")
        nothing = self.client(self.key_of(red, "completions.write")).prompts
        body = {"name": "a", "string": "x"}
        for call, arguments in ((nothing.create, {**body, "collection_id": "c", "parameters": {}}), (nothing.list, {}), (nothing.retrieve, {"prompt_slug": "a"}),
                                (nothing.update, {"prompt_slug": "a"}), (nothing.delete, {"prompt_slug": "a"}), (nothing.publish, {"prompt_slug": "a", "version": 1}),
                                (nothing.versions.list, {"prompt_slug": "a"}), (nothing.versions.retrieve, {"prompt_slug": "a", "version_id": "1"}),
                                (nothing.versions.update, {"prompt_slug": "a", "version_id": "1"}), (nothing.partials.create, body), (nothing.partials.list, {}),
                                (nothing.partials.retrieve, {"partial_slug": "a"}), (nothing.partials.update, {"partial_slug": "a"}),
                                (nothing.partials.delete, {"partial_slug": "a"}), (nothing.partials.publish, {"partial_slug": "a", "version": 1}),
                                (nothing.partials.versions.list, {"partial_slug": "a"})):
            self.assertIn("scope", self.refused(exceptions.PermissionDeniedError, call, **arguments))
        verbs = [f"prompts.{verb}" for verb in ("create", "list", "read", "update", "delete")]
        mine, theirs = self.client(self.key_of(red, *verbs)).prompts, self.client(self.key_of(blue, *verbs)).prompts
        made = mine.create(name="a", collection_id="", string="x", parameters={})
        partial = mine.partials.create(name="a", string="x")
        self.assertEqual((mine.list().total, theirs.list().total, len(mine.partials.list().data), len(theirs.partials.list().data)), (1, 0, 1, 0))
        for call, name in ((theirs.retrieve, made.slug), (theirs.delete, made.id), (theirs.versions.list, made.slug), (theirs.partials.retrieve, partial.slug)):
            self.refused(exceptions.NotFoundError, call, name)
        self.refused(exceptions.PermissionDeniedError, mine.publish, made.slug, version=1)
        mine.delete(made.slug)
        mine.partials.delete(partial.slug)

    def test_workspace(self):
        """a workspace with a prompt in it is not deleted; the organisation's prompts are listed with all"""
        space = self.workspace("green")
        slug = self.ask(self.gateway, "POST", "/prompts", {"name": "a", "string": "x", "workspace_id": space})["slug"]
        whole = self.make().slug
        self.assertEqual([row["slug"] for row in self.sdk.prompts.list(workspace_id=space).data], [slug])
        self.assertEqual([row["slug"] for row in self.sdk.prompts.list().data], [whole, slug])
        self.assertIn("used by 1 prompt;", self.ask(self.gateway, "DELETE", f"/admin/workspaces/{space}", status=409)["error"]["message"])
        self.ask(self.gateway, "DELETE", f"/prompts/{slug}")
        self.ask(self.gateway, "DELETE", f"/admin/workspaces/{space}")

    def test_together(self):
        """several who save at once get numbers of their own, without a gap; a patch is made of what it read, or refused"""
        slug, path = self.make().slug, "/v1/prompts/"
        fields = {"x-portkey-api-key": self.admin, "Content-Type": "application/json"}

        def save(body):
            answer = send(self.gateway.port, "PUT", path + slug, fields, body)
            return answer.status, answer.json.get("prompt_version")

        with ThreadPoolExecutor(6) as pool:
            saved = list(pool.map(save, [{"string": f"text {number}", "parameters": {}} for number in range(24)]))
            patched = list(pool.map(save, [{"patch": True, "model": f"model-{number}"} for number in range(12)]))
        self.assertEqual(sorted(saved), [(200, number) for number in range(2, 26)])
        self.assertLessEqual({status for status, _ in patched}, {200, 409})
        made = sorted(number for status, number in patched if status == 200)
        self.assertEqual(made, list(range(26, 26 + len(made))))
        self.assertEqual(self.sdk.prompts.retrieve(slug + "@latest").prompt_version, 25 + len(made))
        listed = self.sdk.prompts.versions.list(slug).data
        self.assertEqual([row["status"] for row in listed].count("active"), 1)

    def test_kept(self):
        """prompts survive a restart; the vault knows what they say, the audit log who changed them, and a backup has them"""
        made = self.make(string="the words of it")
        self.sdk.prompts.update(made.slug, string="others", parameters={})
        self.sdk.prompts.versions.update(made.slug, made.version_id, label_id="staging")
        rows = self.sdk.get(path="/audit-logs?page_size=1000", cast_to=GenericResponse).records
        self.assertEqual([(row["resource_type"], row["action"]) for row in rows if row["resource_type"].startswith("prompt")],
                         [("prompt_labels", "create"), ("prompt_versions", "create"), ("prompts", "update"), ("prompt_versions", "create"), ("prompts", "create")])
        self.gateway.stop()
        said = command("vault", "doctor", "--data", str(self.data))
        self.assertEqual(said.returncode, 0, said.stdout + said.stderr)
        self.assertIn("0 that do not open, 0 named by nothing", said.stdout)
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / "store.sqlite"
            self.assertEqual(command("backup", "--data", str(self.data), str(copy)).returncode, 0)
            for end in ("", "-wal", "-shm"):
                (self.data / f"store.sqlite{end}").unlink(missing_ok=True)
            shutil.copy(copy, self.data / "store.sqlite")
        self.gateway = self.start()
        read = self.client(self.admin).prompts.retrieve
        self.assertEqual([read(made.slug + name).string for name in ("", "@2", "@staging")], ["the words of it", "others", "the words of it"])
