public import Bytes
import Foundation
import Glibc
import JSON

/// Where a secret is to be found, in the place of its value: `env:NAME`, `file:/run/secrets/openai`, `file:/run/secrets/all.json#openai.key`.
///
/// It is looked up whenever a snapshot is built, and never written to the store.
public struct SecretReference: Sendable, Equatable, CustomStringConvertible {
    enum Place: Sendable, Equatable {
        case environment(String)
        /// Names of members lead from the file's JSON to the value; without any the file is the value.
        case file(String, members: [String])
    }

    let place: Place
    public let description: String

    /// Whether a text is meant as one.
    public static func isMeant(by text: String) -> Bool { text.hasPrefix("env:") || text.hasPrefix("file:") }

    public init(_ text: String) throws(SecretReferenceError) {
        description = text
        guard text.utf8.count <= StoreLimits.referenceByteCount else { throw .tooLong }
        if text.hasPrefix("env:") {
            let name = String(text.dropFirst(4))
            let isName = name.utf8.allSatisfy { ASCII.isLetter($0) || ASCII.isDigit($0) || $0 == UInt8(ascii: "_") }
            guard let first = name.utf8.first, isName, !ASCII.isDigit(first) else { throw .noVariableName }
            // What this gateway itself is given, the keyring before all, is not a tenant's to send to a host of theirs.
            guard !name.hasPrefix("SLUICE_") else { throw .ownVariable(name) }
            place = .environment(name)
        } else if text.hasPrefix("file:/") {
            let rest = text.dropFirst(5)
            let hash = rest.lastIndex(of: "#")
            let path = String(rest[..<(hash ?? rest.endIndex)])
            let members = hash.map { rest[rest.index(after: $0)...].split(separator: ".", omittingEmptySubsequences: false).map { String($0) } }
            guard path.utf8.count > 1, !path.utf8.contains(0), !(members ?? []).contains("") else { throw .noPath }
            place = .file(path, members: members ?? [])
        } else {
            throw .unknownKind
        }
    }
}

/// What references may lead to.
public struct SecretReferenceRules: Sendable {
    /// Looks up a variable.
    public var environment: @Sendable (String) -> String?
    /// Folders whose files may be read. Links are followed first.
    public var folders: [String]

    public init(
        environment: @escaping @Sendable (String) -> String? = SecretReferenceRules.ownVariable,
        folders: [String] = ["/run/secrets", "/run/credentials", "/var/run/secrets"]
    ) {
        self.environment = environment
        self.folders = folders
    }

    /// A variable of this process.
    public static func ownVariable(_ name: String) -> String? { ProcessInfo.processInfo.environment[name] }
}

/// Why a reference is none, or leads to nothing. Never holds what was found.
public enum SecretReferenceError: Error, Equatable, CustomStringConvertible {
    case unknownKind
    case tooLong
    case noVariableName
    case ownVariable(String)
    case noPath
    case notSet(String)
    case outside(String, folders: [String])
    case unreadable(String, reason: String)
    case notAFile(String)
    case writable(String, mode: String)
    case notJSON(String)
    case noMember(String, String)
    case unusable(String, CredentialFault)

    public var description: String {
        switch self {
        case .unknownKind: "a reference is env:NAME or file:/PATH, with #member.member behind it where the file is JSON"
        case .tooLong: "a reference has at most \(StoreLimits.referenceByteCount) bytes"
        case .noVariableName: "env: is followed by a variable's name: letters, digits and _"
        case .ownVariable(let name): "\(name) is the gateway's own and no credential"
        case .noPath: "file: is followed by an absolute path, and # by names of members with dots between"
        case .notSet(let name): "variable \(name) is not set"
        case .outside(let path, let folders): "\(path) is in none of the folders that references may read: \(folders.joined(separator: ", "))"
        case .unreadable(let path, let reason): "\(path) cannot be read: \(reason)"
        case .notAFile(let path): "\(path) is not a file"
        case .writable(let path, let mode): "\(path) can be written by others (mode \(mode)): chmod 600 \(path)"
        case .notJSON(let path): "\(path) is not JSON of at most \(StoreLimits.referencedFileByteCount) bytes"
        case .noMember(let path, let members): "\(path) has no text at \"\(members)\""
        case .unusable(let place, let fault): "\(place) \(fault)"
        }
    }
}

