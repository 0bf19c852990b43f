import Bytes
import HTTP
import Ledger

extension Exchange {
    /// Lets the request in before its body is read, or refuses it where the gateway is at a limit.
    ///
    /// A caller is who holds a gateway key; else whose credential for the provider this is; else an address.
    func takePlace(_ client: Client) throws(Rejection) {
        guard admittedCaller == nil else { return }
        let message = client.unread
        let caller: Int
        if let principal = self.caller.principal {
            caller = worker.admission.place(of: principal.identity)
        } else if let credential = self.caller.credential {
            caller = worker.admission.place(of: message[credential])
        } else {
            caller = record.peer.withBytesInPlace { worker.admission.place(of: $0) }
        }
        let pressure = worker.lag.pressure
        let terms = AdmissionControl.Terms(
            places: worker.limits.inFlight, announcedByteCount: announcedByteCount(message), pressure: pressure, draw: pressure > 0 ? draw() : 1)
        guard let refused = worker.admission.enter(caller, terms) else {
            admittedCaller = caller
            worker.inFlight += 1
            return
        }
        guard refused == .share else { throw Rejection(.overloaded) }
        throw Rejection(.overloaded, "the gateway is at its limit, and others have fewer requests under way than you; try again")
    }

    /// From 0 up to 1.
    private func draw() -> Double { Double(worker.random.next() >> 11) * 0x1p-53 }

    /// What a body that is to be collected will need, as far as it is more than a read; one that is too long is refused for that.
    private func announcedByteCount(_ message: ByteSlice) -> Int64 {
        guard case .length(let length) = request.framing, length > Int64(BufferLimits.largestPooledBlockByteCount), endpoint.body == .collected,
            length <= Int64(worker.limits.bodyByteCount)
        else { return 0 }
        let type = request.fields.value(of: .contentType, in: message)
        return type?.hasPrefix(ignoringCase: "multipart/") == true ? 0 : length
    }

    /// Gives the request's place to others.
    func giveUpPlace() {
        guard let caller = admittedCaller.take() else { return }
        worker.admission.leave(caller)
        worker.inFlight -= 1
    }
}
