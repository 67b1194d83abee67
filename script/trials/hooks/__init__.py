"""What a trial of webhooks needs: a receiver that misbehaves, and remembers everything."""
