"""The service: a calendar that calls the idempotent verbs, and a local page that says how it goes.

It holds nothing that it could lose: what is due is read from the state each time. It never imports the engine.
"""
