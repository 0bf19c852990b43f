import Bytes
import Glibc
import Reactor
import TLS

/// Taking in connections.
extension Worker {
    func accept(_ slot: Int) {
        guard !isAcceptPaused, slot < listeners.count else { return }
        let listener = listeners[slot]
        for _ in 0..<ReactorLimits.acceptsPerTurn {
            // The rest of the descriptors is for what those in here ask for; who waits in the kernel is served when others have left.
            guard admission.takesClient else { return pauseAccepting(SystemError("accept4", code: EMFILE)) }
            do throws(SystemError) {
                guard let accepted = try listener.accept() else { return }
                acceptedCount &+= 1
                add(accepted.descriptor, peer: accepted.peer, at: slot)
            } catch {
                return pauseAccepting(error)
            }
        }
    }

    /// Out of descriptors or memory (accept(2), EMFILE): listeners stay readable, so that watching
    /// them would be a spin.
    private func pauseAccepting(_ error: SystemError) {
        isAcceptPaused = true
        acceptPauseCount &+= 1
        if let untold = admission.notesPause(now: now) {
            let others = untold == 0 ? "" : " (\(untold) times more since the last such line)"
            let limit = admission.descriptorLimit.map { " of \($0)" } ?? ""
            notices?.say("no connections are accepted: \(error.reason)\(others); \(admission.clientCount) clients are connected, and what descriptors\(limit) are left is for what they ask for. Raise the limit with `ulimit -n` or LimitNOFILE")
        }
        for listener in listeners { poller.unwatch(listener.descriptor) }
        timers.set(acceptTimer, at: now.adding(nanoseconds: GatewayLimits.acceptPauseNanoseconds))
    }

    func resumeAccepting() {
        guard isAcceptPaused, !isDraining else { return }
        isAcceptPaused = false
        do throws(SystemError) {
            try watchListeners()
        } catch {
            pauseAccepting(error)
        }
    }

    func watchListeners() throws(SystemError) {
        for (slot, listener) in listeners.enumerated() {
            try poller.watchLevel(listener.descriptor, .readable, token: Token(kind: Kind.listener, generation: 0, slot: UInt32(slot)).rawValue)
        }
    }

    private func add(_ descriptor: CInt, peer: SocketAddress, at slot: Int) {
        // Past the cap a connection is closed at once: an answer would cost what the cap is to save.
        guard clients.count < max(1, limits.clients / workerCount) else { return Socket(adopting: descriptor).resetOnClose() }
        let peer = Peer(peer, isLoopbackListener: listeners[slot].isLoopback)
        admission.clientCame()
        let client = clients.insert { ClientConnection(Socket(adopting: descriptor), peer: peer, token: $0, worker: self) }
        do throws(SystemError) {
            try poller.watch(descriptor, token: client.token.rawValue)
        } catch {
            return client.close()
        }
        let place = listeners[slot].place
        client.serves = snapshot.listener(at: place).serves
        if snapshot.listener(at: place).expectsProxyHeader { client.awaitProxyHeader(at: place) } else { begin(client, at: place) }
    }
}
