"""Behind script/server and its siblings. Standard library only: it runs before anything is installed."""
