import Bytes
import JSON
import Prompts
import Testing

@Suite("Stored prompts")
struct PromptTests {
    private func source(_ string: String, isChat: Bool? = nil, _ members: [(String, String)] = []) -> PromptSource {
        var source = PromptSource(string)
        source.isChat = isChat
        source.members = members.map { ($0.0, Array($0.1.utf8)) }
        return source
    }

    private func table(partials: [String: String] = [:]) -> PromptTable {
        var table = PromptTable()
        for (name, text) in partials {
            var source = PromptSource(text)
            source.isPartial = true
            var entry = PromptTable.Entry(published: 1, latest: 2)
            entry.versions = [1: CompiledPrompt(source), 2: CompiledPrompt(PromptSource("newest"))]
            table.add(entry, id: name, isPartial: true)
        }
        return table
    }

    /// The body that `source` is rendered to.
    private func body(_ source: PromptSource, _ request: String, partials: [String: String] = [:], capacity: Int = 1 << 16) throws(PromptFault) -> String {
        let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
        defer { memory.deallocate() }
        var writer = ByteWriter(memory, capacity: capacity)
        var renderer = PromptRenderer()
        let prompt = CompiledPrompt(source)
        let table = table(partials: partials)
        try Array(request.utf8).withByteSlice { (text) throws(PromptFault) in
            try renderer.write(prompt, text, partials: table, in: -1, into: &writer)
        }
        return String(writer.written)
    }

    private func fault(_ source: PromptSource, _ request: String, partials: [String: String] = [:], capacity: Int = 1 << 16) -> PromptFault? {
        do throws(PromptFault) { _ = try body(source, request, partials: partials, capacity: capacity) } catch { return error }
        return nil
    }

    private let chat = #"[{"role":"user","content":"Hi {{name}}"}]"#

