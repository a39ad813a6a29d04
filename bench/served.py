"""Our application for the bench: whole, with everything on, on the database that it is given."""

from knobs import DSN

from integration_api.app import create_app
from integration_api.kernel.observability import configure_logging
from integration_api.kernel.settings import Settings

configure_logging("info")
app = create_app(Settings(environment="test", pool_size=4), dsn=DSN, secret=bytes(32))
