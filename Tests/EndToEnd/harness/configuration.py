"""Configurations of the gateway under test. The file's schema is spelled here and nowhere else."""

import os

#: What a run of the suite has the gateway speak to the upstreams of tests: `SLUICE_TEST_HTTP2=1` for HTTP/2.
SPEAKS_HTTP2 = os.environ.get("SLUICE_TEST_HTTP2") == "1"


def plain():
    """No provider of its own, no key: requests say where they go."""
    return {"version": 1}


def listening(configuration, port):
    """The same, listening on a port of its own first."""
    if SPEAKS_HTTP2:
        configuration = {"upstream_http2": "prior_knowledge", **configuration}
    return {**configuration, "listen": [f"127.0.0.1:{port}", *configuration.get("listen", [])]}


def keyed(base, digest, secret):
    """One key, one virtual key "team" of an OpenAI-compatible provider at `base`, one declared config."""
    return {
        "version": 1,
        "providers": {"origin": {"dialect": "openai", "base_url": base}},
        "virtual_keys": {"team": {"provider": "origin", "api_key": secret}},
        "keys": {"tests": {"digest": f"sha256:{digest}"}},
        "configs": {"declared": {"virtual_key": "team", "override_params": {"seed": 42}}},
    }


def reverse_proxy(base):
    """Everything goes to `base` unless a request says otherwise."""
    return {
        "version": 1,
        "providers": {"origin": {"dialect": "openai", "base_url": base, "auth": "none"}},
        "configs": {"all": {"provider": "origin"}},
        "default": "all",
    }


def with_unix_socket(path):
    """A second listener on a Unix socket."""
    return {"version": 1, "listen": [f"unix:{path}"]}


def with_short_waits():
    """Times a test can wait for."""
    return {"version": 1, "limits": {"head_time": "1s", "idle": "1s", "drain_timeout": "5s"}}


def of_dialects(port):
    """One provider of each dialect, all on the test's own upstream: "oai", "claude", "gem" and "rock"."""
    base = f"http://127.0.0.1:{port}"
    return {
        "version": 1,
        "providers": {
            "oai": {"dialect": "openai", "base_url": f"{base}/v1", "api_key": "sk-operator"},
            "claude": {"dialect": "anthropic", "base_url": f"{base}/v1", "auth": "x-api-key", "api_key": "sk-operator"},
            "gem": {"dialect": "gemini", "base_url": f"{base}/v1beta", "api_key": "sk-operator"},
            "rock": {"dialect": "bedrock", "base_url": base, "api_key": "sk-operator"},
        },
        "configs": {"claude-thrifty": {"provider": "claude", "override_params": {"max_completion_tokens": 77, "stop": "END"}}},
    }


def with_tls(port, *certificates, base=None, **tls):
    """A second listener that speaks TLS, on `port`, with (certificate, key) pairs; everything goes to `base` where it is given."""
    pairs = [{"certificate": certificate, "key": key} for certificate, key in certificates]
    listener = {"address": f"127.0.0.1:{port}", "tls": {"certificates": pairs, **tls}}
    return {**(reverse_proxy(base) if base else plain()), "listen": [listener]}
