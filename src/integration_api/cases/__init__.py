"""Cases: case management across jurisdictions (rechtskreisübergreifendes Fallmanagement).

A case has one lead agency, participants, concerns in life areas, and phases. Other agencies see it
by disclosure; `case_access` is the projection of who sees which case and drives every list.
Source: § 9 TIntG NRW; the phases of case management after DGCC.
"""
