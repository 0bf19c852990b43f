"""The proxies under comparison and the upstreams behind them: one function a process.

Every proxy runs one worker on core 0; every upstream runs on core 1, beside the client.
"""

import json
import re
import shlex
import ssl
import subprocess
import urllib.request
from dataclasses import dataclass, field

from harness import tools
from harness.errors import ScenarioError
from harness.processes import free_port

NGINX_HEAD = """
worker_processes 1;
daemon off;
pid {directory}/{name}.pid;
error_log {directory}/{name}.err warn;
worker_rlimit_nofile 20000;
events {{ worker_connections 10000; }}
http {{
    client_body_temp_path {directory}/{name}-body;
    proxy_temp_path {directory}/{name}-proxy;
    fastcgi_temp_path {directory}/{name}-fastcgi;
    uwsgi_temp_path {directory}/{name}-uwsgi;
    scgi_temp_path {directory}/{name}-scgi;
    keepalive_requests 100000000;
    keepalive_timeout 75s;
    tcp_nodelay on;
"""

#: The upstream of the JSON scenario: 1 KB from memory, no log, head and body of a request in one read.
#: It shares a core with wrk: what it takes less, the proxies under test sleep less.
NGINX_UPSTREAM = NGINX_HEAD + """
    access_log off;
    client_header_buffer_size 8k;
    server {{
        listen 127.0.0.1:{port} reuseport backlog=4096;
        location / {{ default_type application/json; return 200 '{answer}'; }}
    }}
}}
"""

#: A plain streaming reverse proxy, its buffers and its log as they are shipped.
NGINX_PROXY = NGINX_HEAD + """
    access_log {directory}/{name}.log combined{log_options};
    upstream origin {{
        server 127.0.0.1:{upstream};
        keepalive 2048;
        keepalive_requests 100000000;
    }}
    server {{
        listen 127.0.0.1:{port}{listen_options} backlog=4096{tls};
        client_max_body_size 20m;
        location / {{
            proxy_pass http://origin;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_buffering off;
            proxy_request_buffering off;
            proxy_read_timeout 300s;
        }}
    }}
}}
"""

#: HAProxy logs to syslog or stdout only: stdout, as a file. Without http-no-delay it may hold an
#: event back until the next one comes (a whole gap late, measured), which no stream can bear.
HAPROXY_PROXY = """
global
    nbthread 1
    maxconn 9000
    log stdout format raw local0
defaults
    mode http
    log global
    option httplog
    option http-no-delay
    option abortonclose
    http-reuse always
    timeout connect 5s
    timeout client 300s
    timeout server 300s
    timeout http-request 10s
    timeout http-keep-alive 75s
frontend edge
    bind 127.0.0.1:{port}{tls}
    default_backend origin
backend origin
    server one 127.0.0.1:{upstream}
"""


#: What Sluice speaks: Mozilla's "intermediate" without the exchanges of finite fields.
SUITES = ":".join(f"ECDHE-{key}-{cipher}" for cipher in ("AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305") for key in ("ECDSA", "RSA"))
NGINX_TLS = f""" ssl;
        ssl_certificate {{certificate}};
        ssl_certificate_key {{key}};
        ssl_protocols TLSv1.2 TLSv1.3;
        ssl_ciphers {SUITES};
        ssl_ecdh_curve X25519:prime256v1:secp384r1"""


def sluice_configuration(port, upstream, log, tls=None, limits=None, governed="", books="off", bodies="metrics_only", caches=False):
    """The gateway as the same plain reverse proxy: one provider, named by default, logged to a file.

    The default cap of 512 connections to one origin is lifted, as it is for the peers: 2,000 streams
    through one worker are 2,000 upstream connections. So is the bound on a worker's lag, which they do not
    have: 1,280 requests at once are 60 ms of work. Other `limits`, {name: value}, stand in their place.
    `governed` is the digest of a key that is held to budgets and rate limits, none of which it reaches, with `books`
    of that mode, and `bodies`; `caches` has answers kept.
    """
    bounds = "{" + ", ".join(f"{name}: {value}" for name, value in (limits or {"origin_connections": 8192, "lag": "1s"}).items()) + "}"
    shown = f"""
  address: 127.0.0.1:{port}
  tls:
    certificates:
      - certificate: {tls.certificate}
        key: {tls.key}""" if tls else f" 127.0.0.1:{port}"
    return f"""version: 1
listen:{shown}
log:
  access: {log}
limits: {bounds}
providers:
  origin:
    dialect: openai
    base_url: http://127.0.0.1:{upstream}/v1
    auth: none
default: bench
configs:
  bench:
    provider: origin
""" + ("    cache: {mode: simple}\n" if caches else "") + (GOVERNED.format(digest=governed, books=books, bodies=bodies) if governed else "")


