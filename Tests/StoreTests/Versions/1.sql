CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO meta VALUES ('generation', 8);
CREATE TABLE keyring_checks (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO keyring_checks VALUES ('key of-the-tests', X'F67BD82D3FB66576');
INSERT INTO keyring_checks VALUES ('pepper', X'24AC1AFFC8C1D3DA');
CREATE TABLE object_counts (name TEXT PRIMARY KEY, live INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO object_counts VALUES ('api_keys', 1);
INSERT INTO object_counts VALUES ('configs', 1);
INSERT INTO object_counts VALUES ('credentials', 2);
INSERT INTO object_counts VALUES ('organisations', 1);
INSERT INTO object_counts VALUES ('virtual_keys', 1);
INSERT INTO object_counts VALUES ('workspaces', 1);
CREATE TABLE organisations (
    id TEXT PRIMARY KEY, organisation_id TEXT NOT NULL REFERENCES organisations(id), workspace_id TEXT, slug TEXT, name TEXT NOT NULL,
    status TEXT NOT NULL, created_by TEXT, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, deleted_at INTEGER, revision INTEGER NOT NULL,
    defaults TEXT, settings TEXT) STRICT;
INSERT INTO organisations VALUES ('018bcfe5-6800-7000-82e5-e7497a0c20b3', '018bcfe5-6800-7000-82e5-e7497a0c20b3', NULL, 'org-default', 'Default', 'active', NULL, 1700000000000, 1700000000000, NULL, 1, NULL, NULL);
CREATE TABLE workspaces (
    id TEXT PRIMARY KEY, organisation_id TEXT NOT NULL REFERENCES organisations(id), workspace_id TEXT, slug TEXT, name TEXT NOT NULL,
    status TEXT NOT NULL, created_by TEXT, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, deleted_at INTEGER, revision INTEGER NOT NULL,
    description TEXT, is_default INTEGER NOT NULL, defaults TEXT, usage_limits TEXT, rate_limits TEXT) STRICT;
INSERT INTO workspaces VALUES ('018bcfe5-6800-7001-ba8d-30b55363e3a0', '018bcfe5-6800-7000-82e5-e7497a0c20b3', NULL, 'ws-default', 'Default', 'active', NULL, 1700000000000, 1700000000000, NULL, 1, NULL, 1, NULL, NULL, NULL);
CREATE TABLE users (
    id TEXT PRIMARY KEY, organisation_id TEXT NOT NULL REFERENCES organisations(id), workspace_id TEXT, slug TEXT, name TEXT NOT NULL,
    status TEXT NOT NULL, created_by TEXT, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, deleted_at INTEGER, revision INTEGER NOT NULL,
    email TEXT NOT NULL, role TEXT NOT NULL) STRICT;
CREATE TABLE memberships (
    id TEXT PRIMARY KEY, organisation_id TEXT NOT NULL REFERENCES organisations(id), workspace_id TEXT NOT NULL REFERENCES workspaces(id),
    slug TEXT, name TEXT NOT NULL,
    status TEXT NOT NULL, created_by TEXT, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, deleted_at INTEGER, revision INTEGER NOT NULL,
    user_id TEXT NOT NULL REFERENCES users(id), role TEXT NOT NULL) STRICT;
CREATE TABLE configs (
    id TEXT PRIMARY KEY, organisation_id TEXT NOT NULL REFERENCES organisations(id), workspace_id TEXT REFERENCES workspaces(id),
    slug TEXT, name TEXT NOT NULL,
    status TEXT NOT NULL, created_by TEXT, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, deleted_at INTEGER, revision INTEGER NOT NULL,
    is_default INTEGER NOT NULL, version INTEGER NOT NULL) STRICT;
INSERT INTO configs VALUES ('018bcfe5-6800-7002-8309-8a9834d08eb7', '018bcfe5-6800-7000-82e5-e7497a0c20b3', NULL, 'pc-kept-dde743', 'kept', 'active', NULL, 1700000000000, 1700000000000, NULL, 2, 0, 2);
CREATE TABLE config_versions (
    config_id TEXT NOT NULL REFERENCES configs(id), number INTEGER NOT NULL, created_at INTEGER NOT NULL, created_by TEXT,
    PRIMARY KEY (config_id, number)) STRICT, WITHOUT ROWID;
INSERT INTO config_versions VALUES ('018bcfe5-6800-7002-8309-8a9834d08eb7', 1, 1700000000000, NULL);
INSERT INTO config_versions VALUES ('018bcfe5-6800-7002-8309-8a9834d08eb7', 2, 1700000000000, NULL);
CREATE TABLE api_keys (
    id TEXT PRIMARY KEY, organisation_id TEXT NOT NULL REFERENCES organisations(id), workspace_id TEXT REFERENCES workspaces(id),
    slug TEXT, name TEXT NOT NULL,
    status TEXT NOT NULL, created_by TEXT, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, deleted_at INTEGER, revision INTEGER NOT NULL,
    holder TEXT NOT NULL, user_id TEXT REFERENCES users(id), description TEXT, scopes TEXT, allowed_models TEXT, allowed_providers TEXT,
    allowed_endpoints TEXT, allowed_networks TEXT, default_metadata TEXT, default_config_id TEXT REFERENCES configs(id),
    allow_config_override INTEGER NOT NULL, usage_limits TEXT, rate_limits TEXT, alert_emails TEXT, rotation_policy TEXT, creation_mode TEXT NOT NULL,
    expires_at INTEGER, digest BLOB NOT NULL, last_four TEXT NOT NULL, previous_digest BLOB, previous_expires_at INTEGER,
    last_used_at INTEGER) STRICT;
INSERT INTO api_keys VALUES ('018bcfe5-6800-7003-81cb-6658a4a4c070', '018bcfe5-6800-7000-82e5-e7497a0c20b3', NULL, NULL, 'prod', 'active', NULL, 1700000000000, 1700000000000, NULL, 1, 'service', NULL, NULL, 'completions.write
virtual_keys.list', NULL, NULL, NULL, NULL, NULL, NULL, 1, NULL, NULL, NULL, NULL, 'api', NULL, X'C262102FBD2CA142A461D19C4F2D8415950154B8D35DA3BD2CC03FCA115B7151', '89ab', NULL, NULL, NULL);
CREATE TABLE integrations (
    id TEXT PRIMARY KEY, organisation_id TEXT NOT NULL REFERENCES organisations(id), workspace_id TEXT REFERENCES workspaces(id),
    slug TEXT, name TEXT NOT NULL,
    status TEXT NOT NULL, created_by TEXT, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, deleted_at INTEGER, revision INTEGER NOT NULL,
    provider TEXT NOT NULL, description TEXT, allow_all_models INTEGER NOT NULL, models TEXT, global_workspace_access INTEGER NOT NULL,
    workspaces TEXT, usage_limits TEXT, rate_limits TEXT, pricing TEXT) STRICT;
CREATE TABLE virtual_keys (
    id TEXT PRIMARY KEY, organisation_id TEXT NOT NULL REFERENCES organisations(id), workspace_id TEXT REFERENCES workspaces(id),
    slug TEXT, name TEXT NOT NULL,
    status TEXT NOT NULL, created_by TEXT, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, deleted_at INTEGER, revision INTEGER NOT NULL,
    provider TEXT NOT NULL, integration_id TEXT REFERENCES integrations(id), note TEXT, allowed_models TEXT, usage_limits TEXT, rate_limits TEXT,
    pricing TEXT, expires_at INTEGER) STRICT;
INSERT INTO virtual_keys VALUES ('018bcfe5-6800-7004-8ac0-30f4e1867533', '018bcfe5-6800-7000-82e5-e7497a0c20b3', NULL, 'openai-711c28', 'openai', 'active', NULL, 1700000000000, 1700000000000, NULL, 1, 'openai', NULL, NULL, NULL, NULL, NULL, NULL, NULL);
CREATE TABLE credentials (
    id TEXT PRIMARY KEY, organisation_id TEXT NOT NULL REFERENCES organisations(id), workspace_id TEXT, slug TEXT, name TEXT NOT NULL,
    status TEXT NOT NULL, created_by TEXT, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, deleted_at INTEGER, revision INTEGER NOT NULL,
    virtual_key_id TEXT REFERENCES virtual_keys(id), integration_id TEXT REFERENCES integrations(id), weight INTEGER NOT NULL, expires_at INTEGER,
    reference TEXT, last_four TEXT NOT NULL, CHECK ((virtual_key_id IS NULL) <> (integration_id IS NULL))) STRICT;
INSERT INTO credentials VALUES ('018bcfe5-6800-7005-8809-ff5cb4b67b04', '018bcfe5-6800-7000-82e5-e7497a0c20b3', NULL, NULL, '', 'active', NULL, 1700000000000, 1700000000000, NULL, 1, '018bcfe5-6800-7004-8ac0-30f4e1867533', NULL, 1, NULL, NULL, 'cdef');
INSERT INTO credentials VALUES ('018bcfe5-6800-7006-a083-90d394da7446', '018bcfe5-6800-7000-82e5-e7497a0c20b3', NULL, NULL, '', 'active', NULL, 1700000000000, 1700000000000, NULL, 1, '018bcfe5-6800-7004-8ac0-30f4e1867533', NULL, 1, NULL, 'env:KEPT_KEY', '');
CREATE TABLE policies (
    id TEXT PRIMARY KEY, organisation_id TEXT NOT NULL REFERENCES organisations(id), workspace_id TEXT REFERENCES workspaces(id),
    slug TEXT, name TEXT NOT NULL,
    status TEXT NOT NULL, created_by TEXT, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, deleted_at INTEGER, revision INTEGER NOT NULL,
    subject TEXT NOT NULL, description TEXT, conditions TEXT, group_by TEXT, terms TEXT) STRICT;
CREATE TABLE secrets (
    id TEXT PRIMARY KEY, organisation_id TEXT NOT NULL REFERENCES organisations(id), owner_id TEXT NOT NULL, version INTEGER NOT NULL,
    algorithm INTEGER NOT NULL, key_id TEXT NOT NULL, wrapped_key BLOB NOT NULL, sealed BLOB NOT NULL, created_at INTEGER NOT NULL) STRICT;
INSERT INTO secrets VALUES ('018bcfe5-6800-7002-8309-8a9834d08eb7/v1', '018bcfe5-6800-7000-82e5-e7497a0c20b3', '018bcfe5-6800-7002-8309-8a9834d08eb7', 1, 1, 'of-the-tests', X'2A9157E3A56026B20DDE2A008745ADB583B8388DF2FE02D41768F5332CA98B4379810668A721BAED568ABF4BB077964B092B86D43B902B43EFD57DCF', X'2336FBF29C2AFB636DB0C77847ED7D5112F5A3A98536E11A0A9745F0D5FD06118506FBE390A318F76DCB787942E360A6111FA85B', 1700000000000);
INSERT INTO secrets VALUES ('018bcfe5-6800-7002-8309-8a9834d08eb7/text', '018bcfe5-6800-7000-82e5-e7497a0c20b3', '018bcfe5-6800-7002-8309-8a9834d08eb7', 2, 1, 'of-the-tests', X'88A381E7D22B995A6132E7E18A5D6FAEF725AD1214A13CBC130E1D463F9B735C06CC670486CED0D9DE85DF226237EA075A4A758C10822ECF25D9BC28', X'1C05490C54C2203AD253059763E9C4155E856F431FC3508B0FBBEBB28D00677481183445F28F24C70C85098339BC83FF188EF3A8', 1700000000000);
INSERT INTO secrets VALUES ('018bcfe5-6800-7002-8309-8a9834d08eb7/v2', '018bcfe5-6800-7000-82e5-e7497a0c20b3', '018bcfe5-6800-7002-8309-8a9834d08eb7', 1, 1, 'of-the-tests', X'DF369938636BAFEAE2463A0A3152535B0D1CADFA261959CB872AA939F5906435A2F7AA3E2E38C5B8409C4D767AB86E1DD3569EB703621C5FE9B7C0FE', X'701ED5F5C02544B43BD769559EF3F5A8F74DA623E4CF2E831010D2299360DFF680CABFC5E8E42E88266764CAF3F247317FC6D427', 1700000000000);
INSERT INTO secrets VALUES ('018bcfe5-6800-7005-8809-ff5cb4b67b04/secret', '018bcfe5-6800-7000-82e5-e7497a0c20b3', '018bcfe5-6800-7005-8809-ff5cb4b67b04', 1, 1, 'of-the-tests', X'BEB465269E0C5389FD0CD32F33BE7654BB7313CF9F9CDB6DB943E07185D09627E0CBEB1A5DA923781CBA1285875A0B6B32E1E975BF86ABE38BA3B010', X'5BEC1660052C97383BA1531FF7AAA098E5163B00A94FB270289546E73CCF019B8A2D30A02F08B88E768CCF7050C3A31290378141', 1700000000000);
CREATE UNIQUE INDEX organisations_slug ON organisations(slug) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX workspaces_slug ON workspaces(organisation_id, slug) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX workspaces_default ON workspaces(organisation_id) WHERE is_default = 1 AND deleted_at IS NULL;
CREATE UNIQUE INDEX users_email ON users(organisation_id, email) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX memberships_user ON memberships(workspace_id, user_id) WHERE deleted_at IS NULL;
CREATE INDEX memberships_by_user ON memberships(user_id);
CREATE UNIQUE INDEX configs_slug ON configs(organisation_id, slug) WHERE deleted_at IS NULL;
CREATE INDEX configs_by_workspace ON configs(workspace_id);
CREATE UNIQUE INDEX api_keys_digest ON api_keys(digest);
CREATE INDEX api_keys_previous ON api_keys(previous_digest) WHERE previous_digest IS NOT NULL;
CREATE INDEX api_keys_by_workspace ON api_keys(workspace_id);
CREATE INDEX api_keys_by_user ON api_keys(user_id) WHERE user_id IS NOT NULL;
CREATE INDEX api_keys_by_config ON api_keys(default_config_id) WHERE default_config_id IS NOT NULL;
CREATE UNIQUE INDEX integrations_slug ON integrations(organisation_id, slug) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX virtual_keys_slug ON virtual_keys(organisation_id, slug) WHERE deleted_at IS NULL;
CREATE INDEX virtual_keys_by_workspace ON virtual_keys(workspace_id);
CREATE INDEX virtual_keys_by_integration ON virtual_keys(integration_id) WHERE integration_id IS NOT NULL;
CREATE INDEX credentials_by_virtual_key ON credentials(virtual_key_id) WHERE virtual_key_id IS NOT NULL;
CREATE INDEX credentials_by_integration ON credentials(integration_id) WHERE integration_id IS NOT NULL;
CREATE INDEX policies_by_workspace ON policies(workspace_id);
CREATE INDEX secrets_by_owner ON secrets(owner_id);
CREATE INDEX secrets_by_key ON secrets(key_id, id);
PRAGMA application_id = 1399612261;
PRAGMA user_version = 1;
