/// A run of bytes inside a program's storage.
public struct ByteRun: BitwiseCopyable, Sendable {
    let offset: UInt32
    public let count: Int32

    public static let empty = ByteRun(offset: 0, count: 0)
    public var isEmpty: Bool { count == 0 }
}

/// A run of rows in one of a program's lists.
public struct RowRun: BitwiseCopyable, Sendable {
    let first: UInt32
    public let count: Int32

    static let empty = RowRun(first: 0, count: 0)

    /// The indexes of the rows.
    public var rows: Range<Int> { Int(first)..<Int(first) + Int(count) }
}

/// Whose credential a target's requests carry.
public enum TargetCredential: BitwiseCopyable, Sendable {
    /// None: the provider takes none.
    case none
    /// The one the caller brought.
    case caller
    /// The one written in the config.
    case literal(ByteRun)
    /// A virtual key, by its index in the catalog.
    case virtualKey(Int32)
    /// None that is written anywhere: the gateway's machine has an identity of its own.
    case identity
}

/// One credential of a target that has several.
public struct PooledCredential: BitwiseCopyable, Sendable {
    public let credential: TargetCredential
    public let weight: Double
}

/// Where a target's requests go instead of its provider's own address.
public struct TargetHost: BitwiseCopyable, Sendable {
    public let isSecure: Bool
    /// A name or an IP address, lower case, an IPv6 one without its brackets.
    public let name: ByteRun
    public let isIPv6Literal: Bool
    public let port: UInt16
    /// Stands before every path; empty, or starts with "/" and does not end with it.
    public let pathPrefix: ByteRun
    /// Never `.refused`: the compiler did that.
    public let verdict: HostVerdict
}

/// One parameter laid over the client's body.
public struct Override: BitwiseCopyable, Sendable {
    /// The name, decoded.
    public let name: ByteRun
    /// `"name":value`, ready to be spliced in.
    public let member: ByteRun
    /// The value alone, as JSON.
    public let value: ByteRun
}

/// Where an Azure deployment is and who vouches for the caller; empty runs are absent.
public struct AzureOptions: BitwiseCopyable, Sendable {
    public internal(set) var resource = ByteRun.empty
    public internal(set) var deployment = ByteRun.empty
    public internal(set) var apiVersion = ByteRun.empty
    /// The credential is a token of Entra's, not a key.
    public internal(set) var usesToken = false
    /// The credential is the secret of this client of Entra's, to be exchanged for tokens.
    public internal(set) var entraTenant = ByteRun.empty
    public internal(set) var entraClient = ByteRun.empty
    public internal(set) var entraScope = ByteRun.empty
    public internal(set) var identity = AzureIdentity.none
    public internal(set) var identityClient = ByteRun.empty

    /// Whether it says where a request, or a secret, goes.
    public var namesPlace: Bool { !resource.isEmpty || !entraTenant.isEmpty || !entraClient.isEmpty || !entraScope.isEmpty }
    /// Whether it says anything.
    public var isSaid: Bool { namesPlace || !deployment.isEmpty || !apiVersion.isEmpty || usesToken || identity != .none }
}

/// Which identity of the gateway's machine vouches for its requests.
public enum AzureIdentity: UInt8, BitwiseCopyable, Sendable {
    /// None: there is a credential.
    case none
    /// The one Azure gave the machine.
    case managed
    /// The one its cluster gave the pod.
    case workload
}

/// Where a model of Vertex AI's is; empty runs are absent.
public struct VertexOptions: BitwiseCopyable, Sendable {
    public internal(set) var project = ByteRun.empty
    public internal(set) var region = ByteRun.empty

    /// Whether it says anything.
    public var isSaid: Bool { !project.isEmpty || !region.isEmpty }
}

/// Where a target at Amazon Bedrock is and whose keys sign its requests; empty runs are absent.
public struct AmazonOptions: BitwiseCopyable, Sendable {
    public internal(set) var region = ByteRun.empty
    /// The id of the access key whose secret is the credential; else the credential is a Bedrock API key.
    public internal(set) var accessKey = ByteRun.empty
    public internal(set) var sessionToken = ByteRun.empty
    /// The role that the access key assumes, and whose keys sign then.
    public internal(set) var role = ByteRun.empty
    public internal(set) var externalID = ByteRun.empty
    /// The credential is a Bedrock API key, whatever the request's headers say.
    public internal(set) var sendsKey = false

    /// Whether it says where a request goes, or in whose name.
    public var namesPlace: Bool { !region.isEmpty || !accessKey.isEmpty || !role.isEmpty }
    /// Whether it says anything.
    public var isSaid: Bool { namesPlace || sendsKey }
}

/// Where a provider without files of its own keeps them: an object store's bucket; empty runs are absent.
public struct StorageOptions: BitwiseCopyable, Sendable {
    public internal(set) var bucket = ByteRun.empty
    /// The object's key, for all uploads alike; else each has its own.
    public internal(set) var key = ByteRun.empty
    /// The model the rows of files are for.
    public internal(set) var model = ByteRun.empty
    public internal(set) var encryption = ByteRun.empty
    public internal(set) var encryptionKey = ByteRun.empty
}

/// What one dialect or another wants beside the credential; empty runs are absent.
public struct ProviderOptions: BitwiseCopyable, Sendable {
    public internal(set) var openAIOrganization = ByteRun.empty
    public internal(set) var openAIProject = ByteRun.empty
    public internal(set) var openAIBeta = ByteRun.empty
    public internal(set) var anthropicVersion = ByteRun.empty
    public internal(set) var anthropicBeta = ByteRun.empty
    public internal(set) var azure = AzureOptions()
    public internal(set) var vertex = VertexOptions()
    /// Completions go to the endpoint for filling in the middle, where the provider has one.
    public internal(set) var completesInTheMiddle = false
    public internal(set) var amazon = AmazonOptions()
    public internal(set) var storage = StorageOptions()
}

/// One upstream of a program with all that its ancestors left it: a row, ready to be dispatched.
public struct Target: BitwiseCopyable, Sendable {
    /// Index in the catalog; negative when the request's own headers name the provider.
    public let provider: Int32
    public let credential: TargetCredential
    /// Nil for the provider's own address.
    public let host: TargetHost?
    /// Rows of `Program.overrides`, ancestors' first.
    public let overrides: RowRun
    /// Rows of `Program.headerNames`.
    public let forwardHeaders: RowRun
    /// Until the response head; 0 for no limit of its own.
    public let requestTimeoutMilliseconds: UInt32
    public let timeouts: TargetTimeouts
    public let retry: RetryPolicy
    /// Nil where its answers are not kept.
    public let cache: CacheRule?
    public let breaker: BreakerRule?
    public let hedge: HedgeRule?
    /// Rows of `Program.pool`; empty where there is one credential.
    public let pool: RowRun
    public let isStrict: Bool
    public let options: ProviderOptions
    /// `config`, `config.targets[1]`, `config.targets[0].targets[2]`.
    public let path: ByteRun
    /// Rows of `Program.hookSets`, its ancestors' hooks among them; negative for none.
    let inputHooks: Int32
    let outputHooks: Int32

    public var isNamedByRequest: Bool { provider < 0 }

    /// Whether it spends a credential of the operator's: a virtual key, one written in the file, the machine's own. Then only a
    /// caller with a gateway key may use it, and no header may send it to another host.
    public let spendsOperatorCredential: Bool
}
