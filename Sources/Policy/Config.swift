import JSON

/// One level of a config as read: every value checked by itself, nothing inherited yet.
struct Config {
    enum Mode { case single, fallback }

    struct Strategy {
        let mode: Mode
        let statuses: StatusSet?
    }

    struct Parameter {
        let name: String
        let value: DocumentNode
    }

    /// A custom host in its parts, with what the rules said of it.
    struct Host: Equatable {
        let isSecure: Bool
        let name: String
        let isIPv6Literal: Bool
        let port: UInt16
        let pathPrefix: String
        let verdict: HostVerdict
    }

    /// Where an Azure deployment is and who vouches for the caller.
    struct Azure {
        var resource = ""
        var deployment = ""
        var apiVersion = ""
        var usesToken = false
        var entraTenant = ""
        var entraClient = ""
        var entraScope = ""
    }

    /// The place of the whole level.
    let field: Field
    var strategy: Strategy?
    /// Index in the catalog.
    var provider: Int?
    /// Index in the catalog.
    var virtualKey: Int?
    var apiKey: String?
    var retry: RetryPolicy?
    var targets: [Config]?
    /// 0 means: the parent's.
    var requestTimeoutMilliseconds: UInt32 = 0
    var host: Host?
    var hostField: Field?
    var forwardHeaders: [String]?
    var overrides: [Parameter] = []
    var isStrict: Bool?
    var openAIOrganization = ""
    var openAIProject = ""
    var openAIBeta = ""
    var anthropicVersion = ""
    var anthropicBeta = ""
    var azure = Azure()
    /// Keys present, whatever became of their values.
    var has = Presence()

    /// Which of the keys are there that the reference's refinement asks about.
    struct Presence: OptionSet {
        let rawValue: Int
        static let provider = Presence(rawValue: 1)
        static let strategy = Presence(rawValue: 2)
        static let targets = Presence(rawValue: 4)
        /// `cache`, `retry`, `request_timeout`, hooks: enough at the top, where headers may name the provider.
        static let behaviour = Presence(rawValue: 8)
        static let virtualKey = Presence(rawValue: 16)
    }
}
