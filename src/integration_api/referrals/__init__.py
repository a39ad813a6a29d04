"""Referrals (Vermittlung, Überweisung): a person's matter goes from one office to another.

The case stays with the sender; the recipient sees a preview until it accepts, then what the
disclosure opens, until the end. The loop is always closed: completed with an outcome, declined or
not completed with a reason, expired back to the sender, withdrawn.
Source: HL7 SDOH Clinical Care (Task) for the states; § 78 SGB X for the purpose lock.
"""
