/// The tables, as the steps that lead to them from nothing. A step, once released, is never changed; the next one goes on from it.
enum Schema {
    /// What `PRAGMA application_id` says of a database of ours: "Slce".
    static let applicationID: Int64 = 0x536C_6365

    /// The version is the number of steps taken, in `PRAGMA user_version`.
    static var version: Int64 { Int64(steps.count) }

    static let steps = [objects, audit, guardrails, prompts, exports]

    private static let objects = """
        CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
        INSERT INTO meta VALUES ('generation', 0);
        CREATE TABLE keyring_checks (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
        CREATE TABLE object_counts (name TEXT PRIMARY KEY, live INTEGER NOT NULL) STRICT, WITHOUT ROWID;

        CREATE TABLE organisations (
            id TEXT PRIMARY KEY, organisation_id TEXT NOT NULL REFERENCES organisations(id), workspace_id TEXT, slug TEXT, name TEXT NOT NULL,
            status TEXT NOT NULL, created_by TEXT, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, deleted_at INTEGER, revision INTEGER NOT NULL,
            defaults TEXT, settings TEXT) STRICT;
        CREATE UNIQUE INDEX organisations_slug ON organisations(slug) WHERE deleted_at IS NULL;

        CREATE TABLE workspaces (
            id TEXT PRIMARY KEY, organisation_id TEXT NOT NULL REFERENCES organisations(id), workspace_id TEXT, slug TEXT, name TEXT NOT NULL,
            status TEXT NOT NULL, created_by TEXT, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, deleted_at INTEGER, revision INTEGER NOT NULL,
            description TEXT, is_default INTEGER NOT NULL, defaults TEXT, usage_limits TEXT, rate_limits TEXT) STRICT;
        CREATE UNIQUE INDEX workspaces_slug ON workspaces(organisation_id, slug) WHERE deleted_at IS NULL;
        CREATE UNIQUE INDEX workspaces_default ON workspaces(organisation_id) WHERE is_default = 1 AND deleted_at IS NULL;

        CREATE TABLE users (
            id TEXT PRIMARY KEY, organisation_id TEXT NOT NULL REFERENCES organisations(id), workspace_id TEXT, slug TEXT, name TEXT NOT NULL,
            status TEXT NOT NULL, created_by TEXT, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, deleted_at INTEGER, revision INTEGER NOT NULL,
            email TEXT NOT NULL, role TEXT NOT NULL) STRICT;
        CREATE UNIQUE INDEX users_email ON users(organisation_id, email) WHERE deleted_at IS NULL;

        CREATE TABLE memberships (
            id TEXT PRIMARY KEY, organisation_id TEXT NOT NULL REFERENCES organisations(id), workspace_id TEXT NOT NULL REFERENCES workspaces(id),
            slug TEXT, name TEXT NOT NULL,
            status TEXT NOT NULL, created_by TEXT, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, deleted_at INTEGER, revision INTEGER NOT NULL,
            user_id TEXT NOT NULL REFERENCES users(id), role TEXT NOT NULL) STRICT;
        CREATE UNIQUE INDEX memberships_user ON memberships(workspace_id, user_id) WHERE deleted_at IS NULL;
        CREATE INDEX memberships_by_user ON memberships(user_id);

        CREATE TABLE configs (
            id TEXT PRIMARY KEY, organisation_id TEXT NOT NULL REFERENCES organisations(id), workspace_id TEXT REFERENCES workspaces(id),
            slug TEXT, name TEXT NOT NULL,
            status TEXT NOT NULL, created_by TEXT, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, deleted_at INTEGER, revision INTEGER NOT NULL,
            is_default INTEGER NOT NULL, version INTEGER NOT NULL) STRICT;
        CREATE UNIQUE INDEX configs_slug ON configs(organisation_id, slug) WHERE deleted_at IS NULL;
        CREATE INDEX configs_by_workspace ON configs(workspace_id);
        CREATE TABLE config_versions (
            config_id TEXT NOT NULL REFERENCES configs(id), number INTEGER NOT NULL, created_at INTEGER NOT NULL, created_by TEXT,
            PRIMARY KEY (config_id, number)) STRICT, WITHOUT ROWID;

        CREATE TABLE api_keys (
            id TEXT PRIMARY KEY, organisation_id TEXT NOT NULL REFERENCES organisations(id), workspace_id TEXT REFERENCES workspaces(id),
            slug TEXT, name TEXT NOT NULL,
            status TEXT NOT NULL, created_by TEXT, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, deleted_at INTEGER, revision INTEGER NOT NULL,
            holder TEXT NOT NULL, user_id TEXT REFERENCES users(id), description TEXT, scopes TEXT, allowed_models TEXT, allowed_providers TEXT,
            allowed_endpoints TEXT, allowed_networks TEXT, default_metadata TEXT, default_config_id TEXT REFERENCES configs(id),
            allow_config_override INTEGER NOT NULL, usage_limits TEXT, rate_limits TEXT, alert_emails TEXT, rotation_policy TEXT, creation_mode TEXT NOT NULL,
            expires_at INTEGER, digest BLOB NOT NULL, last_four TEXT NOT NULL, previous_digest BLOB, previous_expires_at INTEGER,
            last_used_at INTEGER) STRICT;
        CREATE UNIQUE INDEX api_keys_digest ON api_keys(digest);
        CREATE INDEX api_keys_previous ON api_keys(previous_digest) WHERE previous_digest IS NOT NULL;
        CREATE INDEX api_keys_by_workspace ON api_keys(workspace_id);
        CREATE INDEX api_keys_by_user ON api_keys(user_id) WHERE user_id IS NOT NULL;
        CREATE INDEX api_keys_by_config ON api_keys(default_config_id) WHERE default_config_id IS NOT NULL;

        CREATE TABLE integrations (
            id TEXT PRIMARY KEY, organisation_id TEXT NOT NULL REFERENCES organisations(id), workspace_id TEXT REFERENCES workspaces(id),
            slug TEXT, name TEXT NOT NULL,
            status TEXT NOT NULL, created_by TEXT, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, deleted_at INTEGER, revision INTEGER NOT NULL,
            provider TEXT NOT NULL, description TEXT, allow_all_models INTEGER NOT NULL, models TEXT, global_workspace_access INTEGER NOT NULL,
            workspaces TEXT, usage_limits TEXT, rate_limits TEXT, pricing TEXT) STRICT;
        CREATE UNIQUE INDEX integrations_slug ON integrations(organisation_id, slug) WHERE deleted_at IS NULL;

        CREATE TABLE virtual_keys (
            id TEXT PRIMARY KEY, organisation_id TEXT NOT NULL REFERENCES organisations(id), workspace_id TEXT REFERENCES workspaces(id),
            slug TEXT, name TEXT NOT NULL,
            status TEXT NOT NULL, created_by TEXT, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, deleted_at INTEGER, revision INTEGER NOT NULL,
            provider TEXT NOT NULL, integration_id TEXT REFERENCES integrations(id), note TEXT, allowed_models TEXT, usage_limits TEXT, rate_limits TEXT,
            pricing TEXT, expires_at INTEGER) STRICT;
        CREATE UNIQUE INDEX virtual_keys_slug ON virtual_keys(organisation_id, slug) WHERE deleted_at IS NULL;
        CREATE INDEX virtual_keys_by_workspace ON virtual_keys(workspace_id);
        CREATE INDEX virtual_keys_by_integration ON virtual_keys(integration_id) WHERE integration_id IS NOT NULL;

        CREATE TABLE credentials (
            id TEXT PRIMARY KEY, organisation_id TEXT NOT NULL REFERENCES organisations(id), workspace_id TEXT, slug TEXT, name TEXT NOT NULL,
            status TEXT NOT NULL, created_by TEXT, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, deleted_at INTEGER, revision INTEGER NOT NULL,
            virtual_key_id TEXT REFERENCES virtual_keys(id), integration_id TEXT REFERENCES integrations(id), weight INTEGER NOT NULL, expires_at INTEGER,
            reference TEXT, last_four TEXT NOT NULL, CHECK ((virtual_key_id IS NULL) <> (integration_id IS NULL))) STRICT;
        CREATE INDEX credentials_by_virtual_key ON credentials(virtual_key_id) WHERE virtual_key_id IS NOT NULL;
        CREATE INDEX credentials_by_integration ON credentials(integration_id) WHERE integration_id IS NOT NULL;

        CREATE TABLE policies (
            id TEXT PRIMARY KEY, organisation_id TEXT NOT NULL REFERENCES organisations(id), workspace_id TEXT REFERENCES workspaces(id),
            slug TEXT, name TEXT NOT NULL,
            status TEXT NOT NULL, created_by TEXT, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, deleted_at INTEGER, revision INTEGER NOT NULL,
            subject TEXT NOT NULL, description TEXT, conditions TEXT, group_by TEXT, terms TEXT) STRICT;
        CREATE INDEX policies_by_workspace ON policies(workspace_id);

        CREATE TABLE secrets (
            id TEXT PRIMARY KEY, organisation_id TEXT NOT NULL REFERENCES organisations(id), owner_id TEXT NOT NULL, version INTEGER NOT NULL,
            algorithm INTEGER NOT NULL, key_id TEXT NOT NULL, wrapped_key BLOB NOT NULL, sealed BLOB NOT NULL, created_at INTEGER NOT NULL) STRICT;
        CREATE INDEX secrets_by_owner ON secrets(owner_id);
        CREATE INDEX secrets_by_key ON secrets(key_id, id);
        """

