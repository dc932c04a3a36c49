"""Where the rows lie: what every database gives, and one module per database."""
