import ArgumentParser
import Bytes
import Configuration
import Foundation
import JSON
import Policy

/// `sluice explain`: where a request would go and why, without sending it.
struct Explain: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print the targets a request would be sent to, in order, and why.",
        discussion: """
            The request is a JSON file: {"path": "/v1/chat/completions", "headers": {...}, "body": {...}}, or the body alone; \
            "certificate": {"subject": "CN=a", "san": ["DNS:a.example"]} is what its client shows. \
            Nothing is sent and no secret is looked up; every target counts as healthy. With --seed another pick of balancers \
            that draw at random is shown.
            """)

    @Option(help: "The configuration file (YAML).", completion: .file(extensions: ["yaml", "yml"]))
    var config: String

    @Option(help: "The request (JSON), - for standard input.", completion: .file(extensions: ["json"]))
    var request: String

    @Option(help: "Which random picks are shown.")
    var seed: UInt64 = 0

    func run() throws {
        let file = ConfigurationFile(path: config)
        let configuration = try file.read()
        let asked = try ExplainedRequest(text())
        let program = try program(asked, configuration)
        var circumstances = PlainCircumstances(seed: seed)
        try asked.fill(&circumstances) { circumstances throws in
            try print(program, configuration.catalog, &circumstances)
        }
    }

    private func text() throws -> [UInt8] {
        if request == "-" { return Array(FileHandle.standardInput.readDataToEndOfFile()) }
        return try ConfigurationFile(path: request).text()
    }

    /// The config the request's headers name or hold, else the file's default.
    private func program(_ asked: ExplainedRequest, _ configuration: ServerConfiguration) throws -> Program {
        if let text = asked.header("x-portkey-config") {
            if let index = configuration.catalog.configNames.index(of: text) { return configuration.configs[index].program }
            do throws(ConfigRefusal) {
                return try Array(text.utf8).withByteSlice { (bytes) throws(ConfigRefusal) in
                    try PolicyCompiler.compile(header: bytes, catalog: configuration.catalog, requestNamesProvider: asked.header("x-portkey-provider") != nil)
                }
            } catch {
                standardError(([error.message] + (error.errors ?? [])).joined(separator: "\n"))
                throw ExitCode(1)
            }
        }
        guard asked.header("x-portkey-provider") == nil, asked.header("x-portkey-virtual-key") == nil else {
            standardError("the request names its provider: there is nothing to decide")
            throw ExitCode(1)
        }
        guard let index = configuration.defaultConfig else {
            standardError("the request names no config and the file has no \"default\"")
            throw ExitCode(1)
        }
        return configuration.configs[index].program
    }

    private func print(_ program: Program, _ catalog: Catalog, _ circumstances: inout PlainCircumstances) throws {
        var decision: Decision
        do throws(RoutingFault) {
            decision = try Decision(program, &circumstances)
        } catch {
            Swift.print("no target: no condition holds and there is no default (400)")
            throw ExitCode(1)
        }
        var number = 0
        while true {
            number += 1
            Swift.print("\(number). \(line(program.targets[decision.target], decision.reason, program, catalog))")
            // An outcome every strategy goes on after: what is left in the order it would be tried.
            guard (try? decision.advance(after: .unfit, in: program, &circumstances)) == true else { return }
        }
    }

    private func line(_ target: Target, _ reason: PickReason, _ program: Program, _ catalog: Catalog) -> String {
        var parts = [String(program.bytes(target.path))]
        parts.append(target.provider < 0 ? "the request's provider" : catalog.providers[Int(target.provider)].id)
        if let host = target.host { parts.append("at \(String(program.bytes(host.name))):\(host.port)") }
        switch target.credential {
        case _ where target.pool.count > 0: parts.append("with \(target.pool.count) credentials")
        case .virtualKey(let index): parts.append("with virtual key \(catalog.virtualKeys[Int(index)].slug)")
        case .literal: parts.append("with its own key")
        case .caller: parts.append("with the caller's key")
        case .identity: parts.append("with this machine's identity")
        case .none: break
        }
        for override in program.overrides(target.overrides) where String(program.bytes(override.name)) == "model" {
            parts.append("model \(String(program.bytes(override.value)))")
        }
        if target.retry.attempts > 0 { parts.append("repeats \(target.retry.attempts)") }
        if target.requestTimeoutMilliseconds > 0 { parts.append("times out after \(target.requestTimeoutMilliseconds) ms") }
        if target.hedge != nil { parts.append("hedged") }
        let hooks = program.hookCounts(of: target)
        if hooks.input + hooks.output > 0 { parts.append("guarded by \(hooks.input) input and \(hooks.output) output hooks") }
        return parts.joined(separator: "  ") + "  (\(String(describing: reason.text)))"
    }
}

