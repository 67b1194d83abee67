"""What every benchmark needs: databases to itself, clocks, pgbench, and a report."""
