"""What a measurement of webhooks needs: a receiver that costs little, a bare loop to compare with, and workers."""