    private static let guardrails = """
        CREATE TABLE guardrails (
            id TEXT PRIMARY KEY, organisation_id TEXT NOT NULL REFERENCES organisations(id), workspace_id TEXT REFERENCES workspaces(id),
            slug TEXT, name TEXT NOT NULL,
            status TEXT NOT NULL, created_by TEXT, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, deleted_at INTEGER, revision INTEGER NOT NULL,
            version INTEGER NOT NULL) STRICT;
        CREATE UNIQUE INDEX guardrails_slug ON guardrails(organisation_id, slug) WHERE deleted_at IS NULL;
        CREATE INDEX guardrails_by_workspace ON guardrails(workspace_id);
        """

    private static let prompts = """
        CREATE TABLE collections (
            id TEXT PRIMARY KEY, organisation_id TEXT NOT NULL REFERENCES organisations(id), workspace_id TEXT REFERENCES workspaces(id),
            slug TEXT, name TEXT NOT NULL,
            status TEXT NOT NULL, created_by TEXT, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, deleted_at INTEGER, revision INTEGER NOT NULL,
            parent_collection_id TEXT REFERENCES collections(id)) STRICT;
        CREATE UNIQUE INDEX collections_slug ON collections(organisation_id, slug) WHERE deleted_at IS NULL;
        CREATE INDEX collections_by_workspace ON collections(workspace_id);
        CREATE INDEX collections_by_parent ON collections(parent_collection_id) WHERE parent_collection_id IS NOT NULL;

        CREATE TABLE labels (
            id TEXT PRIMARY KEY, organisation_id TEXT NOT NULL REFERENCES organisations(id), workspace_id TEXT REFERENCES workspaces(id),
            slug TEXT, name TEXT NOT NULL,
            status TEXT NOT NULL, created_by TEXT, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, deleted_at INTEGER, revision INTEGER NOT NULL,
            description TEXT, color_code TEXT) STRICT;
        CREATE UNIQUE INDEX labels_name ON labels(organisation_id, workspace_id, name) WHERE workspace_id IS NOT NULL AND deleted_at IS NULL;
        CREATE UNIQUE INDEX labels_name_of_all ON labels(organisation_id, name) WHERE workspace_id IS NULL AND deleted_at IS NULL;
        CREATE INDEX labels_by_workspace ON labels(workspace_id);

        CREATE TABLE prompts (
            id TEXT PRIMARY KEY, organisation_id TEXT NOT NULL REFERENCES organisations(id), workspace_id TEXT REFERENCES workspaces(id),
            slug TEXT, name TEXT NOT NULL,
            status TEXT NOT NULL, created_by TEXT, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, deleted_at INTEGER, revision INTEGER NOT NULL,
            collection_id TEXT REFERENCES collections(id), latest_version INTEGER NOT NULL, published_version INTEGER NOT NULL) STRICT;
        CREATE UNIQUE INDEX prompts_slug ON prompts(organisation_id, slug) WHERE deleted_at IS NULL;
        CREATE INDEX prompts_by_workspace ON prompts(workspace_id);
        CREATE INDEX prompts_by_collection ON prompts(collection_id) WHERE collection_id IS NOT NULL;

        CREATE TABLE partials (
            id TEXT PRIMARY KEY, organisation_id TEXT NOT NULL REFERENCES organisations(id), workspace_id TEXT REFERENCES workspaces(id),
            slug TEXT, name TEXT NOT NULL,
            status TEXT NOT NULL, created_by TEXT, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, deleted_at INTEGER, revision INTEGER NOT NULL,
            collection_id TEXT REFERENCES collections(id), latest_version INTEGER NOT NULL, published_version INTEGER NOT NULL) STRICT;
        CREATE UNIQUE INDEX partials_slug ON partials(organisation_id, slug) WHERE deleted_at IS NULL;
        CREATE INDEX partials_by_workspace ON partials(workspace_id);
        CREATE INDEX partials_by_collection ON partials(collection_id) WHERE collection_id IS NOT NULL;

        CREATE TABLE prompt_versions (
            id TEXT PRIMARY KEY, organisation_id TEXT NOT NULL REFERENCES organisations(id), workspace_id TEXT REFERENCES workspaces(id),
            slug TEXT, name TEXT NOT NULL,
            status TEXT NOT NULL, created_by TEXT, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, deleted_at INTEGER, revision INTEGER NOT NULL,
            prompt_id TEXT REFERENCES prompts(id), partial_id TEXT REFERENCES partials(id), number INTEGER NOT NULL, description TEXT,
            CHECK ((prompt_id IS NULL) <> (partial_id IS NULL))) STRICT;
        CREATE UNIQUE INDEX prompt_versions_of_prompt ON prompt_versions(prompt_id, number) WHERE prompt_id IS NOT NULL;
        CREATE UNIQUE INDEX prompt_versions_of_partial ON prompt_versions(partial_id, number) WHERE partial_id IS NOT NULL;

        CREATE TABLE prompt_labels (
            id TEXT PRIMARY KEY, organisation_id TEXT NOT NULL REFERENCES organisations(id), workspace_id TEXT REFERENCES workspaces(id),
            slug TEXT, name TEXT NOT NULL,
            status TEXT NOT NULL, created_by TEXT, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, deleted_at INTEGER, revision INTEGER NOT NULL,
            prompt_id TEXT NOT NULL REFERENCES prompts(id), label_id TEXT NOT NULL, number INTEGER NOT NULL) STRICT;
        CREATE UNIQUE INDEX prompt_labels_label ON prompt_labels(prompt_id, label_id) WHERE deleted_at IS NULL;
        CREATE INDEX prompt_labels_by_label ON prompt_labels(label_id);
        """

