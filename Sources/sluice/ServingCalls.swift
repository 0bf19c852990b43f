import Gateway
import Glibc
import Reactor
import Supervisor

/// What a serving process does when it is told something: the loop of its main thread.
struct ServingCalls {
    private let gateway: Gateway
    private let link: ServingLink
    private var isDraining = false

    init(_ gateway: Gateway, _ link: ServingLink) {
        self.gateway = gateway
        self.link = link
    }

    /// Returns when the gateway has drained.
    consuming func answer() {
        while true {
            switch link.next() {
            case .stop(let signal):
                if !link.isSupervised, let signal {
                    standardError("sluice: \(signal == SIGINT ? "interrupted" : "asked to stop"); finishing what is in flight (again to stop at once)")
                }
                drain(.stop)
            case .stopAtOnce: _exit(130)
            case .drain: drain(.handover)
            case .reload: gateway.operations.reloads.ask(because: "SIGHUP")
            case .check(let number): gateway.whenAllHaveTurned { [link] in link.alive(number) }
            case .upgradeOutOfPlace: standardError("sluice: SIGUSR2 upgrades a supervisor; \(link.isSupervised ? "this is a serving process" : "there is none")")
            case .over: return
            }
        }
    }

    private mutating func drain(_ reason: DrainReason) {
        link.draining(nanoseconds: gateway.drain(reason))
        guard !isDraining else { return }
        isDraining = true
        let (gateway, link) = (gateway, link)
        let waiting = try? Thread.start("drain") {
            gateway.wait()
            link.end()
        }
        // Without a thread to wait on, nothing is left to hear.
        if waiting == nil {
            gateway.wait()
            link.end()
        }
    }
}
