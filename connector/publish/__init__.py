"""What leaves the site: payloads, the outbox that never loses one, the client that sends them.

Nothing here imports the engine: the process that sends stays small.
"""
