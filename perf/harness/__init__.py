"""What the load scenarios share: processes, peers, drivers, readings, tables."""
