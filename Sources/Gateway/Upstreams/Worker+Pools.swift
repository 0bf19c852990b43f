import TLS

/// How all pools of a worker are, together.
struct PoolFigures {
    /// Connections, and dials that are to be some.
    var live = 0
    var dials = 0
    /// Connections that carry nothing.
    var idle = 0
    /// Requests that wait for one.
    var waiting = 0

    func tell(_ load: WorkerLoad) {
        load[.upstreamConnections] = UInt64(max(0, live - dials))
        load[.upstreamDials] = UInt64(max(0, dials))
        load[.upstreamIdle] = UInt64(max(0, idle))
        load[.upstreamWaiting] = UInt64(max(0, waiting))
    }
}

/// A worker's pools, one for each origin.
extension Worker {
    /// This worker's connections to `origin`.
    func pool(for origin: Origin) throws(Rejection) -> UpstreamPool {
        if let known = pools[origin] { return known }
        if pools.count >= GatewayLimits.origins {
            // Header configs can name any host: what nobody uses any more makes room.
            routes = RouteTable(seed: identifiers.random())
            standingRoute = nil
            pools = pools.filter { !$0.value.isUnused }
            guard pools.count < GatewayLimits.origins else { throw Rejection(.overloaded, "too many upstream hosts are in use") }
        }
        let pool = UpstreamPool(origin: origin, tlsOrigin: try tlsOrigin(for: origin), worker: self)
        pools[origin] = pool
        return pool
    }
}
