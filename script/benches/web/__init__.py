"""The real server, asked over HTTP."""
