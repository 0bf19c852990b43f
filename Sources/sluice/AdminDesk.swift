import Analytics
import Bytes
import Configuration
import Console
import Gateway
import Office
import Policy
import Synchronization

/// The admin API of a process that serves: the console over its store, whose changes are answered when all workers serve by them.
final class AdminDesk: Sendable {
    private struct State {
        var console: Console
        var everyWorker: @Sendable (@escaping @Sendable () -> Void) -> Void
    }

    /// The paths that are the console's, and what answers there: nothing, without a store.
    static func office(_ desk: AdminDesk?) throws(StartError) -> BackOffice {
        do {
            let place: @Sendable (ByteSlice, ByteSlice) -> BackOfficePlace? = { method, path in
                Console.place(method: method, path: path).map {
                    BackOfficePlace(isForCallers: $0.isForCallers, isByLink: $0.isByLink, takesGzip: $0.takesGzip, bodyByteCount: $0.bodyByteCount)
                }
            }
            guard let desk else { return try BackOffice(place: place, reply: nil) }
            let links = desk.store.store.links
            return try BackOffice(place: place, opens: { links.opens($0, $1, now: $2) }) { desk.reply($0) }
        } catch {
            throw StartError("\(error)")
        }
    }

    private let store: ServingStore
    private let books: DayBooks?
    private let reports: ReportDesk?
    private let bodies: BodyFiles?
    private let watch: StoreWatch
    private let usage: AccountUsage
    private let state: Mutex<State>

    init(_ store: ServingStore, _ watch: StoreWatch, _ file: FileObjects, books: Bookkeeping? = nil) {
        self.store = store
        self.books = books?.days
        reports = books.map { ReportDesk($0) }
        bodies = books?.bodies.files
        self.watch = watch
        usage = AccountUsage(in: store.directory, watch)
        // Until there are workers, there is nobody to wait for.
        state = Mutex(State(console: Console(store: store.store, file: file, usage: usage, books: self.books, reports: reports, bodies: bodies)) { $0() })
    }

    /// The gateway serves: its workers are those to wait for.
    func serve(_ gateway: Gateway) {
        reports?.serve(gateway)
        state.withLock { $0.everyWorker = { gateway.whenAllHaveTurned($0) } }
    }

    /// The file was read again.
    func take(_ file: FileObjects) {
        state.withLock { $0.console = Console(store: store.store, file: file, usage: usage, books: books, reports: reports, bodies: bodies) }
    }

    func reply(_ request: BackOfficeRequest) -> BackOfficeReply {
        let (console, everyWorker) = state.withLock { ($0.console, $0.everyWorker) }
        let asked = ConsoleRequest(
            method: request.method, path: request.path, query: request.query, body: request.body, contentType: request.contentType, isGzip: request.isGzip,
            credential: request.credential, declaredKey: request.declaredKey, requestID: request.requestID, peer: request.peer,
            isPortkeySDK: request.isPortkeySDK, isFiguresAlone: request.isFiguresAlone, isByLink: request.isByLink, origin: request.origin,
            nowMilliseconds: request.nowMilliseconds)
        let answer = watch.seeing({ console.answer(asked) }, everyWorker: everyWorker)
        return BackOfficeReply(
            status: answer.status, contentType: answer.contentType == .protobuf ? "application/x-protobuf" : "application/json", body: answer.body,
            allow: answer.allow, stream: answer.stream.map { BackOfficeStream($0) })
    }
}

extension BackOfficeStream {
    init(_ stream: ConsoleStream) {
        let type: StaticString =
            switch stream.kind {
            case .events: "text/event-stream"
            case .lines: "application/x-ndjson"
            case .table: "text/csv; charset=utf-8"
            }
        self.init(contentType: type, fileName: stream.fileName, isEvents: stream.kind == .events) {
            switch stream.next(SnapshotDesk.now()) {
            case .bytes(let bytes): .bytes(bytes)
            case .nothing: .nothing
            case .end: .end
            case .failed: .failed
            }
        }
    }
}

extension FileObjects {
    /// What a file declares, and the providers without one.
    init(_ configuration: ServerConfiguration?, _ catalog: Catalog) {
        let keys = (configuration?.keys ?? []).map { Key(name: $0.name, expiresAt: $0.expiresAt.map { $0 * 1000 }, limits: $0.limits) }
        self.init(keys: keys, catalog: catalog)
        for key in configuration?.virtualKeys ?? [] where !key.limits.isEmpty { virtualKeyLimits[key.slug] = key.limits }
        deniedExportFields = configuration?.books.deniedExportFields ?? []
        policies = (configuration?.policies ?? []).map { Policy(name: $0.name, scope: $0.scope, limits: $0.limits) }
    }
}
