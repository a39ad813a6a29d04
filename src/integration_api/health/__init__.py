"""Health for operators: live, ready, startup, and the metrics of one process."""
