"""Archives: files to which old rows of the ledger are moved, and from which their receipts are still read."""
