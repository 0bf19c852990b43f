import Bytes
import HTTP
import JSON
import Ledger

/// Where the request stands in what its caller traces: the fields of W3C Trace Context and W3C Baggage.
extension Exchange {
    /// The client's `traceparent` with the request's own span for the parent, as an upstream that traces is told; nil where the client's goes on as it is:
    /// where the request has no span in that trace, as nobody records it or the client gave it another trace, or an id that is no span's.
    func contextForUpstream(_ message: ByteSlice) -> TraceContext? {
        guard let field = request.fields.value(of: .traceparent, in: message), worker.recorder != nil, let context = TraceContext(field) else { return nil }
        guard traceIdentifier.withBytesInPlace({ $0 == field[3..<35] }) else { return nil }
        var span: UInt64? = requestID.low
        if request.fields.contains(.otherPortkey) {
            request.fields.eachPortkeyOption("x-portkey-", in: message) { rest, value in
                if rest.equalsIgnoringCase("span-id"), !value.isEmpty { span = TraceContext.span(value) }
            }
        }
        return span.map { context.child($0) }
    }

    /// What the request says of itself: `x-portkey-metadata`, and its baggage beside that; nil where it says nothing.
    func ownMetadata(in message: ByteSlice) -> ByteSlice? {
        caller.ownMetadata?.slice ?? request.fields.value(of: .portkeyMetadata, in: message)
    }

    /// Lays what `x-portkey-metadata` says over what the request's baggage does, where it has one.
    func readBaggage(_ message: ByteSlice) {
        guard var index = request.fields.firstIndex(of: .baggage) else { return }
        let own = request.fields.value(of: .portkeyMetadata, in: message)?.trimmed ?? ByteSlice("")
        let isObject = isMetadata(own)
        // More members than are looked at: any of them may be the baggage's.
        if isObject, worker.metadataScan.overflowed { return }
        // A byte of the field comes to three of a JSON string at most, and a member to four signs beside.
        let capacity = own.count + 3 * LedgerLimits.baggageByteCount + 8 * LedgerLimits.baggageMembers
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: capacity) { room in
            guard let base = room.baseAddress else { return }
            var writer = ByteWriter(base, capacity: capacity)
            writer.append(isObject ? own.prefix(own.count - 1) : ByteSlice("{"))
            var isFirst = !isObject || worker.metadataScan.count == 0
            var names: [ByteSlice] = []
            // Who reads metadata looks at so many members, and refuses more where a limit might hide behind them.
            let most = min(LedgerLimits.baggageMembers, JSONLimits.members - (isObject ? worker.metadataScan.count : 0))
            var left = LedgerLimits.baggageByteCount
            while true {
                let value = message[request.fields[index].valueRange]
                let field = value.prefix(min(left, value.count))
                left -= field.count
                var baggage = Baggage(field)
                while names.count < most, let member = baggage.next() {
                    guard !isSaid(member.name, isObject, names) else { continue }
                    names.append(member.name)
                    writer.append(isFirst ? "\"" : ",\"")
                    isFirst = false
                    writer.append(member.name)
                    writer.append("\":")
                    member.appendValue(to: &writer)
                }
                guard let next = request.fields.nextIndex(of: .baggage, after: index) else { break }
                index = next
            }
            writer.append("}")
            if !names.isEmpty, !writer.overflowed { caller.ownMetadata = OwnedBytes(writer.written) }
        }
    }

    /// Whether `own` is a JSON object; it is scanned then. Metadata that is none says nothing.
    private func isMetadata(_ own: ByteSlice) -> Bool {
        guard !own.isEmpty else { return false }
        do throws(JSONError) {
            try worker.metadataScan.scan(own)
            return true
        } catch {
            return false
        }
    }

    /// Whether a member of the baggage says nothing new: it was said before, or is what Sentry's libraries tell each other.
    private func isSaid(_ name: ByteSlice, _ isObject: Bool, _ names: [ByteSlice]) -> Bool {
        if name.hasPrefix(ignoringCase: "sentry-") || names.contains(where: { $0 == name }) { return true }
        guard isObject else { return false }
        for index in 0..<worker.metadataScan.count where worker.metadataScan[index].name(in: worker.metadataScan.text) == name { return true }
        return false
    }
}
