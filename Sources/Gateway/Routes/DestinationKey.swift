import Bytes
import Health
import Ledger
import Policy
import Providers
import Tokens

/// Where a target's credential comes from.
enum CredentialSource {
    /// The caller brings it.
    case callers
    /// The caller wrote it into its own config.
    case written
    /// The operator's: of the vault, or in a config of the file.
    case operators
    /// The operator's, for callers that bring none.
    case callersElseOperators
}

/// A virtual key, as its requests are judged by.
struct VirtualKeyHolder {
    let slug: OwnedBytes
    let models: NamePatterns
    let terms: SpendingTerms?
    let integrationTerms: SpendingTerms?
    let refusal: String?

    /// - Parameter caller: the workspace of the caller.
    init(_ key: Snapshot.VirtualKey, caller: Int32) {
        slug = Array(key.slug.utf8).withByteSlice { OwnedBytes($0) }
        models = key.models
        terms = key.terms
        let workspace = key.workspace >= 0 ? key.workspace : caller
        integrationTerms = key.integrationTerms[workspace]
        refusal = key.refusal ?? (key.closedTo.contains(workspace) ? "has an integration that this workspace may not use" : nil)
    }
}

/// One credential of a destination, and how requests that carry it fare.
final class DestinationKey {
    let source: CredentialSource
    /// Where the credential is a secret to be exchanged for tokens.
    let tokenSource: TokenSource?
    /// Where the credential is a secret that signs.
    let signer: AmazonSigning?
    /// The same for S3, and for Bedrock's jobs.
    let storageSigner: AmazonSigning?
    let jobSigner: AmazonSigning?
    /// The credential's field line, where one is known.
    private let line: OwnedBytes?
    /// Among the others of its destination.
    let weight: Double
    /// For logs: a virtual key's slug, or its place in the config. Never a part of the credential.
    let label: String
    let health: TargetHealth
    /// Where it is a virtual key's: its slug, what may be spent through it, and what through its integration.
    let slug: OwnedBytes?
    let terms: SpendingTerms?
    /// Of a virtual key: the models it is for. Else empty.
    let models: NamePatterns
    /// Why the virtual key cannot be used now; nil when it can.
    let refusal: String?
    let integrationTerms: SpendingTerms?

    init(
        _ credential: [UInt8]?, _ source: CredentialSource, tokenSource: TokenSource?, signer: AmazonSigning?, storageSigner: AmazonSigning? = nil,
        jobSigner: AmazonSigning? = nil, weight: Double, label: String, health: TargetHealth,
        holder: VirtualKeyHolder? = nil, _ upstream: Upstream
    ) throws(Rejection) {
        self.source = source
        self.tokenSource = tokenSource
        self.signer = signer
        self.storageSigner = storageSigner
        self.jobSigner = jobSigner
        self.weight = weight
        self.label = label
        self.health = health
        slug = holder?.slug
        models = holder?.models ?? NamePatterns([])
        terms = holder?.terms
        integrationTerms = holder?.integrationTerms
        refusal = holder?.refusal
        // What is exchanged for tokens, or signs, is never sent itself.
        guard let credential, tokenSource == nil, signer == nil, refusal == nil else {
            line = nil
            return
        }
        line = try credential.withByteSlice { bytes throws(Rejection) in try DestinationKey.line(bytes, upstream) }
    }

    private static func line(_ credential: ByteSlice, _ upstream: Upstream) throws(Rejection) -> OwnedBytes {
        let storage = UnsafeMutablePointer<UInt8>.allocate(capacity: GatewayLimits.fixedFieldsByteCount)
        defer {
            storage.update(repeating: 0, count: GatewayLimits.fixedFieldsByteCount)
            storage.deallocate()
        }
        var writer = ByteWriter(storage, capacity: GatewayLimits.fixedFieldsByteCount)
        do throws(CredentialError) {
            try upstream.auth.writeField(credential: credential, into: &writer)
        } catch {
            throw Rejection(.invalidHeader, "the credential for \(upstream.id) cannot be sent in a header: \(error)")
        }
        return OwnedBytes(writer.written)
    }

    /// Whether what is sent is the operator's, whoever calls.
    var isOperators: Bool { source == .operators }

