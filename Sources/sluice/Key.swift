import ArgumentParser
import Ledger

/// `sluice key new`: a gateway key, shown once, and what the configuration keeps of it.
struct Key: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Make gateway keys.", subcommands: [New.self], defaultSubcommand: New.self)

    struct New: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Make a gateway key. It is shown once; the file keeps its digest.")

        @Option(help: "What the key is called in the configuration and in the log.")
        var name = "my-key"

        func run() throws {
            let key = try GatewayKey.generate()
            let digest = Array(key.utf8).withByteSlice { KeyDigest(of: $0) }
            print(
                """
                \(key)

                This is the only time the key is shown. Add its digest to the configuration:

                keys:
                  \(name):
                    digest: "\(digest)"
                """)
        }
    }
}
