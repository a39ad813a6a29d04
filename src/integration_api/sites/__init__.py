"""Sites: houses where agencies are met, with address, opening hours and what makes them accessible.

A site houses units of several controllers, which join it at a day; one agency keeps it up to date.
Hours are weekly intervals in the site's own time zone and dated exceptions; whether it is open now
is worked out for each answer. Sites are public. Source: Haus der Integration.
"""
