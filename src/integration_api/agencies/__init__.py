"""Agencies: who works on a person's arrival in a municipality, as a tree of authorities and teams.

Municipality (Kommune), agency (Behörde, Dienststelle, Träger), member (a function at a desk, no
name), API client with its keys. The controller under data-protection law is the unit, not the city
(§ 67(4) SGB X); hence every team is an agency of its own. The directory is public.
"""
