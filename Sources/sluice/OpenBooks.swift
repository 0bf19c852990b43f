import Gateway
import Synchronization

/// The books of this process, opened when a configuration first limits what is spent: a directory has one.
enum OpenBooks {
    private static let opened = Mutex<[String: AccountBooks]>([:])

    static func books(in directory: String) throws(StartError) -> AccountBooks {
        let result = opened.withLock { opened in
            Result { () throws(StartError) in
                if let known = opened[directory] { return known }
                let books = try AccountBooks(directory: directory) { standardError("sluice: \($0)") }
                opened[directory] = books
                return books
            }
        }
        return try result.get()
    }

    /// The process ends: what is left to tell of budgets is told. False where somebody is still at it.
    static func end() -> Bool { opened.withLock { opened in opened.values.map { $0.end() }.allSatisfy { $0 } } }
}
