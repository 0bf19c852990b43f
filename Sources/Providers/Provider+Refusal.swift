public import Bytes

extension Provider {
    /// Why a request to `endpoint` cannot be sent to this provider, or nil when it can. The
    /// sentence for the client is written to `message`.
    public func refusal(
        of endpoint: Endpoint, hasCustomHost: Bool, message writer: inout ByteWriter
    ) -> Refusal? {
        switch standing {
        case .unsupported(let reason):
            writeName(into: &writer)
            writer.append(" is not supported yet: ")
            writer.append(reason)
            return .unsupportedProvider
        case .needsCustomHost where !hasCustomHost:
            writeName(into: &writer)
            writer.append(" has no common address: set custom_host")
            return .unsupportedProvider
        case .served, .needsCustomHost:
            if serves(endpoint) { return nil }
        }
        writeName(into: &writer)
        if endpoint.clientDialect(sentAnthropicVersion: false) != dialect {
            writer.append(" does not speak the dialect of this path, and translation is not supported yet")
            return .unsupportedTranslation
        }
        writer.append(" has no such endpoint")
        return .unsupportedEndpoint
    }

    private func writeName(into writer: inout ByteWriter) {
        writer.append("provider \"")
        writer.append(id)
        writer.append("\"")
    }
}
