"""The stream of events: a process of its own, so that who listens holds none of web's threads."""
