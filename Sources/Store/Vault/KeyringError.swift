/// Why there is no keyring to work with. Never holds a byte of it.
public enum KeyringError: Error, Equatable, CustomStringConvertible {
    case notAKeyring
    case tooLong
    case tooManyKeys
    case missing(String)
    case twice(String, line: Int)
    case badName(line: Int)
    case unknownWord(line: Int)
    case cutShort(String, line: Int)
    case wrongLength(String, line: Int, digits: Int)
    case noHexadecimal(String, line: Int)
    case guessable(String, line: Int)
    case noRandomBytes
    /// There is a store, and no keyring where one was.
    case gone(path: String)
    case unreadable(path: String, reason: String)
    case notAFile(path: String)
    case loose(path: String, mode: String)
    case strangersFile(path: String, owner: UInt32)
    case unwritable(path: String, reason: String)
    /// The keyring is in a variable, which nothing can be added to from here.
    case inVariable
    /// A key has the name of one that this store knows, and is another.
    case changed(String)

    public var description: String {
        switch self {
        case .notAKeyring: "this is no keyring: the first word of one is \(Keyring.magic)"
        case .tooLong: "a keyring has at most \(StoreLimits.keyringByteCount) bytes"
        case .tooManyKeys: "a keyring has at most \(StoreLimits.keyringKeyCount) keys; take out those that `sluice vault doctor` calls unused"
        case .missing(let what): "the keyring has no \(what); put back the file that was made at the first start, or its copy"
        case .twice(let what, let line): "line \(line) of the keyring has \(what) once more"
        case .badName(let line):
            "line \(line) of the keyring: a key's name is 1 to \(StoreLimits.keyNameByteCount) letters, digits and dashes"
        case .unknownWord(let line): "line \(line) of the keyring: expected \"pepper HEX\" or \"key NAME HEX\""
        case .cutShort(let what, let line): "line \(line) of the keyring ends before the digits of \(what)"
        case .wrongLength(let what, let line, let digits):
            "line \(line) of the keyring: \(what) has \(digits) digits where 64 are right (256 bits); `openssl rand -hex 32` makes them"
        case .noHexadecimal(let what, let line): "line \(line) of the keyring: \(what) is not hexadecimal"
        case .guessable(let what, let line):
            "line \(line) of the keyring: \(what) is not random, or was published; `openssl rand -hex 32` makes one that is"
        case .noRandomBytes: "the system's random source gave nothing"
        case .gone(let path):
            "the keyring \(path) is gone, and what is in the store cannot be read without it: put it back from its copy. "
                + "To begin anew, move the store away"
        case .unreadable(let path, let reason): "the keyring \(path) cannot be read: \(reason)"
        case .notAFile(let path): "the keyring \(path) is not a file"
        case .loose(let path, let mode): "the keyring \(path) can be read by others (mode \(mode)): chmod 600 \(path)"
        case .strangersFile(let path, let owner): "the keyring \(path) belongs to another user (\(owner)): chown it to the one that Sluice runs as"
        case .unwritable(let path, let reason): "the keyring \(path) cannot be written: \(reason)"
        case .inVariable:
            "the keyring is in SLUICE_KEYRING: add \"key NAME HEX\" to its end (HEX: `openssl rand -hex 32`) and start Sluice again"
        case .changed(let what):
            "\(what) of the keyring is not the one this store was used with: put back the keyring that belongs to this store"
        }
    }
}
