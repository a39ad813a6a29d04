"""Employers: companies that employ newcomers, or want to.

Data of a company, not of a person: contacts are functions. Every agency of the municipality may see
them; who recorded one keeps it. Source: Servicestelle Arbeits- und Fachkräfte, § 18i SGB IV.
"""
