"""Prompts of the store, and what belongs to them, through the admin API and the real SDK."""

from portkey_ai import Portkey
from portkey_ai.api_resources import exceptions

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
