import Bytes
import HTTP
import Providers
import Reactor
import TLS

/// A client's TLS handshake.
///
///     accepted ──▶ reads ⇄ writes ──▶ done: requests are served
///                    └───────┴──────▶ failed: counted, closed; plaintext gets an answer in plaintext
extension ClientConnection {
    enum Handshake {
        /// Goes on when something has come.
        case reads
        /// Goes on when the socket takes more.
        case writes
    }

    /// Begins the handshake; called once, before any event.
    func beginTLS(_ context: TLSServerContext) {
        setDeadline(worker.now.adding(nanoseconds: worker.limits.clientHandshakeNanoseconds))
        do throws(TLSError) {
            try acceptTLS(context)
            handshake = .reads
        } catch {
            handshakeFailed(error)
        }
    }

    /// Takes the handshake further, if it is its turn.
    func proceed(with state: Handshake) {
        guard state == .reads ? isReadable : isWritable else {
            if hungUp { handshakeFailed(.closedInHandshake) }
            return
        }
        // A signature takes as long as a hundred requests: streams must not wait for a crowd that arrives.
        guard worker.takesHandshake() else { return worker.resume(token) }
        switch continueHandshake() {
        case .done?: handshakeDone()
        case .wantsRead?: handshake = .reads
        case .wantsWrite?: handshake = .writes
        case .failed(let error)?: handshakeFailed(error)
        case nil: close()
        }
    }

    private func handshakeDone() {
        handshake = nil
        clientSecurity = security
        worker.tlsMetrics.succeeded(isResumed: clientSecurity?.isResumed == true)
        setDeadline(worker.now.adding(nanoseconds: worker.limits.idleNanoseconds))
        if clientSecurity?.applicationProtocol == .http2 || !speaksHTTP1 { startHTTP2() } else { proceed() }
    }

    func handshakeTimedOut() {
        tell(.timeout, "it took longer than \(worker.limits.clientHandshakeNanoseconds / 1_000_000) ms")
        abort()
    }

    private func handshakeFailed(_ error: TLSError) {
        handshake = nil
        tell(TLSMetrics.Failure(error), error.ofClient)
        guard error == .notTLS else { return close() }
        answerPlaintext()
    }

    private func tell(_ failure: TLSMetrics.Failure, _ reason: @autoclosure () -> String) {
        guard let untold = worker.tlsMetrics.failed(failure, now: worker.now) else { return }
        let name = peer.name.withBytes { String($0) }
        let others = untold == 0 ? "" : "; \(untold) others failed since the last such line"
        worker.notices?.say("TLS handshake with \(name) failed: \(reason())\(others)")
    }

    /// Tells a client that speaks HTTP without TLS what is wrong, in the only way it understands.
    private func answerPlaintext() {
        dropTLS()
        isWritable = true
        guard let block = worker.blocks.lease(atLeast: 2 * GatewayLimits.ownFieldsByteCount) else { return close() }
        var content = ByteWriter(block.base + GatewayLimits.ownFieldsByteCount, capacity: GatewayLimits.ownFieldsByteCount)
        ErrorShape(.plaintextOnTLS).write(in: .openAI, into: &content)
        var head = ByteWriter(block.base, capacity: GatewayLimits.ownFieldsByteCount)
        head.append(statusLine: Refusal.plaintextOnTLS.status)
        head.append("content-type: application/json\r\n")
        head.append(field: "content-length", decimal: UInt64(content.count))
        head.append("connection: close\r\n")
        head.appendEndOfHead()
        worker.runs.append(head.written)
        worker.runs.append(content.written)
        worker.runs.blocks.add(block)
        if case .failed = send(&worker.runs) { return close() }
        finish()
    }
}
