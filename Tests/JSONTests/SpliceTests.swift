import Bytes
import Foundation
import JSON
import Testing

@Suite("Splice")
struct SpliceTests {
    enum Verb {
        case set(StaticString, StaticString)
        case remove(StaticString)
    }

    static func result(_ splice: borrowing Splice) -> String {
        var bytes: [UInt8] = []
        var runs = 0
        splice.forEachRun {
            #expect(!$0.isEmpty)
            bytes += [UInt8]($0)
            runs += 1
        }
        #expect(bytes.count == splice.byteCount)
        #expect(runs == splice.runCount)
        return String(decoding: bytes, as: UTF8.self)
    }

    static func edited(_ source: String, names: [StaticString] = [], memberLimit: Int = 256, _ verbs: [Verb]) throws -> String {
        try withGuarded(source.utf8) { text in
            var scan = ObjectScan(names: names, memberLimit: memberLimit)
            var splice = Splice()
            try scan.scan(text)
            splice.begin(text)
            for verb in verbs {
                switch verb {
                case .set(let name, let fragment): try splice.set(name, ByteSlice(fragment), in: scan)
                case .remove(let name): try splice.remove(name, in: scan)
                }
            }
            return result(splice)
        }
    }

    @Test("with no edit the result is the text in one run")
    func keepsTheText() {
        withGuarded(#" {"a" : 1.0e+0} "#.utf8) { text in
            var splice = Splice()
            splice.begin(text)
            #expect(SpliceTests.result(splice) == #" {"a" : 1.0e+0} "#)
            #expect(splice.runCount == 1 && splice.isEmpty == true)
        }
    }

