import Bytes
import Ledger

/// The hashes that hold the audit log together.
enum AuditChain {
    static let start = [UInt8](repeating: 0, count: KeyDigest.byteCount)

    /// SHA-256 of the hash before and the row's values, each with its length, so that no two rows have the same bytes.
    static func hash(sequence: Int64, at: Int64, values: [String?], previous: [UInt8]) -> [UInt8] {
        var bytes = previous
        append(sequence, to: &bytes)
        append(at, to: &bytes)
        for value in values {
            guard let value else {
                bytes.append(0)
                continue
            }
            bytes.append(1)
            append(Int64(value.utf8.count), to: &bytes)
            bytes += value.utf8
        }
        return bytes.withByteSlice { KeyDigest(of: $0).bytes }
    }

    /// What the keyring's owner alone can make of the chain's end: who can write the database, and has not the keyring, can neither
    /// cut rows off nor hash them anew.
    static func seal(sequence: Int64, hash: [UInt8], by pepper: KeyPepper) -> [UInt8] {
        var bytes = hash
        append(sequence, to: &bytes)
        return pepper.digest(of: bytes.withByteSlice { KeyDigest(of: $0) }).bytes
    }

    private static func append(_ number: Int64, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: number.bigEndian) { bytes += $0 }
    }
}

/// What was found wrong with the audit log.
public enum AuditFault: Equatable, Sendable, CustomStringConvertible {
    /// The row's content is not what was hashed.
    case changed(Int64)
    /// Rows between two others are not there.
    case missing(after: Int64, before: Int64)
    /// The row does not follow the one before it: it, or that one, was put here from elsewhere.
    case reordered(Int64)
    /// Rows at the end are not there.
    case cutOff(last: Int64, written: Int64)
    /// There are rows that were not written through this store.
    case added(after: Int64)
    /// The end of the chain was not signed by this keyring.
    case forged(last: Int64)
    /// The row that says where the chain ends is gone.
    case endless

    public var description: String {
        switch self {
        case .changed(let row): "row \(row) was changed after it was written"
        case .missing(let after, let before): after + 2 == before ? "row \(after + 1) is missing" : "rows \(after + 1) to \(before - 1) are missing"
        case .reordered(let row): "row \(row) does not follow the row before it"
        case .cutOff(let last, let written): "rows \(last + 1) to \(written) are missing from the end"
        case .added(let after): "rows after \(after) were not written by Sluice"
        case .forged(let last): "the chain up to row \(last) is not signed by this keyring"
        case .endless: "the record of where the chain ends is missing"
        }
    }
}

/// What came of looking at every row.
public struct AuditVerdict: Sendable, Equatable {
    public let rowCount: Int64
    /// The first of them, at most `StoreLimits.entryCount`.
    public let faults: [AuditFault]
    /// The last row's hash, in hexadecimal: written down elsewhere, it tells later whether this far nothing changed.
    public let head: String
}
