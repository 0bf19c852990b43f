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
INSERT INTO organisations VALUES ('018bcfe5-6800-7000-a941-0a168d066ecb', '018bcfe5-6800-7000-a941-0a168d066ecb', NULL, 'org-default', 'Default', 'active', NULL, 1700000000000, 1700000000000, NULL, 1, NULL, NULL);
CREATE TABLE workspaces (
    id TEXT PRIMARY KEY, organisation_id TEXT NOT NULL REFERENCES organisations(id), workspace_id TEXT, slug TEXT, name TEXT NOT NULL,
    status TEXT NOT NULL, created_by TEXT, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, deleted_at INTEGER, revision INTEGER NOT NULL,
    description TEXT, is_default INTEGER NOT NULL, defaults TEXT, usage_limits TEXT, rate_limits TEXT) STRICT;
INSERT INTO workspaces VALUES ('018bcfe5-6800-7001-96ae-e6b5220e1a3b', '018bcfe5-6800-7000-a941-0a168d066ecb', NULL, 'ws-default', 'Default', 'active', NULL, 1700000000000, 1700000000000, NULL, 1, NULL, 1, NULL, NULL, NULL);
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
INSERT INTO configs VALUES ('018bcfe5-6800-7002-803b-110d115e8bdd', '018bcfe5-6800-7000-a941-0a168d066ecb', NULL, 'pc-kept-b4a1c4', 'kept', 'active', NULL, 1700000000000, 1700000000000, NULL, 2, 0, 2);
CREATE TABLE config_versions (
    config_id TEXT NOT NULL REFERENCES configs(id), number INTEGER NOT NULL, created_at INTEGER NOT NULL, created_by TEXT,
    PRIMARY KEY (config_id, number)) STRICT, WITHOUT ROWID;
INSERT INTO config_versions VALUES ('018bcfe5-6800-7002-803b-110d115e8bdd', 1, 1700000000000, NULL);
INSERT INTO config_versions VALUES ('018bcfe5-6800-7002-803b-110d115e8bdd', 2, 1700000000000, NULL);
CREATE TABLE api_keys (
    id TEXT PRIMARY KEY, organisation_id TEXT NOT NULL REFERENCES organisations(id), workspace_id TEXT REFERENCES workspaces(id),
    slug TEXT, name TEXT NOT NULL,
    status TEXT NOT NULL, created_by TEXT, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, deleted_at INTEGER, revision INTEGER NOT NULL,
    holder TEXT NOT NULL, user_id TEXT REFERENCES users(id), description TEXT, scopes TEXT, allowed_models TEXT, allowed_providers TEXT,
    allowed_endpoints TEXT, allowed_networks TEXT, default_metadata TEXT, default_config_id TEXT REFERENCES configs(id),
    allow_config_override INTEGER NOT NULL, usage_limits TEXT, rate_limits TEXT, alert_emails TEXT, rotation_policy TEXT, creation_mode TEXT NOT NULL,
    expires_at INTEGER, digest BLOB NOT NULL, last_four TEXT NOT NULL, previous_digest BLOB, previous_expires_at INTEGER,
    last_used_at INTEGER) STRICT;
