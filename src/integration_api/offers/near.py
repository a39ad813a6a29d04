"""Distances on the ground, without an extension: a box that an index holds, then the great circle.

Good to half a per cent, which for the way to an office is good enough; the box does not reach over
the poles or the date line. Source: haversine formula, mean radius of the Earth (IUGG).
"""

from math import cos, radians
from typing import Any

from sqlalchemy import ColumnElement, Double, Integer, and_, bindparam, cast, func, literal_column

from integration_api.sites.models import site

RADIUS = 6_371_009
DEGREE = 111_000
"""Metres of a degree of latitude, rounded down so that the box is large enough."""
DEFAULT = 5_000
LAT: ColumnElement[Any] = bindparam("latitude", type_=Double())
LON: ColumnElement[Any] = bindparam("longitude", type_=Double())
HALF: ColumnElement[Any] = literal_column("0.5::float8")
WITHIN = bindparam("within", type_=Integer())
BOX: dict[str, ColumnElement[Any]] = {
    n: bindparam(n, type_=Double()) for n in ("south", "north", "west", "east")
}


def metres() -> ColumnElement[Any]:
    """From the place asked for to a site, in whole metres."""
    north, east = (func.sin(func.radians(a - b) * HALF) for a, b in _differences())
    chord = north * north + func.cos(func.radians(LAT)) * func.cos(
        func.radians(site.c.latitude)
    ) * (east * east)
    return cast(2 * RADIUS * func.asin(func.least(1, func.sqrt(chord))), Integer)


def _differences() -> tuple[tuple[Any, Any], ...]:
    return (site.c.latitude, LAT), (site.c.longitude, LON)


def around() -> ColumnElement[bool]:
    """Sites inside the box."""
    return and_(
        site.c.latitude.between(BOX["south"], BOX["north"]),
        site.c.longitude.between(BOX["west"], BOX["east"]),
    )


def place(near: str, within: int | None) -> dict[str, Any]:
    """The parameters of a place `latitude,longitude` and of the box around it."""
    latitude, longitude = map(float, near.split(","))
    reach = within or DEFAULT
    north = reach / DEGREE
    east = north / max(cos(radians(min(abs(latitude) + north, 90))), 0.01)
    return {
        "latitude": latitude,
        "longitude": longitude,
        "within": reach,
        "south": latitude - north,
        "north": latitude + north,
        "west": longitude - east,
        "east": longitude + east,
    }
