CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO meta VALUES ('generation', 9);
CREATE TABLE keyring_checks (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO keyring_checks VALUES ('key of-the-tests', X'F67BD82D3FB66576');
INSERT INTO keyring_checks VALUES ('pepper', X'24AC1AFFC8C1D3DA');
CREATE TABLE object_counts (name TEXT PRIMARY KEY, live INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO object_counts VALUES ('api_keys', 1);
INSERT INTO object_counts VALUES ('configs', 1);
INSERT INTO object_counts VALUES ('credentials', 2);
INSERT INTO object_counts VALUES ('guardrails', 1);
INSERT INTO object_counts VALUES ('organisations', 1);
INSERT INTO object_counts VALUES ('virtual_keys', 1);
INSERT INTO object_counts VALUES ('workspaces', 1);
CREATE TABLE organisations (
    id TEXT PRIMARY KEY, organisation_id TEXT NOT NULL REFERENCES organisations(id), workspace_id TEXT, slug TEXT, name TEXT NOT NULL,
    status TEXT NOT NULL, created_by TEXT, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, deleted_at INTEGER, revision INTEGER NOT NULL,
    defaults TEXT, settings TEXT) STRICT;
INSERT INTO organisations VALUES ('018bcfe5-6800-7000-8cf3-85cc028e4e05', '018bcfe5-6800-7000-8cf3-85cc028e4e05', NULL, 'org-default', 'Default', 'active', NULL, 1700000000000, 1700000000000, NULL, 1, NULL, NULL);
CREATE TABLE workspaces (
    id TEXT PRIMARY KEY, organisation_id TEXT NOT NULL REFERENCES organisations(id), workspace_id TEXT, slug TEXT, name TEXT NOT NULL,
    status TEXT NOT NULL, created_by TEXT, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, deleted_at INTEGER, revision INTEGER NOT NULL,
    description TEXT, is_default INTEGER NOT NULL, defaults TEXT, usage_limits TEXT, rate_limits TEXT) STRICT;
INSERT INTO workspaces VALUES ('018bcfe5-6800-7001-8d59-3b47fcee0671', '018bcfe5-6800-7000-8cf3-85cc028e4e05', NULL, 'ws-default', 'Default', 'active', NULL, 1700000000000, 1700000000000, NULL, 1, NULL, 1, NULL, NULL, NULL);
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
INSERT INTO configs VALUES ('018bcfe5-6800-7002-b69d-027e9065ad75', '018bcfe5-6800-7000-8cf3-85cc028e4e05', NULL, 'pc-kept-4cd031', 'kept', 'active', NULL, 1700000000000, 1700000000000, NULL, 2, 0, 2);
CREATE TABLE config_versions (
    config_id TEXT NOT NULL REFERENCES configs(id), number INTEGER NOT NULL, created_at INTEGER NOT NULL, created_by TEXT,
    PRIMARY KEY (config_id, number)) STRICT, WITHOUT ROWID;
INSERT INTO config_versions VALUES ('018bcfe5-6800-7002-b69d-027e9065ad75', 1, 1700000000000, NULL);
INSERT INTO config_versions VALUES ('018bcfe5-6800-7002-b69d-027e9065ad75', 2, 1700000000000, NULL);
CREATE TABLE api_keys (
    id TEXT PRIMARY KEY, organisation_id TEXT NOT NULL REFERENCES organisations(id), workspace_id TEXT REFERENCES workspaces(id),
    slug TEXT, name TEXT NOT NULL,
    status TEXT NOT NULL, created_by TEXT, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, deleted_at INTEGER, revision INTEGER NOT NULL,
    holder TEXT NOT NULL, user_id TEXT REFERENCES users(id), description TEXT, scopes TEXT, allowed_models TEXT, allowed_providers TEXT,
    allowed_endpoints TEXT, allowed_networks TEXT, default_metadata TEXT, default_config_id TEXT REFERENCES configs(id),
    allow_config_override INTEGER NOT NULL, usage_limits TEXT, rate_limits TEXT, alert_emails TEXT, rotation_policy TEXT, creation_mode TEXT NOT NULL,
    expires_at INTEGER, digest BLOB NOT NULL, last_four TEXT NOT NULL, previous_digest BLOB, previous_expires_at INTEGER,
    last_used_at INTEGER) STRICT;
INSERT INTO api_keys VALUES ('018bcfe5-6800-7004-8130-e2a595db9212', '018bcfe5-6800-7000-8cf3-85cc028e4e05', NULL, NULL, 'prod', 'active', NULL, 1700000000000, 1700000000000, NULL, 1, 'service', NULL, NULL, 'completions.write
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
INSERT INTO virtual_keys VALUES ('018bcfe5-6800-7005-aacc-940a8682bd16', '018bcfe5-6800-7000-8cf3-85cc028e4e05', NULL, 'openai-b1a9d3', 'openai', 'active', NULL, 1700000000000, 1700000000000, NULL, 1, 'openai', NULL, NULL, NULL, NULL, NULL, NULL, NULL);
CREATE TABLE credentials (
    id TEXT PRIMARY KEY, organisation_id TEXT NOT NULL REFERENCES organisations(id), workspace_id TEXT, slug TEXT, name TEXT NOT NULL,
    status TEXT NOT NULL, created_by TEXT, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, deleted_at INTEGER, revision INTEGER NOT NULL,
    virtual_key_id TEXT REFERENCES virtual_keys(id), integration_id TEXT REFERENCES integrations(id), weight INTEGER NOT NULL, expires_at INTEGER,
    reference TEXT, last_four TEXT NOT NULL, CHECK ((virtual_key_id IS NULL) <> (integration_id IS NULL))) STRICT;
INSERT INTO credentials VALUES ('018bcfe5-6800-7006-a8f6-0b21e5886fb7', '018bcfe5-6800-7000-8cf3-85cc028e4e05', NULL, NULL, '', 'active', NULL, 1700000000000, 1700000000000, NULL, 1, '018bcfe5-6800-7005-aacc-940a8682bd16', NULL, 1, NULL, NULL, 'cdef');
INSERT INTO credentials VALUES ('018bcfe5-6800-7007-a389-6cba7e91f42d', '018bcfe5-6800-7000-8cf3-85cc028e4e05', NULL, NULL, '', 'active', NULL, 1700000000000, 1700000000000, NULL, 1, '018bcfe5-6800-7005-aacc-940a8682bd16', NULL, 1, NULL, 'env:KEPT_KEY', '');
CREATE TABLE policies (
    id TEXT PRIMARY KEY, organisation_id TEXT NOT NULL REFERENCES organisations(id), workspace_id TEXT REFERENCES workspaces(id),
    slug TEXT, name TEXT NOT NULL,
    status TEXT NOT NULL, created_by TEXT, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, deleted_at INTEGER, revision INTEGER NOT NULL,
    subject TEXT NOT NULL, description TEXT, conditions TEXT, group_by TEXT, terms TEXT) STRICT;
CREATE TABLE secrets (
    id TEXT PRIMARY KEY, organisation_id TEXT NOT NULL REFERENCES organisations(id), owner_id TEXT NOT NULL, version INTEGER NOT NULL,
    algorithm INTEGER NOT NULL, key_id TEXT NOT NULL, wrapped_key BLOB NOT NULL, sealed BLOB NOT NULL, created_at INTEGER NOT NULL) STRICT;
INSERT INTO secrets VALUES ('018bcfe5-6800-7002-b69d-027e9065ad75/v1', '018bcfe5-6800-7000-8cf3-85cc028e4e05', '018bcfe5-6800-7002-b69d-027e9065ad75', 1, 1, 'of-the-tests', X'6294CF2FB50CE7F814584034BDDABA2DC36827B1E35A63149E7C219CDB948B53A3D2CAC2B1BE88A9D1BEC252A68F588DB15C1AC19D35947AEA2CF467', X'C93CC7ED8FF51EF75BE36A6F10B1F12969D7E906B537911C7345A0D709D9E41ED0773E7DD27AC8A2EBF38F96C8C7DCEA78B25D3B', 1700000000000);
INSERT INTO secrets VALUES ('018bcfe5-6800-7002-b69d-027e9065ad75/text', '018bcfe5-6800-7000-8cf3-85cc028e4e05', '018bcfe5-6800-7002-b69d-027e9065ad75', 2, 1, 'of-the-tests', X'9E98D42097702CD3AFA778FDA7E1BCFA837D3119BC2AAA6134A86168804ECCEB59D8407295EA9E66D422C6DC807E095382C764B60589507BAE5C022E', X'9BA9297FE0B36D7635ECB5F28A05A80910AC450A1A09DDC5F597C2634FD50E8DCB6F38D767C251D0FAE01D7F41A9CCC0829403B5', 1700000000000);
INSERT INTO secrets VALUES ('018bcfe5-6800-7002-b69d-027e9065ad75/v2', '018bcfe5-6800-7000-8cf3-85cc028e4e05', '018bcfe5-6800-7002-b69d-027e9065ad75', 1, 1, 'of-the-tests', X'DE641EF2B81A1CD7ABA7FADDC6B4B287D52829B203F5D0008CCF04F54DF680DF86839BABB2699802F584C2381CD5632B36539A2CD8CF8CCA21CB30A7', X'7F2713FF71BCC4E5A580CE4BE0CF0BB79F81F70D8CB1ECC00BD3B9B5DC4EC2EA16003209CCE27248AD3B4E787609B2A0BC273460', 1700000000000);
INSERT INTO secrets VALUES ('018bcfe5-6800-7003-be23-6de444991b00/text', '018bcfe5-6800-7000-8cf3-85cc028e4e05', '018bcfe5-6800-7003-be23-6de444991b00', 1, 1, 'of-the-tests', X'5868804CC807C83D23E74E90A16A39321AFD2FBF56565F7A86F15A7E508EBBCFFFAF5A0F7EF61991B280E3F23E3DAD27866AFB4996BC62503CABF605', X'1867B1026A3D451B454FD4110364995347A8F526999C06D80D2B868AF5B80FAAF855CF533093F75CD5A1393362D589EB461AFE591ED4', 1700000000000);
INSERT INTO secrets VALUES ('018bcfe5-6800-7006-a8f6-0b21e5886fb7/secret', '018bcfe5-6800-7000-8cf3-85cc028e4e05', '018bcfe5-6800-7006-a8f6-0b21e5886fb7', 1, 1, 'of-the-tests', X'435748FA2527F5DE40AC637C0D903EF49D6C6E3A4B8AF958E52DF229EB0B27096D7FA0D0C691A59759850A9501624D7AF44A731D500E9A657580AD3A', X'F6EF7450BF974E9D93B57D8EF725FBA1B957CE21F24FC8418EB0108DB1073D4723278120A4D8312AE166331086E3C0F76E2B6652', 1700000000000);
CREATE TABLE audit (
    sequence INTEGER PRIMARY KEY, at INTEGER NOT NULL, outcome TEXT NOT NULL, action TEXT NOT NULL, resource TEXT NOT NULL, resource_id TEXT,
    organisation_id TEXT, workspace_id TEXT, actor TEXT NOT NULL, actor_id TEXT, key_id TEXT, role TEXT, method TEXT, path TEXT, request_id TEXT,
    address TEXT, agent TEXT, reason TEXT, before TEXT, after TEXT, previous BLOB NOT NULL, hash BLOB NOT NULL) STRICT;
INSERT INTO audit VALUES (1, 1700000000000, 'done', 'create', 'organisations', '018bcfe5-6800-7000-8cf3-85cc028e4e05', '018bcfe5-6800-7000-8cf3-85cc028e4e05', NULL, 'system', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{"slug":"org-default","name":"Default","status":"active"}', X'0000000000000000000000000000000000000000000000000000000000000000', X'FAA24E2B2DFA400466F044868B9E109A169D6D3225360E8CD3116341B2553CE6');
INSERT INTO audit VALUES (2, 1700000000000, 'done', 'create', 'workspaces', '018bcfe5-6800-7001-8d59-3b47fcee0671', '018bcfe5-6800-7000-8cf3-85cc028e4e05', NULL, 'system', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{"slug":"ws-default","name":"Default","status":"active","is_default":1}', X'FAA24E2B2DFA400466F044868B9E109A169D6D3225360E8CD3116341B2553CE6', X'1371500F8257F9B8E21120AEC9B8F087F570BD63E3ED79E1EFF0AE58DEE47BEE');
INSERT INTO audit VALUES (3, 1700000000000, 'done', 'create', 'configs', '018bcfe5-6800-7002-b69d-027e9065ad75', '018bcfe5-6800-7000-8cf3-85cc028e4e05', NULL, 'system', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{"slug":"pc-kept-4cd031","name":"kept","status":"active","text":{"retry":{"attempts":2}},"is_default":0,"version":1}', X'1371500F8257F9B8E21120AEC9B8F087F570BD63E3ED79E1EFF0AE58DEE47BEE', X'63B01729A2007F336E538D8E0CF94D4CD26C4DD515C11CF32555926DCF135182');
INSERT INTO audit VALUES (4, 1700000000000, 'done', 'update', 'configs', '018bcfe5-6800-7002-b69d-027e9065ad75', '018bcfe5-6800-7000-8cf3-85cc028e4e05', NULL, 'system', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{"text":{"retry":{"attempts":2}},"version":1}', '{"text":{"retry":{"attempts":3}},"version":2}', X'63B01729A2007F336E538D8E0CF94D4CD26C4DD515C11CF32555926DCF135182', X'1BCA52ADA616DB78792A14D4058CFD990001351883483CD376FFD2B3F3C0F3B5');
INSERT INTO audit VALUES (5, 1700000000000, 'done', 'create', 'guardrails', '018bcfe5-6800-7003-be23-6de444991b00', '018bcfe5-6800-7000-8cf3-85cc028e4e05', NULL, 'system', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{"slug":"pg-words-8123b5","name":"words","status":"active","text":{"checks":[],"actions":{}},"version":1}', X'1BCA52ADA616DB78792A14D4058CFD990001351883483CD376FFD2B3F3C0F3B5', X'D1DA207129DD61D423AFA11F6461D56765BFDDF867663E907493E21AB817A2E9');
INSERT INTO audit VALUES (6, 1700000000000, 'done', 'create', 'api_keys', '018bcfe5-6800-7004-8130-e2a595db9212', '018bcfe5-6800-7000-8cf3-85cc028e4e05', NULL, 'system', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{"name":"prod","status":"active","holder":"service","scopes":["completions.write","virtual_keys.list"],"allow_config_override":1,"creation_mode":"api","digest":"…","last_four":"89ab"}', X'D1DA207129DD61D423AFA11F6461D56765BFDDF867663E907493E21AB817A2E9', X'40B092005417C2FA516D03BE1C0D0A6A5EC4B11C567278A8987B96460EDFE8C0');
INSERT INTO audit VALUES (7, 1700000000000, 'done', 'create', 'virtual_keys', '018bcfe5-6800-7005-aacc-940a8682bd16', '018bcfe5-6800-7000-8cf3-85cc028e4e05', NULL, 'system', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{"slug":"openai-b1a9d3","name":"openai","status":"active","provider":"openai"}', X'40B092005417C2FA516D03BE1C0D0A6A5EC4B11C567278A8987B96460EDFE8C0', X'2BAC9E264DFC1C9BA9AC5D69E2738E0DC2ADFD3D6B956D4BD72FBB0541F03062');
INSERT INTO audit VALUES (8, 1700000000000, 'done', 'create', 'credentials', '018bcfe5-6800-7006-a8f6-0b21e5886fb7', '018bcfe5-6800-7000-8cf3-85cc028e4e05', NULL, 'system', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{"name":"","status":"active","virtual_key_id":"018bcfe5-6800-7005-aacc-940a8682bd16","weight":1,"last_four":"cdef"}', X'2BAC9E264DFC1C9BA9AC5D69E2738E0DC2ADFD3D6B956D4BD72FBB0541F03062', X'32498F10923A473B082984ABB158E83F9DE67268F9D1006F513138C7C5CE43E9');
INSERT INTO audit VALUES (9, 1700000000000, 'done', 'create', 'credentials', '018bcfe5-6800-7007-a389-6cba7e91f42d', '018bcfe5-6800-7000-8cf3-85cc028e4e05', NULL, 'system', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{"name":"","status":"active","virtual_key_id":"018bcfe5-6800-7005-aacc-940a8682bd16","weight":1,"reference":"env:KEPT_KEY","last_four":""}', X'32498F10923A473B082984ABB158E83F9DE67268F9D1006F513138C7C5CE43E9', X'D90E4A5DAEBC568F9811802E63F183DFE4119A463887BA7485EAE3C76708FA11');
CREATE TABLE audit_end (id INTEGER PRIMARY KEY CHECK (id = 1), sequence INTEGER NOT NULL, hash BLOB NOT NULL, seal BLOB NOT NULL) STRICT;
INSERT INTO audit_end VALUES (1, 9, X'D90E4A5DAEBC568F9811802E63F183DFE4119A463887BA7485EAE3C76708FA11', X'CB6D25C46A600D282EAB51A72FB08294CABFBDE37BFB04330DF14C7346E2AD91');
CREATE TABLE guardrails (
    id TEXT PRIMARY KEY, organisation_id TEXT NOT NULL REFERENCES organisations(id), workspace_id TEXT REFERENCES workspaces(id),
    slug TEXT, name TEXT NOT NULL,
    status TEXT NOT NULL, created_by TEXT, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, deleted_at INTEGER, revision INTEGER NOT NULL,
    version INTEGER NOT NULL) STRICT;
INSERT INTO guardrails VALUES ('018bcfe5-6800-7003-be23-6de444991b00', '018bcfe5-6800-7000-8cf3-85cc028e4e05', NULL, 'pg-words-8123b5', 'words', 'active', NULL, 1700000000000, 1700000000000, NULL, 1, 1);
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
CREATE INDEX audit_by_time ON audit(organisation_id, at);
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is not changed'); END;
CREATE TRIGGER audit_is_not_deleted BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is not deleted'); END;
CREATE UNIQUE INDEX guardrails_slug ON guardrails(organisation_id, slug) WHERE deleted_at IS NULL;
CREATE INDEX guardrails_by_workspace ON guardrails(workspace_id);
PRAGMA application_id = 1399612261;
PRAGMA user_version = 3;
