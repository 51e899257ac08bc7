"""The study folder: ledger, blobs, keys, links."""
