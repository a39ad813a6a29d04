"""The Servicestelle tandem: two teams work one matter on two tracks.

The employment team of the immigration office owns the legal track (may this person work, and on
what permit), the labour-market team of the integration centre the placement track (from profile to
aftercare). Each moves its own track only; the status of the tandem case follows from both. Nobody
starts work without a clearance. Source: Servicestelle Arbeits- und Fachkräfte, Wuppertal; §§ 4a,
18, 39-41, 81a AufenthG, §§ 32-36 BeschV.
"""
