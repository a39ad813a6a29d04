"""Competences: what an agency may decide, pay or advise, where, for whom, since when, by which law.

Rows of the public directory, kept by the agency itself. Beside them what it costs to wait there:
observations with a date, never one number. Source: § 3 VwVfG NRW, § 71 AufenthG, § 36 SGB II.
"""
