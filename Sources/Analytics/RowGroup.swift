import GRDB

/// What groups are made by.
public enum RowGroup: Sendable, Equatable {
    case user, provider, model, status, key, config, workspace, virtualKey, prompt
    /// Each version of each prompt: `pp-hello-0a1b2c@3`.
    case promptVersion
    case metadata(String)

    /// An expression over a row, with its argument.
    var sql: (expression: String, arguments: StatementArguments) {
        switch self {
        case .user: ("user", [])
        case .provider: ("provider", [])
        // The one that served, where the provider says it.
        case .model: ("CASE served WHEN '' THEN model ELSE served END", [])
        case .status: ("status", [])
        case .key: ("key", [])
        case .config: ("config", [])
        case .workspace: ("workspace", [])
        case .virtualKey: ("virtual_key", [])
        case .prompt: ("prompt", [])
        case .promptVersion: ("CASE prompt WHEN '' THEN '' ELSE prompt || '@' || prompt_version END", [])
        case .metadata(let name): ("(SELECT value FROM json_each(metadata) WHERE json_each.key = ?)", [name])
        }
    }
}

/// What requests are counted by beside their time.
public enum CountedColumn: String, Sendable {
    case user, status, retries

    /// Which of them are counted.
    var condition: String {
        switch self {
        case .user: "user <> ''"
        case .status: "status >= 400"
        case .retries: "retries > 0"
        }
    }
}

/// What sums are told apart by, beside their time.
enum RowLabel {
    case none
    case group(RowGroup)
    /// Of those that are counted.
    case counted(CountedColumn)

    var sql: (expression: String, arguments: StatementArguments) {
        switch self {
        case .none: ("''", [])
        case .group(let group): group.sql
        case .counted(let column): (column.rawValue, [])
        }
    }

    var condition: String {
        if case .counted(let column) = self { column.condition } else { "1" }
    }

    /// Whose values are a request's metadata's: a member's name.
    var metadataName: String? {
        switch self {
        case .group(.metadata(let name)): name
        case .group(.user), .counted(.user): "_user"
        default: nil
        }
    }

    var isOfUser: Bool {
        switch self {
        case .group(.user), .counted(.user): true
        default: false
        }
    }

    /// Whether kinds have it, and of which level.
    func isOf(_ level: RowKind.Level) -> Bool {
        switch (self, level) {
        case (.none, _), (.group(.workspace), _), (.group(.user), .user), (.counted(.user), .user): true
        case (_, .user): false
        case (.group(.status), .outline), (.counted(.status), .outline), (.counted(.retries), .outline): true
        case (_, .outline): false
        case (_, .outlineOfDay): isOf(.outline)
        case (_, .whole): metadataName == nil
        }
    }
}
