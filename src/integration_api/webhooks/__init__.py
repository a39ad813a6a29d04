"""Webhooks: events are brought to the systems of the agencies that they are addressed to.

Each delivery is a row that ends as done, dead or dropped. A worker claims it under a lease, sends
outside any transaction and completes it only while the lease is its own: at least once, signed, in
order for each endpoint and resource. Source: standardwebhooks.com.
"""
