import ArgumentParser
import Configuration
import Mock
import Reactor

/// `sluice mock`: the scripted provider, by itself.
struct MockCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mock",
        abstract: "Start a scripted provider that speaks OpenAI, Azure, Anthropic, Gemini and Bedrock.",
        discussion: """
            The model name is the script: "mock?latency=50&tokens=20&gap=5" waits 50 ms and streams 20 tokens 5 ms apart; \
            "mock?status=429&retry_after=2" fails. An unknown word is answered with the list of those it knows. \
            GET /mock/stats counts what came. docs/mock.md explains each word.
            """)

    @Option(help: "Port on 127.0.0.1; 0 takes a free one.")
    var port: UInt16 = 8788

    @Option(help: "Listen on ADDRESS:PORT instead.")
    var listen: String?

    @Option(help: "Worker threads.")
    var workers = 1

    @Flag(help: "Refuse what the provider does not document.")
    var strict = false

    @Option(help: ArgumentHelp("Answer with what FILE says instead of scripts.", valueName: "file"))
    var play: String?

    func validate() throws {
        if !(1...256).contains(workers) { throw ValidationError("--workers takes a number from 1 to 256") }
    }

    func run() throws {
        var signals = StopSignals()
        let address = try (try listen.map { try ListenAddress($0) } ?? .ip(host: "127.0.0.1", port: port)).socketAddress()
        var options = MockOptions()
        options.isStrict = strict
        options.transcript = try play.map(transcript)
        let server = try MockServer(listen: address, workers: workers, options: options)
        standardError("sluice mock: listening on \(server.address)")
        _ = signals.wait()
        server.stop()
        server.wait()
    }

    /// The file's transcript, or what is wrong with it on standard error and an exit.
    private func transcript(_ path: String) throws -> MockTranscript {
        let text = try ConfigurationFile(path: path).text()
        do throws(TranscriptError) {
            return try MockTranscript(text)
        } catch {
            standardError("\(path):\(error)")
            throw ExitCode(1)
        }
    }
}
