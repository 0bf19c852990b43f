import Bytes
import Policy
import TLS

/// Where connections go: scheme, host and port, and what must hold there.
struct Origin: Hashable {
    var isTLS: Bool
    /// A DNS name, or an IP address without brackets.
    var host: String
    var port: UInt16
    /// PEM file to trust instead of the system's store.
    var caFile: String?
    /// Whether addresses that are not public may be connected to.
    var mayBePrivate: Bool
    /// Whether loopback addresses may be connected to.
    var mayBeLoopback: Bool
    /// What is spoken there.
    var wire = Wire.http1

    enum Wire {
        case http1
        /// HTTP/2 where the handshake finds that both ends speak it.
        case negotiated
        /// HTTP/2 from the first byte (RFC 9113 §3.3).
        case http2
    }

    /// `api.openai.com`, or `host:port` when the port is not the scheme's own (RFC 9110 §7.2).
    var authority: String {
        let bracketed = host.contains(":") ? "[\(host)]" : host
        return port == (isTLS ? 443 : 80) ? bracketed : "\(bracketed):\(port)"
    }
}
