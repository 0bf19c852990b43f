import Foundation
import Testing

/// Every command of the README is run, but those that build or test the whole.
@Suite("README", .serialized)
struct ReadmeTests {
    private static let isInCI = ProcessInfo.processInfo.environment["CI"] != nil

    /// What a machine must have; missing, the test is skipped, and fails where CI is set.
    private static func has(_ tools: String...) -> Bool {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        let folders = path.split(separator: ":").map { String($0) } + ["/usr/sbin", "/usr/local/sbin"]
        return tools.allSatisfy { tool in
            folders.contains { folder in FileManager.default.isExecutableFile(atPath: folder + "/" + tool) }
        }
    }

    private static let sections = ((try? ReadmeBlock.all()) ?? []).reduce(into: [String]()) { if $0.last != $1.section { $0.append($1.section) } }

    /// `make run` is taken at its word short of building; `make test` is what runs this.
    private func isOfMake(_ command: String) -> Bool { command.hasPrefix("make ") }

    private func isServer(_ command: String) -> Bool { ["sluice serve", "sluice mock"].contains { command.contains($0) } }

    @Test(
        "the commands of each section run as written",
        .enabled(if: ReadmeShell.binary != nil && has("curl", "make") || isInCI, "skipped: build the binary first, or name it in SLUICE_BINARY"),
        arguments: sections)
    func commandsRun(section: String) throws {
        let shell = try ReadmeShell(binary: try #require(ReadmeShell.binary))
        defer { shell.close() }
        var output = ""
        for block in try ReadmeBlock.all() where block.section == section {
            if block.language == "yaml", let name = block.text.firstMatch(of: /^# ([\w.-]+\.yaml)\n/) {
                // The built-in mock provider is at port 8788, which another may have.
                let moved = "\nproviders:\n  mock: { base_url: \"http://127.0.0.1:\(shell.mockPort)/v1\" }\n"
                try shell.write(block.text + moved, to: String(name.output.1))
            }
            guard block.language == "sh" else { continue }
            for command in block.commands {
                if command == "make run" {
                    try shell.serve(try shell.recipe("run LISTEN=127.0.0.1:8787"))
                } else if isServer(command) {
                    try shell.serve(command)
                } else if !isOfMake(command), !command.hasPrefix("perf/") {
                    output += try shell.run(command)
                }
            }
        }
        if section == "# Sluice" {
            #expect(output.contains("data: {"), "the first curl streams no event: \(output)")
            #expect(output.hasSuffix("data: [DONE]\n\n"), "the first curl's stream has no end: \(output)")
        }
        if section.contains("fallback") {
            #expect(output.contains("x-portkey-last-used-option-index: config.targets[1]"), "the second target did not answer: \(output)")
        }
    }

    @Test("the Makefile has every target that a page names")
    func makeTargetsExist() throws {
        let pages = try (["README.md", "CONTRIBUTING.md"] + Repository.files(in: "docs", suffix: ".md")).map { try Repository.text($0) }
        let named = Set(pages.flatMap { page in page.matches(of: /make ([a-z]+)\b(?=`|$| +#|\n)/).map { String($0.output.1) } })
        let makefile = try Repository.text("Makefile")
        for target in named { #expect(makefile.contains("\n\(target):") || makefile.hasPrefix("\(target):"), "there is no make \(target)") }
    }

    @Test(
        "perf/compare runs at toy size",
        .enabled(
            if: ReadmeShell.binary != nil && Repository.exists("perf/compare") && has("nginx", "haproxy", "wrk", "strace", "gcc") || isInCI,
            "skipped: perf/compare needs nginx, haproxy, wrk, strace, gcc and the binary"))
    func perfRuns() throws {
        let binary = try #require(ReadmeShell.binary)
        let shell = try ReadmeShell(binary: binary)
        defer { shell.close() }
        for block in try ReadmeBlock.all() where block.language == "sh" {
            for command in block.commands where command.hasPrefix("perf/") {
                _ = try shell.run("\(command) --toy --sluice \(binary)", seconds: 300)
            }
        }
    }

    @Test("the region that perf/compare fills is there")
    func perfRegionExists() throws {
        let text = try Repository.text("README.md")
        #expect(text.firstMatch(of: /<!-- perf:begin -->[\s\S]+<!-- perf:end -->/) != nil)
    }

    // MARK: SDKs

    /// What is added to a snippet, which makes a client and no request.
    private static let calls = [
        "openai": "print(client.chat.completions.create(model='mock', messages=[{'role': 'user', 'content': 'hi'}]).choices[0].message.content)",
        "anthropic": "print(client.messages.create(model='mock', max_tokens=64, messages=[{'role': 'user', 'content': 'hi'}]).content[0].text)",
        "portkey_ai": "print(client.chat.completions.create(model='mock', messages=[{'role': 'user', 'content': 'hi'}]).choices[0].message.content)",
    ]

    @Test(
        "the SDK snippets make clients that get an answer",
        .enabled(if: ReadmeShell.binary != nil && ReadmeShell.python != nil, "skipped: Tests/EndToEnd/run makes the SDKs' environment"))
    func snippetsWork() throws {
        let python = try #require(ReadmeShell.python)
        let shell = try ReadmeShell(binary: try #require(ReadmeShell.binary))
        defer { shell.close() }
        // The real hosts, played by the mock.
        let hosts = ["openai", "anthropic"].map { "  \($0): { base_url: \"http://127.0.0.1:\(shell.mockPort)/v1\" }" }
        try shell.write("version: 1\nproviders:\n" + hosts.joined(separator: "\n") + "\n", to: "sdk.yaml")
        try shell.serve("sluice mock --port 8788")
        try shell.serve("sluice serve --config sdk.yaml")
        var tried: Set<String> = []
        for block in try ReadmeBlock.all() where block.language == "python" {
            let module = try #require(block.text.firstMatch(of: /^from (\w+) import/)).output.1
            let call = try #require(Self.calls[String(module)], "the README shows an SDK that is not tried here: \(module)")
            try shell.write(block.text.replacing(":8787", with: ":\(shell.port)") + call + "\n", to: "snippet.py")
            let output = try shell.run("OPENAI_API_KEY=sk-test ANTHROPIC_API_KEY=sk-ant-test \(python) snippet.py")
            #expect(output.contains("mock provider"), "\(module) got: \(output)")
            tried.insert(String(module))
        }
        #expect(tried == Set(Self.calls.keys))
    }
}
