"""One file for each noun of the service."""
