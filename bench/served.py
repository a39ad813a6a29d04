"""Our application for the bench: whole, with everything on, on the database that it is given."""

from knobs import DSN

from integration_api.app import create_app
from integration_api.edge.logs import configure_logging
from integration_api.kernel.settings import Settings

configure_logging("info")
# counted as everywhere, never reached
rates = {"caller_rate": "100000000/second", "address_rate": "100000000/second"}
settings = Settings(environment="test", pool_size=4, **rates)
app = create_app(settings, dsn=DSN, secret=bytes(32))
