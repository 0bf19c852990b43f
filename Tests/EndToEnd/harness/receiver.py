"""A server for what a gateway posts by itself: alerts, records."""

import http.server
import ssl
import threading


class PostReceiver:
    """Serves what a test's `handler` does on 127.0.0.1, over TLS where there is a certificate. While `goes` is not set, handlers that wait for it hang."""

    def serve(self, handler, port=0, certificate=None):
        self.goes = threading.Event()
        self.goes.set()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.goes.set()
        self.server.shutdown()
        self.server.server_close()
