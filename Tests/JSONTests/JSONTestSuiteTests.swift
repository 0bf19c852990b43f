import Bytes
import JSON
import Testing

/// nst/JSONTestSuite, "Parsing JSON is a minefield".
@Suite("JSONTestSuite")
struct JSONTestSuiteTests {
    /// Cases whose verdict the RFC leaves open, and that we accept: big numbers (kept as bytes),
    /// lone surrogate escapes (kept as bytes), nesting below the limit.
    static let openAccepted: Set<String> = [
        "i_number_double_huge_neg_exp.json", "i_number_huge_exp.json", "i_number_neg_int_huge_exp.json",
        "i_number_pos_double_huge_exp.json", "i_number_real_neg_overflow.json", "i_number_real_pos_overflow.json",
        "i_number_real_underflow.json", "i_number_too_big_neg_int.json", "i_number_too_big_pos_int.json",
        "i_number_very_big_negative_int.json", "i_object_key_lone_2nd_surrogate.json",
        "i_string_1st_surrogate_but_2nd_missing.json", "i_string_1st_valid_surrogate_2nd_invalid.json",
        "i_string_UTF-16_invalid_lonely_surrogate.json", "i_string_UTF-16_invalid_surrogate.json",
        "i_string_incomplete_surrogate_and_escape_valid.json", "i_string_incomplete_surrogate_pair.json",
        "i_string_incomplete_surrogates_escape_valid.json", "i_string_invalid_lonely_surrogate.json",
        "i_string_invalid_surrogate.json", "i_string_inverted_surrogates_U+1D11E.json",
        "i_string_lone_second_surrogate.json", "i_structure_500_nested_arrays.json",
    ]

    static func verdict(_ bytes: [UInt8]) -> JSONError? {
        withGuarded(bytes) { text in
            do throws(JSONError) { try JSONText.validate(text) } catch { return error }
            return nil
        }
    }

    @Test("every y case is accepted, every n case refused within its text, every i case as documented")
    func parsing() {
        let files = SharedData.files(in: "JSONTestSuite/test_parsing")
        var counts: [Character: Int] = [:]
        for file in files {
            let error = JSONTestSuiteTests.verdict(file.bytes)
            let kind = file.name.first ?? "?"
            counts[kind, default: 0] += 1
            let accepts = kind == "y" || JSONTestSuiteTests.openAccepted.contains(file.name)
            #expect((error == nil) == accepts, "\(file.name): \(error?.description ?? "accepted")")
            if let error { #expect(error.offset <= file.bytes.count, "\(file.name)") }
        }
        if !files.isEmpty { #expect(counts == ["y": 95, "n": 188, "i": 35]) }
    }

    @Test("an object scan agrees with the validator on every case that starts as an object")
    func objects() {
        var scan = ObjectScan()
        for file in SharedData.files(in: "JSONTestSuite/test_parsing") {
            guard file.bytes.first(where: { $0 > 0x20 }) == UInt8(ascii: "{") else { continue }
            let error = withGuarded(file.bytes) { text -> JSONError? in
                do throws(JSONError) { try scan.scan(text) } catch { return error }
                return nil
            }
            #expect(error == JSONTestSuiteTests.verdict(file.bytes), "\(file.name)")
        }
    }

    @Test("keys that differ only in Unicode normalisation are different keys")
    func normalisation() throws {
        for file in SharedData.files(in: "JSONTestSuite/test_transform") where file.name.hasPrefix("object_key_nf") {
            try withGuarded(file.bytes) { text in
                var scan = ObjectScan(names: ["é", "e\u{301}"])
                try scan.scan(text)
                #expect(scan.count == 2, "\(file.name)")
                #expect(scan.firstDuplicate() == nil, "\(file.name)")
            }
        }
    }

    @Test("the same key given twice is a duplicate, whatever the values")
    func duplicates() throws {
        for file in SharedData.files(in: "JSONTestSuite/test_transform") where file.name.hasPrefix("object_same") {
            try withGuarded(file.bytes) { text in
                var scan = ObjectScan(names: ["a"])
                try scan.scan(text)
                #expect(scan.count == 2, "\(file.name)")
                #expect(scan.firstDuplicate() == scan[1], "\(file.name)")
                #expect(scan.member("a") == scan[1], "\(file.name)")
            }
        }
    }

    @Test("strings of lone surrogates are accepted, kept as they are and decoded to replacement characters")
    func surrogates() {
        for file in SharedData.files(in: "JSONTestSuite/test_transform") where file.name.contains("escaped_invalid") {
            #expect(JSONTestSuiteTests.verdict(file.bytes) == nil, "\(file.name)")
            let content = file.bytes.drop { $0 != UInt8(ascii: "\"") }.dropFirst().prefix { $0 != UInt8(ascii: "\"") }
            let decoded = Array(content).withByteSlice { raw in
                written { JSONString(content: raw, hasEscapes: true).decode(into: &$0) }
            }
            #expect(!decoded.isEmpty && decoded.allSatisfy { $0 == "\u{FFFD}" }, "\(file.name): \(decoded)")
        }
    }

    @Test("strings of bytes that are no UTF-8 are refused")
    func invalidUTF8() {
        for file in SharedData.files(in: "JSONTestSuite/test_transform")
        where file.name.hasPrefix("string") && file.name.contains("invalid") && !file.name.contains("escaped") {
            #expect(JSONTestSuiteTests.verdict(file.bytes)?.fault == .utf8, "\(file.name)")
        }
    }
}
