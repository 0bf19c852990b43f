import Bytes
import Reactor
import Testing

@Suite("Address class")
struct AddressClassTests {
    private func address(_ text: String) -> IPAddress? { Array(text.utf8).withByteSlice { IPAddress(numeric: $0) } }

    /// First and last address of each block, and their neighbours outside it.
    private static let blocks: [(first: String, last: String, AddressClass)] = [
        ("0.0.0.0", "0.255.255.255", .unspecified),
        ("1.0.0.0", "9.255.255.255", .global),
        ("10.0.0.0", "10.255.255.255", .privateUse),
        ("11.0.0.0", "100.63.255.255", .global),
        ("100.64.0.0", "100.127.255.255", .carrierGradeNAT),
        ("100.128.0.0", "126.255.255.255", .global),
        ("127.0.0.0", "127.255.255.255", .loopback),
        ("128.0.0.0", "169.253.255.255", .global),
        ("169.254.0.0", "169.254.255.255", .linkLocal),
        ("169.255.0.0", "172.15.255.255", .global),
        ("172.16.0.0", "172.31.255.255", .privateUse),
        ("172.32.0.0", "191.255.255.255", .global),
        ("192.0.0.0", "192.0.0.255", .reserved),
        ("192.0.1.0", "192.0.1.255", .global),
        ("192.0.2.0", "192.0.2.255", .reserved),
        ("192.0.3.0", "192.88.98.255", .global),
        ("192.88.99.0", "192.88.99.255", .reserved),
        ("192.88.100.0", "192.167.255.255", .global),
        ("192.168.0.0", "192.168.255.255", .privateUse),
        ("192.169.0.0", "198.17.255.255", .global),
        ("198.18.0.0", "198.19.255.255", .reserved),
        ("198.20.0.0", "198.51.99.255", .global),
        ("198.51.100.0", "198.51.100.255", .reserved),
        ("198.51.101.0", "203.0.112.255", .global),
        ("203.0.113.0", "203.0.113.255", .reserved),
        ("203.0.114.0", "223.255.255.255", .global),
        ("224.0.0.0", "239.255.255.255", .multicast),
        ("240.0.0.0", "255.255.255.255", .reserved),
        ("::", "::", .unspecified),
        ("::1", "::1", .loopback),
        ("64:ff9b:1::", "64:ff9b:1:ffff::", .reserved),
        ("100::", "100::ffff:ffff:ffff:ffff", .reserved),
        ("1fff:ffff::", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", .reserved),
        ("2000::", "2000:ffff::", .global),
        ("2001::", "2001:1ff:ffff::", .reserved),
        ("2001:200::", "2001:db7:ffff::", .global),
        ("2001:db8::", "2001:db8:ffff:ffff::", .reserved),
        ("2001:db9::", "2001:ffff:ffff::", .global),
        ("2003::", "3ffe:ffff::", .global),
        ("3fff::", "3fff:fff:ffff::", .reserved),
        ("3fff:1000::", "3fff:ffff::", .global),
        ("4000::", "fbff:ffff::", .reserved),
        ("fc00::", "fdff:ffff::", .privateUse),
        ("fe00::", "fe7f:ffff::", .reserved),
        ("fe80::", "febf:ffff::", .linkLocal),
        ("fec0::", "feff:ffff::", .privateUse),
        ("ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", .multicast),
    ]

    @Test("each block's first and last address are of its class", arguments: blocks)
    func classifiesBlocks(_ first: String, _ last: String, _ expected: AddressClass) {
        #expect(address(first)?.addressClass == expected)
        #expect(address(last)?.addressClass == expected)
    }

    @Test("the IPv4 blocks above leave no address out")
    func coversIPv4() throws {
        var next: UInt64 = 0
        for (first, last, _) in Self.blocks where first.contains(".") {
            #expect(address(first)?.low == next)
            next = try #require(address(last)?.low) + 1
        }
        #expect(next == 1 << 32)
    }

    @Test("an IPv4 address inside an IPv6 one counts, whichever way it is put in", arguments: [
        "::ffff:", "::ffff:0:", "64:ff9b::", "::",
    ])
    func unwrapsSuffixes(_ prefix: String) {
        for (first, last, expected) in Self.blocks where first.contains(".") && first != "0.0.0.0" {
            #expect(address(prefix + first)?.addressClass == expected)
            #expect(address(prefix + last)?.addressClass == expected)
        }
    }

    @Test("6to4 addresses are what their IPv4 part is (RFC 3056)", arguments: [
        ("2002:7f00:1::", AddressClass.loopback), ("2002:a9fe:a9fe::1", .linkLocal), ("2002:808:808::", .global),
        ("2002:a00:1:ffff::5", .privateUse),
    ])
    func unwraps6to4(_ text: String, _ expected: AddressClass) {
        #expect(address(text)?.addressClass == expected)
    }
}

@Suite("IP address")
struct IPAddressTests {
    @Test("a numeric address is read and written as the kernel does", arguments: [
        ("127.0.0.1", "127.0.0.1"), ("::", "::"), ("2001:DB8:0:0:0:0:0:1", "2001:db8::1"), ("[::1]", "::1"),
        ("::ffff:1.2.3.4", "::ffff:1.2.3.4"),
    ])
    func reads(_ text: String, _ expected: String) {
        let address = Array(text.utf8).withByteSlice { IPAddress(numeric: $0) }
        #expect(address?.description == expected)
        #expect(address.map { SocketAddress($0, port: 8787).port } == 8787)
    }

    @Test("other spellings of addresses are not addresses", arguments: [
        "", "1", "127.1", "0x7f.0.0.1", "0177.0.0.1", "127.0.0.1.", "127.0.0.1 ", "[127.0.0.1]", "[]", "::1]", "fe80::1%1",
        "127.0.0.1\0", "1.2.3.256", ":::", String(repeating: "1", count: 46),
    ])
    func refuses(_ text: String) {
        #expect(Array(text.utf8).withByteSlice { IPAddress(numeric: $0) } == nil)
    }

    @Test("bytes in network order make the same address", arguments: ["192.0.2.1", "2001:db8::1"])
    func readsBytes(_ text: String) throws {
        let address = try #require(Array(text.utf8).withByteSlice { IPAddress(numeric: $0) })
        let bytes = SocketAddress(address, port: 0).ipBytes
        #expect(bytes.withByteSlice { IPAddress(bytes: $0) } == address)
        #expect((bytes + [0]).withByteSlice { IPAddress(bytes: $0) } == nil)
    }
}
