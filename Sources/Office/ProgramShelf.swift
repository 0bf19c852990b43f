import Bytes
import JSON
import Policy

/// Programs of stored texts, kept from one snapshot to the next: a change of one key compiles nothing again, and load balancers go on in turn.
struct ProgramShelf {
    enum Compiled: Sendable {
        case program(Program)
        /// What is wrong with the text.
        case refused(String)
    }

    /// What the names of a text mean: programs hold places in it.
    private var virtualKeys: [Catalog.VirtualKey] = []
    private var guardrails: [StoredObjects.Guardrail] = []
    private var edition: UInt64 = 0
    private var kept: [[UInt8]: Compiled] = [:]
    private var used: [[UInt8]: Compiled] = [:]

    /// Begins a snapshot: what was compiled for other names, or another file, is given up.
    ///
    /// - Parameter edition: of the file, whose providers and hosts texts are compiled against.
    mutating func begin(edition: UInt64, virtualKeys: [Catalog.VirtualKey], guardrails: [StoredObjects.Guardrail]) {
        if edition != self.edition || virtualKeys != self.virtualKeys || guardrails != self.guardrails { kept = [:] }
        self.guardrails = guardrails
        self.edition = edition
        self.virtualKeys = virtualKeys
        used = [:]
    }

    /// Ends it: what it did not use is given up.
    mutating func end() {
        kept = used
        used = [:]
    }

    /// - Parameter workspace: whose text it is: the same text may name other guardrails in another.
    mutating func compiled(_ text: [UInt8], workspace: Int32 = -1, _ catalog: Catalog) -> Compiled {
        let key = guardrails.isEmpty ? text : text + Array("\n\(workspace)".utf8)
        let found = used[key] ?? kept[key] ?? ProgramShelf.compile(text, catalog)
        used[key] = found
        return found
    }

    /// As a caller's config is read: whoever may write to the store is not the operator of the machine.
    private static func compile(_ text: [UInt8], _ catalog: Catalog) -> Compiled {
        let (program, diagnostics) = text.withByteSlice { PolicyCompiler(catalog: catalog, origin: .header).compile($0) }
        if let program { return .program(program) }
        guard let first = diagnostics.first(where: { $0.severity == .error }) else { return .refused("it is no config") }
        return .refused(first.pointer.isEmpty ? first.message : "\(first.pointer): \(first.message)")
    }
}
