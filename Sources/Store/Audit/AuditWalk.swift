import Ledger

/// Goes along the audit log row by row and notes where the chain is broken.
struct AuditWalk {
    private var last: Int64 = 0
    private var lastHash = AuditChain.start
    private var count: Int64 = 0
    private var faults: [AuditFault] = []

    mutating func step(_ sequence: Int64, _ at: Int64, _ values: [String?], previous: [UInt8], hash: [UInt8]) {
        count += 1
        if sequence != last + 1 {
            note(.missing(after: last, before: sequence))
        } else if previous != lastHash {
            note(.reordered(sequence))
        }
        if AuditChain.hash(sequence: sequence, at: at, values: values, previous: previous) != hash { note(.changed(sequence)) }
        last = sequence
        lastHash = hash
    }

    /// - Parameter end: where the chain is said to end: sequence, hash and seal.
    mutating func finish(_ end: (Int64, [UInt8], [UInt8])?, _ pepper: KeyPepper) -> AuditVerdict {
        if let (written, hash, seal) = end {
            if AuditChain.seal(sequence: written, hash: hash, by: pepper) != seal {
                note(.forged(last: written))
            } else if last < written {
                note(.cutOff(last: last, written: written))
            } else if last > written {
                note(.added(after: written))
            } else if hash != lastHash {
                note(.changed(last))
            }
        } else if count > 0 {
            note(.endless)
        }
        return AuditVerdict(rowCount: count, faults: faults, head: Hexadecimal.text(lastHash))
    }

    private mutating func note(_ fault: AuditFault) {
        if faults.count < StoreLimits.entryCount, faults.last != fault { faults.append(fault) }
    }
}
