import Glibc
import Testing

@testable import Supervisor

@Suite("Pid file")
struct PidFileTests {
    private let path = "/tmp/sluice-pid-\(getpid())-\(UInt32.random(in: 0...(.max)))"

    private func content() -> String? {
        guard let file = fopen(path, "r") else { return nil }
        defer { fclose(file) }
        var room = [UInt8](repeating: 0, count: 64)
        let count = fread(&room, 1, room.count, file)
        return String(decoding: room.prefix(count), as: UTF8.self)
    }

    private func put(_ text: String) {
        guard let file = fopen(path, "w") else { return }
        fputs(text, file)
        fclose(file)
    }

    @Test("it holds this process's id and nothing else, whatever was there, and is gone when it is removed")
    func written() throws {
        defer { unlink(path) }
        put("999999999999\nand more\n")
        let file = try PidFile(at: path)
        #expect(content() == "\(getpid())\n")
        #expect(fcntl(file.descriptor, F_GETFD) & FD_CLOEXEC != 0)
        file.remove()
        #expect(content() == nil)
    }

    @Test("a second for the same path is refused with the first's id, and changes nothing")
    func second() throws {
        defer { unlink(path) }
        let first = try PidFile(at: path)
        let refusal = #expect(throws: StartFault.self) { _ = try PidFile(at: path) }
        #expect(refusal?.description == "--pid-file \(path): process \(getpid()) has it, and runs; stop it or name another file")
        #expect(content() == "\(getpid())\n")
        withExtendedLifetime(first) {}
    }

    @Test("what one left that has ended is taken over")
    func left() throws {
        defer { unlink(path) }
        do { _ = try PidFile(at: path) }
        _ = try PidFile(at: path)
        #expect(content() == "\(getpid())\n")
    }

    @Test("it is handed on with its lock, and one who adopts it removes it")
    func handedOn() throws {
        defer { unlink(path) }
        var first = Optional(try PidFile(at: path))
        let adopted = PidFile(adopting: dup(try #require(first).descriptor), at: path)
        first = nil
        #expect(throws: StartFault.self) { _ = try PidFile(at: path) }
        adopted.remove()
        #expect(content() == nil)
    }

    @Test("a file that another has put in its place is not removed")
    func replaced() throws {
        defer { unlink(path) }
        let file = try PidFile(at: path)
        unlink(path)
        put("4711\n")
        file.remove()
        #expect(content() == "4711\n")
    }

    @Test("one that is removed each time it is opened is opened anew, as often as the limit says", arguments: [(15, 16), (16, 16)])
    func removed(times: Int, opened: Int) {
        defer { unlink(path) }
        var tries = 0
        let file = Result { () throws(StartFault) in
            try PidFile(at: path) { _, _ in
                tries += 1
                return tries > times
            }
        }
        #expect(tries == opened)
        switch file {
        case .success: #expect(times < SupervisorLimits.pidFileTries)
        case .failure(let fault):
            #expect(times == SupervisorLimits.pidFileTries)
            #expect(fault.description == "--pid-file \(path): others create and remove it all the time")
        }
    }

    @Test("one that cannot be written says why, and leaves nothing", arguments: [
        ("/dev/full", "no space left on device"), ("/no/such/folder", "no such file or directory"),
    ])
    func unwritable(place: String, reason: String) {
        let refusal = #expect(throws: StartFault.self) { _ = try PidFile(at: place) }
        #expect(refusal?.description == "--pid-file \(place): \(reason)")
    }
}
