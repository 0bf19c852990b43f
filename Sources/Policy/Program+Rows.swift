extension Program {
    /// A target's override parameters, its ancestors' first.
    public func overrides(_ run: RowRun) -> ArraySlice<Override> { overrides[run.rows] }

    /// The names of a target's forwarded headers.
    public func headerNames(_ run: RowRun) -> ArraySlice<ByteRun> { headerNames[run.rows] }
}
