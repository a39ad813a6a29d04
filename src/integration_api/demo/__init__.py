"""The demo: an invented Wuppertal and Köln, their partners, a few people, and a small story.

Institutions are those of public texts about both cities; every person is a label. Nothing in here
runs unless the demo was asked for.
"""
