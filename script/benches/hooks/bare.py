"""What is compared with: httpx in a loop, so many at once, that sends the same bytes and does nothing else.

`python -m script.benches.hooks.bare URL CONCURRENCY COUNT BYTES` prints seconds and processor seconds as JSON.
"""

import asyncio
import json
import sys
import time

import httpx


async def main(url: str, concurrency: int, count: int, size: int) -> None:
    """Send, and say how long it took."""
    body, left = b"x" * size, iter(range(count))
    headers = {
        "content-type": "application/json",
        "webhook-id": "evt",
        "webhook-timestamp": "1",
        "webhook-signature": "v1,x",
    }
    limits = httpx.Limits(max_connections=concurrency, max_keepalive_connections=concurrency)
    async with httpx.AsyncClient(limits=limits, timeout=30) as client:

        async def lane() -> None:
            for _ in left:
                (await client.post(url, content=body, headers=headers)).raise_for_status()

        await client.post(url, content=body, headers=headers)
        began, used = time.monotonic(), time.process_time()
        await asyncio.gather(*(lane() for _ in range(concurrency)))
        told = {"seconds": time.monotonic() - began, "cpu_seconds": time.process_time() - used}
    print(json.dumps(told))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], *map(int, sys.argv[2:])))
