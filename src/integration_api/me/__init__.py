"""`/v1/me`: who the caller is and how much waits for it, in bounded counts."""