    private static let exports = """
        CREATE TABLE log_exports (
            id TEXT PRIMARY KEY, organisation_id TEXT NOT NULL REFERENCES organisations(id), workspace_id TEXT REFERENCES workspaces(id),
            slug TEXT, name TEXT NOT NULL,
            status TEXT NOT NULL, created_by TEXT, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, deleted_at INTEGER, revision INTEGER NOT NULL,
            description TEXT, filters TEXT, fields TEXT, format TEXT NOT NULL, state TEXT NOT NULL, started_at INTEGER, row_count INTEGER NOT NULL) STRICT;
        CREATE INDEX log_exports_by_workspace ON log_exports(workspace_id);
        """

    private static let audit = """
        CREATE TABLE audit (
            sequence INTEGER PRIMARY KEY, at INTEGER NOT NULL, outcome TEXT NOT NULL, action TEXT NOT NULL, resource TEXT NOT NULL, resource_id TEXT,
            organisation_id TEXT, workspace_id TEXT, actor TEXT NOT NULL, actor_id TEXT, key_id TEXT, role TEXT, method TEXT, path TEXT, request_id TEXT,
            address TEXT, agent TEXT, reason TEXT, before TEXT, after TEXT, previous BLOB NOT NULL, hash BLOB NOT NULL) STRICT;
        CREATE INDEX audit_by_time ON audit(organisation_id, at);
        CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is not changed'); END;
        CREATE TRIGGER audit_is_not_deleted BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is not deleted'); END;
        CREATE TABLE audit_end (id INTEGER PRIMARY KEY CHECK (id = 1), sequence INTEGER NOT NULL, hash BLOB NOT NULL, seal BLOB NOT NULL) STRICT;
        """
}
