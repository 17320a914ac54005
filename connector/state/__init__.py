"""The state database: runs, editions, the outbox, receipts, alerts and reading positions.

One SQLite file, fully synced at each commit. Nothing here imports the engine.
"""
