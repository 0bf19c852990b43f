import Books
import Configuration
import Gateway

/// The books of a process that serves, as its file wants them.
enum Bookkeeping {
    /// Nil where nothing is to be recorded.
    ///
    /// - Parameter configuration: nil for a gateway without a file.
    static func open(in directory: String, _ configuration: ServerConfiguration?, workers: Int) throws(StartError) -> Bookkeeper? {
        let settings = settings(configuration?.books ?? BooksDeclaration())
        guard settings.mode != .off else { return nil }
        do {
            return try Bookkeeper(dataDirectory: directory, settings, workers: workers, process: .random(in: 0...(.max))) { standardError("sluice: \($0)") }
        } catch {
            throw StartError("\(error); name another folder with --data, or record nothing: books: {mode: off}")
        }
    }

    private static func settings(_ declared: BooksDeclaration) -> BooksSettings {
        var settings = BooksSettings()
        settings.mode =
            switch declared.mode {
            case .auto: .auto
            case .required: .required
            case .bestEffort: .bestEffort
            case .off: .off
            }
        settings.syncNanoseconds = UInt64(clamping: declared.sync)
        settings.segmentByteCount = declared.segment
        settings.keepNanoseconds = UInt64(clamping: declared.keep)
        settings.keepByteCount = declared.keepSize
        return settings
    }
}
