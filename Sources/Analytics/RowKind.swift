import Books
import GRDB

/// What requests have in common that are added up together: who asked for what, and what came of it.
struct RowKind: Hashable {
    /// How much of it is told apart.
    enum Level: Int64, CaseIterable {
        /// All of it, by day; rows have one of these as well.
        case whole
        /// Workspaces and what came of it, by hour.
        case outline
        /// Workspaces and users, by day.
        case user
        /// What `outline` tells apart, whose kinds these are, by day.
        case outlineOfDay

        var step: GraphStep { self == .outline ? .hour : .day }
    }

    let level: Level
    var workspace = ""
    var key = ""
    var virtualKey = ""
    var config = ""
    var provider = ""
    var model = ""
    var served = ""
    var prompt = ""
    var promptVersion: UInt32 = 0
    var status: UInt16 = 0
    var cache = RecordedCache.disabled
    var retries = 0
    var isFallback = false
    var user = ""

    /// - Parameter user: whom only kinds of users tell apart.
    init(_ level: Level, _ row: DayRow, user: String = "") {
        // The record is not taken out of the row: a copy counts each of its texts.
        self.level = level
        workspace = row.record.workspace
        if level == .user {
            self.user = user
            return
        }
        status = row.record.figures.status
        cache = row.record.figures.cache
        retries = row.retries
        isFallback = row.isFallback
        if level != .whole { return }
        key = row.record.key
        virtualKey = row.record.virtualKey
        config = row.record.config
        provider = row.record.provider
        model = row.record.model
        served = row.record.served
        prompt = row.record.prompt
        promptVersion = row.record.figures.promptVersion
    }

    /// Under which numbers a day's file has a row's kinds.
    struct Numbers {
        let whole: Int64
        let outline: Int64
        let user: Int64

        subscript(_ level: Level) -> Int64 {
            switch level {
            case .whole: whole
            case .outline, .outlineOfDay: outline
            case .user: user
            }
        }
    }

    /// The same in each process, for the index.
    var hash: Int64 {
        var hash = TermHash()
        for text in [workspace, key, virtualKey, config, provider, model, served, prompt, user] { hash.add(text) }
        hash.add("\(level.rawValue) \(promptVersion) \(status) \(cache.rawValue) \(retries) \(isFallback)")
        return hash.value
    }

    private static let columns = [
        "level", "workspace", "key", "virtual_key", "config", "provider", "model", "served", "prompt", "prompt_version", "status", "cache", "retries", "fallback",
        "user",
    ]

    static let finding = "SELECT number FROM kinds WHERE hash = ? AND " + columns.map { $0 + " = ?" }.joined(separator: " AND ")
    static let insertion = """
        INSERT INTO kinds (hash, \(columns.joined(separator: ", "))) VALUES (?\(String(repeating: ", ?", count: columns.count)))
        """

    var arguments: StatementArguments {
        [
            hash, level.rawValue, workspace, key, virtualKey, config, provider, model, served, prompt, Int64(promptVersion), Int64(status),
            Int64(cache.rawValue), Int64(retries), isFallback ? 1 : 0, user,
        ]
    }
}

/// FNV-1a over 64 bits: what is kept once is found by it, and compared then.
struct TermHash {
    private var state: UInt64 = 0xCBF2_9CE4_8422_2325

    var value: Int64 { Int64(bitPattern: state) }

    mutating func add(_ bytes: [UInt8]) {
        for byte in bytes { state = (state ^ UInt64(byte)) &* 0x100_0000_01B3 }
        state = (state ^ UInt64(truncatingIfNeeded: bytes.count)) &* 0x100_0000_01B3
    }

    mutating func add(_ text: String) { add(Array(text.utf8)) }
}
