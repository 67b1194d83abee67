"""Outside companies on one HTTP server, with books of their own, which fail on demand."""
