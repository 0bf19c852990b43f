import Bytes
import Glibc
import Synchronization

/// Which values the accounts of grouped policies are of, and how many there are: the ledger knows them by a hash alone.
///
/// A file of records that processes share and append to, and all of it in memory. A name that is lost costs its place in lists; what is spent is in
/// the ledger. For the back office and the console: it locks, and waits for the disk.
public final class AccountNames: Sendable {
    public enum Kind: UInt8, Sendable, CaseIterable { case budget = 1, rate = 2 }

    public struct Account: Sendable, Equatable {
        public let kind: Kind
        /// Whose it is: a policy's identity.
        public let owner: String
        public let key: LedgerKey
        /// In the order of what it is grouped by; nil for what its requests do not have.
        public let values: [String?]

        public init(_ kind: Kind, of owner: String, key: LedgerKey, values: [String?]) {
            self.kind = kind
            self.owner = owner
            self.key = key
            self.values = values
        }
    }

    private struct Owner: Hashable {
        let kind: Kind
        let name: String
    }

    private struct State {
        var descriptor: CInt = -1
        var inode: ino_t = 0
        /// How far the file was read.
        var offset: off_t = 0
        var accounts: [Owner: [LedgerKey: Account]] = [:]
        var counts: [Kind: Int] = [:]
        /// Records of the file that name nobody any more.
        var deadCount = 0
    }

    private let path: String
    private let state: Mutex<State>

    public init(path: String) throws(LedgerFileError) {
        self.path = path
        state = Mutex(State())
        try locked { _ in }
    }

    deinit { state.withLock { if $0.descriptor >= 0 { close($0.descriptor) } } }

    // MARK: Accounts

    /// Notes accounts that are about to be made.
    ///
    /// - Parameters:
    ///   - most: accounts of one owner, and of all.
    ///   - isLive: whether the ledger has it already: then it is noted whatever the bounds say.
    /// - Returns: which of them may not be made, by their places; and why they could not be written down, which they count without.
    public func admit(
        _ accounts: [Account], most: (ofOwner: Int, ofAll: Int), isLive: (Account) -> Bool
    ) throws(LedgerFileError) -> (refused: Set<Int>, fault: LedgerFileError?) {
        try locked { state throws(LedgerFileError) in
            var refused: Set<Int> = []
            var records: [UInt8] = []
            for (index, account) in accounts.enumerated() {
                let owner = Owner(kind: account.kind, name: account.owner)
                if state.accounts[owner]?[account.key] != nil { continue }
                let isFull = state.accounts[owner]?.count ?? 0 >= most.ofOwner || state.counts[account.kind] ?? 0 >= most.ofAll
                guard !isFull || isLive(account) else {
                    refused.insert(index)
                    continue
                }
                AccountNames.add(account, to: &state)
                records += AccountNames.record(account)
            }
            var fault: LedgerFileError?
            do throws(LedgerFileError) {
                try append(records, &state)
            } catch {
                fault = error
            }
            return (refused, fault)
        }
    }

    /// The accounts of an owner, by their values.
    public func accounts(of owner: String, _ kind: Kind) throws(LedgerFileError) -> [Account] {
        try locked { state in
            let found = state.accounts[Owner(kind: kind, name: owner)] ?? [:]
            return found.values.sorted { AccountNames.order($0).lexicographicallyPrecedes(AccountNames.order($1)) }
        }
    }

    public func account(_ key: LedgerKey, of owner: String, _ kind: Kind) throws(LedgerFileError) -> Account? {
        try locked { $0.accounts[Owner(kind: kind, name: owner)]?[key] }
    }

    public func count(of owner: String, _ kind: Kind) throws(LedgerFileError) -> Int { try locked { $0.accounts[Owner(kind: kind, name: owner)]?.count ?? 0 } }

    private static func order(_ account: Account) -> [UInt8] { account.values.flatMap { Array(($0 ?? "").utf8) + [0] } }