#: A key as a careful operator has it: three budgets and three limits.
GOVERNED = """
books: {{mode: {books}, bodies: {bodies}}}
unpriced: {{input: 2.5, output: 10}}
keys:
  bench:
    digest: {digest}
    usage_limits:
      - {{type: cost, credit_limit: 10000000, periodic_reset: monthly, alert_threshold: 9000000}}
      - {{type: tokens, credit_limit: 10000000000000, periodic_reset: monthly}}
      - {{type: requests, credit_limit: 10000000000, periodic_reset: daily}}
    rate_limits:
      - {{type: requests, unit: rpm, value: 100000000}}
      - {{type: tokens, unit: rpm, value: 1000000000000}}
      - {{type: requests, unit: concurrent, value: 10000}}
"""


CHAT_ANSWER = json.dumps({
    "id": "chatcmpl-bench", "object": "chat.completion", "created": 1700000000, "model": "bench",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "a" * 780}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30},
}, separators=(",", ":"))


@dataclass
class Peer:
    """A running proxy: what to call it, where it listens, and which requests it is sent."""
    name: str
    port: int
    process: object
    log: str = ""
    headers: dict = field(default_factory=dict)
    #: What it is asked, where that is not the scenario's own path and body.
    target: str = "/v1/chat/completions"
    body: str = ""
    scheme: str = "http"

    @property
    def pid(self):
        return self.process.pid

    def worker_thread(self, name):
        """Whether a thread of that name serves requests (all of a proxy's do but those of Sluice's back office)."""
        return name.startswith("worker") if self.name.startswith("sluice") else True

    def other_thread(self, name):
        """Whether one of that name serves none: Sluice's back office, with its access log and its supervisor."""
        return not self.worker_thread(name)

    def with_headers(self, suffix, headers):
        """The same process under another name, sent other headers."""
        return Peer(f"{self.name} {suffix}", self.port, self.process, self.log, headers, scheme=self.scheme)

    def asked(self, suffix, target, body):
        """The same process under another name, asked something else."""
        return Peer(f"{self.name} {suffix}", self.port, self.process, self.log, target=target, body=body, scheme=self.scheme)


def scheme(shop):
    """What clients of a proxy speak to it."""
    return "https" if shop.tls else "http"


def start_json_upstream(shop):
    """nginx answering every request with 1 KB of JSON; returns its port."""
    port = free_port()
    return _start_nginx(shop, "upstream", NGINX_UPSTREAM, port, core=1, answer=CHAT_ANSWER).port


def start_paced_upstream(shop, log=None):
    """perf/upstream/paced.c: streams on an exact schedule; returns its port."""
    binary = shop.directory / "paced"
    if not binary.exists():
        tools.build("upstream/paced.c", binary)
    port = free_port()
    shop.start_server([str(binary), "--port", str(port), *(["--log", str(log)] if log else [])], "paced", port, core=1)
    return port


def paced_stats(port):
    """What the paced upstream counted; asking also writes out its log."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/mock/stats", timeout=5) as answer:
        return json.load(answer)


def start_mock(shop, binary):
    """The gateway's own mock provider; returns its port."""
    port = free_port()
    shop.start_server([binary, "mock", "--port", str(port)], "mock", port, core=1)
    return port


def start_nginx(shop, upstream, environment=None, buffered_log=False, http2=False):
    """nginx as a plain reverse proxy; of HTTP/2 by prior knowledge, where that is asked for."""
    tls = NGINX_TLS.format(certificate=shop.tls.certificate, key=shop.tls.key) if shop.tls else ""
    return _start_nginx(shop, "nginx", NGINX_PROXY, free_port(), core=0, environment=environment, scheme=scheme(shop), upstream=upstream, tls=tls,
                        listen_options=" http2" if http2 else "", log_options=" buffer=64k flush=1s" if buffered_log else "")


def start_haproxy(shop, upstream, environment=None):
    """HAProxy as a plain reverse proxy."""
    port = free_port()
    path = shop.directory / f"haproxy-{port}.cfg"
    tls = f" ssl crt {shop.tls.both} ssl-min-ver TLSv1.2 ciphers {SUITES} curves X25519:P-256:P-384 alpn http/1.1" if shop.tls else ""
    path.write_text(HAPROXY_PROXY.format(port=port, upstream=upstream, tls=tls))
    log = shop.directory / f"haproxy-{port}.log"
    with open(log, "wb") as stdout:
        process = shop.start_server([tools.tool("haproxy"), "-f", str(path)], "haproxy", port,
                                    core=0, environment=environment, stdout=stdout)
    return Peer("haproxy", port, process, str(log), scheme=scheme(shop))


