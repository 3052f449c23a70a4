"""Projects of other tools, taken out of their REST APIs into an archive that the service imports with its labels."""
