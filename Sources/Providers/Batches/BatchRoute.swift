public import Bytes

/// A request of OpenAI's Files and Batch APIs, told from its method and path.
///
/// - Source: platform.openai.com/docs/api-reference/files, …/batch; `/output` is Portkey's (the wire reference §1)
public struct BatchRoute {
    public enum Operation: UInt8, BitwiseCopyable, Sendable {
        case upload, listFiles, file, content, deleteFile
        case create, list, batch, cancel, output

        /// Whether the request has a body that is read.
        public var hasBody: Bool { self == .upload || self == .create }
    }

    public let operation: Operation
    /// As it stands in the path, percent-encoded; empty where there is none. Borrowed.
    public let id: ByteSlice

    /// - Parameter path: without its query.
    public init?(method: ByteSlice, path: ByteSlice) {
        guard var rest = TargetPath.afterVersion(path) else { return nil }
        if rest.count > 1, rest[rest.count - 1] == UInt8(ascii: "/") { rest = rest.prefix(rest.count - 1) }
        let isGet = method == "GET"
        let isPost = method == "POST"
        if let below = TargetPath.after("/files", in: rest) {
            if below.isEmpty {
                guard isGet || isPost else { return nil }
                self.init(isPost ? .upload : .listFiles)
            } else if let id = BatchRoute.id(below, before: "/content") {
                guard isGet else { return nil }
                self.init(.content, id)
            } else {
                guard isGet || method == "DELETE" else { return nil }
                self.init(isGet ? .file : .deleteFile, below.dropFirst(1))
            }
        } else if let below = TargetPath.after("/batches", in: rest) {
            if below.isEmpty {
                guard isGet || isPost else { return nil }
                self.init(isPost ? .create : .list)
            } else if let id = BatchRoute.id(below, before: "/cancel") {
                guard isPost else { return nil }
                self.init(.cancel, id)
            } else {
                guard isGet else { return nil }
                if let id = BatchRoute.id(below, before: "/output") { self.init(.output, id) } else { self.init(.batch, below.dropFirst(1)) }
            }
        } else {
            return nil
        }
    }

    private init(_ operation: Operation, _ id: ByteSlice = ByteSlice("")) {
        self.operation = operation
        self.id = id
    }

    /// The id between the first slash and `ending`; nil where the path does not end so.
    private static func id(_ below: ByteSlice, before ending: StaticString) -> ByteSlice? {
        let count = below.count - ending.utf8CodeUnitCount
        guard count > 1, below.dropFirst(count) == ByteSlice(ending) else { return nil }
        return below[1..<count]
    }
}
