/// What a sink says to a batch.
enum SinkAnswer: Equatable {
    /// It is there. So many of it were not wanted, for the reason that is told.
    case taken(rejected: Int, said: String)
    /// It is not there, and never will be.
    case refused(String)
    /// It may be there in smaller pieces.
    case tooLarge(String)
    /// It is not there, and may be later: not before the pause, where one is asked for.
    case failed(String, pauseNanoseconds: UInt64?)

    static var takenWhole: SinkAnswer { .taken(rejected: 0, said: "") }
}

/// What takes batches, one after the other. Belongs to its exporter's thread.
protocol Sink: AnyObject {
    func take(_ batch: ExportBatch, timeoutNanoseconds: UInt64, wallNanoseconds: UInt64) -> SinkAnswer
}

extension Exporter {
    func makeSink() -> any Sink {
        switch kind {
        case .spans(let destination, _): HTTPSink(destination, contentType: "application/x-protobuf", isSigned: false)
        case .messages(let destination): HTTPSink(destination, contentType: "application/json", isSigned: true)
        case .lines(let file): LinesFile(file)
        }
    }

    var form: ExportForm {
        switch kind {
        case .spans(_, let resource): .spans(TraceRequest(resource: resource))
        case .lines: .lines
        case .messages: .message
        }
    }
}