def metric(shop, peer, name):
    """A metric of a gateway's, its labels apart: the sum of them."""
    context = ssl.create_default_context(cafile=str(shop.tls.authority)) if shop.tls else None
    with urllib.request.urlopen(f"{peer.scheme}://127.0.0.1:{peer.port}/metrics", timeout=30, context=context) as answer:
        values = re.findall(rf"^{name}(?:{{.*}})? (\S+)$", answer.read().decode(), re.M)
    if not values:
        raise ScenarioError(f"{peer.name} has no metric {name}")
    return sum(int(float(value)) for value in values)


def new_key(binary):
    """A gateway key and its digest."""
    said = subprocess.run([binary, "key", "new"], capture_output=True, text=True, check=True, timeout=20).stdout
    return re.search(r"sk-sluice-\w+", said)[0], re.search(r"sha256:[0-9a-f]{64}", said)[0]


def start_governed(shop, upstream, binary, name="governed", books="off", **options):
    """Sluice with one worker, and a key that is held to budgets and rate limits; with `books`, each request is recorded."""
    key, digest = new_key(binary)
    peer = start_sluice(shop, upstream, binary, governed=digest, books=books, **options)
    return Peer(f"sluice {name}", peer.port, peer.process, peer.log, {"x-portkey-api-key": key}, scheme=peer.scheme)


def start_sluice(shop, upstream, binary, environment=None, prefix=(), program=None, **traits):
    """Sluice with one worker, and with `traits` of its configuration; under the program of `prefix`, where there is one, without a supervisor:
    it could not start itself again there."""
    port = free_port()
    path = shop.directory / f"sluice-{port}.yaml"
    log = shop.directory / f"sluice-{port}.log"
    path.write_text(sluice_configuration(port, upstream, log, shop.tls, **traits))
    # Where there is a store, nobody asks without a key; a plain proxy wants none.
    stored = ["--data", str(shop.directory / f"sluice-data-{port}")] if traits.get("governed") else []
    command = [*prefix, program or binary, "serve", "--config", str(path), "--workers", "1", *stored, *(["--no-supervisor"] if prefix else [])]
    process = shop.start_server(command, "sluice", port, core=0, environment=environment)
    return Peer("sluice", port, process, str(log), scheme=scheme(shop))


def start_command(shop, upstream, template):
    """Any proxy: a command line in which {port} and {upstream} are filled in."""
    port = free_port()
    command = shlex.split(template.format(port=port, upstream=upstream))
    return Peer("command", port, shop.start_server(command, "command", port, core=0))


def start_named(shop, name, upstream, options):
    """The proxy the command line asks for: nginx, haproxy, sluice, or a command template."""
    if getattr(options, "command", None):
        return start_command(shop, upstream, options.command)
    if name == "nginx":
        return start_nginx(shop, upstream)
    if name == "haproxy":
        return start_haproxy(shop, upstream)
    if name == "sluice":
        return start_sluice(shop, upstream, tools.sluice_binary(options.sluice))
    raise ScenarioError(f"no proxy is called {name!r}; known: nginx, haproxy, sluice")


def pass_through_headers(upstream):
    """Headers that route one request without any configuration, as an SDK user sends them."""
    return {
        "x-portkey-provider": "openai",
        "x-portkey-custom-host": f"http://127.0.0.1:{upstream}/v1",
        "Authorization": "Bearer sk-bench",
    }


#: What the openai SDK sends with every request, beside its body: a head of about 700 bytes.
SDK_HEADERS = {
    "Accept-Encoding": "gzip, deflate", "Connection": "keep-alive", "Accept": "application/json",
    "User-Agent": "OpenAI/Python 3.54.0", "X-Stainless-Lang": "python", "X-Stainless-Package-Version": "3.54.0",
    "X-Stainless-OS": "Linux", "X-Stainless-Arch": "x64", "X-Stainless-Runtime": "CPython",
    "X-Stainless-Runtime-Version": "3.11.7", "X-Stainless-Async": "false", "x-stainless-retry-count": "0",
    "x-stainless-read-timeout": "600", "Authorization": "Bearer sk-" + "b" * 48,
}


def _start_nginx(shop, name, template, port, core, environment=None, scheme="http", **values):
    key = f"{name}-{port}"
    path = shop.directory / f"{key}.conf"
    path.write_text(template.format(directory=shop.directory, name=key, port=port, **values))
    command = [tools.tool("nginx"), "-p", str(shop.directory), "-c", str(path), "-e", str(shop.directory / f"{key}.err")]
    if environment:  # nginx clears its environment unless told; LD_PRELOAD acts at exec, MALLOC_COUNT_FILE at start
        path.write_text("".join(f"env {variable};\n" for variable in environment) + path.read_text())
    process = shop.start_server(command, name, port, core=core, environment=environment)
    return Peer(name, port, process, str(shop.directory / f"{key}.log"), scheme=scheme)
