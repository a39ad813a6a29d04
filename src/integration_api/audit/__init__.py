"""Who read whose data, who changed what: both logs, the chain that seals the second."""
