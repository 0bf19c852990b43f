public import Bytes
import Templates

/// All prompts and partials that requests may name, by id and by slug. Immutable, shared by the workers.
public struct PromptTable: Sendable {
    /// A prompt or a partial, and its versions.
    public struct Entry: Sendable {
        /// Where it is at home; negative where it is open to all.
        public var workspace: Int32 = -1
        public var published: Int64
        public var latest: Int64
        /// Numbers of the versions that have them.
        public var labels: [String: Int64] = [:]
        /// Those at hand, by their numbers.
        public var versions: [Int64: CompiledPrompt] = [:]
        /// Numbers of those that are not.
        public var others: Set<Int64> = []

        public init(published: Int64, latest: Int64) {
            self.published = published
            self.latest = latest
        }
    }

    /// A version, and whose it is.
    public struct Found: Sendable {
        public let version: CompiledPrompt
        public let number: Int64
        public let id: OwnedBytes
        /// Its id, where it has no slug.
        public let slug: OwnedBytes
    }

    /// A name to look up without copying it. Those in a table are its own.
    private struct Name: Hashable, @unchecked Sendable {
        let bytes: ByteSlice

        static func == (left: Name, right: Name) -> Bool { left.bytes == right.bytes }

        func hash(into hasher: inout Hasher) { hasher.combine(bytes: UnsafeRawBufferPointer(start: bytes.base, count: bytes.count)) }
    }

    private var entries: [Entry] = []
    /// In the order of the entries; what the names below lie in.
    private var texts: [(id: OwnedBytes, slug: OwnedBytes)] = []
    private var prompts: [Name: Int] = [:]
    private var partials: [Name: Int] = [:]

    public init() {}

    public var isEmpty: Bool { prompts.isEmpty && partials.isEmpty }

    /// Adds a prompt, or a partial, under its names.
    public mutating func add(_ entry: Entry, id: String, slug: String? = nil, isPartial: Bool = false) {
        let named = Array(id.utf8).withByteSlice { OwnedBytes($0) }
        var known = named
        if let slug, !slug.isEmpty { known = Array(slug.utf8).withByteSlice { OwnedBytes($0) } }
        for name in [named, known] {
            if isPartial { partials[Name(bytes: name.slice)] = entries.count } else { prompts[Name(bytes: name.slice)] = entries.count }
        }
        texts.append((named, known))
        entries.append(entry)
    }

    /// The prompt that `reference` names: `id`, `slug`, and with `@12`, `@latest` or `@label` behind it the version.
    ///
    /// - Parameter workspace: the caller's; negative for one to whom all are open.
    public func prompt(_ reference: ByteSlice, in workspace: Int32) throws(PromptFault) -> Found {
        try find(reference, among: prompts, in: workspace, hasLabels: true)
    }

    /// The same of partials, which have no labels.
    func partial(_ reference: ByteSlice, in workspace: Int32) throws(PromptFault) -> Found {
        try find(reference, among: partials, in: workspace, hasLabels: false)
    }

    private func find(_ reference: ByteSlice, among names: [Name: Int], in workspace: Int32, hasLabels: Bool) throws(PromptFault) -> Found {
        let end = reference.firstIndex(of: UInt8(ascii: "@")) ?? reference.count
        guard let index = names[Name(bytes: reference.prefix(end))] else { throw .unknownPrompt }
        let home = entries[index].workspace
        guard home < 0 || workspace < 0 || home == workspace else { throw .unknownPrompt }
        let wanted = end < reference.count ? reference.dropFirst(end + 1) : ByteSlice("")
        let number: Int64?
        if wanted.isEmpty || wanted == "default" {
            number = entries[index].published
        } else if wanted == "latest" {
            number = entries[index].latest
        } else if (0..<wanted.count).allSatisfy({ ASCII.isDigit(wanted[$0]) }) {
            number = wanted.decimal
        } else {
            number = hasLabels ? entries[index].labels[String(wanted)] : nil
        }
        if let number {
            if let version = entries[index].versions[number] {
                return Found(version: version, number: number, id: texts[index].id, slug: texts[index].slug)
            }
            if entries[index].others.contains(number) { throw .versionNotKept(number) }
        }
        throw .unknownVersion(String(wanted))
    }
}

/// The partials of a table for one rendering: what is not there is noted.
struct TablePartials: TemplatePartials {
    let table: PromptTable
    let workspace: Int32
    private(set) var missing: [String] = []
    private(set) var missingVariables: [String] = []
    /// The first partial that is there, and is no template.
    private(set) var unusable: String?

    init(_ table: PromptTable, in workspace: Int32) {
        self.table = table
        self.workspace = workspace
    }

    mutating func template(named name: ByteSlice, through variable: ByteSlice?) -> Template? {
        do throws(PromptFault) {
            switch try table.partial(name, in: workspace).version.template {
            case .success(let template): return template
            case .failure(let error): unusable = unusable ?? "partial \"\(String(name))\": \(error)"
            }
        } catch {
            if let variable { TablePartials.note(variable, in: &missingVariables) } else { TablePartials.note(name, in: &missing) }
        }
        return nil
    }

    private static func note(_ name: ByteSlice, in list: inout [String]) {
        guard list.count < PromptLimits.toldCount else { return }
        let name = String(name)
        if !list.contains(name) { list.append(name) }
    }

    /// What was missed, if anything was.
    var fault: PromptFault? {
        if !missing.isEmpty { return .missingPartials(missing) }
        if !missingVariables.isEmpty { return .missingVariables(missingVariables) }
        return unusable.map { .unusable($0) }
    }
}
