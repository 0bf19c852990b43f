import TLS

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
