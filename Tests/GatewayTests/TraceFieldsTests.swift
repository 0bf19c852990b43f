import Books
import Bytes
import Ledger
import Testing

@testable import Gateway

@Suite("Fields of W3C Trace Context and Baggage")
struct TraceFieldsTests {
    private let upstream: ScriptedUpstream

    init() throws { upstream = try ScriptedUpstream(answering: Text.answer()) }

    /// The request that came to the provider, and its record.
    private func asked(_ fields: String..., metadata: KeyMetadata? = nil) throws -> (sent: Message, record: RequestRecord) {
        var world = World(upstream)
        var own = fields
        if let metadata {
            world.keys = [("team", CallerTests.gatewayKey, nil)]
            world.keyMetadata = [metadata]
            own.append("x-portkey-api-key: \(CallerTests.gatewayKey)")
        }
        let gateway = try RecordingGateway(world, before: [upstream])
        #expect(try gateway.ask(Text.request("POST /v1/chat/completions", own)).status == 200)
        return (try #require(upstream.requests.last), try #require(try gateway.records().first))
    }

    private static let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    private static let parent = "traceparent: 00-\(trace)-00f067aa0ba902b7-01"

    // MARK: traceparent

    @Test("a provider is told the request's own span as the parent, in its caller's trace")
    func child() throws {
        let (sent, record) = try asked(TraceFieldsTests.parent, "tracestate: vendor=1")
        let low = String(record.identifier.low, radix: 16)
        let own = String(repeating: "0", count: 16 - low.count) + low
        #expect(sent["traceparent"] == "00-\(TraceFieldsTests.trace)-\(own)-01" && sent.count(of: "traceparent") == 1)
        #expect(sent["tracestate"] == "vendor=1" && record.trace == TraceFieldsTests.trace && record.parentSpan == "00f067aa0ba902b7")
    }

    @Test("a span that the client names is the parent, and what has no span in that trace goes on as it came", arguments: [
        ("x-portkey-span-id: 00000000000000AB", "00-\(trace)-00000000000000ab-01"), ("x-portkey-span-id: mine", "00-\(trace)-00f067aa0ba902b7-01"),
        ("x-portkey-span-id: 0000000000000000", "00-\(trace)-00f067aa0ba902b7-01"), ("x-portkey-trace-id: mine", "00-\(trace)-00f067aa0ba902b7-01"),
    ])
    func named(field: String, expected: String) throws {
        #expect(try asked(TraceFieldsTests.parent, field).sent["traceparent"] == expected)
    }

    @Test("one that is malformed goes on as it came, and where there is none, none is made")
    func malformed() throws {
        #expect(try asked("traceparent: 00-what").sent["traceparent"] == "00-what")
        #expect(try asked().sent["traceparent"] == nil)
    }

    // MARK: baggage

    @Test("what baggage says is metadata, below what the client says of the request itself", arguments: [
        (["baggage: team=red,_user=alice;p=1"], #"{"team":"red","_user":"alice"}"#, "alice"),
        (["baggage: team=red,_user=alice", #"x-portkey-metadata: { "_user": "bob" }"#], #"{ "_user": "bob" ,"team":"red"}"#, "bob"),
        (["baggage: a=1", "baggage: b=2,a=3"], #"{"a":"1","b":"2"}"#, ""),
        (["baggage: sentry-trace_id=1,Sentry-release=2"], "", ""), (["baggage: nothing"], "", ""),
        (["baggage: a=1", "x-portkey-metadata: {}"], #"{"a":"1"}"#, ""), (["baggage: a=1", "x-portkey-metadata: no JSON"], #"{"a":"1"}"#, ""),
    ])
    func metadata(fields: [String], expected: String, user: String) throws {
        let (sent, record) = try fields.count == 1 ? asked(fields[0]) : asked(fields[0], fields[1])
        #expect(record.metadata == expected && record.user == user, "\(record.metadata)")
        // It goes on as it came.
        #expect(sent["baggage"].map { "baggage: " + $0 } == fields[0])
    }

    @Test("what is said of a key goes before what its requests' baggage says")
    func keys() throws {
        let record = try asked("baggage: team=red,place=a", metadata: KeyMetadata([#"{"team":"blue"}"#])).record
        #expect(record.metadata == #"{"team":"blue","place":"a"}"#, "\(record.metadata)")
    }

    @Test("so many members and bytes of it are read, and no more than metadata may have")
    func bounds() throws {
        func list(_ count: Int) -> String { (0..<count).map { "k\($0)=1" }.joined(separator: ",") }
        for count in [LedgerLimits.baggageMembers, LedgerLimits.baggageMembers + 1] {
            let record = try asked("baggage: \(list(count))").record
            #expect(record.metadata.split(separator: ",").count == LedgerLimits.baggageMembers)
        }
        let value = String(repeating: "x", count: 100)
        for count in [LedgerLimits.baggageByteCount, LedgerLimits.baggageByteCount + 1] {
            // The last byte decides which number the last member has.
            let filler = String(repeating: ",", count: count - 4 - value.utf8.count - 3)
            let record = try asked("baggage: a=\(value),\(filler)b=12").record
            #expect(record.metadata == #"{"a":"\#(value)","b":"\#(count > LedgerLimits.baggageByteCount ? "1" : "12")"}"#, "\(count): \(record.metadata)")
        }
    }
}
