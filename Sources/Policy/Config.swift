import Guardrails
import JSON
import Patterns

/// One level of a config as read: every value checked by itself, nothing inherited yet.
struct Config {
    enum Mode: String, CaseIterable { case single, loadbalance, fallback, conditional }

    struct Strategy {
        let mode: Mode
        var statuses: StatusSet?
        var balance: BalanceSettings?
        var conditions: [Condition] = []
        /// The target of requests for which no condition holds.
        var otherwise: TargetName?
        var breaker: BreakerRule?
        var hedge: HedgeRule?
    }

    /// One `{query, then}` as read: checked, not resolved.
    struct Condition {
        let query: Query
        let then: TargetName
    }

    /// A target's name where one is referred to.
    struct TargetName {
        let name: String
        let field: Field
    }

    /// A query as a tree.
    indirect enum Query {
        case all([Query])
        case any([Query])
        case test(QueryRow.Kind, SubjectName, [DocumentNode])
        case matches(SubjectName, Pattern)
    }

    struct SubjectName {
        let source: Subject.Source
        let key: String
    }

    struct BalanceSettings {
        var algorithm = BalanceAlgorithm.weighted
        var hashFields: [SubjectName] = []
        var ttlSeconds: UInt32 = 0
        var prefixByteCount = UInt32(PolicyLimits.affinityPrefixByteCount)
    }

    /// One credential of a pool.
    struct PoolEntry {
        var virtualKey: Int?
        var apiKey: String?
        var weight = 1.0
        let field: Field
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
        var identity = AzureIdentity.none
        /// Which of the machine's identities; empty for the only one, or the environment's.
        var identityClient = ""
    }

    /// Where a model of Vertex AI's is. Who vouches for the caller is the credential.
    struct Vertex {
        var project = ""
        var region = ""
    }

    /// Where a target at Amazon Bedrock is and whose keys sign its requests.
    struct Amazon {
        var region = ""
        var accessKey = ""
        var sessionToken = ""
        /// The role the keys assume; empty where they sign themselves.
        var role = ""
        var externalID = ""
        var sendsKey = false
    }

    /// Where files are kept and for which model; empty where nothing says so.
    struct Storage {
        var bucket = ""
        var key = ""
        var model = ""
        var encryption = ""
        var encryptionKey = ""
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
    var cache: CacheRule?
    /// Among its siblings.
    var weight = 1.0
    /// What conditions call it.
    var name: String?
    var pool: [PoolEntry] = []
    var timeouts = TargetTimeouts()
    var breaker: BreakerRule?
    var hedge: HedgeRule?
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
    var vertex = Vertex()
    /// Completions of a model that fills in the middle have an endpoint of their own (Mistral's).
    var completesInTheMiddle = false
    var amazon = Amazon()
    var storage = Storage()
    /// Hooks of this level, its ancestors' apart.
    var inputHooks: [Hook] = []
    var outputHooks: [Hook] = []
    /// Keys present, whatever became of their values.
    var has = Presence()

    /// Which of the keys are there that the reference's refinement asks about.
    struct Presence: OptionSet {
        let rawValue: Int
        static let provider = Presence(rawValue: 1)
        static let strategy = Presence(rawValue: 2)
        static let targets = Presence(rawValue: 4)
        /// `retry`, `request_timeout` and their like: enough at the top, where headers may name the provider.
        static let behaviour = Presence(rawValue: 8)
        static let virtualKey = Presence(rawValue: 16)
        static let credentials = Presence(rawValue: 32)
    }
}
