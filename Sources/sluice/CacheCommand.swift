import ArgumentParser
import Foundation

/// `sluice cache`: what a running gateway keeps, and dropping it.
struct CacheCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cache", abstract: "See and drop the answers that a running gateway keeps.", subcommands: [Stats.self, Purge.self])

    struct Stats: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Print what is kept, and what came of it.")

        @Option(help: "Where the gateway listens: ADDRESS:PORT or unix:PATH, of this machine.")
        var address = "127.0.0.1:8787"

        func run() throws {
            let answer = try OperatorRequest("GET", "/v1/sluice/cache").send(to: address)
            for (name, value) in answer.sorted(by: { $0.key < $1.key }) {
                if let ages = value as? [String: Any] {
                    for (age, count) in ages.sorted(by: { $0.key < $1.key }) { print("\(name).\(age)".padding(toLength: 28, withPad: " ", startingAt: 0) + "\(count)") }
                } else {
                    print(name.padding(toLength: 28, withPad: " ", startingAt: 0) + "\(value)")
                }
            }
        }
    }

    struct Purge: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Drop answers: those of a tenant, a namespace, a model, or all that are given; one by its key; or all.")

        @Option(help: "Where the gateway listens: ADDRESS:PORT or unix:PATH, of this machine.")
        var address = "127.0.0.1:8787"

        @Option(help: "The name of a gateway key.")
        var tenant: String?

        @Option(help: "What requests said in x-portkey-cache-namespace.")
        var namespace: String?

        @Option(help: "The model that requests named.")
        var model: String?

        @Option(help: "One answer's key, as x-sluice-cache-key has it.")
        var key: String?

        @Flag(help: "Everything.")
        var all = false

        func validate() throws {
            guard all || tenant != nil || namespace != nil || model != nil || key != nil else {
                throw ValidationError("say what to drop: --tenant, --namespace, --model, --key or --all")
            }
        }

        func run() throws {
            var parts = [("tenant", tenant), ("namespace", namespace), ("model", model), ("key", key)].compactMap { name, value in
                value.map { "\(name)=\(OperatorRequest.encoded($0))" }
            }
            if all { parts.append("all") }
            let answer = try OperatorRequest("DELETE", "/v1/sluice/cache?" + parts.joined(separator: "&")).send(to: address)
            let count = answer["entries"] as? Int ?? 0
            print("\(count) \(count == 1 ? "entry" : "entries") dropped")
        }
    }
}