/// A request as `explain` is given one.
private struct ExplainedRequest {
    private var body: [UInt8] = []
    private var path = Array("/v1/chat/completions".utf8)
    private var headers: [(name: String, value: [UInt8])] = []
    private var certificateSubject: [UInt8]?
    /// Each with a line end.
    private var certificateNames: [UInt8] = []

    init(_ text: [UInt8]) throws {
        let parsed = text.withByteSlice { DocumentParser.parse($0) }
        guard case .object(let members)? = parsed.document?.root.value else { throw ValidationError("the request is not a JSON object") }
        let isEnvelope = members.contains { $0.name == "body" || $0.name == "headers" || $0.name == "path" || $0.name == "certificate" }
        guard isEnvelope else {
            body = text
            return
        }
        for member in members {
            switch (member.name, member.value.value) {
            case ("body", _): body = member.value.json
            case ("path", .string(let path)): self.path = Array(path.utf8)
            case ("headers", .object(let fields)):
                headers = fields.map { field in
                    if case .string(let text) = field.value.value { return (field.name.lowercased(), Array(text.utf8)) }
                    return (field.name.lowercased(), field.value.json)
                }
            case ("certificate", .object(let parts)): try read(certificate: parts)
            default: throw ValidationError("\"\(member.name)\" is not a part of a request: path, headers, body, certificate")
            }
        }
    }

    private mutating func read(certificate parts: [DocumentMember]) throws {
        for part in parts {
            switch (part.name, part.value.value) {
            case ("subject", .string(let text)): certificateSubject = Array(text.utf8)
            case ("san", .array(let names)):
                for case .string(let name) in names.map(\.value) { certificateNames += Array(name.utf8) + [UInt8(ascii: "\n")] }
            default: throw ValidationError("a certificate has a \"subject\", a text, and \"san\", a list of texts")
            }
        }
    }

    func header(_ name: String) -> String? {
        headers.first { $0.name == name }.map { String(decoding: $0.value, as: UTF8.self) }
    }

    /// Gives `circumstances` what the request says, for as long as `use` takes.
    func fill(_ circumstances: inout PlainCircumstances, _ use: (inout PlainCircumstances) throws -> Void) throws {
        // One text for all, so that its slices live as long as the call.
        var text: [UInt8] = []
        func place(_ bytes: [UInt8]) -> Range<Int> {
            text += bytes
            return text.count - bytes.count..<text.count
        }
        let (body, path, names) = (place(self.body), place(self.path), place(certificateNames))
        let subject = certificateSubject.map { place($0) }
        let fields = headers.map { (name: $0.name, value: place($0.value)) }
        try text.withByteSlice { all in
            circumstances.body = all[body]
            circumstances.path = all[path]
            circumstances.headers = fields.map { ($0.name, all[$0.value]) }
            circumstances.metadata = circumstances.headers.first { $0.name == "x-portkey-metadata" }?.value ?? ByteSlice("")
            circumstances.certificateSubject = subject.map { all[$0] }
            circumstances.certificateNames = all[names]
            try use(&circumstances)
        }
    }
}
