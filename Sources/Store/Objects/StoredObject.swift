/// What every object of the store has.
public struct ObjectHead: Sendable, Equatable {
    /// A UUID of version 7; the store gives it.
    public internal(set) var id = ""
    public var organisationID = ""
    /// Nil for what belongs to the whole organisation.
    public var workspaceID: String?
    /// Unique in the organisation among what is not deleted. Nil: the store makes one, where the kind has slugs.
    public var slug: String?
    public var name = ""
    public var status = ObjectStatus.active
    /// Who made it: a user's or a key's id.
    public internal(set) var createdBy: String?
    /// Milliseconds since 1970.
    public internal(set) var createdAt: Int64 = 0
    public internal(set) var updatedAt: Int64 = 0
    /// Nil while it is there. The row of what is deleted stays, for the books that name it.
    public internal(set) var deletedAt: Int64?
    /// Goes up with each change, from 1.
    public internal(set) var revision: Int64 = 0

    public init() {}
}

public enum ObjectStatus: String, Sendable, CaseIterable {
    case active, disabled, exhausted, archived
    /// Of a user who has not been here yet.
    case invited
}

/// One kind of object: a table, and how its columns are the type's properties.
public protocol StoredObject: Sendable, Equatable {
    static var layout: Layout<Self> { get }
    /// An object with nothing said yet.
    init()
    var head: ObjectHead { get set }
}

/// A kind whose objects are made by `create` alone, without a secret.
public protocol CreatableObject: StoredObject {}

extension StoredObject {
    public var id: String { head.id }
    public var revision: Int64 { head.revision }
    public var slug: String? {
        get { head.slug }
        set { head.slug = newValue }
    }
    public var name: String {
        get { head.name }
        set { head.name = newValue }
    }
    public var status: ObjectStatus {
        get { head.status }
        set { head.status = newValue }
    }
    public var workspaceID: String? {
        get { head.workspaceID }
        set { head.workspaceID = newValue }
    }
}

/// How objects of a kind are laid out in their table, and what they have to keep to.
public struct Layout<Object: StoredObject>: Sendable {
    let table: String
    /// What one is called in a sentence.
    public let kind: String
    /// Nil where objects have no slugs. Empty where slugs have no prefix.
    let slugPrefix: String?
    /// Objects of one store.
    let limit: Int
    let columns: [Column<Object>]
    /// Those that are not in the vault.
    let inTable: [Column<Object>]
    let dependents: [Dependent]

    init(
        table: String, kind: String, slugPrefix: String? = nil, limit: Int = StoreLimits.objectCount, columns: [Column<Object>],
        dependents: [Dependent] = []
    ) {
        self.table = table
        self.kind = kind
        self.slugPrefix = slugPrefix
        self.limit = limit
        self.columns = columns
        inTable = columns.filter { !$0.isSealed }
        self.dependents = dependents
    }
}

/// Objects of another kind that name one of these.
struct Dependent: Sendable {
    let table: String
    let column: String
    let kind: String
    /// Whether they are deleted with it; else it stays while they are there.
    var goesAlong = false
}

/// Where an object is looked for: what belongs to another organisation, or workspace, is not there.
public struct Scope: Sendable, Equatable {
    public var organisationID: String
    /// Nil for all workspaces.
    public var workspaceID: String?

    public init(organisationID: String, workspaceID: String? = nil) {
        self.organisationID = organisationID
        self.workspaceID = workspaceID
    }
}

/// Which objects to list: the latest first.
public struct ListQuery: Sendable {
    public var scope: Scope
    /// Columns and the values they must have.
    public var equal: [(column: String, value: ColumnValue)] = []
    /// What the name or the slug contains, in any case of ASCII letters.
    public var search: String?
    /// From 0.
    public var page = 0
    public var pageSize = StoreLimits.usualPageRowCount
    public var includesDeleted = false
    /// Whether what belongs to the whole organisation is listed with what is the workspace's.
    public var includesShared = false

    public init(_ scope: Scope) { self.scope = scope }
}

/// Some of the objects asked for, and how many there are.
public struct Page<Object: Sendable>: Sendable {
    public let rows: [Object]
    public let total: Int
}
