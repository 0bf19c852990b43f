CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO meta VALUES ('generation', 18);
CREATE TABLE keyring_checks (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO keyring_checks VALUES ('key of-the-tests', X'F67BD82D3FB66576');
INSERT INTO keyring_checks VALUES ('pepper', X'24AC1AFFC8C1D3DA');
CREATE TABLE object_counts (name TEXT PRIMARY KEY, live INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO object_counts VALUES ('api_keys', 1);
INSERT INTO object_counts VALUES ('collections', 1);
INSERT INTO object_counts VALUES ('configs', 1);
INSERT INTO object_counts VALUES ('credentials', 2);
INSERT INTO object_counts VALUES ('guardrails', 1);
INSERT INTO object_counts VALUES ('labels', 1);
INSERT INTO object_counts VALUES ('organisations', 1);
INSERT INTO object_counts VALUES ('partials', 1);
INSERT INTO object_counts VALUES ('prompt_labels', 1);
INSERT INTO object_counts VALUES ('prompt_versions', 3);
INSERT INTO object_counts VALUES ('prompts', 1);
INSERT INTO object_counts VALUES ('virtual_keys', 1);
INSERT INTO object_counts VALUES ('workspaces', 1);
CREATE TABLE organisations (
    id TEXT PRIMARY KEY, organisation_id TEXT NOT NULL REFERENCES organisations(id), workspace_id TEXT, slug TEXT, name TEXT NOT NULL,
    status TEXT NOT NULL, created_by TEXT, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, deleted_at INTEGER, revision INTEGER NOT NULL,
    defaults TEXT, settings TEXT) STRICT;
INSERT INTO organisations VALUES ('018bcfe5-6800-7000-bd16-095bd8bac4e6', '018bcfe5-6800-7000-bd16-095bd8bac4e6', NULL, 'org-default', 'Default', 'active', NULL, 1700000000000, 1700000000000, NULL, 1, NULL, NULL);
CREATE TABLE workspaces (
    id TEXT PRIMARY KEY, organisation_id TEXT NOT NULL REFERENCES organisations(id), workspace_id TEXT, slug TEXT, name TEXT NOT NULL,
    status TEXT NOT NULL, created_by TEXT, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, deleted_at INTEGER, revision INTEGER NOT NULL,
    description TEXT, is_default INTEGER NOT NULL, defaults TEXT, usage_limits TEXT, rate_limits TEXT) STRICT;
INSERT INTO workspaces VALUES ('018bcfe5-6800-7001-983d-3cb4812b74cb', '018bcfe5-6800-7000-bd16-095bd8bac4e6', NULL, 'ws-default', 'Default', 'active', NULL, 1700000000000, 1700000000000, NULL, 1, NULL, 1, NULL, NULL, NULL);
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
INSERT INTO configs VALUES ('018bcfe5-6800-7002-9c73-42f497959154', '018bcfe5-6800-7000-bd16-095bd8bac4e6', NULL, 'pc-kept-bdba06', 'kept', 'active', NULL, 1700000000000, 1700000000000, NULL, 2, 0, 2);
CREATE TABLE config_versions (
    config_id TEXT NOT NULL REFERENCES configs(id), number INTEGER NOT NULL, created_at INTEGER NOT NULL, created_by TEXT,
    PRIMARY KEY (config_id, number)) STRICT, WITHOUT ROWID;
INSERT INTO config_versions VALUES ('018bcfe5-6800-7002-9c73-42f497959154', 1, 1700000000000, NULL);
INSERT INTO config_versions VALUES ('018bcfe5-6800-7002-9c73-42f497959154', 2, 1700000000000, NULL);
CREATE TABLE api_keys (
    id TEXT PRIMARY KEY, organisation_id TEXT NOT NULL REFERENCES organisations(id), workspace_id TEXT REFERENCES workspaces(id),
    slug TEXT, name TEXT NOT NULL,
    status TEXT NOT NULL, created_by TEXT, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, deleted_at INTEGER, revision INTEGER NOT NULL,
    holder TEXT NOT NULL, user_id TEXT REFERENCES users(id), description TEXT, scopes TEXT, allowed_models TEXT, allowed_providers TEXT,
    allowed_endpoints TEXT, allowed_networks TEXT, default_metadata TEXT, default_config_id TEXT REFERENCES configs(id),
    allow_config_override INTEGER NOT NULL, usage_limits TEXT, rate_limits TEXT, alert_emails TEXT, rotation_policy TEXT, creation_mode TEXT NOT NULL,
    expires_at INTEGER, digest BLOB NOT NULL, last_four TEXT NOT NULL, previous_digest BLOB, previous_expires_at INTEGER,
    last_used_at INTEGER) STRICT;
INSERT INTO api_keys VALUES ('018bcfe5-6800-700c-a798-d29d5455c28e', '018bcfe5-6800-7000-bd16-095bd8bac4e6', NULL, NULL, 'prod', 'active', NULL, 1700000000000, 1700000000000, NULL, 1, 'service', NULL, NULL, 'completions.write
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
INSERT INTO virtual_keys VALUES ('018bcfe5-6800-700d-81d0-7929b2ed275e', '018bcfe5-6800-7000-bd16-095bd8bac4e6', NULL, 'openai-032f5e', 'openai', 'active', NULL, 1700000000000, 1700000000000, NULL, 1, 'openai', NULL, NULL, NULL, NULL, NULL, NULL, NULL);
CREATE TABLE credentials (
    id TEXT PRIMARY KEY, organisation_id TEXT NOT NULL REFERENCES organisations(id), workspace_id TEXT, slug TEXT, name TEXT NOT NULL,
    status TEXT NOT NULL, created_by TEXT, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, deleted_at INTEGER, revision INTEGER NOT NULL,
    virtual_key_id TEXT REFERENCES virtual_keys(id), integration_id TEXT REFERENCES integrations(id), weight INTEGER NOT NULL, expires_at INTEGER,
    reference TEXT, last_four TEXT NOT NULL, CHECK ((virtual_key_id IS NULL) <> (integration_id IS NULL))) STRICT;
INSERT INTO credentials VALUES ('018bcfe5-6800-700e-a102-522864f59a8f', '018bcfe5-6800-7000-bd16-095bd8bac4e6', NULL, NULL, '', 'active', NULL, 1700000000000, 1700000000000, NULL, 1, '018bcfe5-6800-700d-81d0-7929b2ed275e', NULL, 1, NULL, NULL, 'cdef');
INSERT INTO credentials VALUES ('018bcfe5-6800-700f-90b5-467371a6380a', '018bcfe5-6800-7000-bd16-095bd8bac4e6', NULL, NULL, '', 'active', NULL, 1700000000000, 1700000000000, NULL, 1, '018bcfe5-6800-700d-81d0-7929b2ed275e', NULL, 1, NULL, 'env:KEPT_KEY', '');
CREATE TABLE policies (
    id TEXT PRIMARY KEY, organisation_id TEXT NOT NULL REFERENCES organisations(id), workspace_id TEXT REFERENCES workspaces(id),
    slug TEXT, name TEXT NOT NULL,
    status TEXT NOT NULL, created_by TEXT, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, deleted_at INTEGER, revision INTEGER NOT NULL,
    subject TEXT NOT NULL, description TEXT, conditions TEXT, group_by TEXT, terms TEXT) STRICT;
CREATE TABLE secrets (
    id TEXT PRIMARY KEY, organisation_id TEXT NOT NULL REFERENCES organisations(id), owner_id TEXT NOT NULL, version INTEGER NOT NULL,
    algorithm INTEGER NOT NULL, key_id TEXT NOT NULL, wrapped_key BLOB NOT NULL, sealed BLOB NOT NULL, created_at INTEGER NOT NULL) STRICT;
INSERT INTO secrets VALUES ('018bcfe5-6800-7002-9c73-42f497959154/v1', '018bcfe5-6800-7000-bd16-095bd8bac4e6', '018bcfe5-6800-7002-9c73-42f497959154', 1, 1, 'of-the-tests', X'7A2AE553521A82F4E3673327042D301559D1BB0245E0931423D47ED72F762ABD9096B294216FF2ADEF1DD7A12A7155899D5416E2BC454524C46D175E', X'0266394282279F9BE9D14B9D2672EB66C99B54C8E3A6E62CFEE7DF40E788A1A741AB21012E197D4A3FB117C973E2844631B83265', 1700000000000);
INSERT INTO secrets VALUES ('018bcfe5-6800-7002-9c73-42f497959154/text', '018bcfe5-6800-7000-bd16-095bd8bac4e6', '018bcfe5-6800-7002-9c73-42f497959154', 2, 1, 'of-the-tests', X'64E476CABC4733A346D21CFC7955321865B8C2D2DBA58E1A0559D9FCBD1B5ADE6E0130AFD351E8E6817407F98626FB5CDA9B821A89EFF446F3371B68', X'4255F0A547FF119F26BCB41F6F0CF6E4EFFDF761B576F6D5F3DCAF400FE76CB8D854D7E940E81921ADAC155CB6239F2FE02B44A5', 1700000000000);
INSERT INTO secrets VALUES ('018bcfe5-6800-7002-9c73-42f497959154/v2', '018bcfe5-6800-7000-bd16-095bd8bac4e6', '018bcfe5-6800-7002-9c73-42f497959154', 1, 1, 'of-the-tests', X'7C4C1169161FA1C03882F0ED59ADD1C7857DCD08FFD9D150665176C9E7300121C1BE6601CAF0509EA9ABD21AD0589C963D131E0F1E930B62DAAF6FEF', X'D7E1BB529B6208E62D7C27674F61F2421086F845F9A38B924EFAF77A6A4AC5598CBAB8BB5109D8755F33929CB60CA7DE50F3B4E1', 1700000000000);
INSERT INTO secrets VALUES ('018bcfe5-6800-7003-b2d1-a7b2efd10146/text', '018bcfe5-6800-7000-bd16-095bd8bac4e6', '018bcfe5-6800-7003-b2d1-a7b2efd10146', 1, 1, 'of-the-tests', X'2C350B8C1C5A3DE00DF5F564D3C7CBCCBC43068E7089E137109540879A5570308AECFBB575FABBF215E37F563C0BF30F13CE92A4B29003254F6666F3', X'1D006BE3471F7DDC14969F564B22B604BE4723DD732366BCF6556E35B6E0687D2C1A2B38551841C920F53E802C1AC4E2DE72E25612FF', 1700000000000);
INSERT INTO secrets VALUES ('018bcfe5-6800-7007-8227-581c2b4d2282/template', '018bcfe5-6800-7000-bd16-095bd8bac4e6', '018bcfe5-6800-7007-8227-581c2b4d2282', 1, 1, 'of-the-tests', X'A48BA19B60D9E4202CBDFC59635F56FE070E4D7CD3DDDD0D28F87229603E7B8B926805F4679C4C595B3C931E1C5C87ECC9B2F19B1170C1140C63FC0D', X'97A027CC7D204C35B6761F26B1F58FB0E8EA28B441702E8569B0F2DE089068DA67EB1101BDD549BC759B8FFBD9563D7497AE458A1309CC877FB741DE0C0C67D724F44B9C0F', 1700000000000);
INSERT INTO secrets VALUES ('018bcfe5-6800-7008-b8f3-4e1929179efb/template', '018bcfe5-6800-7000-bd16-095bd8bac4e6', '018bcfe5-6800-7008-b8f3-4e1929179efb', 1, 1, 'of-the-tests', X'0D255894471DF38737435995DB4A9FD26836B9A36804FED0F8EFA429F2744814D5C9BE7EB1E0C8D5DE2098FE6285E703FFF6347EAA8D3979B4637C96', X'DB12D85B1AC89544D39EAFD6C7CE857239C5DBBD9D2077C18FAA146D1FF6406B68260FF9529883638372476FC888402BF6DDE458BDFB616C7C11666A554C39F06F1C40079BFFCA2817', 1700000000000);
INSERT INTO secrets VALUES ('018bcfe5-6800-700b-a53f-4b8b5156212a/template', '018bcfe5-6800-7000-bd16-095bd8bac4e6', '018bcfe5-6800-700b-a53f-4b8b5156212a', 1, 1, 'of-the-tests', X'F42C005B904E05A450910399BBBD410C4C3BCC3BAE93B25C3D03329F0328450E979AE76C26F1571BE0C44734A2EB75656EE214100CCC4644B38B2B56', X'3CD5FE2CE5EC5B0277630EA987165BD085F3A0AA9FF378B3AD6E89B6ADCCC7873E6773C78B6B1F35746AD4715D6686E63D', 1700000000000);
INSERT INTO secrets VALUES ('018bcfe5-6800-700e-a102-522864f59a8f/secret', '018bcfe5-6800-7000-bd16-095bd8bac4e6', '018bcfe5-6800-700e-a102-522864f59a8f', 1, 1, 'of-the-tests', X'48583BB372DA1406B6E1EE5FB2C6D5E1FC27E1DB31C75BACD7855B812C3A17B517F4782B2944654FC35FDA08F8FF34A1E386FDA281FE056FE234C3D4', X'E3A1A6110365767628FF3C6123C1D78C67AF45499F22584F958F826889AA0198F6CEC2CD83DE416E234153B7262253608E246452', 1700000000000);
CREATE TABLE audit (
    sequence INTEGER PRIMARY KEY, at INTEGER NOT NULL, outcome TEXT NOT NULL, action TEXT NOT NULL, resource TEXT NOT NULL, resource_id TEXT,
    organisation_id TEXT, workspace_id TEXT, actor TEXT NOT NULL, actor_id TEXT, key_id TEXT, role TEXT, method TEXT, path TEXT, request_id TEXT,
    address TEXT, agent TEXT, reason TEXT, before TEXT, after TEXT, previous BLOB NOT NULL, hash BLOB NOT NULL) STRICT;
INSERT INTO audit VALUES (1, 1700000000000, 'done', 'create', 'organisations', '018bcfe5-6800-7000-bd16-095bd8bac4e6', '018bcfe5-6800-7000-bd16-095bd8bac4e6', NULL, 'system', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{"slug":"org-default","name":"Default","status":"active"}', X'0000000000000000000000000000000000000000000000000000000000000000', X'9C83A1DBFE002CCA133ED7FD0FB49DA72DE313E77F5CAFE5C0492A9B003F8B92');
INSERT INTO audit VALUES (2, 1700000000000, 'done', 'create', 'workspaces', '018bcfe5-6800-7001-983d-3cb4812b74cb', '018bcfe5-6800-7000-bd16-095bd8bac4e6', NULL, 'system', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{"slug":"ws-default","name":"Default","status":"active","is_default":1}', X'9C83A1DBFE002CCA133ED7FD0FB49DA72DE313E77F5CAFE5C0492A9B003F8B92', X'6BBA9CE9297A157D0F18BFE9A31D88524AC1871E9405A30DCAFCB659DCD4E625');
INSERT INTO audit VALUES (3, 1700000000000, 'done', 'create', 'configs', '018bcfe5-6800-7002-9c73-42f497959154', '018bcfe5-6800-7000-bd16-095bd8bac4e6', NULL, 'system', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{"slug":"pc-kept-bdba06","name":"kept","status":"active","text":{"retry":{"attempts":2}},"is_default":0,"version":1}', X'6BBA9CE9297A157D0F18BFE9A31D88524AC1871E9405A30DCAFCB659DCD4E625', X'6FF90729FC6EB9CDC3F506FA127A1B5E500068E101CA2B91CFB43796F5971648');
INSERT INTO audit VALUES (4, 1700000000000, 'done', 'update', 'configs', '018bcfe5-6800-7002-9c73-42f497959154', '018bcfe5-6800-7000-bd16-095bd8bac4e6', NULL, 'system', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{"text":{"retry":{"attempts":2}},"version":1}', '{"text":{"retry":{"attempts":3}},"version":2}', X'6FF90729FC6EB9CDC3F506FA127A1B5E500068E101CA2B91CFB43796F5971648', X'A9B5E78CE843B32232019CFAF1F3CFFA05DB95ACD9D1E9D5E2DBE9266E2C2433');
INSERT INTO audit VALUES (5, 1700000000000, 'done', 'create', 'guardrails', '018bcfe5-6800-7003-b2d1-a7b2efd10146', '018bcfe5-6800-7000-bd16-095bd8bac4e6', NULL, 'system', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{"slug":"pg-words-f4c623","name":"words","status":"active","text":{"checks":[],"actions":{}},"version":1}', X'A9B5E78CE843B32232019CFAF1F3CFFA05DB95ACD9D1E9D5E2DBE9266E2C2433', X'ACF76B4E768B68526BD2D48537B2CA752C2AAA893534D2B22F32FE24B0E57B97');
INSERT INTO audit VALUES (6, 1700000000000, 'done', 'create', 'collections', '018bcfe5-6800-7004-baed-6347223411e0', '018bcfe5-6800-7000-bd16-095bd8bac4e6', NULL, 'system', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{"slug":"greetings-55a628","name":"greetings","status":"active"}', X'ACF76B4E768B68526BD2D48537B2CA752C2AAA893534D2B22F32FE24B0E57B97', X'496932A8C87AD9415E2708D10E59882B807264EAA497D8EDD65F772AB65FCB81');
INSERT INTO audit VALUES (7, 1700000000000, 'done', 'create', 'labels', '018bcfe5-6800-7005-a9ef-1a24a9cd205d', '018bcfe5-6800-7000-bd16-095bd8bac4e6', NULL, 'system', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{"name":"first","status":"active"}', X'496932A8C87AD9415E2708D10E59882B807264EAA497D8EDD65F772AB65FCB81', X'7B16700842325C659D7CE145BD3FE910F00810BABE2F1423762068A7DC8E1E25');
INSERT INTO audit VALUES (8, 1700000000000, 'done', 'create', 'prompts', '018bcfe5-6800-7006-9256-032d8754e950', '018bcfe5-6800-7000-bd16-095bd8bac4e6', NULL, 'system', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{"slug":"pp-hello","name":"hello","status":"active","collection_id":"018bcfe5-6800-7004-baed-6347223411e0","latest_version":1,"published_version":1}', X'7B16700842325C659D7CE145BD3FE910F00810BABE2F1423762068A7DC8E1E25', X'1A2A11A750356B47EADCB11FBF67E4DEF7FABE28AD0CA11EC9A0A177CCB4FC40');
INSERT INTO audit VALUES (9, 1700000000000, 'done', 'create', 'prompt_versions', '018bcfe5-6800-7007-8227-581c2b4d2282', '018bcfe5-6800-7000-bd16-095bd8bac4e6', NULL, 'system', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{"name":"","status":"active","prompt_id":"018bcfe5-6800-7006-9256-032d8754e950","number":1,"template":{"bytes":41,"digest":"sha256:94532a13eee3149d49c63a6eda65776c8cf1929ad43300782c9c35daad4a612e"}}', X'1A2A11A750356B47EADCB11FBF67E4DEF7FABE28AD0CA11EC9A0A177CCB4FC40', X'E9A8A29DD8ACE9326B1704DC390901638CDAAC39AD58BBB1FBC77450D18D8B85');
INSERT INTO audit VALUES (10, 1700000000000, 'done', 'update', 'prompts', '018bcfe5-6800-7006-9256-032d8754e950', '018bcfe5-6800-7000-bd16-095bd8bac4e6', NULL, 'system', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{"latest_version":1}', '{"latest_version":2}', X'E9A8A29DD8ACE9326B1704DC390901638CDAAC39AD58BBB1FBC77450D18D8B85', X'EA03E49B2CA91D4CCA2DDFA1B56441B7E2E9C05FBE2B20715EE2D1A9609CAC6E');
INSERT INTO audit VALUES (11, 1700000000000, 'done', 'create', 'prompt_versions', '018bcfe5-6800-7008-b8f3-4e1929179efb', '018bcfe5-6800-7000-bd16-095bd8bac4e6', NULL, 'system', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{"name":"","status":"active","prompt_id":"018bcfe5-6800-7006-9256-032d8754e950","number":2,"template":{"bytes":45,"digest":"sha256:b5271d767f00828cf6cba5da509a303a781a27aecc28780430ab2f6ade055fb7"}}', X'EA03E49B2CA91D4CCA2DDFA1B56441B7E2E9C05FBE2B20715EE2D1A9609CAC6E', X'D06231C1F96BBF309B5E23C34AF3BA29290FFD72D0B0DE88278F3FA896B4DA99');
INSERT INTO audit VALUES (12, 1700000000000, 'done', 'create', 'prompt_labels', '018bcfe5-6800-7009-8795-daf836910a68', '018bcfe5-6800-7000-bd16-095bd8bac4e6', NULL, 'system', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{"name":"","status":"active","prompt_id":"018bcfe5-6800-7006-9256-032d8754e950","label_id":"018bcfe5-6800-7005-a9ef-1a24a9cd205d","number":1}', X'D06231C1F96BBF309B5E23C34AF3BA29290FFD72D0B0DE88278F3FA896B4DA99', X'4C5BF13D7D137B7EBBCEA680C7B8DA88744A39364237DE8CDB8A8DEAE336D1C8');
INSERT INTO audit VALUES (13, 1700000000000, 'done', 'create', 'partials', '018bcfe5-6800-700a-9791-befd8c1fdae0', '018bcfe5-6800-7000-bd16-095bd8bac4e6', NULL, 'system', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{"slug":"pp-tone","name":"tone","status":"active","latest_version":1,"published_version":1}', X'4C5BF13D7D137B7EBBCEA680C7B8DA88744A39364237DE8CDB8A8DEAE336D1C8', X'C3FA3BE9FCB026E02B3CF8CCBEE4A76C310E2D6E14D410E9A6C2C88008D609A4');
INSERT INTO audit VALUES (14, 1700000000000, 'done', 'create', 'prompt_versions', '018bcfe5-6800-700b-a53f-4b8b5156212a', '018bcfe5-6800-7000-bd16-095bd8bac4e6', NULL, 'system', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{"name":"","status":"active","partial_id":"018bcfe5-6800-700a-9791-befd8c1fdae0","number":1,"template":{"bytes":21,"digest":"sha256:cc6b1ba94b303241be0cf5e570a0556812abb5d9efa3dcc3e58b41dffb4ee9e9"}}', X'C3FA3BE9FCB026E02B3CF8CCBEE4A76C310E2D6E14D410E9A6C2C88008D609A4', X'FDF5A29E7D3BB8E0285B56478392434ECA5605AE37C3041C12C4FB3866AAC8E4');
INSERT INTO audit VALUES (15, 1700000000000, 'done', 'create', 'api_keys', '018bcfe5-6800-700c-a798-d29d5455c28e', '018bcfe5-6800-7000-bd16-095bd8bac4e6', NULL, 'system', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{"name":"prod","status":"active","holder":"service","scopes":["completions.write","virtual_keys.list"],"allow_config_override":1,"creation_mode":"api","digest":"…","last_four":"89ab"}', X'FDF5A29E7D3BB8E0285B56478392434ECA5605AE37C3041C12C4FB3866AAC8E4', X'3F21546E15502729F18ADF41784EF49C2FCBF3BDF36013E67D77A4081D49B880');
INSERT INTO audit VALUES (16, 1700000000000, 'done', 'create', 'virtual_keys', '018bcfe5-6800-700d-81d0-7929b2ed275e', '018bcfe5-6800-7000-bd16-095bd8bac4e6', NULL, 'system', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{"slug":"openai-032f5e","name":"openai","status":"active","provider":"openai"}', X'3F21546E15502729F18ADF41784EF49C2FCBF3BDF36013E67D77A4081D49B880', X'9114B99B2499C7087EC25EA0E8908F32D1883A5DB3A11CFB2FFAC5B818E03932');
INSERT INTO audit VALUES (17, 1700000000000, 'done', 'create', 'credentials', '018bcfe5-6800-700e-a102-522864f59a8f', '018bcfe5-6800-7000-bd16-095bd8bac4e6', NULL, 'system', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{"name":"","status":"active","virtual_key_id":"018bcfe5-6800-700d-81d0-7929b2ed275e","weight":1,"last_four":"cdef"}', X'9114B99B2499C7087EC25EA0E8908F32D1883A5DB3A11CFB2FFAC5B818E03932', X'1C792B08E8C9AFD8A6BF60B4275EDCFBEFCE7ECA0F98868E9C46E3E3A9819D9C');
INSERT INTO audit VALUES (18, 1700000000000, 'done', 'create', 'credentials', '018bcfe5-6800-700f-90b5-467371a6380a', '018bcfe5-6800-7000-bd16-095bd8bac4e6', NULL, 'system', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{"name":"","status":"active","virtual_key_id":"018bcfe5-6800-700d-81d0-7929b2ed275e","weight":1,"reference":"env:KEPT_KEY","last_four":""}', X'1C792B08E8C9AFD8A6BF60B4275EDCFBEFCE7ECA0F98868E9C46E3E3A9819D9C', X'3C4E17892D761527A7D7D251C7782232C56D98734D66F05A9297376936A88F85');
CREATE TABLE audit_end (id INTEGER PRIMARY KEY CHECK (id = 1), sequence INTEGER NOT NULL, hash BLOB NOT NULL, seal BLOB NOT NULL) STRICT;
INSERT INTO audit_end VALUES (1, 18, X'3C4E17892D761527A7D7D251C7782232C56D98734D66F05A9297376936A88F85', X'E45C8B55207B27F0566C16923E2BE219A7B58BE77560CBD4B85247BDEBD4DA93');
CREATE TABLE guardrails (
    id TEXT PRIMARY KEY, organisation_id TEXT NOT NULL REFERENCES organisations(id), workspace_id TEXT REFERENCES workspaces(id),
    slug TEXT, name TEXT NOT NULL,
    status TEXT NOT NULL, created_by TEXT, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, deleted_at INTEGER, revision INTEGER NOT NULL,
    version INTEGER NOT NULL) STRICT;
INSERT INTO guardrails VALUES ('018bcfe5-6800-7003-b2d1-a7b2efd10146', '018bcfe5-6800-7000-bd16-095bd8bac4e6', NULL, 'pg-words-f4c623', 'words', 'active', NULL, 1700000000000, 1700000000000, NULL, 1, 1);
CREATE TABLE collections (
    id TEXT PRIMARY KEY, organisation_id TEXT NOT NULL REFERENCES organisations(id), workspace_id TEXT REFERENCES workspaces(id),
    slug TEXT, name TEXT NOT NULL,
    status TEXT NOT NULL, created_by TEXT, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, deleted_at INTEGER, revision INTEGER NOT NULL,
    parent_collection_id TEXT REFERENCES collections(id)) STRICT;
INSERT INTO collections VALUES ('018bcfe5-6800-7004-baed-6347223411e0', '018bcfe5-6800-7000-bd16-095bd8bac4e6', NULL, 'greetings-55a628', 'greetings', 'active', NULL, 1700000000000, 1700000000000, NULL, 1, NULL);
CREATE TABLE labels (
    id TEXT PRIMARY KEY, organisation_id TEXT NOT NULL REFERENCES organisations(id), workspace_id TEXT REFERENCES workspaces(id),
    slug TEXT, name TEXT NOT NULL,
    status TEXT NOT NULL, created_by TEXT, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, deleted_at INTEGER, revision INTEGER NOT NULL,
    description TEXT, color_code TEXT) STRICT;
INSERT INTO labels VALUES ('018bcfe5-6800-7005-a9ef-1a24a9cd205d', '018bcfe5-6800-7000-bd16-095bd8bac4e6', NULL, NULL, 'first', 'active', NULL, 1700000000000, 1700000000000, NULL, 1, NULL, NULL);
CREATE TABLE prompts (
    id TEXT PRIMARY KEY, organisation_id TEXT NOT NULL REFERENCES organisations(id), workspace_id TEXT REFERENCES workspaces(id),
    slug TEXT, name TEXT NOT NULL,
    status TEXT NOT NULL, created_by TEXT, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, deleted_at INTEGER, revision INTEGER NOT NULL,
    collection_id TEXT REFERENCES collections(id), latest_version INTEGER NOT NULL, published_version INTEGER NOT NULL) STRICT;
INSERT INTO prompts VALUES ('018bcfe5-6800-7006-9256-032d8754e950', '018bcfe5-6800-7000-bd16-095bd8bac4e6', NULL, 'pp-hello', 'hello', 'active', NULL, 1700000000000, 1700000000000, NULL, 2, '018bcfe5-6800-7004-baed-6347223411e0', 2, 1);
CREATE TABLE partials (
    id TEXT PRIMARY KEY, organisation_id TEXT NOT NULL REFERENCES organisations(id), workspace_id TEXT REFERENCES workspaces(id),
    slug TEXT, name TEXT NOT NULL,
    status TEXT NOT NULL, created_by TEXT, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, deleted_at INTEGER, revision INTEGER NOT NULL,
    collection_id TEXT REFERENCES collections(id), latest_version INTEGER NOT NULL, published_version INTEGER NOT NULL) STRICT;
INSERT INTO partials VALUES ('018bcfe5-6800-700a-9791-befd8c1fdae0', '018bcfe5-6800-7000-bd16-095bd8bac4e6', NULL, 'pp-tone', 'tone', 'active', NULL, 1700000000000, 1700000000000, NULL, 1, NULL, 1, 1);
CREATE TABLE prompt_versions (
    id TEXT PRIMARY KEY, organisation_id TEXT NOT NULL REFERENCES organisations(id), workspace_id TEXT REFERENCES workspaces(id),
    slug TEXT, name TEXT NOT NULL,
    status TEXT NOT NULL, created_by TEXT, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, deleted_at INTEGER, revision INTEGER NOT NULL,
    prompt_id TEXT REFERENCES prompts(id), partial_id TEXT REFERENCES partials(id), number INTEGER NOT NULL, description TEXT,
    CHECK ((prompt_id IS NULL) <> (partial_id IS NULL))) STRICT;
INSERT INTO prompt_versions VALUES ('018bcfe5-6800-7007-8227-581c2b4d2282', '018bcfe5-6800-7000-bd16-095bd8bac4e6', NULL, NULL, '', 'active', NULL, 1700000000000, 1700000000000, NULL, 1, '018bcfe5-6800-7006-9256-032d8754e950', NULL, 1, NULL);
INSERT INTO prompt_versions VALUES ('018bcfe5-6800-7008-b8f3-4e1929179efb', '018bcfe5-6800-7000-bd16-095bd8bac4e6', NULL, NULL, '', 'active', NULL, 1700000000000, 1700000000000, NULL, 1, '018bcfe5-6800-7006-9256-032d8754e950', NULL, 2, NULL);
INSERT INTO prompt_versions VALUES ('018bcfe5-6800-700b-a53f-4b8b5156212a', '018bcfe5-6800-7000-bd16-095bd8bac4e6', NULL, NULL, '', 'active', NULL, 1700000000000, 1700000000000, NULL, 1, NULL, '018bcfe5-6800-700a-9791-befd8c1fdae0', 1, NULL);
CREATE TABLE prompt_labels (
    id TEXT PRIMARY KEY, organisation_id TEXT NOT NULL REFERENCES organisations(id), workspace_id TEXT REFERENCES workspaces(id),
    slug TEXT, name TEXT NOT NULL,
    status TEXT NOT NULL, created_by TEXT, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, deleted_at INTEGER, revision INTEGER NOT NULL,
    prompt_id TEXT NOT NULL REFERENCES prompts(id), label_id TEXT NOT NULL, number INTEGER NOT NULL) STRICT;
INSERT INTO prompt_labels VALUES ('018bcfe5-6800-7009-8795-daf836910a68', '018bcfe5-6800-7000-bd16-095bd8bac4e6', NULL, NULL, '', 'active', NULL, 1700000000000, 1700000000000, NULL, 1, '018bcfe5-6800-7006-9256-032d8754e950', '018bcfe5-6800-7005-a9ef-1a24a9cd205d', 1);
CREATE TABLE log_exports (
    id TEXT PRIMARY KEY, organisation_id TEXT NOT NULL REFERENCES organisations(id), workspace_id TEXT REFERENCES workspaces(id),
    slug TEXT, name TEXT NOT NULL,
    status TEXT NOT NULL, created_by TEXT, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, deleted_at INTEGER, revision INTEGER NOT NULL,
    description TEXT, filters TEXT, fields TEXT, format TEXT NOT NULL, state TEXT NOT NULL, started_at INTEGER, row_count INTEGER NOT NULL) STRICT;
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
CREATE UNIQUE INDEX collections_slug ON collections(organisation_id, slug) WHERE deleted_at IS NULL;
CREATE INDEX collections_by_workspace ON collections(workspace_id);
CREATE INDEX collections_by_parent ON collections(parent_collection_id) WHERE parent_collection_id IS NOT NULL;
CREATE UNIQUE INDEX labels_name ON labels(organisation_id, workspace_id, name) WHERE workspace_id IS NOT NULL AND deleted_at IS NULL;
CREATE UNIQUE INDEX labels_name_of_all ON labels(organisation_id, name) WHERE workspace_id IS NULL AND deleted_at IS NULL;
CREATE INDEX labels_by_workspace ON labels(workspace_id);
CREATE UNIQUE INDEX prompts_slug ON prompts(organisation_id, slug) WHERE deleted_at IS NULL;
CREATE INDEX prompts_by_workspace ON prompts(workspace_id);
CREATE INDEX prompts_by_collection ON prompts(collection_id) WHERE collection_id IS NOT NULL;
CREATE UNIQUE INDEX partials_slug ON partials(organisation_id, slug) WHERE deleted_at IS NULL;
CREATE INDEX partials_by_workspace ON partials(workspace_id);
CREATE INDEX partials_by_collection ON partials(collection_id) WHERE collection_id IS NOT NULL;
CREATE UNIQUE INDEX prompt_versions_of_prompt ON prompt_versions(prompt_id, number) WHERE prompt_id IS NOT NULL;
CREATE UNIQUE INDEX prompt_versions_of_partial ON prompt_versions(partial_id, number) WHERE partial_id IS NOT NULL;
CREATE UNIQUE INDEX prompt_labels_label ON prompt_labels(prompt_id, label_id) WHERE deleted_at IS NULL;
CREATE INDEX prompt_labels_by_label ON prompt_labels(label_id);
CREATE INDEX log_exports_by_workspace ON log_exports(workspace_id);
PRAGMA application_id = 1399612261;
PRAGMA user_version = 5;
