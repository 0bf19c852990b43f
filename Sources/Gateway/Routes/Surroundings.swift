import Bytes
import HTTP
import JSON
import Patterns
import Policy

/// What a decision is made from: the request of one exchange, and how the targets of its route fare.
struct Surroundings: Circumstances {
    let exchange: Exchange
    let client: Client
    let route: Route

    private var worker: Worker { exchange.worker }
    private var message: ByteSlice { client.unread }

    // MARK: The request

    func parameter(_ name: ByteSlice) -> JSONView? {
        guard exchange.readsBody, exchange.body.mode == .collected else { return nil }
        let body = message[exchange.body.range]
        // Scanned already, as a rule; the table of a scan may have had no room for all members.
        if worker.scanOwner == ObjectIdentifier(exchange), worker.scan.text.base == body.base, !worker.scan.overflowed {
            return worker.scan.member(name).map { JSONView($0, in: body) }
        }
        return JSONView(objectIn: body)?.child(name)
    }

    var metadata: ByteSlice { exchange.ownMetadata(in: message) ?? ByteSlice("") }

    var keyMetadata: ByteSlice { exchange.caller.keyMetadata?.text.slice ?? ByteSlice("") }

    var path: ByteSlice { exchange.request.path(in: message) }

    func header(_ name: ByteSlice) -> ByteSlice? {
        exchange.request.fields.firstIndex(named: name, in: message).map { message[exchange.request.fields[$0].valueRange] }
    }

    var certificateSubject: ByteSlice? {
        client.clientSecurity?.certificate.flatMap { $0.subject.isEmpty ? nil : $0.subject }
    }

    var certificateNames: ByteSlice { client.clientSecurity?.certificate?.names ?? ByteSlice("") }

    func finds(_ pattern: Pattern, in text: ByteSlice) -> Bool { pattern.matches(text, &worker.workbench.scratch) }

    var tenant: UInt64 {
        let hash = ByteHash(seed: 0)
        if let principal = exchange.caller.principal { return hash.hash(principal.identity) }
        return exchange.caller.credential.map { hash.hash(message[$0]) } ?? 0
    }

    var wallSeconds: UInt64 { worker.wallNanoseconds() / 1_000_000_000 }

    // MARK: The targets

    func hindrance(_ target: Int) -> UInt64 {
        let forbidden = exchange.caller.forbidden
        return target < forbidden.count && forbidden[target].isWhole ? .max : route.destinations[target].hindrance(now: worker.now.nanoseconds)
    }

    func inFlight(_ target: Int) -> Int {
        var sum = 0
        for key in route.destinations[target].keys { sum += key.health.inFlight }
        return sum
    }

    func latencyScore(_ target: Int) -> UInt64 {
        var least = UInt64.max
        for key in route.destinations[target].keys { least = min(least, key.health.score(now: worker.now.nanoseconds)) }
        return least
    }

    mutating func random() -> UInt64 { worker.random.next() }
}
