import Bytes
import Ledger
import Testing

@Suite("Identifier")
struct IdentifierTests {
    @Test("an identifier is a UUID of version 7 that carries its time (RFC 9562 §5.7)")
    func isVersionSeven() throws {
        var maker = try IdentifierMaker()
        // 2022-02-22 19:22:22 UTC, the specification's own example.
        let identifier = maker.next(wallNanoseconds: 1_645_557_742_000 * 1_000_000)
        let text = identifier.description
        #expect(text.hasPrefix("017f22e2-79b0-7000-"))
        #expect(text.utf8.count == Identifier.textByteCount)
        #expect("89ab".contains(text[text.index(text.startIndex, offsetBy: 19)]))
    }

    @Test("identifiers of one worker grow, also when the clock stands still or is set back")
    func grows() throws {
        var maker = try IdentifierMaker()
        var last = maker.next(wallNanoseconds: 0)
        let start: UInt64 = 1_700_000_000_000_000_000
        for turn in 0..<20_000 as Range<UInt64> {
            let now = turn < 10_000 ? start : turn < 15_000 ? start - 1_000_000_000 : start + turn * 100
            let next = maker.next(wallNanoseconds: now)
            if next <= last { Issue.record("\(next) follows \(last)") }
            last = next
        }
    }

    @Test("two workers' identifiers of the same instant differ")
    func differs() throws {
        var one = try IdentifierMaker()
        var other = try IdentifierMaker()
        let (left, right) = (one.next(wallNanoseconds: 5), other.next(wallNanoseconds: 5))
        #expect(left.high == right.high)
        #expect(left.low != right.low)
    }

    @Test("of one name and time there is one identifier, which is a UUID of version 7 with its time")
    func naming() {
        func named(_ name: String, _ wall: UInt64) -> Identifier { slice(name) { Identifier(naming: $0, wallNanoseconds: wall) } }
        let wall: UInt64 = 1_645_557_742_000 * 1_000_000
        let text = named("a", wall).description
        #expect(text.hasPrefix("017f22e2-79b0-7") && "89ab".contains(text[text.index(text.startIndex, offsetBy: 19)]))
        #expect(named("a", wall) == named("a", wall + 999_999) && named("a", wall) != named("a", wall + 1_000_000))
        #expect(named("a", wall) != named("b", wall) && named("", .max).description.utf8.count == 36)
    }

    @Test("every time a clock can show has an identifier", arguments: [0, 1, 999_999, 1_000_000, .max] as [UInt64])
    func takesAnyTime(_ wall: UInt64) throws {
        var maker = try IdentifierMaker()
        let (first, second) = (maker.next(wallNanoseconds: wall), maker.next(wallNanoseconds: wall))
        #expect(first < second)
        #expect(first.description.utf8.count == 36)
    }
}

@Suite("Trace context")
struct TraceContextTests {
    /// The field rewritten by a reader of version 00; nil when refused.
    private func rewritten(_ field: String) -> String? {
        slice(field) { TraceContext($0) }.map { context in written { context.write(into: &$0) } }
    }

    @Test("a well-formed field is read and written back (W3C Trace Context §3.2)", arguments: [
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
        (" 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00\t", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"),
        // Unknown flags are dropped; later versions are read as far as ours goes.
        ("00-00000000000000000000000000000001-0000000000000001-ff", "00-00000000000000000000000000000001-0000000000000001-01"),
        ("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
        ("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
    ])
    func reads(_ field: String, _ expected: String) {
        #expect(rewritten(field) == expected)
    }

    @Test("a malformed field is no trace", arguments: [
        "", "00", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01", "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what", "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01what",
        "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "0g-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01",
    ])
    func refuses(_ field: String) {
        #expect(rewritten(field) == nil)
    }

    @Test("no field that one changed byte made is misread: it is refused or comes back with that byte")
    func survivesMutation() {
        let field = Array("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".utf8)
        for index in 3..<53 {
            for byte in 0...255 as ClosedRange<UInt8> {
                var changed = field
                changed[index] = byte
                guard let context = changed.withByteSlice({ TraceContext($0) }) else { continue }
                #expect(written { context.write(into: &$0) } == String(decoding: changed, as: UTF8.self))
            }
        }
    }

    @Test("a trace that starts here has our identifier, and a child keeps the trace")
    func starts() throws {
        var maker = try IdentifierMaker()
        let identifier = maker.next(wallNanoseconds: 1)
        let context = TraceContext(trace: identifier, parent: 0, flags: 1)
        #expect(context.parent == 1)
        let child = context.child(7)
        #expect(written { child.writeTrace(into: &$0) } == identifier.description.filter { $0 != "-" })
        #expect(rewritten(written { child.write(into: &$0) }) == written { child.write(into: &$0) })
    }

    @Test("an identifier is read as it is written, in capitals too, and nothing else is one")
    func read() throws {
        var maker = try IdentifierMaker()
        let identifier = maker.next(wallNanoseconds: 1_700_000_000_000_000_000)
        func read(_ text: String) -> Identifier? { Array(text.utf8).withByteSlice { Identifier(text: $0) } }
        let text = identifier.description
        #expect(read(text) == identifier && read(text.uppercased()) == identifier)
        #expect(read("00000000-0000-0000-0000-000000000000") == Identifier(high: 0, low: 0))
        #expect(read("ffffffff-ffff-ffff-ffff-ffffffffffff") == Identifier(high: .max, low: .max))
        for other in ["", "0", text + "0", String(text.dropLast()), text.replacing("-", with: "0"), "g" + text.dropFirst(), "-" + text.dropFirst()] {
            #expect(read(other) == nil, "\(other)")
        }
    }
}
