"""Feed: the log of a national portal, one file per month: what arrives, how it is checked, and what is kept."""