extension SecretReference {
    /// Looks it up.
    public func resolve(_ rules: SecretReferenceRules) throws(SecretReferenceError) -> SecretBytes {
        switch place {
        case .environment(let name):
            guard let value = rules.environment(name) else { throw .notSet(name) }
            return try SecretReference.checked(Array(value.utf8), "variable \(name)")
        case .file(let path, let members):
            var bytes = try SecretReference.read(path, rules)
            defer { bytes.withUnsafeMutableBytes { memory in memory.baseAddress.map { explicit_bzero($0, memory.count) } } }
            guard !members.isEmpty else {
                while let last = bytes.last, last == 0x0A || last == 0x0D { bytes.removeLast() }
                return try SecretReference.checked(bytes, path)
            }
            guard var node = bytes.withByteSlice({ DocumentParser.parse($0).document?.root }) else { throw .notJSON(path) }
            for member in members {
                guard case .object(let found) = node.value, let next = found.first(where: { $0.name == member }) else {
                    throw .noMember(path, members.joined(separator: "."))
                }
                node = next.value
            }
            guard case .string(let text) = node.value else { throw .noMember(path, members.joined(separator: ".")) }
            return try SecretReference.checked(Array(text.utf8), path)
        }
    }

    private static func checked(_ bytes: [UInt8], _ place: String) throws(SecretReferenceError) -> SecretBytes {
        let secret = bytes.withByteSlice { SecretBytes($0) }
        if let fault = CredentialFault(of: secret.bytes) { throw .unusable(place, fault) }
        return secret
    }

    private static func read(_ path: String, _ rules: SecretReferenceRules) throws(SecretReferenceError) -> [UInt8] {
        guard let real = realpath(path, nil) else { throw .unreadable(path, reason: String(cString: strerror(errno))) }
        defer { free(real) }
        let resolved = String(cString: real)
        let isInside = rules.folders.contains { folder in
            guard let top = realpath(folder, nil) else { return false }
            defer { free(top) }
            return resolved.hasPrefix(String(cString: top) + "/")
        }
        guard isInside else { throw .outside(path, folders: rules.folders) }
        // Nonblocking, or a FIFO in its place would hold the snapshot; no link, for one put there since leads elsewhere.
        let descriptor = open(resolved, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW)
        guard descriptor >= 0 else { throw .unreadable(path, reason: String(cString: strerror(errno))) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { throw .notAFile(path) }
        guard status.st_mode & 0o022 == 0 else { throw .writable(path, mode: String(status.st_mode & 0o777, radix: 8)) }
        var bytes = [UInt8](repeating: 0, count: StoreLimits.referencedFileByteCount + 1)
        var filled = 0
        while filled < bytes.count {
            let start = filled
            let count = bytes.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress?.advanced(by: start), $0.count - start) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .unreadable(path, reason: String(cString: strerror(errno))) }
            if count == 0 { break }
            filled += count
        }
        guard filled < bytes.count else { throw .notJSON(path) }
        bytes.removeLast(bytes.count - filled)
        return bytes
    }
}

/// Why bytes cannot be a provider's credential.
public enum CredentialFault: Equatable, Sendable, CustomStringConvertible {
    case empty
    case tooLong
    case unprintable

    /// Nil when they can. A service account's key file, or a credential of several parts, is JSON, which goes into no header field.
    public init?(of bytes: ByteSlice) {
        if bytes.isEmpty {
            self = .empty
        } else if bytes.count > StoreLimits.secretByteCount {
            self = .tooLong
        } else if bytes[0] != UInt8(ascii: "{"), (0..<bytes.count).contains(where: { !(0x21...0x7E).contains(bytes[$0]) }) {
            self = .unprintable
        } else {
            return nil
        }
    }

    public var description: String {
        switch self {
        case .empty: "is empty"
        case .tooLong: "is longer than \(StoreLimits.secretByteCount) bytes"
        case .unprintable: "has a character that a header field cannot carry"
        }
    }
}
