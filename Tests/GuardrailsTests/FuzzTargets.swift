import Bytes
import Guardrails
import JSON
import Policy

/// What must hold for any bytes; each traps where it does not. Called by seeded rounds in the tests and by libFuzzer.
enum GuardrailsFuzz {
    /// Every check there is, in hooks that deny and that do not.
    static let everyCheck = #"""
        [{"regexMatch":{"rule":"a+\\b"},"contains":{"words":["a","{","\n"],"operator":"any"},"alluppercase":{},"alllowercase":{},"notNull":{},
          "sentenceCount":{"minSentences":0,"maxSentences":3},"wordCount":{"minWords":1,"maxWords":3},"characterCount":{"minCharacters":0,"maxCharacters":9},
          "endsWith":{"suffix":"}"},"jsonKeys":{"keys":["a","b"],"operator":"all"},"containsCode":{"format":"SQL"},"deny":true},
         {"modelWhitelist":{"models":["a"]},"modelRules":{"rules":{"defaults":["a"],"metadata":{"a":{"1":["b"]}}}},
          "allowedRequestTypes":{"blockedTypes":["embed"]},"requiredMetadataKeys":{"metadataKeys":["a"]},"on_fail":{"feedback":{"value":1}}}]
        """#

    static let hooks = HookSet(compiled(everyCheck))

    private static func compiled(_ json: String) -> [Hook] {
        Array(json.utf8).withByteSlice { (try? PolicyCompiler.hooks(header: $0, named: "x-test", .input)) ?? [] }
    }

    /// The bytes are a list of guardrails, a request, an answer, metadata, a model and a text, each in turn.
    static func fuzzGuardrails(_ input: ByteSlice) {
        precondition(hooks.hooks.count == 2, "the checks compile")
        if let written = try? PolicyCompiler.hooks(header: input, named: "x-test", .output) { run(HookSet(written), input, on: Workbench()) }
        let bench = Workbench()
        for place in [RequestTextPlace.messages, .prompt, .input, .items, .query] {
            guard let value = JSONView(input), (try? JSONText.validate(input)) != nil, (try? bench.texts.read(value, at: place)) != nil else { continue }
            run(hooks, input, on: bench)
        }
        for place in [AnswerTextPlace.chatChoices, .textChoices, .content, .output] where (try? bench.texts.read(answer: input, at: place)) != nil {
            run(hooks, input, on: bench)
        }
        // The bytes themselves as a text: quoted, so that they are valid UTF-8.
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 6 * input.count + 2) { room in
            guard let base = room.baseAddress else { return }
            var writer = ByteWriter(base, capacity: room.count)
            writer.append(jsonString: input)
            guard let value = JSONView(writer.written), (try? bench.texts.read(value, at: .prompt)) != nil else { preconditionFailure("a string is a text") }
            run(hooks, input, on: bench)
        }
    }

    private static func run(_ hooks: HookSet, _ input: ByteSlice, on bench: Workbench) {
        var subject = CheckSubject()
        subject.model = input
        subject.read(metadata: input)
        var report: [UInt8] = []
        let outcome = hooks.run(subject, on: bench, createdAt: ByteSlice("now"), clock: { 0 }, into: &report)
        precondition(outcome.hasFailed || !outcome.isDenied, "what is denied has failed")
        precondition(report.withByteSlice { (try? JSONText.validate($0)) != nil }, "results are JSON")
    }
}
