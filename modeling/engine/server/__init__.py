"""A small server of its own for bundles: no database, no Django, nothing but the bundle.

HTTP/1.1 is parsed by h11, the parser under httpx and uvicorn; connections are asyncio's. What both leave to a proxy
is here: slow clients, sizes checked while reading, a bound on what waits.
"""
