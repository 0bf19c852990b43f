import Bytes
import JSON
import Ledger
import Testing

@Suite("Baggage")
struct BaggageTests {
    /// Members as `name=value`, the value as JSON.
    private func members(_ field: String) -> [String] {
        Array(field.utf8).withByteSlice { field in
            var baggage = Baggage(field)
            var found: [String] = []
            while let member = baggage.next() { found.append(String(member.name) + "=" + written { member.appendValue(to: &$0) }) }
            return found
        }
    }

    @Test("members are read with what their values mean (W3C Baggage §3.3.1)", arguments: [
        ("userId=alice", [#"userId="alice""#]), ("a=1,b=2", [#"a="1""#, #"b="2""#]), (" a = 1 ;p;q=r ,\tb=\t2", [#"a="1""#, #"b="2""#]),
        ("serverNode=DF%2028", [#"serverNode="DF 28""#]), ("n=Am%C3%A9lie", [#"n="Amélie""#]), ("a=b=c", [#"a="b=c""#]), ("a=", [#"a="""#]),
        (#"a=%22%5c%0A"#, [#"a="\"\\\n""#]), ("a=50%,b=%4,c=%zz", [#"a="50%""#, #"b="%4""#, #"c="%zz""#]), ("a=%41%", [#"a="A%""#]),
        ("a=1,a=2", [#"a="1""#, #"a="2""#]), ("!#$%&'*+-.^_`|~=1", [#"!#$%&'*+-.^_`|~="1""#]),
    ])
    func reads(field: String, expected: [String]) {
        #expect(members(field) == expected)
    }

    @Test("what is no member is passed over, and the others are read", arguments: [
        "", ",", ",,a", "a;b=c", "=1", " =1", "a b=1", "\"a\"=1", "ü=1", "a\\=1", "(a)=1",
    ])
    func passesOver(field: String) {
        #expect(members(field) == [])
        #expect(members(field + ",z=1") == [#"z="1""#])
    }

    @Test("any bytes make strings of JSON")
    func anyBytes() {
        for byte in 0...255 as ClosedRange<UInt8> {
            for field in [[0x61, 0x3D, byte], [0x61, 0x3D, 0x78, byte, 0x25], [byte, 0x3D, 0x78]] as [[UInt8]] {
                field.withByteSlice { field in
                    var baggage = Baggage(field)
                    while let member = baggage.next() {
                        let text = "{\"" + String(member.name) + "\":" + written { member.appendValue(to: &$0) } + "}"
                        #expect(DocumentParser.parse(text).document != nil, "\(text)")
                    }
                }
            }
        }
    }
}
