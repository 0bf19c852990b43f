import CLinux
import Glibc
import Reactor

/// A program's file, kept open: it is what is started, also when another has its place by then.
final class ProgramFile: Sendable {
    let descriptor: CInt

    init(at path: String) throws(SystemError) {
        descriptor = linux_open_program(path)
        if descriptor < 0 { throw SystemError("open", code: -descriptor) }
    }

    deinit { Glibc.close(descriptor) }

    /// Where a process that has it as `descriptor` finds it.
    static func path(of descriptor: CInt) -> String { "/proc/self/fd/\(descriptor)" }

    /// What it is in a process that `linux_spawn` starts.
    static let spawnedDescriptor: CInt = 4

    /// Closes the descriptor by which this process was started, where there is one. A script's interpreter needs it, so that no call closes it.
    static func close(startedFrom environment: Environment) {
        guard let descriptor = environment[Environment.Name.program].flatMap({ CInt($0) }), descriptor > STDERR_FILENO else { return }
        Glibc.close(descriptor)
    }
}

/// The program's path, and how to start it.
struct Executable: Equatable, Sendable {
    /// Where it was started from: what stands there later is the next binary. A link stays a link.
    let path: String

    /// The running program's own file, also when another has its place.
    static let running = "/proc/self/exe"

    init(path: String) { self.path = path }

    /// As the shell found `name`, which is the program's first argument.
    init(startedAs name: String, searchPath: String, workingDirectory: String) {
        if name.contains("/") {
            path = name.hasPrefix("/") ? name : "\(workingDirectory)/\(name)"
            return
        }
        let candidates = searchPath.split(separator: ":").map { "\($0)/\(name)" }
        path = candidates.first { $0.hasPrefix("/") && access($0, X_OK) == 0 } ?? Executable.resolved(Executable.running)
    }

    private static func resolved(_ link: String) -> String {
        guard let found = realpath(link, nil) else { return link }
        defer { free(found) }
        return String(cString: found)
    }

    static var workingDirectory: String {
        guard let found = getcwd(nil, 0) else { return "/" }
        defer { free(found) }
        return String(cString: found)
    }

    /// Calls `body` with null-terminated tables of the texts, as execve(2) takes them.
    static func withTables<Result>(
        _ arguments: [String], _ environment: Environment,
        _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>, UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
    ) -> Result {
        let texts = arguments.map { Array($0.utf8) }
        let lists = [texts, environment.entries].map { list in list.map { duplicate($0) } + [nil] }
        defer { for entry in lists.joined() { free(entry) } }
        return lists[0].withUnsafeBufferPointer { arguments in
            lists[1].withUnsafeBufferPointer { environment in
                guard let arguments = arguments.baseAddress, let environment = environment.baseAddress else {
                    preconditionFailure("each table has its end")
                }
                return body(arguments, environment)
            }
        }
    }

    private static func duplicate(_ bytes: [UInt8]) -> UnsafeMutablePointer<CChar>? {
        bytes.withUnsafeBytes { bytes in
            guard let start = bytes.assumingMemoryBound(to: CChar.self).baseAddress else { return strdup("") }
            return strndup(start, bytes.count)
        }
    }
}