INSERT INTO api_keys VALUES ('018bcfe5-6800-700c-8082-2e266cb5f596', '018bcfe5-6800-7000-a941-0a168d066ecb', NULL, NULL, 'prod', 'active', NULL, 1700000000000, 1700000000000, NULL, 1, 'service', NULL, NULL, 'completions.write
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
INSERT INTO virtual_keys VALUES ('018bcfe5-6800-700d-a1ce-e916b9a8be78', '018bcfe5-6800-7000-a941-0a168d066ecb', NULL, 'openai-350ffb', 'openai', 'active', NULL, 1700000000000, 1700000000000, NULL, 1, 'openai', NULL, NULL, NULL, NULL, NULL, NULL, NULL);
CREATE TABLE credentials (
    id TEXT PRIMARY KEY, organisation_id TEXT NOT NULL REFERENCES organisations(id), workspace_id TEXT, slug TEXT, name TEXT NOT NULL,
    status TEXT NOT NULL, created_by TEXT, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, deleted_at INTEGER, revision INTEGER NOT NULL,
    virtual_key_id TEXT REFERENCES virtual_keys(id), integration_id TEXT REFERENCES integrations(id), weight INTEGER NOT NULL, expires_at INTEGER,
    reference TEXT, last_four TEXT NOT NULL, CHECK ((virtual_key_id IS NULL) <> (integration_id IS NULL))) STRICT;
INSERT INTO credentials VALUES ('018bcfe5-6800-700e-b360-e05ec27f3e74', '018bcfe5-6800-7000-a941-0a168d066ecb', NULL, NULL, '', 'active', NULL, 1700000000000, 1700000000000, NULL, 1, '018bcfe5-6800-700d-a1ce-e916b9a8be78', NULL, 1, NULL, NULL, 'cdef');
INSERT INTO credentials VALUES ('018bcfe5-6800-700f-86bc-0a4b002ca9ab', '018bcfe5-6800-7000-a941-0a168d066ecb', NULL, NULL, '', 'active', NULL, 1700000000000, 1700000000000, NULL, 1, '018bcfe5-6800-700d-a1ce-e916b9a8be78', NULL, 1, NULL, 'env:KEPT_KEY', '');
CREATE TABLE policies (
    id TEXT PRIMARY KEY, organisation_id TEXT NOT NULL REFERENCES organisations(id), workspace_id TEXT REFERENCES workspaces(id),
    slug TEXT, name TEXT NOT NULL,
    status TEXT NOT NULL, created_by TEXT, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, deleted_at INTEGER, revision INTEGER NOT NULL,
    subject TEXT NOT NULL, description TEXT, conditions TEXT, group_by TEXT, terms TEXT) STRICT;
CREATE TABLE secrets (
    id TEXT PRIMARY KEY, organisation_id TEXT NOT NULL REFERENCES organisations(id), owner_id TEXT NOT NULL, version INTEGER NOT NULL,
    algorithm INTEGER NOT NULL, key_id TEXT NOT NULL, wrapped_key BLOB NOT NULL, sealed BLOB NOT NULL, created_at INTEGER NOT NULL) STRICT;
INSERT INTO secrets VALUES ('018bcfe5-6800-7002-803b-110d115e8bdd/v1', '018bcfe5-6800-7000-a941-0a168d066ecb', '018bcfe5-6800-7002-803b-110d115e8bdd', 1, 1, 'of-the-tests', X'39235BFC7CAB83F4AFCC7C171D6CD41D51BDDE4FA95D34801B52D81992915EF492D211B3DF7E94E7706221A435CBBD8ECF81025A888110A781ABBF29', X'3E73CB6B0170996E667AF93EF13CF1CDE180581178A8015E8F5356261D5EA71F109BE87F6A5D655E8D7DA4A7340FE986A9E01148', 1700000000000);
INSERT INTO secrets VALUES ('018bcfe5-6800-7002-803b-110d115e8bdd/text', '018bcfe5-6800-7000-a941-0a168d066ecb', '018bcfe5-6800-7002-803b-110d115e8bdd', 2, 1, 'of-the-tests', X'B3FC1190E7BF74C0DA69ED9F658352EBE0BFC5BFB2C2260C8D2804F2F30D06E0956B09F3A4F02EE84D27B91026D6552E989AE7DCF91005F716DC2ECF', X'878006D3B5E2D8C1F2E90005A60D5484A4EE522FBBE60CF35A53F3DDFFC0B106971B2C073DC51299491F628DCE0A0C388B413FD0', 1700000000000);
INSERT INTO secrets VALUES ('018bcfe5-6800-7002-803b-110d115e8bdd/v2', '018bcfe5-6800-7000-a941-0a168d066ecb', '018bcfe5-6800-7002-803b-110d115e8bdd', 1, 1, 'of-the-tests', X'1F3E956E86AD38173AF29C95307ABEDF54D969571D55FB9F719FF391746EB4FA9EF4598EC7E76A856D7C46ADD103C16C4ABCDFB4A0D1A6F4301928D7', X'6BA5D69B9521A31257797F1FE7D4FFCFE1E517A7A8A2C829574F005E3D80B72E6D68E85D56CB854FFEBD5A1A7E93C045DF1108E7', 1700000000000);
INSERT INTO secrets VALUES ('018bcfe5-6800-7003-a064-605032d346f6/text', '018bcfe5-6800-7000-a941-0a168d066ecb', '018bcfe5-6800-7003-a064-605032d346f6', 1, 1, 'of-the-tests', X'F931BEBBC258B48A4DBA137D9CDEE9DCC24C361C874001A40D7B9921D73FB9947E6528780D18E240989B7A19312234CA252B58863A0D79FBDE2CE263', X'139F6A72F713E04F2F96BF3B85001CBA973A28376A840517A5ECF1162BF3ED4F5911B3E2D53A7B66093109BE32DF0B4DBC8E443CF5C3', 1700000000000);
INSERT INTO secrets VALUES ('018bcfe5-6800-7007-8fa0-c6a0ffc307ef/template', '018bcfe5-6800-7000-a941-0a168d066ecb', '018bcfe5-6800-7007-8fa0-c6a0ffc307ef', 1, 1, 'of-the-tests', X'6084C812D6AE8A86A123E3151DF6F740DFE14DEFE070C17AC65531BBB2EFEB4EAC73FF08CD4A96660584B2F11D67A01C73F038315C9AFD288D4AEBEE', X'071939C9E140A4041AF0254B25968A8636D44B897B368191CF28F7DFA0601084153A8896F14414904D0429A33DA9ACA0D56D68EC4B96B4C1AF4B8237FD4D22C5DE1831BE67', 1700000000000);
INSERT INTO secrets VALUES ('018bcfe5-6800-7008-b3ae-ffe97a08de21/template', '018bcfe5-6800-7000-a941-0a168d066ecb', '018bcfe5-6800-7008-b3ae-ffe97a08de21', 1, 1, 'of-the-tests', X'2EC52FC82013D9DF12510DD1FC0F0DE00C04DF68867A7262C95A1CA0B2598B679944CF34CE53267DBE912420E34DD820D9A4F37C58416DD0AB2E9CC8', X'10AEDAA916CC5275A331F08FB668E7012184AF7F4EA4524D22D13B0D2CCF561743672DE7E42D2BFAD57E9658A5AFDACE364E5797643710AACF7C7FC50B6D338B59B5E319BD15C6E794', 1700000000000);
INSERT INTO secrets VALUES ('018bcfe5-6800-700b-873b-f22d33c25a60/template', '018bcfe5-6800-7000-a941-0a168d066ecb', '018bcfe5-6800-700b-873b-f22d33c25a60', 1, 1, 'of-the-tests', X'6C560F3F5996C5FF849C1E094912394CAB375AF1993829CD3C4A38432FA1DA72F101C4A8B1780E75A1FE34CDAD1E8630F199408CFFE63C47241BFFF1', X'C51DF52E39DF18EE995EB99A7DF3140FD1F8C6D0C7B7DA51C257035E6DC122D2D82909A80E5F3A99B836D30D50C8598346', 1700000000000);
INSERT INTO secrets VALUES ('018bcfe5-6800-700e-b360-e05ec27f3e74/secret', '018bcfe5-6800-7000-a941-0a168d066ecb', '018bcfe5-6800-700e-b360-e05ec27f3e74', 1, 1, 'of-the-tests', X'91AB1EAEB9683707DD7BEDE4465667A1183B8AA39502DB4A1C01DE8CE5E6E4B1412718C2D08896A67D6697408B085898E3690A437DE4885CDA98CA0A', X'2145398BF3431C2E5CEF6BF2C844F926DE7068C72D31366091C2908ECE353A114BB7F95228AA0AA0FC1CBA91008AE8EFFBEDF26F', 1700000000000);
CREATE TABLE audit (
    sequence INTEGER PRIMARY KEY, at INTEGER NOT NULL, outcome TEXT NOT NULL, action TEXT NOT NULL, resource TEXT NOT NULL, resource_id TEXT,
    organisation_id TEXT, workspace_id TEXT, actor TEXT NOT NULL, actor_id TEXT, key_id TEXT, role TEXT, method TEXT, path TEXT, request_id TEXT,
    address TEXT, agent TEXT, reason TEXT, before TEXT, after TEXT, previous BLOB NOT NULL, hash BLOB NOT NULL) STRICT;
INSERT INTO audit VALUES (1, 1700000000000, 'done', 'create', 'organisations', '018bcfe5-6800-7000-a941-0a168d066ecb', '018bcfe5-6800-7000-a941-0a168d066ecb', NULL, 'system', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{"slug":"org-default","name":"Default","status":"active"}', X'0000000000000000000000000000000000000000000000000000000000000000', X'F45D8E8E94DD590498072884769E383E4144BB84B4FD4B5BBD98AFD6B09E70F6');
INSERT INTO audit VALUES (2, 1700000000000, 'done', 'create', 'workspaces', '018bcfe5-6800-7001-96ae-e6b5220e1a3b', '018bcfe5-6800-7000-a941-0a168d066ecb', NULL, 'system', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{"slug":"ws-default","name":"Default","status":"active","is_default":1}', X'F45D8E8E94DD590498072884769E383E4144BB84B4FD4B5BBD98AFD6B09E70F6', X'E0B902A1FEE22B294BB671F8F9FC032A10D7B475E73D255C8A259C1473E18C91');
INSERT INTO audit VALUES (3, 1700000000000, 'done', 'create', 'configs', '018bcfe5-6800-7002-803b-110d115e8bdd', '018bcfe5-6800-7000-a941-0a168d066ecb', NULL, 'system', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{"slug":"pc-kept-b4a1c4","name":"kept","status":"active","text":{"retry":{"attempts":2}},"is_default":0,"version":1}', X'E0B902A1FEE22B294BB671F8F9FC032A10D7B475E73D255C8A259C1473E18C91', X'A7C97C92A389315254B2FD066F6FD7F069C0251A6BEB5595843352F50025ACF4');
INSERT INTO audit VALUES (4, 1700000000000, 'done', 'update', 'configs', '018bcfe5-6800-7002-803b-110d115e8bdd', '018bcfe5-6800-7000-a941-0a168d066ecb', NULL, 'system', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{"text":{"retry":{"attempts":2}},"version":1}', '{"text":{"retry":{"attempts":3}},"version":2}', X'A7C97C92A389315254B2FD066F6FD7F069C0251A6BEB5595843352F50025ACF4', X'269B925FD7798FC42AA14E6EEDA44571B514048371DEE47E42992762D51BFAA7');
INSERT INTO audit VALUES (5, 1700000000000, 'done', 'create', 'guardrails', '018bcfe5-6800-7003-a064-605032d346f6', '018bcfe5-6800-7000-a941-0a168d066ecb', NULL, 'system', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{"slug":"pg-words-ae6d32","name":"words","status":"active","text":{"checks":[],"actions":{}},"version":1}', X'269B925FD7798FC42AA14E6EEDA44571B514048371DEE47E42992762D51BFAA7', X'3600ED428BCF40566E62FE3B2255E09B028DA7DECF8D2AFD9EAB85FD02FFD124');
INSERT INTO audit VALUES (6, 1700000000000, 'done', 'create', 'collections', '018bcfe5-6800-7004-ab40-55c404e7561a', '018bcfe5-6800-7000-a941-0a168d066ecb', NULL, 'system', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{"slug":"greetings-fc4507","name":"greetings","status":"active"}', X'3600ED428BCF40566E62FE3B2255E09B028DA7DECF8D2AFD9EAB85FD02FFD124', X'32EA473E49CA4EA144E246BFC058246DA30864FD4FA6522BF8CFB336CFF9DCD2');
INSERT INTO audit VALUES (7, 1700000000000, 'done', 'create', 'labels', '018bcfe5-6800-7005-a658-e501f4aadc65', '018bcfe5-6800-7000-a941-0a168d066ecb', NULL, 'system', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{"name":"first","status":"active"}', X'32EA473E49CA4EA144E246BFC058246DA30864FD4FA6522BF8CFB336CFF9DCD2', X'F2223B95680C1710EB7BEA1797F75CF3783413882D52B9FCF219A3A8C6F0633A');
INSERT INTO audit VALUES (8, 1700000000000, 'done', 'create', 'prompts', '018bcfe5-6800-7006-933b-167709a1b047', '018bcfe5-6800-7000-a941-0a168d066ecb', NULL, 'system', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{"slug":"pp-hello","name":"hello","status":"active","collection_id":"018bcfe5-6800-7004-ab40-55c404e7561a","latest_version":1,"published_version":1}', X'F2223B95680C1710EB7BEA1797F75CF3783413882D52B9FCF219A3A8C6F0633A', X'AC32F6A6BF4B3B36FDC23C4D33801CB7697FFA675B90F5D4F136A3D22CCADA4C');
INSERT INTO audit VALUES (9, 1700000000000, 'done', 'create', 'prompt_versions', '018bcfe5-6800-7007-8fa0-c6a0ffc307ef', '018bcfe5-6800-7000-a941-0a168d066ecb', NULL, 'system', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{"name":"","status":"active","prompt_id":"018bcfe5-6800-7006-933b-167709a1b047","number":1,"template":{"string":"Hello {{name}}","model":"gpt"}}', X'AC32F6A6BF4B3B36FDC23C4D33801CB7697FFA675B90F5D4F136A3D22CCADA4C', X'0A20A848CE67CAE695258A6FC6DB4F4DB1EBF9774D5993AB5E803BB1A0E30663');
INSERT INTO audit VALUES (10, 1700000000000, 'done', 'update', 'prompts', '018bcfe5-6800-7006-933b-167709a1b047', '018bcfe5-6800-7000-a941-0a168d066ecb', NULL, 'system', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{"latest_version":1}', '{"latest_version":2}', X'0A20A848CE67CAE695258A6FC6DB4F4DB1EBF9774D5993AB5E803BB1A0E30663', X'3CB1AFE7B1A6C084CF4F311A8AEE1BA41FC63A0740950A8C6FAAD275B1715D46');
INSERT INTO audit VALUES (11, 1700000000000, 'done', 'create', 'prompt_versions', '018bcfe5-6800-7008-b3ae-ffe97a08de21', '018bcfe5-6800-7000-a941-0a168d066ecb', NULL, 'system', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{"name":"","status":"active","prompt_id":"018bcfe5-6800-7006-933b-167709a1b047","number":2,"template":{"string":"Good day, {{name}}","model":"gpt"}}', X'3CB1AFE7B1A6C084CF4F311A8AEE1BA41FC63A0740950A8C6FAAD275B1715D46', X'C20BE25F871DCDF45F7D56ECC0BB7EEDD6758C2C3CA3FE67D3BB1ACF7F798678');
INSERT INTO audit VALUES (12, 1700000000000, 'done', 'create', 'prompt_labels', '018bcfe5-6800-7009-8a88-171dfcc9006d', '018bcfe5-6800-7000-a941-0a168d066ecb', NULL, 'system', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{"name":"","status":"active","prompt_id":"018bcfe5-6800-7006-933b-167709a1b047","label_id":"018bcfe5-6800-7005-a658-e501f4aadc65","number":1}', X'C20BE25F871DCDF45F7D56ECC0BB7EEDD6758C2C3CA3FE67D3BB1ACF7F798678', X'EDD1374BBE43FF4AD099A782BEBAE4C71747B6B085529452A6B892653A268C4A');
INSERT INTO audit VALUES (13, 1700000000000, 'done', 'create', 'partials', '018bcfe5-6800-700a-b6e8-644fb132aa2b', '018bcfe5-6800-7000-a941-0a168d066ecb', NULL, 'system', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{"slug":"pp-tone","name":"tone","status":"active","latest_version":1,"published_version":1}', X'EDD1374BBE43FF4AD099A782BEBAE4C71747B6B085529452A6B892653A268C4A', X'18C4CC8217EA600DC657AA12DB3EA98963411379125ECC68676E208F15935DD6');
INSERT INTO audit VALUES (14, 1700000000000, 'done', 'create', 'prompt_versions', '018bcfe5-6800-700b-873b-f22d33c25a60', '018bcfe5-6800-7000-a941-0a168d066ecb', NULL, 'system', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{"name":"","status":"active","partial_id":"018bcfe5-6800-700a-b6e8-644fb132aa2b","number":1,"template":{"string":"Be kind."}}', X'18C4CC8217EA600DC657AA12DB3EA98963411379125ECC68676E208F15935DD6', X'81D488DACA1BABB538385AA3339E2AE20F1B0547CAF1DB34C580D915E6807852');
INSERT INTO audit VALUES (15, 1700000000000, 'done', 'create', 'api_keys', '018bcfe5-6800-700c-8082-2e266cb5f596', '018bcfe5-6800-7000-a941-0a168d066ecb', NULL, 'system', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{"name":"prod","status":"active","holder":"service","scopes":["completions.write","virtual_keys.list"],"allow_config_override":1,"creation_mode":"api","digest":"…","last_four":"89ab"}', X'81D488DACA1BABB538385AA3339E2AE20F1B0547CAF1DB34C580D915E6807852', X'37AAE09774ACF147CD6841462E1C87D501874A003795502B5B824957E4FADCF0');
INSERT INTO audit VALUES (16, 1700000000000, 'done', 'create', 'virtual_keys', '018bcfe5-6800-700d-a1ce-e916b9a8be78', '018bcfe5-6800-7000-a941-0a168d066ecb', NULL, 'system', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{"slug":"openai-350ffb","name":"openai","status":"active","provider":"openai"}', X'37AAE09774ACF147CD6841462E1C87D501874A003795502B5B824957E4FADCF0', X'F5CB58DA42453AFFE0A517ED7894D70D8D9B4C459F7D9E4755C5624A35939FE8');
INSERT INTO audit VALUES (17, 1700000000000, 'done', 'create', 'credentials', '018bcfe5-6800-700e-b360-e05ec27f3e74', '018bcfe5-6800-7000-a941-0a168d066ecb', NULL, 'system', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{"name":"","status":"active","virtual_key_id":"018bcfe5-6800-700d-a1ce-e916b9a8be78","weight":1,"last_four":"cdef"}', X'F5CB58DA42453AFFE0A517ED7894D70D8D9B4C459F7D9E4755C5624A35939FE8', X'A057E488C82CABCBA863322B70ECB5798FE9A39A1D2AA51ACF471203491091A2');
INSERT INTO audit VALUES (18, 1700000000000, 'done', 'create', 'credentials', '018bcfe5-6800-700f-86bc-0a4b002ca9ab', '018bcfe5-6800-7000-a941-0a168d066ecb', NULL, 'system', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{"name":"","status":"active","virtual_key_id":"018bcfe5-6800-700d-a1ce-e916b9a8be78","weight":1,"reference":"env:KEPT_KEY","last_four":""}', X'A057E488C82CABCBA863322B70ECB5798FE9A39A1D2AA51ACF471203491091A2', X'C7A905026B71820FAE7811507A5DCB6D8A548D41FB687433C3FD848A6E791193');
CREATE TABLE audit_end (id INTEGER PRIMARY KEY CHECK (id = 1), sequence INTEGER NOT NULL, hash BLOB NOT NULL, seal BLOB NOT NULL) STRICT;
INSERT INTO audit_end VALUES (1, 18, X'C7A905026B71820FAE7811507A5DCB6D8A548D41FB687433C3FD848A6E791193', X'E7A42DC97A99964C8D3CFEB4FC6BCABA861D8845E443E566F60A03639F290504');
CREATE TABLE guardrails (
    id TEXT PRIMARY KEY, organisation_id TEXT NOT NULL REFERENCES organisations(id), workspace_id TEXT REFERENCES workspaces(id),
    slug TEXT, name TEXT NOT NULL,
    status TEXT NOT NULL, created_by TEXT, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, deleted_at INTEGER, revision INTEGER NOT NULL,
    version INTEGER NOT NULL) STRICT;
INSERT INTO guardrails VALUES ('018bcfe5-6800-7003-a064-605032d346f6', '018bcfe5-6800-7000-a941-0a168d066ecb', NULL, 'pg-words-ae6d32', 'words', 'active', NULL, 1700000000000, 1700000000000, NULL, 1, 1);
CREATE TABLE collections (
    id TEXT PRIMARY KEY, organisation_id TEXT NOT NULL REFERENCES organisations(id), workspace_id TEXT REFERENCES workspaces(id),
    slug TEXT, name TEXT NOT NULL,
    status TEXT NOT NULL, created_by TEXT, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, deleted_at INTEGER, revision INTEGER NOT NULL,
    parent_collection_id TEXT REFERENCES collections(id)) STRICT;
INSERT INTO collections VALUES ('018bcfe5-6800-7004-ab40-55c404e7561a', '018bcfe5-6800-7000-a941-0a168d066ecb', NULL, 'greetings-fc4507', 'greetings', 'active', NULL, 1700000000000, 1700000000000, NULL, 1, NULL);
CREATE TABLE labels (
    id TEXT PRIMARY KEY, organisation_id TEXT NOT NULL REFERENCES organisations(id), workspace_id TEXT REFERENCES workspaces(id),
    slug TEXT, name TEXT NOT NULL,
    status TEXT NOT NULL, created_by TEXT, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, deleted_at INTEGER, revision INTEGER NOT NULL,
    description TEXT, color_code TEXT) STRICT;
INSERT INTO labels VALUES ('018bcfe5-6800-7005-a658-e501f4aadc65', '018bcfe5-6800-7000-a941-0a168d066ecb', NULL, NULL, 'first', 'active', NULL, 1700000000000, 1700000000000, NULL, 1, NULL, NULL);
CREATE TABLE prompts (
    id TEXT PRIMARY KEY, organisation_id TEXT NOT NULL REFERENCES organisations(id), workspace_id TEXT REFERENCES workspaces(id),
    slug TEXT, name TEXT NOT NULL,
    status TEXT NOT NULL, created_by TEXT, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, deleted_at INTEGER, revision INTEGER NOT NULL,
    collection_id TEXT REFERENCES collections(id), latest_version INTEGER NOT NULL, published_version INTEGER NOT NULL) STRICT;
INSERT INTO prompts VALUES ('018bcfe5-6800-7006-933b-167709a1b047', '018bcfe5-6800-7000-a941-0a168d066ecb', NULL, 'pp-hello', 'hello', 'active', NULL, 1700000000000, 1700000000000, NULL, 2, '018bcfe5-6800-7004-ab40-55c404e7561a', 2, 1);
CREATE TABLE partials (
    id TEXT PRIMARY KEY, organisation_id TEXT NOT NULL REFERENCES organisations(id), workspace_id TEXT REFERENCES workspaces(id),
    slug TEXT, name TEXT NOT NULL,
    status TEXT NOT NULL, created_by TEXT, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, deleted_at INTEGER, revision INTEGER NOT NULL,
    collection_id TEXT REFERENCES collections(id), latest_version INTEGER NOT NULL, published_version INTEGER NOT NULL) STRICT;
INSERT INTO partials VALUES ('018bcfe5-6800-700a-b6e8-644fb132aa2b', '018bcfe5-6800-7000-a941-0a168d066ecb', NULL, 'pp-tone', 'tone', 'active', NULL, 1700000000000, 1700000000000, NULL, 1, NULL, 1, 1);
CREATE TABLE prompt_versions (
    id TEXT PRIMARY KEY, organisation_id TEXT NOT NULL REFERENCES organisations(id), workspace_id TEXT REFERENCES workspaces(id),
    slug TEXT, name TEXT NOT NULL,
    status TEXT NOT NULL, created_by TEXT, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, deleted_at INTEGER, revision INTEGER NOT NULL,
    prompt_id TEXT REFERENCES prompts(id), partial_id TEXT REFERENCES partials(id), number INTEGER NOT NULL, description TEXT,
    CHECK ((prompt_id IS NULL) <> (partial_id IS NULL))) STRICT;
INSERT INTO prompt_versions VALUES ('018bcfe5-6800-7007-8fa0-c6a0ffc307ef', '018bcfe5-6800-7000-a941-0a168d066ecb', NULL, NULL, '', 'active', NULL, 1700000000000, 1700000000000, NULL, 1, '018bcfe5-6800-7006-933b-167709a1b047', NULL, 1, NULL);
INSERT INTO prompt_versions VALUES ('018bcfe5-6800-7008-b3ae-ffe97a08de21', '018bcfe5-6800-7000-a941-0a168d066ecb', NULL, NULL, '', 'active', NULL, 1700000000000, 1700000000000, NULL, 1, '018bcfe5-6800-7006-933b-167709a1b047', NULL, 2, NULL);
INSERT INTO prompt_versions VALUES ('018bcfe5-6800-700b-873b-f22d33c25a60', '018bcfe5-6800-7000-a941-0a168d066ecb', NULL, NULL, '', 'active', NULL, 1700000000000, 1700000000000, NULL, 1, NULL, '018bcfe5-6800-700a-b6e8-644fb132aa2b', 1, NULL);
CREATE TABLE prompt_labels (
    id TEXT PRIMARY KEY, organisation_id TEXT NOT NULL REFERENCES organisations(id), workspace_id TEXT REFERENCES workspaces(id),
    slug TEXT, name TEXT NOT NULL,
    status TEXT NOT NULL, created_by TEXT, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, deleted_at INTEGER, revision INTEGER NOT NULL,
    prompt_id TEXT NOT NULL REFERENCES prompts(id), label_id TEXT NOT NULL, number INTEGER NOT NULL) STRICT;
INSERT INTO prompt_labels VALUES ('018bcfe5-6800-7009-8a88-171dfcc9006d', '018bcfe5-6800-7000-a941-0a168d066ecb', NULL, NULL, '', 'active', NULL, 1700000000000, 1700000000000, NULL, 1, '018bcfe5-6800-7006-933b-167709a1b047', '018bcfe5-6800-7005-a658-e501f4aadc65', 1);
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
PRAGMA application_id = 1399612261;
PRAGMA user_version = 4;