    /// Whether a request would carry a credential of the operator's; `brings` says whether its caller brings one.
    func isOperators(forWhoBrings brings: Bool) -> Bool {
        switch source {
        case .callers, .written: false
        case .operators: line != nil || tokenSource != nil || signer != nil
        case .callersElseOperators: line != nil && !brings
        }
    }

    /// Whether a refusal says something of this credential, and not of one that only this caller brought.
    func isOwn(forWhoBrings brings: Bool) -> Bool {
        switch source {
        case .callers: false
        case .written, .operators: true
        case .callersElseOperators: !brings
        }
    }

    /// When it may be used: 0 for now.
    func hindrance(_ breaker: BreakerRule?, now: UInt64) -> UInt64 {
        switch health.availability(now: now, policy: breaker?.policy ?? .never) {
        case .available, .probe: 0
        case .open(let until), .parked(let until), .quarantined(let until): max(until, 1)
        }
    }

    /// Writes the credential that requests to `destination` carry.
    ///
    /// - Parameter own: the caller's, without `Bearer `; nil where it brings none. With `isOtherScheme` it is a whole value of
    ///   `Authorization`, of another scheme.
    func write(_ own: ByteSlice?, isOtherScheme: Bool, to destination: Destination, _ writer: inout ByteWriter) throws(Rejection) {
        guard destination.sendsCredential else { return }
        let upstream = destination.upstream
        if let line, source != .callersElseOperators || own == nil {
            writer.append(line.slice)
            return
        }
        guard let own, source != .operators else {
            guard upstream.row.needsCredential, upstream.basePath == nil else { return }
            throw Rejection(
                .missingCredential,
                "no credential for \(upstream.id): send it as \"Authorization: Bearer …\", or use a virtual key with a gateway key")
        }
        if isOtherScheme, upstream.auth == .bearer {
            writer.append(field: "authorization", own)
            return
        }
        do throws(CredentialError) {
            try upstream.auth.writeField(credential: own, into: &writer)
        } catch {
            throw Rejection(.missingCredential, "the credential for \(upstream.id) cannot be sent in a header: \(error)")
        }
    }
}

extension Destination {
    /// When a request may be sent here: 0 for now, else when the first credential may be used again.
    func hindrance(now: UInt64) -> UInt64 {
        var least = UInt64.max
        for key in keys where key.weight > 0 { least = min(least, key.hindrance(breaker, now: now)) }
        return least
    }

    /// The key for the next attempt: of those that may be used, by weight and by what is left of their quotas; the one that
    /// may soonest where none may.
    ///
    /// - Parameters:
    ///   - tried: keys of this request's earlier attempts here, one bit each, taken again only when no other is left.
    ///   - forbidden: keys that are not taken whatever is left, as long as there are others.
    ///   - random: 64 random bits.
    func pickKey(avoiding tried: UInt64, forbidden: UInt64 = 0, now: UInt64, random: UInt64) -> Int {
        guard keys.count > 1 else { return 0 }
        return pickKey(now: now, random: random) { (tried | forbidden) >> UInt64($0) & 1 == 0 }
            ?? pickKey(now: now, random: random) { forbidden >> UInt64($0) & 1 == 0 } ?? soonestKey(forbidden, now: now)
    }

    private func pickKey(now: UInt64, random: UInt64, where isWanted: (Int) -> Bool) -> Int? {
        var whole = 0.0
        for index in keys.indices where isWanted(index) { whole += standing(index, now: now) }
        guard whole > 0 else { return nil }
        var left = Double(random >> 11) * 0x1p-53 * whole
        var last: Int?
        for index in keys.indices where isWanted(index) {
            let share = standing(index, now: now)
            guard share > 0 else { continue }
            last = index
            left -= share
            if left < 0 { break }
        }
        return last
    }

    /// A key's weight, less what its provider says of its quota; 0 while it may not be used.
    private func standing(_ index: Int, now: UInt64) -> Double {
        let key = keys[index]
        guard key.weight > 0, key.hindrance(breaker, now: now) == 0 else { return 0 }
        return key.weight * Double(max(1, key.health.quotaShare(now: now)))
    }

    private func soonestKey(_ forbidden: UInt64, now: UInt64) -> Int {
        keys.indices.filter { forbidden >> UInt64($0) & 1 == 0 }.min { keys[$0].hindrance(breaker, now: now) < keys[$1].hindrance(breaker, now: now) } ?? 0
    }
}
