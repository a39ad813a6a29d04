"""What follows from a residence status: facts, conditions, rules with validity, one pure engine.

The law is data (`packs/*.yaml`); nothing here knows a status, a period or a country.
Source: AufenthG, AsylG, BeschV, SGB II, SGB III, AsylbLG.
"""
