import Glibc

/// A thread of the operating system's. Its own here, so that the stress can be compiled of `Bytes` and `Cache` alone.
struct PlainThread: @unchecked Sendable {
    private let handle: pthread_t

    init(_ body: @escaping @Sendable () -> Void) {
        var handle = pthread_t()
        let code = pthread_create(&handle, nil, runPlainThread, Unmanaged.passRetained(ThreadBody(body)).toOpaque())
        precondition(code == 0, "pthread_create: \(code)")
        self.handle = handle
    }

    func join() { pthread_join(handle, nil) }
}

private final class ThreadBody {
    let run: @Sendable () -> Void

    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}

// A plain function: a closure written where the compiler infers an actor would trap on another thread.
private func runPlainThread(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let context else { return nil }
    Unmanaged<ThreadBody>.fromOpaque(context).takeRetainedValue().run()
    return nil
}