    @Test("a value is replaced where it stands", arguments: [
        (#"{"model":"a"}"#, #"{"model":"b"}"#), (#"{ "x":1, "model" : {"y":[]} , "z":2 }"#, #"{ "x":1, "model" : "b" , "z":2 }"#),
        (#"{"mod\u0065l":null,"x":1}"#, #"{"mod\u0065l":"b","x":1}"#),
    ])
    func replacesInPlace(_ source: String, wanted: String) throws {
        #expect(try SpliceTests.edited(source, [.set("model", "\"b\"")]) == wanted)
    }

    @Test("an absent member is put in front, with a comma only where one follows", arguments: [
        (#"{}"#, #"{"n":1}"#), (#"{ }"#, #"{"n":1 }"#), (#" { "x":1}"#, #" {"n":1, "x":1}"#), (#"{"x":{}}"#, #"{"n":1,"x":{}}"#),
    ])
    func insertsInFront(_ source: String, wanted: String) throws {
        #expect(try SpliceTests.edited(source, [.set("n", "1")]) == wanted)
    }

    @Test("several new members stand in the order they were set", arguments: [
        (#"{}"#, #"{"n":1,"m":2}"#), (#"{"x":1}"#, #"{"n":1,"m":2,"x":1}"#),
    ])
    func insertsInOrder(_ source: String, wanted: String) throws {
        #expect(try SpliceTests.edited(source, [.set("n", "1"), .set("m", "2")]) == wanted)
    }

    @Test("removing takes the comma that belongs to the member", arguments: [
        (#"{"a":1}"#, ["a"], #"{}"#), (#"{ "a":1 }"#, ["a"], #"{  }"#),
        (#"{"a":1,"b":2}"#, ["a"], #"{"b":2}"#), (#"{"a":1,"b":2}"#, ["b"], #"{"a":1}"#),
        (#"{ "a":1 , "b":2 , "c":3 }"#, ["a"], #"{ "b":2 , "c":3 }"#),
        (#"{ "a":1 , "b":2 , "c":3 }"#, ["b"], #"{ "a":1 , "c":3 }"#),
        (#"{ "a":1 , "b":2 , "c":3 }"#, ["c"], #"{ "a":1 , "b":2 }"#),
        (#"{"a":1,"b":2,"c":3}"#, ["b", "c"], #"{"a":1}"#), (#"{"a":1,"b":2,"c":3}"#, ["c", "b"], #"{"a":1}"#),
        (#"{"a":1,"b":2,"c":3}"#, ["c", "a"], #"{"b":2}"#), (#"{"a":1,"b":2,"c":3}"#, ["a", "c"], #"{"b":2}"#),
        (#"{"a":1,"b":2,"c":3}"#, ["c", "a", "b"], #"{}"#), (#"{"a":1,"b":2,"c":3}"#, ["b", "a", "c"], #"{}"#),
        (#"{"a":1,"a":2,"c":3,"a":4}"#, ["a"], #"{"c":3}"#), (#"{"a":1,"a":2}"#, ["a"], #"{}"#),
        (#"{"a":1}"#, ["z"], #"{"a":1}"#),
    ] as [(String, [StaticString], String)])
    func removes(_ source: String, names: [StaticString], wanted: String) throws {
        #expect(try SpliceTests.edited(source, names.map { .remove($0) }) == wanted)
    }

    @Test("of a key given twice every value is replaced, so that first and last readers agree")
    func replacesDuplicates() throws {
        #expect(try SpliceTests.edited(#"{"a":1,"b":2,"a":3}"#, [.set("a", "9")]) == #"{"a":9,"b":2,"a":9}"#)
    }

    @Test("the verbs act one after the other: the last word on a member counts", arguments: [
        (#"{"a":1}"#, [Verb.set("a", "2"), .set("a", "3")], #"{"a":3}"#), (#"{"a":1}"#, [.set("a", "2"), .remove("a")], #"{}"#),
        (#"{"a":1,"b":2}"#, [.remove("a"), .set("a", "3")], #"{"a":3,"b":2}"#),
        (#"{"a":1}"#, [.remove("a"), .set("a", "3")], #"{"a":3}"#),
        (#"{}"#, [.set("a", "1"), .set("a", "2")], #"{"a":2}"#), (#"{}"#, [.set("a", "1"), .remove("a")], #"{}"#),
        (#"{"x":0}"#, [.set("a", "1"), .set("b", "2"), .remove("b")], #"{"a":1,"x":0}"#),
        (#"{"x":0}"#, [.set("a", "1"), .remove("x")], #"{"a":1}"#),
        (#"{"x":0}"#, [.set("a", "1"), .remove("x"), .remove("a")], #"{}"#),
    ])
    func actsInOrder(_ source: String, verbs: [Verb], wanted: String) throws {
        #expect(try SpliceTests.edited(source, verbs) == wanted)
    }

    @Test("a member of a nested object is set and removed in place", arguments: [
        (#"{"s":{},"m":1}"#, #"{"s":{"u":true},"m":"b"}"#), (#"{"m":1,"s":{"u":false}}"#, #"{"m":"b","s":{"u":true}}"#),
        (#"{"s":{"x":1}}"#, #"{"m":"b","s":{"u":true,"x":1}}"#),
    ])
    func editsNested(_ source: String, wanted: String) throws {
        try withGuarded(source.utf8) { text in
            var outer = ObjectScan()
            var inner = ObjectScan()
            var splice = Splice()
            try outer.scan(text)
            try inner.scan(text, at: #require(outer.member("s") as Member?).value)
            splice.begin(text)
            try splice.set("u", ByteSlice("true"), in: inner)
            try splice.set("m", ByteSlice("\"b\""), in: outer)
            #expect(SpliceTests.result(splice) == wanted)
            try splice.remove("s", in: outer)
            #expect(!SpliceTests.result(splice).contains("\"u\""))
            #expect(throws: SpliceError.self) { () throws -> Void in
                var splice = Splice()
                splice.begin(text)
                try splice.set("s", ByteSlice("1"), in: outer)
                try splice.set("new", ByteSlice("1"), in: inner)
            }
        }
    }

    @Test("one edit more than the limit is refused and the others stand")
    func limitsEdits() throws {
        try withGuarded("{}".utf8) { text in
            var scan = ObjectScan()
            var splice = Splice(limit: 2)
            try scan.scan(text)
            splice.begin(text)
            try splice.set("a", ByteSlice("1"), in: scan)
            try splice.set("b", ByteSlice("1"), in: scan)
            do throws(SpliceError) {
                try splice.set("c", ByteSlice("1"), in: scan)
                Issue.record("a third edit fitted")
            } catch { #expect(error == .tooMany(limit: 2)) }
            try splice.set("b", ByteSlice("2"), in: scan)
            #expect(SpliceTests.result(splice) == #"{"a":1,"b":2}"#)
        }
    }

    @Test("a key given more often than edits fit is refused, not half replaced in silence")
    func refusesEndlessDuplicates() {
        let source = "{" + Array(repeating: #""a":1"#, count: JSONLimits.edits + 1).joined(separator: ",") + "}"
        #expect(throws: SpliceError.tooMany(limit: JSONLimits.edits)) { try SpliceTests.edited(source, [.set("a", "2")]) }
    }

    @Test("edits that cross are refused, one within another gives way")
    func refusesCrossing() throws {
        try withGuarded("0123456789".utf8) { text in
            var splice = Splice()
            splice.begin(text)
            try splice.replace(3..<6, with: ByteSlice("x"))
            for crossing in [2..<5, 4..<7, 4..<5, 4..<4] {
                do throws(SpliceError) {
                    try splice.replace(crossing, with: ByteSlice("y"))
                    Issue.record("\(crossing) was taken")
                } catch { #expect(error == .overlaps(offset: crossing == 2..<5 ? 3 : crossing.lowerBound)) }
            }
            try splice.replace(6..<7, with: ByteSlice("z"))
            #expect(SpliceTests.result(splice) == "012xz789")
            try splice.replace(2..<8, with: ByteSlice("-"))
            #expect(SpliceTests.result(splice) == "01-89")
        }
    }

    @Test("where the scan's table ran over, only edits that are sure are made")
    func refusesTheUnrecorded() throws {
        let source = #"{"a":1,"b":2,"model":3,"c":4}"#
        #expect(try SpliceTests.edited(source, names: ["model", "n"], memberLimit: 2, [.set("model", "9"), .set("n", "0")])
            == #"{"n":0,"a":1,"b":2,"model":9,"c":4}"#)
        #expect(throws: SpliceError.unrecorded) { try SpliceTests.edited(source, memberLimit: 2, [.set("a", "9")]) }
        #expect(throws: SpliceError.unrecorded) {
            try SpliceTests.edited(source, names: ["model"], memberLimit: 2, [.remove("model")])
        }
        #expect(throws: SpliceError.unrecorded) {
            try SpliceTests.edited(#"{"m":1,"a":1,"m":2}"#, names: ["m"], memberLimit: 2, [.set("m", "9")])
        }
    }

    @Test("a new member's name that would need escapes is refused", arguments: ["a\"b", "a\\b", "a\nb"] as [StaticString])
    func refusesUnwritableNames(_ name: StaticString) {
        #expect(throws: SpliceError.unwritableName) { try SpliceTests.edited("{}", [.set(name, "1")]) }
    }

    @Test("random edits of random objects give what a plain list of members gives, all else byte for byte")
    func agreesWithAModel() throws {
        var random = SeededGenerator.fresh("splice against a model")
        for _ in 0..<1500 { try SpliceModel.round(&random) }
    }
}

/// The naive way: members as a list of texts, edited by rewriting the list.
enum SpliceModel {
    static let names: [StaticString] = ["a", "bb", "model", "stream", "é", "n"]

    static func round(_ random: inout SeededGenerator) throws {
        var model: [(name: String, value: String)] = []
        var source = space(&random) + "{"
        let count = random.below(6)
        for index in 0..<count {
            let name = names[random.below(names.count)].description
            let value = value(&random, depth: 0)
            model.append((name, value))
            source += space(&random) + "\"" + spelled(name, &random) + "\"" + space(&random) + ":" + space(&random) + value
            source += space(&random) + (index + 1 < count ? "," : "")
        }
        source += space(&random) + "}" + space(&random)
        var inserted = 0
        let output = try withGuarded(source.utf8) { text in
            var scan = ObjectScan(names: random.below(2) == 0 ? [] : ["model", "a"])
            var splice = Splice()
            try scan.scan(text)
            splice.begin(text)
            for _ in 0..<random.below(8) {
                let name = names[random.below(names.count)]
                if random.below(2) == 0 {
                    try splice.remove(name, in: scan)
                    inserted -= model.prefix(inserted).count { $0.name == name.description }
                    model.removeAll { $0.name == name.description }
                } else {
                    let fragment: StaticString = ["null", "[1,2]", "\"\\u0041\"", "{\"k\":0}"][random.below(4)]
                    try splice.set(name, ByteSlice(fragment), in: scan)
                    if !model.contains(where: { $0.name == name.description }) {
                        model.insert((name.description, ""), at: inserted)
                        inserted += 1
                    }
                    for index in model.indices where model[index].name == name.description {
                        model[index].value = fragment.description
                    }
                }
            }
            return SpliceTests.result(splice)
        }
        var found: [String] = []
        try Array(output.utf8).withByteSlice { text throws in
            var scan = ObjectScan()
            try scan.scan(text)
            for index in 0..<scan.count {
                let name = written { scan[index].name(in: text).decode(into: &$0) }
                found.append(name + "=" + String(scan[index].bytes(in: text)))
            }
        }
        let wanted = model.map { "\($0.name)=\($0.value)" }
        #expect(found == wanted, "\(source) became \(output)")
        // A reader that is not ours agrees that it is JSON.
        let parsed = try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any]
        #expect(parsed?.count == Set(model.map(\.name)).count, "\(output)")
    }

    static func space(_ random: inout SeededGenerator) -> String {
        ["", "", " ", "\n  ", "\t\r\n"][random.below(5)]
    }

    static func spelled(_ name: String, _ random: inout SeededGenerator) -> String {
        if random.below(3) > 0 { return name }
        return name.utf16.map { String(format: "\\u%04x", Int($0)) }.joined()
    }

    static func value(_ random: inout SeededGenerator, depth: Int) -> String {
        switch random.below(depth > 2 ? 6 : 8) {
        case 0: return "1.0"
        case 1: return "-12E+2"
        case 2: return "\"x\\\"},{\\u00e9水\""
        case 3: return "true"
        case 4: return "null"
        case 5: return "\"" + String(repeating: "long text ", count: random.below(20)) + "\""
        case 6: return "[" + space(&random) + value(&random, depth: depth + 1) + "," + value(&random, depth: depth + 1) + "]"
        default: return "{\"model\":" + value(&random, depth: depth + 1) + "}"
        }
    }
}
