"""Forms of commands, generated from the registry: what is drawn, what is read, where it is looked up, what came of it."""
