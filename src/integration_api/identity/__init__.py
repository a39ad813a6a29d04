"""Who asks: credentials, the principal behind them, and what of a person it may ever see.

Claims only identify. Agency, roles, scopes and purposes come from the database; the compartments
follow from the kind of unit and the roles, as the code lists say.
"""
