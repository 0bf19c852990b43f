import Glibc

/// A system call that failed: which, and why.
public struct SystemError: Error, Equatable, CustomStringConvertible {
    public let call: StaticString
    public let code: CInt

    public init(_ call: StaticString, code: CInt) {
        self.call = call
        self.code = code
    }

    public static func == (left: SystemError, right: SystemError) -> Bool {
        left.code == right.code && left.call.description == right.call.description
    }

    /// Whether what is missing is descriptors or memory, of this process or of the machine: nobody else's fault.
    public var isShortage: Bool { [EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(code) }

    /// The kernel's words for the code, in lower case.
    public var reason: String { String(cString: strerror(code)).lowercased() }

    public var description: String { "\(call): \(reason)" }
}
