"""`python -m assay_client` is the command `assay`."""

from assay_client._command.main import main

main()
