"""Offers: courses, advice and places that agencies hold out to people, volunteers and employers.

Drafts are seen by their agency alone; what is published, paused or ended is public. An offer may be
held at sites, says for whom it is and what it costs, and how many places are free since when.
Source: one searchable bundle of all partners' offers; states as in Open Referral HSDS 3.
"""