    /// Forgets accounts that the ledger has no more.
    public func retain(_ isLive: (Account) -> Bool) throws(LedgerFileError) {
        try locked { state throws(LedgerFileError) in
            for (owner, accounts) in state.accounts {
                let left = accounts.filter { isLive($1) }
                guard left.count < accounts.count else { continue }
                state.deadCount += accounts.count - left.count
                state.counts[owner.kind, default: 0] -= accounts.count - left.count
                state.accounts[owner] = left.isEmpty ? nil : left
            }
            let living = state.counts.values.reduce(0, +)
            if state.deadCount > max(living, BudgetLimits.deadNames) { try rewrite(&state) }
        }
    }

    private static func add(_ account: Account, to state: inout State) {
        let before = state.accounts[Owner(kind: account.kind, name: account.owner), default: [:]].updateValue(account, forKey: account.key)
        if before == nil { state.counts[account.kind, default: 0] += 1 } else { state.deadCount += 1 }
    }

    // MARK: The file

    /// Alone with the file, all of which is read.
    private func locked<Value: Sendable>(_ body: (inout State) throws(LedgerFileError) -> Value) throws(LedgerFileError) -> Value {
        let result = state.withLock { (state) -> Result<Value, LedgerFileError> in
            do throws(LedgerFileError) {
                try lock(&state)
                defer { flock(state.descriptor, LOCK_UN) }
                try read(&state)
                return .success(try body(&state))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// Locks the file that has the name: another process may have put a shorter one in its place.
    private func lock(_ state: inout State) throws(LedgerFileError) {
        while true {
            if state.descriptor < 0 { try open(&state) }
            guard flock(state.descriptor, LOCK_EX) == 0 else { throw .cannotLock(path: path, code: errno) }
            var named = stat()
            if stat(path, &named) == 0, named.st_ino == state.inode { return }
            close(state.descriptor)
            state = State()
        }
    }

    private func open(_ state: inout State) throws(LedgerFileError) {
        let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o600)
        guard descriptor >= 0 else { throw .inaccessible(path: path, call: "open", code: errno) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw .notAFile(path: path)
        }
        state.descriptor = descriptor
        state.inode = status.st_ino
    }

    /// Reads what others have appended. What a process left half written when it was killed is cut off.
    private func read(_ state: inout State) throws(LedgerFileError) {
        var status = stat()
        guard fstat(state.descriptor, &status) == 0 else { throw .inaccessible(path: path, call: "fstat", code: errno) }
        if state.offset == 0 { try begin(&status, &state) }
        guard status.st_size > state.offset else { return }
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size - state.offset))
        let count = bytes.withUnsafeMutableBytes { pread(state.descriptor, $0.baseAddress, $0.count, state.offset) }
        guard count >= 0 else { throw .inaccessible(path: path, call: "read", code: errno) }
        let whole = bytes[..<count].withUnsafeBufferPointer { buffer -> Int in
            guard let base = buffer.baseAddress else { return 0 }
            var rest = ByteSlice(base, count: buffer.count)
            while let (account, length) = AccountNames.account(rest) {
                AccountNames.add(account, to: &state)
                rest = rest.dropFirst(length)
            }
            return buffer.count - rest.count
        }
        state.offset += off_t(whole)
        guard whole < count else { return }
        guard ftruncate(state.descriptor, state.offset) == 0 else { throw .inaccessible(path: path, call: "ftruncate", code: errno) }
    }

    /// Sees to it that the file is one of names, and empty or begun.
    private func begin(_ status: inout stat, _ state: inout State) throws(LedgerFileError) {
        let magic = AccountNames.magic
        var found = [UInt8](repeating: 0, count: magic.count)
        let count = found.withUnsafeMutableBytes { pread(state.descriptor, $0.baseAddress, $0.count, 0) }
        guard count >= 0 else { throw .inaccessible(path: path, call: "read", code: errno) }
        guard magic.starts(with: found[..<count]) else { throw .foreign(path: path) }
        if count < magic.count {
            // New, or of a process that was killed as it began it.
            guard ftruncate(state.descriptor, 0) == 0 else { throw .inaccessible(path: path, call: "ftruncate", code: errno) }
            try append(magic, &state)
            status.st_size = state.offset
        }
        state.offset = off_t(magic.count)
    }

