"""Persons: who arrives, kept minimal, controlled by one agency.

Resources: persons, residence periods and residence facts (Aufenthaltszeiten, Angaben zum
Aufenthalt; each a history, never overwritten), consents (Einwilligung,
Schweigepflichtentbindung). The tables of disclosures and transfer bases stand here, because
`visible` reads them; their operations stand in `disclosures`.
Source: Art. 5, 6, 7 GDPR; §§ 67-78 SGB X; § 4a AufenthG (work annotation).
"""
