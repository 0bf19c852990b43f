/// How far a handshake has come.
public enum TLSHandshake {
    /// Finished, the peer verified as it was asked to be: bytes may flow.
    case done
    /// Call again when the socket is readable.
    case wantsRead
    /// Call again when the socket is writable.
    case wantsWrite
    /// Over. The session can only be dropped.
    indirect case failed(TLSError)
}

/// What a read from, or a write to, a session did.
///
/// The failure is boxed so that the cases every transfer takes carry a number and no text.
public enum TLSTransfer {
    /// This many bytes were moved, at least one.
    case moved(Int)
    /// Call again when the socket is readable. A write may say so too (key update, RFC 8446 §4.6.3).
    case wantsRead
    /// Call again when the socket is writable. A read may say so too.
    case wantsWrite
    /// The peer has closed. Not `clean` when it did so without a close_notify: what came may be
    /// cut short (RFC 8446 §6.1).
    case closed(clean: Bool)
    /// Over. The session can only be dropped.
    indirect case failed(TLSError)
}