    @Test("a chat prompt becomes messages, with what it was saved with; the caller's members go before")
    func chatBody() throws {
        let saved = source(chat, [("temperature", "0.5"), ("model", #""a""#), ("stream", "true"), ("model", #""b""#), ("messages", "[]"), ("tools", #"[{"type":"function"}]"#)])
        #expect(
            try body(saved, #"{"variables":{"name":"Ann \"x\""}}"#)
                == #"{"temperature":0.5,"model":"b","tools":[{"type":"function"}],"messages":[{"role":"user","content":"Hi Ann \"x\""}]}"#)
        #expect(
            try body(saved, #"{"model":"c","variables":{"name":1},"stream":true,"temperature":null}"#)
                == #"{"tools":[{"type":"function"}],"messages":[{"role":"user","content":"Hi 1"}],"model":"c","stream":true,"temperature":null}"#)
        #expect(try body(source(chat), "") == #"{"messages":[{"role":"user","content":"Hi "}]}"#)
        #expect(try body(source(chat), #"{"variables":null,"messages":[]}"#) == #"{"messages":[]}"#)
        #expect(try body(source(chat, [("te\\mp", "1")]), #"{"te\\mp":2}"#) == #"{"messages":[{"role":"user","content":"Hi "}],"te\\mp":2}"#)
    }

    @Test("a text prompt becomes a string, whatever is in it")
    func textBody() throws {
        #expect(try body(source("Say \"{{x}}\"\n{{>p}}{{o}}"), #"{"variables":{"x":"a\"\n","o":{"k":"\""}}}"#, partials: ["p": "<\"{{x}}\">"])
            == #"{"prompt":"Say \"a\"\n\"\n<\"a\"\n\">{\"k\":\"\\\"\"}"}"#)
    }

    @Test(
        "what says that it is a chat, or looks like one, is one",
        arguments: [
            (#"[{"role":"user"}]"#, nil, true), (" [ ]", nil, true), ("[{{#a}}{}{{/a}}]", nil, true), ("[INST] x", nil, false), ("Hi", nil, false), ("", nil, false),
            ("{{messages}}", true, true), (#"[{"role":"user"}]"#, false, false),
        ] as [(String, Bool?, Bool)])
    func kinds(string: String, said: Bool?, isChat: Bool) { #expect(CompiledPrompt(source(string, isChat: said)).isChat == isChat) }

    @Test("partials are those of the table, by slug and version; what is not there is told by name")
    func partials() throws {
        let saved = source(#"[{"role":"user","content":"{{>tone}} {{>tone@2}} {{>>which}}"}]"#)
        #expect(
            try body(saved, #"{"variables":{"which":"tone","v":"\""}}"#, partials: ["tone": "be \"{{v}}\""])
                == #"{"messages":[{"role":"user","content":"be \"\"\" newest be \"\"\""}]}"#)
        #expect(fault(saved, #"{"variables":{"which":"tone"}}"#) == .missingPartials(["tone", "tone@2"]))
        #expect(fault(saved, "{}", partials: ["tone": "x"]) == .missingVariables(["which"]))
        #expect(fault(source("{{>a@label}}"), "{}", partials: ["a": "x"]) == .missingPartials(["a@label"]))
        guard case .unusable(let reason) = fault(source("{{>a}}"), "{}", partials: ["a": "{{"]) else { return #expect(Bool(false)) }
        #expect(reason.hasPrefix("partial \"a\": line 1, byte 0"))
    }

    @Test("each fault of a request or of what it is rendered to is told")
    func faults() {
        let saved = source(chat)
        #expect(fault(saved, "[]") == .notAnObject)
        #expect(fault(saved, #"{"variables":[]}"#) == .variablesAreNoObject)
        #expect(fault(saved, #"{"variables":"#).map { if case .notJSON = $0 { true } else { false } } == true)
        #expect(fault(source("[{{#a}}{", isChat: true), "{}").map { if case .unusable = $0 { true } else { false } } == true)
        #expect(fault(source("[{} {{#a}},{{/a}} {}]"), "{}").map { if case .result = $0 { true } else { false } } == true)
        #expect(fault(source("{{m}}", isChat: true), #"{"variables":{"m":{"role":"user"}}}"#) == .noMessages)
        #expect(fault(source(#"["\{{m}}"]"#, isChat: true), "{}").map { if case .rendering = $0 { true } else { false } } == true)
        let members = (0..<256).map { #""m\#($0)":1"# }.joined(separator: ",")
        #expect(fault(saved, "{\(members)}") == nil)
        #expect(fault(saved, "{\(members),\"n\":1}") == .tooManyMembers)
        #expect(fault(source(chat, (0..<256).map { ("p\($0)", "1") }), "{}") == nil)
        #expect(fault(source(chat, (0..<257).map { ("p\($0)", "1") }), "{}") == .unusable("it has more than 256 parameters"))
    }

    @Test("a body fits to the last byte, and not one more")
    func length() throws {
        let count = try body(source(chat), "{}").utf8.count
        for text in [chat, "Hi {{name}}"] {
            let count = try body(source(text), "{}").utf8.count
            for capacity in 0..<count { #expect(fault(source(text), "{}", capacity: capacity) == .tooLong) }
            #expect(fault(source(text), "{}", capacity: count) == nil)
        }
        #expect(count > 0)
    }

    @Test("a virtual key's name that could end its header field is none", arguments: ["a\r\nx-portkey-provider: b", "a b", "ä", "\u{7F}"])
    func keys(name: String) {
        var saved = source(chat)
        saved.virtualKey = name
        #expect(CompiledPrompt(saved).virtualKey == nil)
        #expect(fault(saved, "{}") == .unusable("its virtual key is no name of one"))
    }

    // MARK: The table

    private func found(_ reference: String, in workspace: Int32 = -1, _ table: PromptTable) -> Result<String, PromptFault> {
        Array(reference.utf8).withByteSlice { reference in
            do throws(PromptFault) {
                return .success(String(decoding: try table.prompt(reference, in: workspace).version.virtualKey ?? [], as: UTF8.self))
            } catch {
                return .failure(error)
            }
        }
    }

    @Test("a reference names a version: by number, by label, the newest, or what is published")
    func references() {
        var table = PromptTable()
        var entry = PromptTable.Entry(published: 2, latest: 4)
        for number: Int64 in [1, 2, 4] {
            var saved = source(chat)
            saved.virtualKey = "v\(number)"
            entry.versions[number] = CompiledPrompt(saved)
        }
        entry.others = [3]
        entry.labels = ["production": 1, "old": 3]
        entry.workspace = 7
        table.add(entry, id: "id-1", slug: "pp-x")
        for name in ["id-1", "pp-x"] {
            let rows = [("", "v2"), ("@", "v2"), ("@default", "v2"), ("@latest", "v4"), ("@1", "v1"), ("@production", "v1")]
            for (suffix, expected) in rows { #expect(found(name + suffix, table) == .success(expected)) }
            for wanted in ["5", "0", "staging", "1x", "99999999999999999999"] { #expect(found("\(name)@\(wanted)", table) == .failure(.unknownVersion(wanted))) }
            for suffix in ["@3", "@old"] { #expect(found(name + suffix, table) == .failure(.versionNotKept(3))) }
        }
        for name in ["", "pp-y", "PP-X", "@1"] { #expect(found(name, table) == .failure(.unknownPrompt)) }
        #expect(found("pp-x", in: 7, table) == .success("v2"))
        #expect(found("pp-x", in: 8, table) == .failure(.unknownPrompt))
    }

    @Test(
        "what is found says whose version it is, and its number, however it was asked for",
        arguments: [("id-1", "2"), ("pp-x@latest", "4"), ("pp-x@production", "1"), ("id-1@4", "4"), ("id-2@latest", "7")])
    func whose(reference: String, number: String) throws {
        var table = PromptTable()
        var entry = PromptTable.Entry(published: 2, latest: 4)
        for number: Int64 in [1, 2, 4] { entry.versions[number] = CompiledPrompt(source(chat)) }
        entry.labels = ["production": 1]
        table.add(entry, id: "id-1", slug: "pp-x")
        var other = PromptTable.Entry(published: 7, latest: 7)
        other.versions[7] = CompiledPrompt(source(chat))
        table.add(other, id: "id-2", slug: "")
        let found = try Array(reference.utf8).withByteSlice { (text) throws(PromptFault) in try table.prompt(text, in: -1) }
        let names = reference.hasPrefix("id-2") ? ["id-2", "id-2"] : ["id-1", "pp-x"]
        let said = withExtendedLifetime(table) { [String(found.id.slice), String(found.slug.slice), "\(found.number)"] }
        #expect(said == names + [number])
    }
}