    private func append(_ records: [UInt8], _ state: inout State) throws(LedgerFileError) {
        guard !records.isEmpty else { return }
        let count = records.withUnsafeBytes { write(state.descriptor, $0.baseAddress, $0.count) }
        if count == records.count {
            state.offset += off_t(count)
            return
        }
        let code = count < 0 ? errno : ENOSPC
        if count > 0 { ftruncate(state.descriptor, state.offset) }
        throw .inaccessible(path: path, call: "write", code: code)
    }

    /// Writes all that is left into a file that takes this one's place.
    private func rewrite(_ state: inout State) throws(LedgerFileError) {
        let draft = path + ".new"
        let records = AccountNames.magic + state.accounts.values.flatMap { $0.values.flatMap { AccountNames.record($0) } }
        let descriptor = Glibc.open(draft, O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw .inaccessible(path: draft, call: "open", code: errno) }
        var status = stat()
        let count = records.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        guard count == records.count, fstat(descriptor, &status) == 0, rename(draft, path) == 0 else {
            let code = errno
            close(descriptor)
            unlink(draft)
            throw .inaccessible(path: draft, call: "write", code: code)
        }
        // Unlocked by being closed; whoever waits for it looks at the name again.
        close(state.descriptor)
        (state.descriptor, state.inode, state.offset, state.deadCount) = (descriptor, status.st_ino, off_t(count), 0)
    }

    // MARK: Records

    //     8: what it is; then records of
    //     4: byte count of what follows the checksum  4: CRC-32 of that  1: kind  1: count of values  16: key
    //     2: byte count of the owner  owner  and for each value 2: byte count, 0xFFFF for none  value
    private static let none: UInt16 = 0xFFFF
    private static let magic = Array("SLUICEAN".utf8)

    private static func record(_ account: Account) -> [UInt8] {
        var body: [UInt8] = [account.kind.rawValue, UInt8(truncatingIfNeeded: account.values.count)]
        body += bytes(account.key.low) + bytes(account.key.high)
        append(account.owner, to: &body)
        for value in account.values {
            if let value { append(value, to: &body) } else { body += bytes(none) }
        }
        return bytes(UInt32(body.count)) + bytes(body.withByteSlice { CRC32.of($0) }) + body
    }

    private static func append(_ text: String, to body: inout [UInt8]) {
        let cut = text.utf8.prefix(BudgetLimits.accountValueByteCount)
        body += bytes(UInt16(cut.count)) + cut
    }

    private static func bytes<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] { withUnsafeBytes(of: number.littleEndian) { Array($0) } }

    /// The first record of `text`, and how long it is; nil where there is none that is whole.
    private static func account(_ text: ByteSlice) -> (Account, Int)? {
        guard text.count >= 8 else { return nil }
        let count = Int(number(text, at: 0, as: UInt32.self))
        guard count >= 20, count <= text.count - 8 else { return nil }
        let body = text[8..<8 + count]
        guard number(text, at: 4, as: UInt32.self) == CRC32.of(body), let kind = Kind(rawValue: body[0]) else { return nil }
        let key = LedgerKey(low: number(body, at: 2, as: UInt64.self), high: number(body, at: 10, as: UInt64.self))
        var at = 18
        func next() -> String?? {
            guard at + 2 <= body.count else { return nil }
            let length = number(body, at: at, as: UInt16.self)
            at += 2
            if length == none { return .some(nil) }
            guard at + Int(length) <= body.count else { return nil }
            defer { at += Int(length) }
            return String(body[at..<at + Int(length)])
        }
        guard case .some(.some(let owner)) = next() else { return nil }
        var values: [String?] = []
        for _ in 0..<body[1] {
            guard let value = next() else { return nil }
            values.append(value)
        }
        return (Account(kind, of: owner, key: key, values: values), 8 + count)
    }

    private static func number<Number: FixedWidthInteger>(_ text: ByteSlice, at start: Int, as type: Number.Type) -> Number {
        var number: Number = 0
        for index in 0..<MemoryLayout<Number>.size { number |= Number(truncatingIfNeeded: text[start + index]) << Number(8 * index) }
        return number
    }
}
