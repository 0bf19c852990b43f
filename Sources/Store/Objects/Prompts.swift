/// A saved prompt. What it says is in its versions, of which one is published: the one for whoever names no other.
public struct Prompt: Versioned {
    public var head = ObjectHead()
    public var collectionID: String?
    public var latestVersion: Int64 = 1
    public var publishedVersion: Int64 = 1

    public init() {}

    public static let layout = Layout<Prompt>(
        table: "prompts", kind: "prompt", slugPrefix: "pp",
        columns: [
            .reference("collection_id", \.collectionID, to: "collections", "collection"), .integer("latest_version", \.latestVersion, in: 1...Int64.max),
            .integer("published_version", \.publishedVersion, in: 1...Int64.max),
        ],
        dependents: [
            Dependent(table: "prompt_versions", column: "prompt_id", kind: "version", goesAlong: true),
            Dependent(table: "prompt_labels", column: "prompt_id", kind: "label", goesAlong: true),
        ])

    public static let versionOwner = "prompt_id"

    public func own(_ version: inout PromptVersion) { version.promptID = id }
}

/// A text that several prompts have in common: they name it where it is to stand.
public struct PromptPartial: Versioned {
    public var head = ObjectHead()
    public var collectionID: String?
    public var latestVersion: Int64 = 1
    public var publishedVersion: Int64 = 1

    public init() {}

    public static let layout = Layout<PromptPartial>(
        table: "partials", kind: "prompt partial", slugPrefix: "pp",
        columns: [
            .reference("collection_id", \.collectionID, to: "collections", "collection"), .integer("latest_version", \.latestVersion, in: 1...Int64.max),
            .integer("published_version", \.publishedVersion, in: 1...Int64.max),
        ],
        dependents: [Dependent(table: "prompt_versions", column: "partial_id", kind: "version", goesAlong: true)])

    public static let versionOwner = "partial_id"

    public func own(_ version: inout PromptVersion) { version.partialID = id }
}

/// What is kept in versions, numbered from 1, of which one is published.
public protocol Versioned: CreatableObject {
    var collectionID: String? { get set }
    /// The number of the newest version.
    var latestVersion: Int64 { get set }
    var publishedVersion: Int64 { get set }

    /// The column of versions that says whose they are.
    static var versionOwner: String { get }
    func own(_ version: inout PromptVersion)
}

extension Versioned {
    /// The version with the newest number, to be filled and made. It belongs where its owner belongs.
    public func nextVersion() -> PromptVersion {
        var version = PromptVersion()
        version.head.organisationID = head.organisationID
        version.head.workspaceID = head.workspaceID
        version.number = latestVersion
        own(&version)
        return version
    }
}

/// One version of a prompt or of a partial. What it says never changes. In the vault: prompts are what their owners would not show.
public struct PromptVersion: CreatableObject {
    public var head = ObjectHead()
    public var promptID: String?
    public var partialID: String?
    public var number: Int64 = 1
    public var description: String?
    /// A `PromptTemplate`, as its JSON.
    public var template: String?

    public init() {}

    public static let layout = Layout<PromptVersion>(
        table: "prompt_versions", kind: "version", limit: StoreLimits.promptVersionCount,
        columns: [
            .reference("prompt_id", \.promptID, to: "prompts", "prompt"), .reference("partial_id", \.partialID, to: "partials", "prompt partial"),
            .integer("number", \.number, in: 1...Int64.max), .text("description", \.description, atMost: StoreLimits.descriptionByteCount),
            .sealed(templateColumn, \.template, atMost: StoreLimits.secretByteCount, isTold: false),
        ])

    /// Snapshots leave out what is kept under this name: there may be much of it, and they need none.
    static let templateColumn = "template"
}

/// A name for versions of prompts: each prompt has it on one of its versions at most.
public struct PromptLabel: CreatableObject {
    public var head = ObjectHead()
    public var description: String?
    public var colorCode: String?

    public init() {}

    public static let layout = Layout<PromptLabel>(
        table: "labels", kind: "label", limit: StoreLimits.labelCount,
        columns: [
            .text("description", \.description, atMost: StoreLimits.descriptionByteCount), .text("color_code", \.colorCode, atMost: StoreLimits.nameByteCount),
        ],
        dependents: [Dependent(table: "prompt_labels", column: "label_id", kind: "prompt", goesAlong: true)])

    /// Labels that every organisation has, and nobody changes. Each is its own id.
    public static let universal = ["production", "staging", "development"]
}

/// Which version of a prompt has a label.
public struct PromptLabelling: CreatableObject {
    public var head = ObjectHead()
    public var promptID: String?
    /// A label's id, or a universal label.
    public var labelID = ""
    public var number: Int64 = 1

    public init() {}

    public static let layout = Layout<PromptLabelling>(
        table: "prompt_labels", kind: "label of a version", limit: StoreLimits.promptVersionCount,
        columns: [
            .reference("prompt_id", \.promptID, to: "prompts", "prompt"), .text("label_id", \.labelID, atMost: StoreLimits.slugByteCount),
            .integer("number", \.number, in: 1...Int64.max),
        ])
}

/// A folder of prompts and partials, within another or within none.
public struct PromptCollection: CreatableObject {
    public var head = ObjectHead()
    public var parentID: String?

    public init() {}

    public static let layout = Layout<PromptCollection>(
        table: "collections", kind: "collection", slugPrefix: "",
        columns: [.reference("parent_collection_id", \.parentID, to: "collections", "collection")],
        dependents: [
            Dependent(table: "collections", column: "parent_collection_id", kind: "collection"),
            Dependent(table: "prompts", column: "collection_id", kind: "prompt"),
            Dependent(table: "partials", column: "collection_id", kind: "prompt partial"),
        ])
}

/// How much is directly in a collection, and when the last of it changed: milliseconds since 1970.
public struct CollectionContents: Sendable, Equatable {
    public let collectionCount: Int
    public let collectionsChangedAt: Int64?
    public let promptCount: Int
    public let promptsChangedAt: Int64?
}
