"""One file per benchmark or format."""
