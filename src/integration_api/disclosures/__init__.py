"""Disclosures (Übermittlungen): who may see what of whom, on which ground, until when.

Granted by the agency that controls the person and, where a case is named, leads it; rests on an
effective consent or on a code of the seeded table `transfer_basis` (default deny).
Source: §§ 67d-78 SGB X, Art. 6 GDPR; the transfer matrix of the legal bases.
"""
