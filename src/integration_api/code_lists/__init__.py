"""Code lists: the open sets of the contract, as data with validity, labels and legal source.

Reasons, topics, purposes, agency types and residence statuses change with law and practice. They
are files in `data/`, loaded once; a stored row keeps the code, and where law is behind it, the
version of its list. A code that ends stays in its list, so that old rows keep their label.
"""
