import CLinux
import Glibc

/// A named operating-system thread.
public struct Thread: @unchecked Sendable {
    private let handle: pthread_t

    /// Starts `body` on a thread of its own, called `name` in ps, top and perf (15 bytes are kept).
    public static func start(_ name: String, _ body: @escaping @Sendable () -> Void) throws(SystemError) -> Thread {
        let work = Unmanaged.passRetained(ThreadWork(name: name, body: body))
        var handle = pthread_t()
        let code = pthread_create(&handle, nil, runThread, work.toOpaque())
        guard code == 0 else {
            work.release()
            throw SystemError("pthread_create", code: code)
        }
        return Thread(handle: handle)
    }

    /// Nobody will wait for it: it cannot be joined.
    public func detach() { pthread_detach(handle) }

    /// Waits until the body has returned.
    public func join() { pthread_join(handle, nil) }
}

private final class ThreadWork {
    let name: String
    let body: @Sendable () -> Void

    init(name: String, body: @escaping @Sendable () -> Void) {
        self.name = name
        self.body = body
    }
}

// A plain function: a closure written where the compiler infers an actor would trap on another thread.
private func runThread(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let context else { return nil }
    let work = Unmanaged<ThreadWork>.fromOpaque(context).takeRetainedValue()
    linux_name_thread(work.name)
    work.body()
    return nil
}
