import JSON
import Store

/// Why a request is not done, with what its client is told.
enum ConsoleError: Error, Equatable {
    case invalid([BodyFault])
    case tooLong(String)
    case unauthorised(String)
    case forbidden(String)
    case notFound(String)
    case wrongMethod(allow: String)
    case conflict(String)
    /// A body of a type that is not read there.
    case otherType(String)
    /// The store cannot be used now.
    case unavailable(String)
    /// A fault of ours.
    case failed(String)

    static let noRecords = ConsoleError.notFound("this gateway keeps no records: its configuration says books: {mode: off}")

    // Where the files lie is the operator's to know, who finds it in the log.
    static let unreadable = ConsoleError.unavailable("the records cannot be read now; try again")

    static func invalid(_ field: String, _ reason: String) -> ConsoleError { .invalid([BodyFault(field, reason)]) }

    init(_ error: StoreError) {
        switch error {
        case .notFound(let kind, let id): self = .notFound("there is no \(kind) \(quoted(id))")
        case .conflict, .taken, .inUse, .full, .inTransition: self = .conflict(error.description)
        case .unknownReference(let field, let kind): self = .invalid(field, "names no \(kind) of this organisation")
        case .invalid(let field, let reason): self = .invalid(field, reason)
        // Where the store's file lies is the operator's to know, who finds it in the log.
        case .diskFull: self = .unavailable("the store's disk is full; nothing was changed")
        case .readOnly: self = .unavailable("the store cannot be written; nothing was changed")
        case .busy: self = .unavailable("another process holds the store; nothing was changed, try again")
        case .corrupt, .foreign, .newer, .unreachable, .exists: self = .unavailable("the store cannot be used; nothing was changed")
        case .vault, .keyring: self = .failed("the vault does not open what is needed; `sluice vault doctor` says why")
        case .unexpected: self = .failed("the store failed; nothing was changed")
        }
    }

    var status: Int {
        switch self {
        case .invalid: 400
        case .unauthorised: 401
        case .forbidden: 403
        case .notFound: 404
        case .wrongMethod: 405
        case .conflict: 409
        case .tooLong: 413
        case .otherType: 415
        case .failed: 500
        case .unavailable: 503
        }
    }

    /// As Portkey's API names it; the nearest where it has no name.
    var code: String {
        switch self {
        case .invalid, .tooLong, .wrongMethod, .otherType: "AB01"
        case .notFound: "AB02"
        case .forbidden: "AB03"
        case .failed, .unavailable: "AB04"
        case .unauthorised: "AB05"
        case .conflict: "AB07"
        }
    }

    var message: String {
        switch self {
        case .invalid(let faults): faults.map(\.text).joined(separator: "; ")
        case .tooLong(let text), .unauthorised(let text), .forbidden(let text), .notFound(let text), .conflict(let text), .otherType(let text),
            .unavailable(let text), .failed(let text):
            text
        case .wrongMethod(let allow): "this path takes \(allow)"
        }
    }

    func answer(to request: ConsoleRequest) -> ConsoleAnswer {
        var error: [(String, DocumentNode)] = [("message", .text(message)), ("code", .text(code)), ("request_id", .text(request.requestID))]
        if case .invalid(let faults) = self {
            error.append(("errors", .list(faults.map { .object(["field": .text($0.field), "message": .text($0.text)]) })))
        }
        let body: DocumentNode = .object(["success": .flag(false), "error": .object(error), "message": .text(message)])
        var answer = ConsoleAnswer(status: status, body: body.json)
        if case .wrongMethod(let allow) = self { answer.allow = allow }
        return answer
    }
}
