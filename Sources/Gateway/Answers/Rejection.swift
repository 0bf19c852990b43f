import Bytes
import HTTP
import Policy
import Providers

/// A refusal with what is particular to this request. Thrown by any step, answered by one.
struct Rejection: Error {
    let refusal: Refusal
    /// What to say instead of the refusal's own sentence; empty for that.
    var message = ""
    /// The status, where the fault has a closer one than the refusal's row.
    var status: Int?
    /// The single faults of a config, in Portkey's form.
    var faults: [String] = []
    /// Where each of them is, as a JSON pointer.
    var places: [String] = []
    /// The header or member at fault.
    var parameter = ""
    /// The limit that was in the way.
    var rate: RateState?
    /// The connection's framing is lost, or its client cannot be trusted with another request.
    var closesConnection = false
    /// The client is gone: there is nobody to answer.
    var isUnanswerable = false

    init(_ refusal: Refusal, _ message: String = "") {
        self.refusal = refusal
        self.message = message
    }

    init(_ refusal: Refusal, _ message: String, parameter: String) {
        self.init(refusal, message)
        self.parameter = parameter
    }

    /// What is wrong with a config or with guardrails of the request's headers.
    init(_ refusal: Refusal, _ message: String, _ config: ConfigRefusal, parameter: String = "") {
        self.init(refusal, message, parameter: parameter)
        faults = config.errors ?? []
        places = config.pointers
    }

    /// What the parser found wrong with the client's bytes.
    init(malformed error: HTTPError) {
        refusal =
            switch error.status {
            case 414: .targetTooLong
            case 431: .headTooLarge
            case 417: .expectationFailed
            default: .malformedRequest
            }
        message = error.message
        status = error.status
        closesConnection = true
    }

    /// Why no connection to the provider called `name` could be had.
    init(_ failure: DialFailure, of name: String) {
        switch failure {
        case .unresolvable(let reason): self.init(.upstreamUnresolved, "upstream \(name): \(reason)")
        case .forbiddenAddress(let address):
            self.init(.invalidCustomHost, "upstream \(name): its name leads to \(address.host), which is not a public address")
        case .unreachable(let error) where error.isShortage: self.init(.overloaded, "no connection to upstream \(name) can be opened: \(error)")
        case .unreachable(let error): self.init(.upstreamUnreachable, "upstream \(name): \(error)")
        case .timedOut: self.init(.upstreamTimeout, "upstream \(name): no connection in time")
        case .tls(let error): self.init(.upstreamUntrusted, "upstream \(name): \(error)")
        }
    }

    static var clientGone: Rejection {
        var gone = Rejection(.malformedRequest)
        gone.isUnanswerable = true
        return gone
    }
}
