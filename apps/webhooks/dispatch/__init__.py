"""The process that sends: one loop holds all connections, one thread asks the database, in batches.

An endpoint is one worker's at a time, under a lease. So what is on its way, how many at once and how fast is known where it is
decided, and a delivery is written once, when it was answered. A worker that dies takes nothing with it: after the lease another
sends what was on its way once more, with the same id.
"""
