import Bytes
import Testing
@testable import Store

@Suite("AES-256-GCM")
struct AES256GCMTests {
    struct Vector: Sendable, CustomTestStringConvertible {
        let name: String
        let key: String
        let nonce: String
        let text: String
        let bound: String
        let sealed: String
        let tag: String

        var testDescription: String { name }
    }

    /// Of "The Galois/Counter Mode of Operation (GCM)", McGrew and Viega, appendix B.
    static let vectors = [
        Vector(
            name: "case 13", key: String(repeating: "00", count: 32), nonce: String(repeating: "00", count: 12), text: "", bound: "", sealed: "",
            tag: "530f8afbc74536b9a963b4f1c4cb738b"),
        Vector(
            name: "case 14", key: String(repeating: "00", count: 32), nonce: String(repeating: "00", count: 12), text: String(repeating: "00", count: 16),
            bound: "", sealed: "cea7403d4d606b6e074ec5d3baf39d18", tag: "d0d1c8a799996bf0265b98b5d48ab919"),
        Vector(
            name: "case 15", key: "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", nonce: "cafebabefacedbaddecaf888",
            text: "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255",
            bound: "",
            sealed: "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad",
            tag: "b094dac5d93471bdec1a502270e3cc6c"),
        Vector(
            name: "case 16", key: "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", nonce: "cafebabefacedbaddecaf888",
            text: "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
            bound: "feedfacedeadbeeffeedfacedeadbeefabaddad2",
            sealed: "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",
            tag: "76fc6ece0f4e1768cddf8853bb2d551b"),
    ]

    @Test("it gives what the specification's test cases give, and takes it back", arguments: vectors)
    func knownAnswers(vector: Vector) throws {
        let key = secret(hex: vector.key)
        let text = bytes(hex: vector.text)
        let sealed = text.withByteSlice { AES256GCM.seal($0, key: key, bound: bytes(hex: vector.bound), nonce: bytes(hex: vector.nonce)) }
        #expect(sealed == bytes(hex: vector.nonce + vector.sealed + vector.tag))
        let opened = AES256GCM.open(try #require(sealed), key: key, bound: bytes(hex: vector.bound))
        #expect(opened?.withBytes { Array(UnsafeBufferPointer(start: $0.base, count: $0.count)) } == text)
    }

    @Test("a text cut to less than a nonce and a tag does not open", arguments: 0..<28)
    func cutShort(count: Int) throws {
        let key = try #require(AES256GCM.randomKey())
        let sealed = try #require(AES256GCM.seal(ByteSlice(""), key: key, bound: []))
        #expect(sealed.count == 28 && AES256GCM.open(sealed, key: key, bound: []) != nil)
        #expect(AES256GCM.open(Array(sealed.prefix(count)), key: key, bound: []) == nil)
    }

    @Test("no two seals have the same nonce")
    func noncesDiffer() throws {
        let key = try #require(AES256GCM.randomKey())
        let nonces = try (0..<1000).map { _ in Array(try #require(AES256GCM.seal(ByteSlice("a"), key: key, bound: [])).prefix(12)) }
        #expect(Set(nonces).count == 1000)
    }
}
