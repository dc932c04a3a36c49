"""Check digits and structure of identifiers, on compact text (no separators).

Every validator takes a plain `str` of the right length and says whether the
value can exist. They are plain arithmetic, one microsecond or two, since they
run on every number of every message; tests compare each with python-stdnum or
phonenumbers over random and published values.
"""

from audit.redact.validators import accounts, asia, china, eu_north, eu_south, eu_west, world

__all__ = ["accounts", "asia", "china", "eu_north", "eu_south", "eu_west", "world"]
