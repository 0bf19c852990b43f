import Bytes
import Testing

@testable import Ledger

@Suite("Signed links")
struct LinkSignerTests {
    private let signer = LinkSignerTests.signer("a secret")

    private static func signer(_ secret: String) -> LinkSigner {
        Array(secret.utf8).withByteSlice { LinkSigner(KeyPepper($0, purpose: "links")) }
    }

    private func opens(_ link: String, now: Int64 = 0, by signer: LinkSigner? = nil) -> Bool {
        let parts = link.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false).map { Array($0.utf8) }
        let query = parts.count > 1 ? parts[1] : []
        return parts[0].withByteSlice { path in query.withByteSlice { (signer ?? self.signer).opens(path, $0, now: now) } }
    }

    @Test("a link opens until its second, and no longer")
    func time() {
        let link = signer.link(to: "/v1/a", "of=b", expires: 100)
        #expect(link.hasPrefix("/v1/a?of=b&expires=100&signature="))
        #expect(opens(link) && opens(link, now: 99_999) && !opens(link, now: 100_000) && !opens(link, now: .max))
    }

    @Test("a link with any byte of it changed, cut or added opens nothing")
    func changed() {
        let link = Array(signer.link(to: "/v1/a", "of=b", expires: 100).utf8)
        for index in link.indices {
            var other = link
            other[index] ^= 1
            #expect(!opens(String(decoding: other, as: UTF8.self)), "\(index)")
            #expect(!opens(String(decoding: link[..<index], as: UTF8.self)), "\(index)")
        }
        let whole = String(decoding: link, as: UTF8.self)
        for other in [whole + "0", whole + "&of=c", "/v2" + whole.dropFirst(3), whole.replacing("of=b", with: "of=b&of=c")] { #expect(!opens(other)) }
        #expect(!opens(whole, by: Self.signer("another secret")))
    }

    @Test("what is no link is none", arguments: ["", "/", "/?", "/?signature=", "/?expires=9&signature=" + String(repeating: "0", count: 64)])
    func none(text: String) { #expect(!opens(text)) }

    @Test("a path and a query cannot be read as others with the same bytes")
    func parts() {
        let link = signer.link(to: "/v1/a", "b?c", expires: 100)
        let query = link.dropFirst("/v1/a?".count)
        #expect(opens(link))
        // All after the first question mark is the query's: moved over to the path, it signs another text.
        let moved = Array("/v1/a?b".utf8).withByteSlice { path in Array(query.dropFirst("b?".count).utf8).withByteSlice { signer.opens(path, $0, now: 0) } }
        #expect(moved == true)
    }
}
