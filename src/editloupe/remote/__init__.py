"""What every client of a service shares: options, keys, redaction, errors, waits, retries, and what is spent."""
