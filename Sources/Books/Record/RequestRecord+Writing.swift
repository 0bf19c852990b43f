import Bytes

extension RequestRecord {
    /// Writes it as workers write theirs; texts that are too long are cut.
    func write(to writer: inout RecordWriter) {
        writer.write(figures)
        trace.withByteSlice { writer.trace($0) }
        span.withByteSlice { writer.span($0) }
        parentSpan.withByteSlice { writer.parentSpan($0) }
        spanName.withByteSlice { writer.spanName($0) }
        organisation.withByteSlice { writer.organisation($0) }
        workspace.withByteSlice { writer.workspace($0) }
        key.withByteSlice { writer.key($0) }
        keyName.withByteSlice { writer.keyName($0) }
        certificate.withByteSlice { writer.certificate($0) }
        user.withByteSlice { writer.user($0) }
        peer.withByteSlice { writer.peer($0) }
        endpoint.withByteSlice { writer.endpoint($0) }
        method.withByteSlice { writer.method($0) }
        path.withByteSlice { writer.path($0) }
        model.withByteSlice { writer.model($0) }
        prompt.withByteSlice { writer.prompt($0) }
        promptID.withByteSlice { writer.promptID($0) }
        config.withByteSlice { writer.config($0) }
        configDigest.withByteSlice { writer.configDigest($0) }
        virtualKey.withByteSlice { writer.virtualKey($0) }
        target.withByteSlice { writer.target($0) }
        provider.withByteSlice { writer.provider($0) }
        error.withByteSlice { writer.error($0) }
        served.withByteSlice { writer.served($0) }
        finishReason.withByteSlice { writer.finishReason($0) }
        priceBook.withByteSlice { writer.priceBook($0) }
        serviceTier.withByteSlice { writer.serviceTier($0) }
        limits.withByteSlice { writer.limits($0) }
        guardrails.withByteSlice { writer.guardrails($0) }
        attempts.withByteSlice { writer.attempts($0) }
        metadata.withByteSlice { writer.metadata($0) }
        sdk.withByteSlice { writer.sdk($0) }
        gatewayVersion.withByteSlice { writer.gatewayVersion($0) }
        agent.withByteSlice { writer.agent($0) }
        kind.withByteSlice { writer.kind($0) }
    }
}

extension String {
    fileprivate func withByteSlice(_ body: (ByteSlice) -> Void) {
        var text = self
        text.withUTF8 { bytes in
            if let base = bytes.baseAddress { body(ByteSlice(base, count: bytes.count)) }
        }
    }
}
