"""URLs of PostgreSQL databases: read, and shown without what is secret in them."""

import sqlalchemy as sa

from audit.core.errors import UsageError

_SECRET = ("password", "sslpassword", "passfile", "oauth_client_secret")


def parse_url(url: str) -> sa.URL:
    """Return the parts of a `postgresql://` URL.

    Raises:
        UsageError: it has none.
    """
    try:
        return sa.make_url(url)
    except (ValueError, sa.exc.ArgumentError) as exc:
        # The text is not repeated: nobody can say where its password is.
        raise UsageError(
            "the ledger's URL is not one of PostgreSQL",
            hint="write postgresql://USER@HOST:PORT/DATABASE; % in a password is %25",
        ) from exc


def shown_url(url: sa.URL) -> str:
    """Return a URL as it may be printed."""
    hidden = {key: "***" for key in url.query if key.lower() in _SECRET}
    return url.update_query_dict(hidden).render_as_string(hide_password=True)
